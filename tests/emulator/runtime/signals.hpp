// Faults of kernels, and the end of their time, as errors instead of the end of the process.
#pragma once

#include <ctime>
#include <csignal>
#include <cstdint>

namespace emulator {

// While it lives, signals of this OS thread that a kernel raised end the launch, and so does the
// end of `time_limit_ms` of its CPU time (0: no limit). Signals from elsewhere go where they went
// before.
class SignalGuard {
   public:
    explicit SignalGuard(uint64_t time_limit_ms);
    ~SignalGuard();
    SignalGuard(const SignalGuard&) = delete;
    SignalGuard& operator=(const SignalGuard&) = delete;

   private:
    stack_t previous_stack;
    timer_t timer;
    bool timed = false;
};

}  // namespace emulator
