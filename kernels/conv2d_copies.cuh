// Bringing quads of floats to shared memory while products of earlier ones are computed: from sm_80 on by
// asynchronous copies, before through registers.
#pragma once

#include "common.cuh"

#if defined(CROSSMAX_EMULATOR) || __CUDA_ARCH__ >= 800
#define SM_80 1
#else
#define SM_80 0
#endif
#define ASYNC_COPIES SM_80  // not in the emulator's kernels of older devices

// Tiles in the ring: asynchronous copies run two steps ahead of the products, those through registers one.
constexpr int STAGES = ASYNC_COPIES ? 3 : 2;

// A thread's share of a tile, COUNT quads. What was started is in shared memory after `finish` and the next wait.
template <int COUNT>
struct Copies {
#if ASYNC_COPIES
    // Starts bringing the four floats at `from`, or zeros if that is null, to the float number `to`. `any` is an address
    // that may be read.
    __device__ void start(int, int to, const float* from, const float* any) {
        cp_async_16(dynamic_shared<float>() + to, from == nullptr ? any : from, from != nullptr);
    }
    // The same of numbers that are there.
    __device__ void put(int, int to, const float4& quad) { dynamic_shared<float4>()[to / 4] = quad; }
    __device__ void finish() const {}
#else
    float4 held[COUNT];
    int targets[COUNT];

    __device__ void start(int i, int to, const float* from, const float*) {
        float4 quad = {0.0f, 0.0f, 0.0f, 0.0f};
        if (from != nullptr) quad = *reinterpret_cast<const float4*>(from);
        put(i, to, quad);
    }
    __device__ void put(int i, int to, const float4& quad) {
        held[i] = quad;
        targets[i] = to;
    }
    __device__ void finish() const {
#pragma unroll
        for (int i = 0; i < COUNT; ++i) dynamic_shared<float4>()[targets[i] / 4] = held[i];
    }
#endif
};

__device__ inline void commit_copies() {
#if ASYNC_COPIES
    cp_async_commit();
#endif
}
template <int PENDING>
__device__ inline void wait_for_copies() {
#if ASYNC_COPIES
    cp_async_wait<PENDING>();
#endif
}
