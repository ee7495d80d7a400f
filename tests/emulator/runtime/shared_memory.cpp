#include "shared_memory.hpp"

#include "memory.hpp"
#include "processor.hpp"

namespace emulator {

void SharedMemory::begin_block(unsigned size) {
    bytes = size;
    poison(data, size);
    const size_t needed = (size + CELL_BYTES - 1) / CELL_BYTES;
    if (cells.size() < needed) cells.resize(needed);
    first_interval = ++interval;
    last_barrier = {};
    warp_interval.assign(MAX_BLOCK_THREADS / WARP_LANES, 0);
    proxy_fences.assign(MAX_BLOCK_THREADS, 0);
}

void SharedMemory::order_block(Site site) {
    ++interval;
    last_barrier = site;
}

void SharedMemory::check_place(int64_t offset, unsigned size, unsigned alignment, const char* what) {
    if (offset < 0 || offset + size > bytes) {
        Processor::current()->fail("%s bytes %lld to %lld of the block's %u bytes of shared memory", what,
                                   (long long)offset, (long long)offset + size - 1, bytes);
    }
    if (offset % alignment != 0) {
        Processor::current()->fail("%s %u bytes at byte %lld of shared memory, which is not a multiple of %u",
                                   what, size, (long long)offset, alignment);
    }
}

bool SharedMemory::is_ordered(const Access& earlier, unsigned thread) const {
    if (earlier.interval != interval || earlier.thread == thread) return true;
    const unsigned warp = thread / WARP_LANES;
    return earlier.thread / WARP_LANES == warp && earlier.warp_interval != warp_interval[warp];
}

// Whether all reads of the cell come before a write by `thread`.
bool SharedMemory::readers_are_ordered(const Cell& cell, unsigned thread) const {
    if (cell.read.interval != interval) return true;
    switch (cell.readers) {
        case Readers::ONE:
            return is_ordered(cell.read, thread);
        case Readers::ONE_WARP: {
            const unsigned warp = thread / WARP_LANES;
            return cell.read.thread / WARP_LANES == warp && cell.read.warp_interval != warp_interval[warp];
        }
        case Readers::SEVERAL_WARPS:
            return false;
    }
    return false;
}

void SharedMemory::race(const char* now, const char* before, const Access& earlier, int64_t offset) {
    Processor* processor = Processor::current();
    char since[256] = "the block began";
    if (last_barrier.line != 0) {
        snprintf(since, sizeof since, "the barrier at %s:%d", file_name(last_barrier), last_barrier.line);
    }
    processor->fail("%s byte %lld of shared memory, which thread %u %s with no barrier between (both since %s)",
                    now, (long long)offset, earlier.thread, before, since);
}

// Whether `thread`, which reads or writes now, comes after the cell's last write.
void SharedMemory::check_write_is_seen(const Cell& cell, int64_t offset, unsigned thread, const char* what) {
    Processor& processor = *Processor::current();
    if (cell.in_flight) {
        processor.fail("%s byte %lld of shared memory, which an asynchronous copy of thread %u may still be writing: "
                       "no wait before",
                       what, (long long)offset, cell.write.thread);
    }
    if (cell.barrier < 0) {
        if (!is_ordered(cell.write, thread)) race(what, "wrote", cell.write, offset);
    } else if (processor.mbarriers.observed(cell.barrier, thread) <= cell.phase) {
        processor.fail("%s byte %lld of shared memory, which an asynchronous copy of thread %u wrote: thread %u has not "
                       "waited for its barrier",
                       what, (long long)offset, cell.write.thread, thread);
    }
}

// Whether copies and products see what a thread wrote.
void SharedMemory::check_proxy(const Cell& cell, int64_t offset) {
    if (cell.barrier >= 0 || proxy_fences[cell.write.thread] > cell.phase) return;
    Processor::current()->fail("leaves byte %lld of shared memory, which thread %u wrote, to a copy or product with no "
                               "fence_proxy_async between",
                               (long long)offset, cell.write.thread);
}

void SharedMemory::record_read(Cell& cell, int64_t offset, unsigned thread) {
    if (cell.write.interval < first_interval) {
        Processor::current()->fail("reads byte %lld of shared memory, which nobody wrote", (long long)offset);
    }
    check_write_is_seen(cell, offset, thread, "reads");

    const unsigned warp = thread / WARP_LANES;
    const Access access = {interval, warp_interval[warp], uint16_t(thread)};
    if (cell.read.interval != interval) {
        cell.readers = Readers::ONE;
    } else if (cell.readers == Readers::SEVERAL_WARPS || cell.read.thread / WARP_LANES != warp) {
        cell.readers = Readers::SEVERAL_WARPS;
    } else if (cell.read.warp_interval != access.warp_interval) {
        cell.readers = Readers::ONE;  // the warp has met since the reads before
    } else if (cell.read.thread != thread) {
        cell.readers = Readers::ONE_WARP;
    }
    cell.read = access;
}

void SharedMemory::record_write(Cell& cell, int64_t offset, unsigned thread) {
    if (cell.write.interval >= first_interval) check_write_is_seen(cell, offset, thread, "writes");
    if (!readers_are_ordered(cell, thread)) race("writes", "read", cell.read, offset);
    cell.write = {interval, warp_interval[thread / WARP_LANES], uint16_t(thread)};
    cell.in_flight = false;
    cell.barrier = -1;
    cell.phase = proxy_fences[thread];
}

const char* SharedMemory::read(int64_t offset, unsigned size, unsigned alignment, unsigned thread) {
    check_place(offset, size, alignment, "reads");
    for (unsigned at = 0; at < size; at += CELL_BYTES) {
        record_read(cells[(offset + at) / CELL_BYTES], offset + at, thread);
    }
    return data + offset;
}

char* SharedMemory::write(int64_t offset, unsigned size, unsigned alignment, unsigned thread) {
    check_place(offset, size, alignment, "writes");
    for (unsigned at = 0; at < size; at += CELL_BYTES) {
        record_write(cells[(offset + at) / CELL_BYTES], offset + at, thread);
    }
    return data + offset;
}

char* SharedMemory::begin_async_write(int64_t offset, unsigned size, unsigned thread) {
    char* target = write(offset, size, size, thread);
    poison(target, size);
    for (unsigned at = 0; at < size; at += CELL_BYTES) cells[(offset + at) / CELL_BYTES].in_flight = true;
    return target;
}

void SharedMemory::end_async_write(int64_t offset, unsigned size, unsigned thread) {
    for (unsigned at = 0; at < size; at += CELL_BYTES) {
        Cell& cell = cells[(offset + at) / CELL_BYTES];
        cell.in_flight = false;
        cell.write = {interval, warp_interval[thread / WARP_LANES], uint16_t(thread)};
    }
}

char* SharedMemory::begin_bulk_write(int64_t offset, unsigned size, unsigned thread, int barrier, uint64_t phase) {
    check_place(offset, size, 1, "writes");
    for (unsigned at = 0; at < size; at += CELL_BYTES) {
        Cell& cell = cells[(offset + at) / CELL_BYTES];
        if (cell.write.interval >= first_interval) {
            // What products read of an earlier copy is their own matter.
            if (cell.in_flight || cell.barrier < 0) check_write_is_seen(cell, offset + at, thread, "writes");
            check_proxy(cell, offset + at);
        }
        if (!readers_are_ordered(cell, thread)) race("writes", "read", cell.read, offset + at);
        cell.write = {interval, warp_interval[thread / WARP_LANES], uint16_t(thread)};
        cell.in_flight = true;
        cell.barrier = int16_t(barrier);
        cell.phase = phase;
    }
    poison(data + offset, size);
    return data + offset;
}

void SharedMemory::end_bulk_write(int64_t offset, unsigned size) {
    for (unsigned at = 0; at < size; at += CELL_BYTES) cells[(offset + at) / CELL_BYTES].in_flight = false;
}

void SharedMemory::check_for_product(int64_t offset, unsigned size, unsigned thread) {
    check_place(offset, size, 1, "multiplies");
    for (unsigned at = 0; at < size; at += CELL_BYTES) {
        const Cell& cell = cells[(offset + at) / CELL_BYTES];
        if (cell.write.interval < first_interval) {
            Processor::current()->fail("multiplies byte %lld of shared memory, which nobody wrote",
                                       (long long)(offset + at));
        }
        check_write_is_seen(cell, offset + at, thread, "multiplies");
        check_proxy(cell, offset + at);
    }
}

}  // namespace emulator
