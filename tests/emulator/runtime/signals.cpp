#include "signals.hpp"

#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <mutex>
#include <vector>

#include "processor.hpp"

namespace emulator {

namespace {

constexpr int FAULTS[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
constexpr int MAX_SIGNAL = 64;
struct sigaction previous[MAX_SIGNAL + 1];

int timer_signal() { return SIGRTMIN + 5; }

// Returning from the handler goes on with the scheduler, not with the kernel.
void leave_kernel(void* context, void* way_out) {
    Processor::current()->interruptible = 0;
    ucontext_t* at = static_cast<ucontext_t*>(context);
#if defined(__x86_64__)
    at->uc_mcontext.gregs[REG_RIP] = greg_t(crossmax_emulator_resume);
    at->uc_mcontext.gregs[REG_RDI] = greg_t(way_out);
#elif defined(__aarch64__)
    at->uc_mcontext.pc = uint64_t(crossmax_emulator_resume);
    at->uc_mcontext.regs[0] = uint64_t(way_out);
#else
    (void)at;
    crossmax_emulator_resume(way_out);  // restores the signal mask itself
#endif
}

Fault describe(int signal, const siginfo_t* info, const void* context) {
    Fault fault;
    fault.signal = signal;
    fault.address = static_cast<const char*>(info->si_addr);
#if defined(__x86_64__)
    constexpr greg_t PAGE_FAULT = 14, WRITE_ACCESS = 2;
    const auto& registers = static_cast<const ucontext_t*>(context)->uc_mcontext.gregs;
    if (signal == SIGSEGV && registers[REG_TRAPNO] == PAGE_FAULT) {
        fault.kind = registers[REG_ERR] & WRITE_ACCESS ? Fault::WRITE : Fault::READ;
    }
#else
    (void)context;
#endif
    return fault;
}

void pass_on(int signal, siginfo_t* info, void* context) {
    const struct sigaction& before = previous[signal];
    if (before.sa_flags & SA_SIGINFO) {
        before.sa_sigaction(signal, info, context);
    } else if (before.sa_handler != SIG_IGN && before.sa_handler != SIG_DFL) {
        before.sa_handler(signal);
    } else {
        // The instruction is run again, and ends the process.
        sigaction(signal, &before, nullptr);
    }
}

void handle(int signal, siginfo_t* info, void* context) {
    Processor* processor = Processor::current();
    if (signal == timer_signal()) {
        if (processor == nullptr) return;
        processor->expired = 1;
        if (processor->interruptible) leave_kernel(context, processor->way_out());
    } else if (processor != nullptr && processor->owns_stack()) {
        processor->fault = describe(signal, info, context);
        leave_kernel(context, processor->way_out());
    } else {
        pass_on(signal, info, context);
    }
}

void install_handlers() {
    struct sigaction action = {};
    action.sa_sigaction = handle;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, timer_signal());  // it must not leave this handler halfway
    for (int signal : FAULTS) sigaction(signal, &action, &previous[signal]);
    sigaction(timer_signal(), &action, &previous[timer_signal()]);
}

}  // namespace

SignalGuard::SignalGuard(uint64_t time_limit_ms) {
    static std::once_flag installed;
    std::call_once(installed, install_handlers);

    // The handler needs a stack of its own: the kernel's may be what overflowed.
    static thread_local std::vector<char> own_stack(64 * 1024);
    stack_t stack = {};
    stack.ss_sp = own_stack.data();
    stack.ss_size = own_stack.size();
    sigaltstack(&stack, &previous_stack);

    if (time_limit_ms == 0) return;
    sigevent event = {};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = timer_signal();
#ifndef sigev_notify_thread_id  // glibc before 2.38 has no name for it
#define sigev_notify_thread_id _sigev_un._tid
#endif
    event.sigev_notify_thread_id = pid_t(syscall(SYS_gettid));
    if (timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &timer) != 0) return;
    timed = true;
    itimerspec limit = {};
    limit.it_value.tv_sec = time_t(time_limit_ms / 1000);
    limit.it_value.tv_nsec = long(time_limit_ms % 1000) * 1000000;
    timer_settime(timer, 0, &limit, nullptr);
}

SignalGuard::~SignalGuard() {
    if (timed) timer_delete(timer);
    sigaltstack(&previous_stack, nullptr);
}

}  // namespace emulator
