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

void SharedMemory::record_read(Cell& cell, int64_t offset, unsigned thread) {
    if (cell.write.interval < first_interval) {
        Processor::current()->fail("reads byte %lld of shared memory, which nobody wrote", (long long)offset);
    }
    if (cell.in_flight) {
        Processor::current()->fail("reads byte %lld of shared memory, which an asynchronous copy of thread %u "
                                   "may still be writing: no wait before",
                                   (long long)offset, cell.write.thread);
    }
    if (!is_ordered(cell.write, thread)) race("reads", "wrote", cell.write, offset);

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
    if (cell.write.interval >= first_interval) {
        if (cell.in_flight) {
            Processor::current()->fail("writes byte %lld of shared memory, which an asynchronous copy of "
                                       "thread %u may still be writing: no wait before",
                                       (long long)offset, cell.write.thread);
        }
        if (!is_ordered(cell.write, thread)) race("writes", "wrote", cell.write, offset);
    }
    if (!readers_are_ordered(cell, thread)) race("writes", "read", cell.read, offset);
    cell.write = {interval, warp_interval[thread / WARP_LANES], uint16_t(thread)};
    cell.in_flight = false;
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

}  // namespace emulator
