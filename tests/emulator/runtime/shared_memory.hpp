// A block's shared memory, and a record of who touched it.
//
// Every two bytes have a cell: last write and last read, by which thread and in which interval
// between barriers. Two accesses by different threads, one of them a write, must be in different
// intervals, or be by lanes of one warp with a __syncwarp between them.
#pragma once

#include <cstdint>
#include <vector>

#include "site.hpp"

namespace emulator {

class SharedMemory {
   public:
    static constexpr unsigned MOST_BYTES = 227 * 1024;  // what a block of sm_90 can have

    // A new block: nothing is written.
    void begin_block(unsigned bytes);
    // All threads have met; everything before is ordered before everything after.
    void order_block(Site site);
    // The lanes of a warp have met.
    void order_warp(unsigned warp) { ++warp_interval[warp]; }

    // Each checks that `thread` may do this and records it; the launch fails otherwise.
    // `alignment` is that of the type.
    const char* read(int64_t offset, unsigned size, unsigned alignment, unsigned thread);
    char* write(int64_t offset, unsigned size, unsigned alignment, unsigned thread);
    // An asynchronous write begins: the bytes may not be touched until it ends.
    char* begin_async_write(int64_t offset, unsigned size, unsigned thread);
    void end_async_write(int64_t offset, unsigned size, unsigned thread);

    // The same for a copy whose bytes a barrier counts, in this phase: afterwards, only who waited for the phase may
    // touch them.
    char* begin_bulk_write(int64_t offset, unsigned size, unsigned thread, int barrier, uint64_t phase);
    void end_bulk_write(int64_t offset, unsigned size);
    // Copies and products see what `thread` wrote before.
    void fence_proxy(unsigned thread) { ++proxy_fences[thread]; }
    // Checks that a product, which `thread` starts, may read these bytes; `content` is what they are.
    void check_for_product(int64_t offset, unsigned size, unsigned thread);
    const char* content(int64_t offset) const { return data + offset; }

   private:
    enum class Readers : uint8_t { ONE, ONE_WARP, SEVERAL_WARPS };
    // Who, and when. Intervals are counted over all blocks of the processor, from 1.
    struct Access {
        uint32_t interval = 0;
        uint32_t warp_interval = 0;
        uint16_t thread = 0;
    };
    struct Cell {
        Access write, read;
        Readers readers = Readers::ONE;
        bool in_flight = false;
        int16_t barrier = -1;  // that counted the bytes, if a bulk copy wrote
        uint64_t phase = 0;    // of the barrier; else the proxy fences of the thread that wrote
    };
    static constexpr unsigned CELL_BYTES = 2;

    void check_place(int64_t offset, unsigned size, unsigned alignment, const char* what);
    void record_read(Cell& cell, int64_t offset, unsigned thread);
    void record_write(Cell& cell, int64_t offset, unsigned thread);
    bool is_ordered(const Access& earlier, unsigned thread) const;
    void check_write_is_seen(const Cell& cell, int64_t offset, unsigned thread, const char* what);
    void check_proxy(const Cell& cell, int64_t offset);
    bool readers_are_ordered(const Cell& cell, unsigned thread) const;
    [[noreturn]] void race(const char* now, const char* before, const Access& earlier, int64_t offset);

    unsigned bytes = 0;
    uint32_t interval = 0;
    uint32_t first_interval = 0;  // of this block
    Site last_barrier;
    std::vector<uint32_t> warp_interval;
    std::vector<uint64_t> proxy_fences;  // by thread
    alignas(128) char data[MOST_BYTES];
    std::vector<Cell> cells;
};

}  // namespace emulator
