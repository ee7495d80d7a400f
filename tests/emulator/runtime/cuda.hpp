// CUDA C++ for a C++ compiler: what nvcc and NVRTC know without a header. Comes before every kernel.
#pragma once

#define CROSSMAX_EMULATOR 1

#include <algorithm>
#include <cmath>

#include "instructions.hpp"
#include "instructions_sm90.hpp"
#include "kernel_table.hpp"

#define __global__
#define __device__
#define __grid_constant__
#define __launch_bounds__(...)
#define __align__(bytes) __attribute__((aligned(bytes)))

#define threadIdx (static_cast<const emulator::Index&>(emulator::thread_index))
#define blockIdx (static_cast<const emulator::Index&>(emulator::block_index))
#define blockDim (static_cast<const emulator::Index&>(emulator::block_size))
#define gridDim (static_cast<const emulator::Index&>(emulator::grid_size))

using std::max;
using std::min;

struct alignas(8) float2 {
    float x, y;
};
struct alignas(16) float4 {
    float x, y, z, w;
};

inline void __syncthreads(emulator::Site site = emulator::Site::here()) {
    emulator::Processor::current()->barrier(site);
}

inline void __syncwarp(unsigned mask = 0xffffffff, emulator::Site site = emulator::Site::here()) {
    const auto order = [](void* const*, uint32_t) { emulator::Processor::current()->order_warp(); };
    emulator::Processor::current()->collective(order, mask, nullptr, site);
}

// Threads run one at a time and are only left where they wait, so this is atomic as it stands.
template <typename T>
inline T atomicAdd(T* address, T value) {
    const T before = *address;
    *address = before + value;
    return before;
}

inline float rounded_product(float a, float b) { return a * b; }
inline float rsqrtf(float x) { return 1.0f / std::sqrt(x); }
inline float __expf(float x) { return std::exp(x); }
inline float __logf(float x) { return std::log(x); }
