#include "mbarriers.hpp"

#include "processor.hpp"

namespace emulator {

void Mbarriers::init(int64_t offset, uint32_t arrivals, unsigned thread) {
    const int known = find(offset);
    if (known >= 0) barriers.erase(barriers.begin() + known);
    barriers.push_back({offset, thread, false, arrivals, arrivals, 0, 0, std::vector<uint64_t>(MAX_BLOCK_THREADS)});
}

void Mbarriers::fence(unsigned thread) {
    for (Barrier& barrier : barriers) barrier.fenced |= barrier.maker == thread;
}

int Mbarriers::find(int64_t offset) const {
    for (size_t i = 0; i < barriers.size(); ++i) {
        if (barriers[i].offset == offset) return int(i);
    }
    return -1;
}

bool Mbarriers::end_phase(Barrier& barrier) {
    if (barrier.missing != 0 || barrier.missing_bytes != 0) return false;
    barrier.missing = barrier.arrivals;
    ++barrier.ended;
    return true;
}

bool Mbarriers::arrive(int number, uint32_t expected_bytes) {
    Barrier& barrier = barriers[number];
    if (barrier.missing == 0) {
        Processor::current()->fail("arrives at the barrier at byte %lld of shared memory, to whose phase all %u have come",
                                   (long long)barrier.offset, barrier.arrivals);
    }
    --barrier.missing;
    barrier.missing_bytes += expected_bytes;
    return end_phase(barrier);
}

bool Mbarriers::receive(int number, uint32_t bytes) {
    Barrier& barrier = barriers[number];
    barrier.missing_bytes -= bytes;
    return end_phase(barrier);
}

void Mbarriers::observe(int number, unsigned thread) {
    barriers[number].observed[thread] = barriers[number].ended;
}

}  // namespace emulator
