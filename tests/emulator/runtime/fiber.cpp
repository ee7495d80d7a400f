#include "fiber.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace emulator {

size_t page_bytes() {
    static const size_t bytes = size_t(sysconf(_SC_PAGESIZE));
    return bytes;
}

bool StackPool::take(Stack& stack) {
    if (!unused.empty()) {
        stack = unused.back();
        unused.pop_back();
        return true;
    }
    const size_t bytes = page_bytes() + STACK_BYTES;
    void* pages = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) return false;
    stack.bottom = static_cast<char*>(pages) + page_bytes();
    if (mprotect(stack.bottom, STACK_BYTES, PROT_READ | PROT_WRITE) != 0) {
        munmap(pages, bytes);
        return false;
    }
    constexpr size_t STEP = 192, STEPS = 16;
    stack.top = stack.bottom + STACK_BYTES - all.size() % STEPS * STEP;
    all.push_back(stack);
    return true;
}

bool StackPool::is_guard(const void* address) const {
    for (const Stack& stack : all) {
        if (address < stack.bottom && address >= stack.bottom - page_bytes()) return true;
    }
    return false;
}

}  // namespace emulator

#if defined(__x86_64__)

asm(R"(
    .text
    .globl crossmax_emulator_switch
    .type crossmax_emulator_switch, @function
crossmax_emulator_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rdi
    .size crossmax_emulator_switch, . - crossmax_emulator_switch
    .globl crossmax_emulator_resume
    .type crossmax_emulator_resume, @function
crossmax_emulator_resume:
    movq %rdi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size crossmax_emulator_resume, . - crossmax_emulator_resume
)");

void* emulator::prepare_fiber(Stack stack, void (*entry)()) {
    uint64_t* top = reinterpret_cast<uint64_t*>(stack.top);
    *--top = 0;  // in place of the address that `entry` would return to; aligns the stack as a call does
    *--top = reinterpret_cast<uint64_t>(entry);
    for (int saved = 0; saved < 6; ++saved) *--top = 0;
    return top;
}

#elif defined(__aarch64__)

asm(R"(
    .text
    .globl crossmax_emulator_switch
    .type crossmax_emulator_switch, %function
crossmax_emulator_switch:
    sub sp, sp, #160
    stp x19, x20, [sp, #0]
    stp x21, x22, [sp, #16]
    stp x23, x24, [sp, #32]
    stp x25, x26, [sp, #48]
    stp x27, x28, [sp, #64]
    stp x29, x30, [sp, #80]
    stp d8, d9, [sp, #96]
    stp d10, d11, [sp, #112]
    stp d12, d13, [sp, #128]
    stp d14, d15, [sp, #144]
    mov x9, sp
    str x9, [x0]
    mov x0, x1
    .size crossmax_emulator_switch, . - crossmax_emulator_switch
    .globl crossmax_emulator_resume
    .type crossmax_emulator_resume, %function
crossmax_emulator_resume:
    mov sp, x0
    ldp x19, x20, [sp, #0]
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64]
    ldp x29, x30, [sp, #80]
    ldp d8, d9, [sp, #96]
    ldp d10, d11, [sp, #112]
    ldp d12, d13, [sp, #128]
    ldp d14, d15, [sp, #144]
    add sp, sp, #160
    ret
    .size crossmax_emulator_resume, . - crossmax_emulator_resume
)");

void* emulator::prepare_fiber(Stack stack, void (*entry)()) {
    uint64_t* saved = reinterpret_cast<uint64_t*>(stack.top) - 20;
    for (int i = 0; i < 20; ++i) saved[i] = 0;
    saved[11] = reinterpret_cast<uint64_t>(entry);  // x30, the address returned to
    return saved;
}

#else

#include <ucontext.h>

extern "C" void crossmax_emulator_switch(void** suspended, void* next) {
    ucontext_t here;
    *suspended = &here;
    swapcontext(&here, static_cast<ucontext_t*>(next));
}

extern "C" void crossmax_emulator_resume(void* next) {
    setcontext(static_cast<ucontext_t*>(next));
    __builtin_trap();  // setcontext does not return
}

void* emulator::prepare_fiber(Stack stack, void (*entry)()) {
    const size_t reserved = (sizeof(ucontext_t) + 63) / 64 * 64;
    ucontext_t* context = reinterpret_cast<ucontext_t*>(stack.top - reserved);
    getcontext(context);
    context->uc_stack.ss_sp = stack.bottom;
    context->uc_stack.ss_size = size_t(reinterpret_cast<char*>(context) - stack.bottom);
    context->uc_link = nullptr;
    makecontext(context, entry, 0);
    return context;
}

#endif
