#include "device.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <vector>

#include "kernel_table.hpp"
#include "memory.hpp"
#include "processor.hpp"

using emulator::Index;
using emulator::Kernel;
using emulator::Processor;

// All work of a device is done in the order in which it was asked for: one lock.
struct CrossmaxEmulatorDevice {
    CrossmaxEmulatorDevice(uint64_t seed, uint64_t memory_bytes) : seed(seed), memory(seed, memory_bytes) {}

    std::mutex order;
    uint64_t seed;
    uint64_t launches = 0;
    emulator::Memory memory;
};

namespace {

// The processors of all devices. Launches of different devices run at the same time, each on the OS
// thread that asked for it, but not more than MOST: stacks cost address ranges, of which a process
// has a limited number.
class ProcessorPool {
   public:
    std::unique_ptr<Processor> take() {
        std::unique_lock<std::mutex> lock(mutex);
        given_back.wait(lock, [&] { return taken < MOST; });
        ++taken;
        if (idle.empty()) return std::make_unique<Processor>();
        std::unique_ptr<Processor> processor = std::move(idle.back());
        idle.pop_back();
        return processor;
    }
    void give_back(std::unique_ptr<Processor> processor) {
        const std::lock_guard<std::mutex> lock(mutex);
        idle.push_back(std::move(processor));
        --taken;
        given_back.notify_one();
    }

   private:
    static constexpr unsigned MOST = 8;
    std::mutex mutex;
    std::condition_variable given_back;
    unsigned taken = 0;
    std::vector<std::unique_ptr<Processor>> idle;
};

ProcessorPool& processors() {
    static ProcessorPool pool;
    return pool;
}

const Kernel& kernel_of(const CrossmaxEmulatorKernel* kernel) {
    return *reinterpret_cast<const Kernel*>(kernel);
}

constexpr uint64_t MOST_ARGS_BYTES = 4096;

struct Limit {
    const char* what;
    uint64_t value, least, most;
};

// CUDA's limits; empty if the launch keeps them.
std::string check_sizes(const Kernel& kernel, const CrossmaxEmulatorLaunch& launch) {
    const auto& [gx, gy, gz] = launch.grid;
    const auto& [bx, by, bz] = launch.block;
    const Limit limits[] = {
        {"blocks along x", gx, 1, 0x7fffffff},
        {"blocks along y", gy, 1, 65535},
        {"blocks along z", gz, 1, 65535},
        {"threads along x", bx, 1, 1024},
        {"threads along y", by, 1, 1024},
        {"threads along z", bz, 1, 64},
        {"threads in a block", uint64_t(bx) * by * bz, 1, kernel.most_threads},
        {"bytes of shared memory", launch.shared_bytes, 0, emulator::SharedMemory::MOST_BYTES},
        {"bytes of arguments", launch.args_bytes, kernel.args_bytes,
         std::min<uint64_t>(kernel.args_bytes, MOST_ARGS_BYTES)},
    };
    for (const Limit& limit : limits) {
        if (limit.value >= limit.least && limit.value <= limit.most) continue;
        return std::string(kernel.entry) + ": launched with " + std::to_string(limit.value) + " " + limit.what +
               ", expected " + std::to_string(limit.least) + " to " + std::to_string(limit.most);
    }
    return {};
}

std::string run(CrossmaxEmulatorDevice& device, const Kernel& kernel, const CrossmaxEmulatorLaunch& launch) {
    std::string problem = check_sizes(kernel, launch);
    if (!problem.empty()) return problem;

    alignas(128) char args[MOST_ARGS_BYTES];  // the strictest alignment that a struct may ask for
    std::memcpy(args, launch.args, launch.args_bytes);
    emulator::Launch what;
    what.kernel = kernel.entry;
    what.call = kernel.call;
    what.args = args;
    what.grid = {launch.grid[0], launch.grid[1], launch.grid[2]};
    what.block = {launch.block[0], launch.block[1], launch.block[2]};
    what.shared_bytes = launch.shared_bytes;
    what.seed = emulator::Random(device.seed + ++device.launches).next();
    what.time_limit_ms = launch.time_limit_ms;

    std::unique_ptr<Processor> processor = processors().take();
    problem = processor->run(what, device.memory);
    processors().give_back(std::move(processor));

    // After a failed launch too, so that the next one is not blamed for it.
    const std::string overwritten = device.memory.check_guards();
    if (problem.empty() && !overwritten.empty()) problem = std::string(kernel.entry) + ": " + overwritten;
    if (problem.empty()) return problem;
    return problem + " (seed " + std::to_string(device.seed) + ", launch " + std::to_string(device.launches) +
           ")";
}

char* pointer(uint64_t address) { return reinterpret_cast<char*>(address); }

}  // namespace

CrossmaxEmulatorDevice* crossmax_emulator_create(uint64_t seed, uint64_t memory_bytes) {
    return new (std::nothrow) CrossmaxEmulatorDevice(seed, memory_bytes);
}

void crossmax_emulator_destroy(CrossmaxEmulatorDevice* device) { delete device; }

uint64_t crossmax_emulator_allocate(CrossmaxEmulatorDevice* device, uint64_t bytes) {
    const std::lock_guard<std::mutex> lock(device->order);
    return reinterpret_cast<uint64_t>(device->memory.allocate(bytes));
}

bool crossmax_emulator_free(CrossmaxEmulatorDevice* device, uint64_t address) {
    const std::lock_guard<std::mutex> lock(device->order);
    return device->memory.free(pointer(address));
}

bool crossmax_emulator_write(CrossmaxEmulatorDevice* device, uint64_t to, const void* from, uint64_t bytes) {
    const std::lock_guard<std::mutex> lock(device->order);
    if (!device->memory.holds(pointer(to), bytes)) return false;
    std::memcpy(pointer(to), from, bytes);
    return true;
}

bool crossmax_emulator_read(CrossmaxEmulatorDevice* device, void* to, uint64_t from, uint64_t bytes) {
    const std::lock_guard<std::mutex> lock(device->order);
    if (!device->memory.holds(pointer(from), bytes)) return false;
    std::memcpy(to, pointer(from), bytes);
    return true;
}

const CrossmaxEmulatorKernel* crossmax_emulator_find(const char* variant, const char* source, const char* entry) {
    for (const auto* table = emulator::KERNEL_TABLES; *table != nullptr; ++table) {
        for (size_t i = 0; i < (*table)->count; ++i) {
            const Kernel& kernel = (*table)->kernels[i];
            if (std::strcmp(kernel.variant, variant) == 0 && std::strcmp(kernel.source, source) == 0 &&
                std::strcmp(kernel.entry, entry) == 0) {
                return reinterpret_cast<const CrossmaxEmulatorKernel*>(&kernel);
            }
        }
    }
    return nullptr;
}

uint64_t crossmax_emulator_args_bytes(const CrossmaxEmulatorKernel* kernel) {
    return kernel_of(kernel).args_bytes;
}

bool crossmax_emulator_launch(CrossmaxEmulatorDevice* device, const CrossmaxEmulatorKernel* kernel,
                              const CrossmaxEmulatorLaunch* launch, char* message, uint64_t capacity) {
    const std::lock_guard<std::mutex> lock(device->order);
    const std::string problem = run(*device, kernel_of(kernel), *launch);
    if (problem.empty()) return true;
    snprintf(message, capacity, "%s", problem.c_str());
    return false;
}
