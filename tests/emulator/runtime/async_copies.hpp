// Copies from global to shared memory that go on while the thread does (cp.async).
//
// From the issue to the wait for it nobody may touch the target. The source is read at a moment that
// is drawn: at the issue, at any later one of these calls, at the latest at the wait.
#pragma once

#include <cstdint>
#include <vector>

namespace emulator {

class Processor;

class AsyncCopies {
   public:
    static constexpr unsigned BYTES = 16;  // of each copy

    void begin_block(unsigned threads);

    // All three act for the running thread.

    // Copies 16 bytes to byte `to` of shared memory, or fills them with zeros.
    void issue(Processor& processor, int64_t to, const void* from, bool zeros);
    // The copies issued since the last commit are one group.
    void commit(Processor& processor);
    // Waits until at most `pending` of the last groups are not complete.
    void wait(Processor& processor, unsigned pending);

   private:
    struct Copy {
        int64_t to;
        char* target;
        const void* from;
        bool zeros;
        bool done;
        uint64_t group;
    };
    struct Queue {
        std::vector<Copy> copies;
        uint64_t groups = 0;  // committed
    };
    void copy_some(Processor& processor, Queue& queue);

    std::vector<Queue> queues;  // by thread
};

}  // namespace emulator
