// Barriers in shared memory that count arrivals and bytes of copies (mbarrier).
#pragma once

#include <cstdint>
#include <vector>

namespace emulator {

class Mbarriers {
   public:
    void begin_block() { barriers.clear(); }

    void init(int64_t offset, uint32_t arrivals, unsigned thread);
    // Barriers that `thread` made are known to copies from now on.
    void fence(unsigned thread);
    // The number of the barrier at this byte of shared memory, or -1.
    int find(int64_t offset) const;
    bool is_known_to_copies(int barrier) const { return barriers[barrier].fenced; }

    // Phases that have ended.
    uint64_t ended(int barrier) const { return barriers[barrier].ended; }
    // Whether the phase of this parity has ended.
    bool has_ended(int barrier, uint32_t parity) const { return (barriers[barrier].ended & 1) != (parity & 1); }
    // These say whether the phase ended with it.
    bool arrive(int barrier, uint32_t expected_bytes);
    bool receive(int barrier, uint32_t bytes);

    // `thread` knows that all phases up to now have ended.
    void observe(int barrier, unsigned thread);
    uint64_t observed(int barrier, unsigned thread) const { return barriers[barrier].observed[thread]; }

   private:
    struct Barrier {
        int64_t offset;
        unsigned maker;
        bool fenced;
        uint32_t arrivals, missing;
        int64_t missing_bytes;
        uint64_t ended;
        std::vector<uint64_t> observed;  // phases, by thread
    };
    bool end_phase(Barrier& barrier);

    std::vector<Barrier> barriers;
};

}  // namespace emulator
