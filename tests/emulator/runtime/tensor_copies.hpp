// Copies of boxes of a tensor to shared memory (TMA), which go on beside the block's threads.
//
// From the issue to the end of the barrier's phase that counts the bytes nobody may touch the target, and afterwards
// only threads that waited for that phase. Copies happen at drawn moments and in a drawn order.
#pragma once

#include <cstdint>
#include <vector>

#include "tensor_map.hpp"

namespace emulator {

class Processor;

class TensorCopies {
   public:
    void begin_block() { under_way.clear(); }
    bool are_under_way() const { return !under_way.empty(); }

    // For the running thread.
    void issue(Processor& processor, int64_t to, const TensorBox& box, int64_t barrier);
    // Between threads: carries out one of the copies under way. False if there is none.
    bool finish_one(Processor& processor);

   private:
    struct Copy {
        int64_t to;
        char* target;
        TensorBox box;
        int barrier;
        unsigned thread;
    };

    std::vector<Copy> under_way;
};

}  // namespace emulator
