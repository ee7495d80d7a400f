// What several kernels share: types, walking over elements, deterministic sums.
#pragma once

#include "ptx.cuh"

typedef unsigned long long u64;
typedef long long i64;

// Number of this thread in the grid (x only), and of all its threads: where a walk over elements
// begins, and its step. The walk ends at any number of elements whatever the grid.
__device__ inline u64 grid_thread() { return u64(blockIdx.x) * blockDim.x + threadIdx.x; }
__device__ inline u64 grid_threads() { return u64(gridDim.x) * blockDim.x; }

// Splits a running index into coordinates, the innermost first.
struct Coordinates {
    u64 rest;

    // The coordinate along an axis of length `length`.
    __device__ int next(int length) {
        const int coordinate = int(rest % u64(length));
        rest /= u64(length);
        return coordinate;
    }
};

// Kahan's compensated sum: an error of a few roundings however many terms, which a single f32 sum
// over the pixels of a batch would not keep. Not to be compiled with fast-math.
struct CompensatedSum {
    float sum = 0.0f;
    float lost = 0.0f;

    __device__ void add(float term) {
        const float corrected = term - lost;
        const float next = sum + corrected;
        lost = (next - sum) - corrected;
        sum = next;
    }
};

// Sum of `value` over the threads of the block with this thread's threadIdx.x, in the order of
// threadIdx.y; every thread gets it. `shared` has one word per thread of the block. All threads of
// the block must take part.
__device__ inline float column_sum(float value, Shared<float> shared) {
    __syncthreads();  // the last readers of `shared` are done
    shared[threadIdx.y * blockDim.x + threadIdx.x] = value;
    __syncthreads();
    float sum = 0.0f;
    for (unsigned row = 0; row < blockDim.y; ++row) {
        sum += shared[row * blockDim.x + threadIdx.x];
    }
    return sum;
}

// Sum and maximum over the 32 lanes of a warp, the same bits in every lane: both operands of each
// addition are exchanged, and addition commutes.
__device__ inline float warp_sum(float value) {
    for (int mask = WARP_LANES / 2; mask > 0; mask /= 2) value += shuffle_xor(value, mask);
    return value;
}
__device__ inline float warp_max(float value) {
    for (int mask = WARP_LANES / 2; mask > 0; mask /= 2) {
        value = fmaxf(value, shuffle_xor(value, mask));
    }
    return value;
}
