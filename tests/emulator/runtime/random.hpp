// Random numbers from a seed (SplitMix64): the order of threads and blocks, moments of copies.
#pragma once

#include <cstdint>

namespace emulator {

class Random {
   public:
    explicit Random(uint64_t seed = 0) : state(seed) {}

    uint64_t next() {
        uint64_t bits = state += 0x9e3779b97f4a7c15u;
        bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
        bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
        return bits ^ (bits >> 31);
    }

    // Below `bound`, which is at least 1 and below 2^32. The bias is no matter here.
    uint32_t below(uint32_t bound) { return uint32_t(((next() >> 32) * bound) >> 32); }

    bool coin() { return next() >> 63; }

   private:
    uint64_t state;
};

}  // namespace emulator
