#include "processor.hpp"

#include <cstdarg>
#include <cstdio>
#include <numeric>

#include "memory.hpp"
#include "signals.hpp"

namespace emulator {

__thread Index thread_index, block_index, block_size, grid_size;

namespace {

__thread Processor* current_processor = nullptr;

Index unravel(uint64_t number, const Index& size) {
    return {unsigned(number % size.x), unsigned(number / size.x % size.y),
            unsigned(number / size.x / size.y)};
}

// How many threads run between two asynchronous copies, on average.
constexpr unsigned THREADS_PER_COPY = 64;

uint64_t product(const Index& size) { return uint64_t(size.x) * size.y * size.z; }

std::string at(Site site) { return std::string(file_name(site)) + ":" + std::to_string(site.line); }

}  // namespace

Processor::Processor() {
    threads.reserve(MAX_BLOCK_THREADS);
    ready.reserve(MAX_BLOCK_THREADS);
}

Processor* Processor::current() { return current_processor; }

std::string Processor::run(const Launch& what, const Memory& memory) {
    launch = &what;
    this->memory = &memory;
    random = Random(what.seed);
    failure[0] = '\0';
    fault = {};
    expired = 0;
    stuck = false;
    block_size = what.block;
    grid_size = what.grid;
    thread_count = unsigned(product(what.block));
    current_processor = this;
    std::string problem;
    {
        const SignalGuard guard(what.time_limit_ms);
        // Blocks in the order first + i * step modulo their number, which meets each once.
        const uint64_t blocks = product(what.grid);
        const uint64_t first = random.next() % blocks;
        uint64_t step = random.next() % blocks;
        while (std::gcd(step, blocks) != 1) step = (step + 1) % blocks;
        for (uint64_t i = 0; i < blocks; ++i) {
            run_block(uint64_t(((unsigned __int128)(i)*step + first) % blocks));
            if (has_failed()) break;
        }
        if (stuck) {
            problem = "no thread of the block can go on: " + where_threads_are();
        } else if (fault.signal != 0) {
            problem = describe_fault(memory);
        } else if (failure[0] != '\0') {
            problem = failure;
        } else if (expired) {
            problem = "ran for " + std::to_string(what.time_limit_ms) + " ms of CPU time without an end";
        }
        abandon_threads();
    }
    current_processor = nullptr;
    if (problem.empty()) return problem;

    const auto tuple = [](const Index& at) {
        return " (" + std::to_string(at.x) + "," + std::to_string(at.y) + "," + std::to_string(at.z) + ")";
    };
    const std::string thread = stuck ? "" : ", thread" + tuple(thread_index);
    return what.kernel + (", block" + tuple(block_index)) + thread + ": " + problem;
}

bool Processor::has_failed() const { return stuck || failure[0] != '\0' || fault.signal != 0 || expired; }

void Processor::run_block(uint64_t number) {
    block_index = unravel(number, launch->grid);
    shared.begin_block(launch->shared_bytes);
    copies.begin_block(thread_count);
    mbarriers.begin_block();
    tensor_copies.begin_block();
    products.begin_block();
    threads.clear();
    for (unsigned i = 0; i < thread_count; ++i) {
        threads.emplace_back();
        threads.back().index = unravel(i, launch->block);
    }
    ready.resize(thread_count);
    std::iota(ready.begin(), ready.end(), 0u);
    done = 0;
    while (done < thread_count) {
        // Copies go on beside the threads.
        if (ready.empty() || random.below(THREADS_PER_COPY) == 0) tensor_copies.finish_one(*this);
        if (ready.empty() && tensor_copies.are_under_way()) continue;
        if (ready.empty() && !release_barrier()) {
            stuck = true;
            return;
        }
        const unsigned drawn = random.below(unsigned(ready.size()));
        const unsigned thread = ready[drawn];
        ready[drawn] = ready.back();
        ready.pop_back();
        resume(thread);
        if (has_failed()) return;
    }
    check_end_of_block();
}

void Processor::check_end_of_block() {
    if (tensor_copies.are_under_way()) {
        snprintf(failure, sizeof failure, "the block has ended, but a copy to its shared memory has not");
    } else if (products.are_under_way()) {
        snprintf(failure, sizeof failure, "the block has ended, but not all products were waited for");
    }
}

// Runs the thread until it waits or ends, or the launch fails.
void Processor::resume(unsigned number) {
    Thread& thread = threads[number];
    running = number;
    thread_index = thread.index;
    if (thread.context == nullptr) {
        if (!stacks.take(thread.stack)) {
            snprintf(failure, sizeof failure, "the system has no room for the stacks of a block's threads");
            return;
        }
        thread.context = prepare_fiber(thread.stack, thread_main);
    }
    running_kernel = true;
    crossmax_emulator_switch(&scheduler, thread.context);
    running_kernel = false;
    if (thread.state == State::DONE) {
        stacks.give_back(thread.stack);
        thread.stack = {};
        ++done;
    }
}

void Processor::thread_main() {
    Processor& self = *current();
    self.interruptible = 1;
    self.launch->call(self.launch->args);
    self.interruptible = 0;
    self.suspend(State::DONE, {});
    __builtin_unreachable();
}

void Processor::suspend(State state, Site site) {
    Thread& thread = threads[running];
    thread.state = state;
    thread.site = site;
    crossmax_emulator_switch(&thread.context, scheduler);
}

void Processor::abandon_threads() {
    for (Thread& thread : threads) {
        if (thread.stack.bottom != nullptr) stacks.give_back(thread.stack);
    }
    threads.clear();
    ready.clear();
}

void Processor::fail(const char* format, ...) {
    interruptible = 0;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(failure, sizeof failure, format, arguments);
    va_end(arguments);
    crossmax_emulator_resume(scheduler);
}

void Processor::give_up() {
    interruptible = 0;
    crossmax_emulator_resume(scheduler);
}

void Processor::barrier(Site site) {
    RuntimeScope scope;
    suspend(State::AT_BARRIER, site);
}

void Processor::wait_for_phase(int barrier, uint32_t parity, Site site) {
    while (!mbarriers.has_ended(barrier, parity)) {
        threads[running].mbarrier = barrier;
        suspend(State::AT_MBARRIER, site);
    }
    mbarriers.observe(barrier, running);
}

void Processor::wake(int barrier) {
    for (unsigned i = 0; i < thread_count; ++i) {
        if (threads[i].state != State::AT_MBARRIER || threads[i].mbarrier != barrier) continue;
        threads[i].state = State::READY;
        ready.push_back(i);
    }
}

// Lets all threads go on if all wait at one barrier.
bool Processor::release_barrier() {
    for (const Thread& thread : threads) {
        if (thread.state != State::AT_BARRIER || !(thread.site == threads[0].site)) return false;
    }
    shared.order_block(threads[0].site);
    for (unsigned i = 0; i < thread_count; ++i) {
        threads[i].state = State::READY;
        ready.push_back(i);
    }
    return true;
}

void Processor::collective(Collective what, uint32_t mask, void* lane_data, Site site) {
    RuntimeScope scope;
    const unsigned first = thread_in_lane(0);
    const unsigned lanes_there = thread_count - first < WARP_LANES ? thread_count - first : WARP_LANES;
    if (!(mask >> lane() & 1) || (lanes_there < WARP_LANES && mask >> lanes_there != 0)) {
        fail("calls a warp operation at %s:%d for the lanes %#x; it is lane %u of a warp of %u",
             file_name(site), site.line, mask, lane(), lanes_there);
    }
    Thread& self = threads[running];
    self.state = State::IN_COLLECTIVE;
    self.site = site;
    self.what = what;
    self.mask = mask;
    self.lane_data = lane_data;
    if (!is_complete(self)) {
        suspend(State::IN_COLLECTIVE, site);
        return;
    }
    void* lanes[WARP_LANES] = {};
    for (unsigned i = 0; i < lanes_there; ++i) {
        if (mask >> i & 1) lanes[i] = threads[first + i].lane_data;
    }
    what(lanes, mask);
    for (unsigned i = 0; i < lanes_there; ++i) {
        if (!(mask >> i & 1)) continue;
        threads[first + i].state = State::READY;
        if (first + i != running) ready.push_back(first + i);
    }
}

// Whether all lanes that the running thread waits for have come to the same operation.
bool Processor::is_complete(const Thread& self) const {
    for (unsigned i = 0; i < WARP_LANES; ++i) {
        if (!(self.mask >> i & 1)) continue;
        const Thread& other = threads[thread_in_lane(i)];
        if (other.state != State::IN_COLLECTIVE || other.what != self.what || other.mask != self.mask ||
            !(other.site == self.site)) {
            return false;
        }
    }
    return true;
}

// For example "threads 0-31 wait at x.cuh:5 (barrier), thread 32 ended".
std::string Processor::where_threads_are() const {
    std::string text;
    unsigned begin = 0, runs = 0;
    for (unsigned i = 1; i <= thread_count; ++i) {
        const Thread& thread = threads[begin];
        if (i < thread_count && threads[i].state == thread.state && threads[i].site == thread.site) continue;
        if (++runs > 8) return text + ", ...";
        if (!text.empty()) text += ", ";
        text += i - begin == 1 ? "thread " + std::to_string(begin)
                               : "threads " + std::to_string(begin) + "-" + std::to_string(i - 1);
        const bool one = i - begin == 1;
        if (thread.state == State::DONE) {
            text += " ended";
        } else {
            const char* kind = thread.state == State::AT_BARRIER    ? " (barrier)"
                               : thread.state == State::AT_MBARRIER ? " (barrier in shared memory)"
                                                                    : " (warp operation)";
            text += (one ? " waits at " : " wait at ") + at(thread.site) + kind;
        }
        begin = i;
    }
    return text;
}

std::string Processor::describe_fault(const Memory& memory) const {
    static const char* const VERBS[] = {"accesses ", "reads ", "writes "};
    switch (fault.signal) {
        case SIGFPE:
            return "divides an integer by zero";
        case SIGILL:
        case SIGTRAP:
            return "accesses a number at an address that is not a multiple of its size";
        default:
            if (stacks.is_guard(fault.address)) {
                return "needs more than " + std::to_string(STACK_BYTES / 1024) + " KiB of stack";
            }
            return VERBS[fault.kind] + memory.describe(fault.address);
    }
}

}  // namespace emulator
