// The C interface of the emulator. Failures come back as text; nothing is thrown.
#pragma once

#include <cstdint>

extern "C" {

typedef struct CrossmaxEmulatorDevice CrossmaxEmulatorDevice;
typedef struct CrossmaxEmulatorKernel CrossmaxEmulatorKernel;

struct CrossmaxEmulatorLaunch {
    uint32_t grid[3], block[3];
    uint32_t shared_bytes;
    uint32_t time_limit_ms;  // of CPU time; 0: none
    const void* args;
    uint64_t args_bytes;
};

// A device whose order of threads and blocks, and whose layout of memory, follow from `seed`; null
// if the system has no room for it.
CrossmaxEmulatorDevice* crossmax_emulator_create(uint64_t seed, uint64_t memory_bytes);
void crossmax_emulator_destroy(CrossmaxEmulatorDevice* device);

// Memory aligned to 16 bytes; 0 if there is no room.
uint64_t crossmax_emulator_allocate(CrossmaxEmulatorDevice* device, uint64_t bytes);
// These return whether the addresses belong to an allocation.
bool crossmax_emulator_free(CrossmaxEmulatorDevice* device, uint64_t address);
bool crossmax_emulator_write(CrossmaxEmulatorDevice* device, uint64_t to, const void* from, uint64_t bytes);
bool crossmax_emulator_read(CrossmaxEmulatorDevice* device, void* to, uint64_t from, uint64_t bytes);

// Null if there is no such kernel. Names end with a zero byte.
const CrossmaxEmulatorKernel* crossmax_emulator_find(const char* variant, const char* source, const char* entry);
uint64_t crossmax_emulator_args_bytes(const CrossmaxEmulatorKernel* kernel);

// Runs the kernel to its end. Returns whether it went well; if not, `message` (`capacity` bytes)
// says why, ended by a zero byte.
bool crossmax_emulator_launch(CrossmaxEmulatorDevice* device, const CrossmaxEmulatorKernel* kernel,
                              const CrossmaxEmulatorLaunch* launch, char* message, uint64_t capacity);
}
