// One emulated multiprocessor: runs the blocks of a launch one after another, each thread of a block
// as a fiber, all on the calling OS thread.
//
// A thread runs until it waits (barrier, warp collective) or ends; which of those that can go on
// goes on is drawn. Whatever goes wrong ends the launch with a text.
#pragma once

#include <csignal>
#include <cstdint>
#include <string>
#include <vector>

#include "async_copies.hpp"
#include "fiber.hpp"
#include "mbarriers.hpp"
#include "random.hpp"
#include "shared_memory.hpp"
#include "site.hpp"
#include "tensor_copies.hpp"
#include "warpgroup_products.hpp"

namespace emulator {

constexpr unsigned WARP_LANES = 32;
constexpr unsigned MAX_BLOCK_THREADS = 1024;

struct Index {
    unsigned x, y, z;
};

// What to run.
struct Launch {
    const char* kernel;
    void (*call)(const void* args);
    const void* args;
    Index grid, block;
    unsigned shared_bytes;
    uint64_t seed;
    uint64_t time_limit_ms;  // of CPU time; 0: none
};

// What all lanes of a warp do together: computes the results of the lanes in `mask` from what each
// of them brought.
typedef void (*Collective)(void* const lanes[WARP_LANES], uint32_t mask);

// A signal that the running thread raised.
struct Fault {
    int signal = 0;
    const char* address = nullptr;
    enum { ACCESS, READ, WRITE } kind = ACCESS;
};

class Memory;

class Processor {
   public:
    Processor();

    // Runs a launch whose sizes were checked; says what went wrong, or nothing. `memory` only
    // names addresses in that text.
    std::string run(const Launch& launch, const Memory& memory);

    // The one that runs on this OS thread, within a kernel or in the middle of `run`.
    static Processor* current();

    // What follows is called from within a kernel, by the running thread.

    void barrier(Site site);
    // Waits until all lanes of `mask` have come here with the same `what`.
    void collective(Collective what, uint32_t mask, void* lane_data, Site site);
    // Waits until the phase of this parity of the barrier has ended.
    void wait_for_phase(int barrier, uint32_t parity, Site site);
    // A phase of the barrier has ended.
    void wake(int barrier);
    // Orders the memory accesses of these lanes; part of a collective.
    void order_warp() { shared.order_warp(running / WARP_LANES); }
    // Ends the launch with this text, kernel, block and thread before it.
    [[noreturn]] void fail(const char* format, ...) __attribute__((format(printf, 2, 3)));
    // Leaves the kernel, whose time is up.
    [[noreturn]] void give_up();
    unsigned lane() const { return running % WARP_LANES; }
    // The thread of this warp in that lane.
    unsigned thread_in_lane(unsigned lane) const { return running / WARP_LANES * WARP_LANES + lane; }

    unsigned running = 0;  // number of the running thread within its block
    SharedMemory shared;
    AsyncCopies copies;
    Mbarriers mbarriers;
    TensorCopies tensor_copies;
    WarpgroupProducts products;
    const Memory* memory = nullptr;  // the device's
    Random random;

    // For the signal handler: whether a thread of the kernel is on the stack, and how to leave it.
    bool owns_stack() const { return running_kernel; }
    void* way_out() const { return scheduler; }
    Fault fault;
    // Whether the kernel's own code is running, which may be left at any instruction; whether its
    // time is up.
    volatile sig_atomic_t interruptible = 0;
    volatile sig_atomic_t expired = 0;

   private:
    enum class State { READY, AT_BARRIER, AT_MBARRIER, IN_COLLECTIVE, DONE };
    struct Thread {
        State state = State::READY;
        Index index = {};
        void* context = nullptr;  // until it first runs
        Stack stack;
        Site site;  // where it waits, and in a collective for what
        int mbarrier = 0;
        Collective what = nullptr;
        uint32_t mask = 0;
        void* lane_data = nullptr;
    };

    void run_block(uint64_t number);
    void check_end_of_block();
    bool has_failed() const;
    void resume(unsigned thread);
    void suspend(State state, Site site);
    bool release_barrier();
    bool is_complete(const Thread& thread) const;
    void abandon_threads();
    std::string where_threads_are() const;
    std::string describe_fault(const Memory& memory) const;
    static void thread_main();

    const Launch* launch = nullptr;
    unsigned thread_count = 0, done = 0;
    std::vector<Thread> threads;
    std::vector<unsigned> ready;
    StackPool stacks;
    void* scheduler = nullptr;
    volatile bool running_kernel = false;
    // How the launch failed, beside `fault` and `expired`: no thread of the block can go on; a text.
    bool stuck = false;
    char failure[512] = "";

    friend class RuntimeScope;
};

// Stands in what kernels call and what must not be left halfway.
class RuntimeScope {
   public:
    RuntimeScope() : processor(*Processor::current()) { processor.interruptible = 0; }
    ~RuntimeScope() {
        processor.interruptible = 1;
        if (processor.expired) processor.give_up();
    }
    Processor& processor;
};

// The built-in variables of the running thread.
extern __thread Index thread_index, block_index, block_size, grid_size;

}  // namespace emulator
