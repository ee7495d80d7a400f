// Switching between stacks, and the stacks.
//
// A suspended fiber is one pointer, its stack pointer: the registers that a call preserves lie on
// its stack. A few instructions of assembly on x86-64 and aarch64 (fiber.cpp); <ucontext.h>, which
// costs two system calls a switch, elsewhere.
#pragma once

#include <cstddef>
#include <vector>

namespace emulator {

constexpr size_t STACK_BYTES = 64 * 1024;

// Size of the system's pages: 4, 16 or 64 KiB.
size_t page_bytes();

// A stack of about STACK_BYTES with an inaccessible page below it. The tops of stacks lie at different
// distances from an edge of a page: a cache holds few lines of the same distance.
struct Stack {
    char* bottom = nullptr;
    char* top = nullptr;
};

// Stacks that are taken and given back; the last given back is the first taken, so threads that
// never wait all run on the same one.
class StackPool {
   public:
    // False when the system has no room for another stack.
    bool take(Stack& stack);
    void give_back(Stack stack) { unused.push_back(stack); }
    // Whether `address` lies in the page below a stack.
    bool is_guard(const void* address) const;

   private:
    std::vector<Stack> all;
    std::vector<Stack> unused;
};

// A suspended fiber that will call `entry`, which must not return, on `stack`.
void* prepare_fiber(Stack stack, void (*entry)());

extern "C" {
// Suspends the caller, leaves its pointer in `*suspended`, and goes on with `next`.
void crossmax_emulator_switch(void** suspended, void* next);
// Goes on with `next`; the caller is lost.
[[noreturn]] void crossmax_emulator_resume(void* next);
}

}  // namespace emulator
