// Correct uses that the emulator must not complain of.

#include "common.cuh"

struct WarpArgs {
    float* y;  // one number per thread of the block
    int value;
    int unused;
};

// Sums of neighbours through shared memory, ordered by __syncwarp, twice over the same words.
extern "C" __global__ void exchange_in_warp(const __grid_constant__ WarpArgs a) {
    const Shared<float> shared = dynamic_shared<float>();
    shared[threadIdx.x] = float(threadIdx.x);
    __syncwarp();
    const float neighbour = shared[threadIdx.x ^ 1];
    __syncwarp();
    shared[threadIdx.x] += neighbour;
    __syncwarp();
    a.y[threadIdx.x] = shared[threadIdx.x ^ 2];
}

// Half a warp at a time meets on its own.
extern "C" __global__ void half_warps_meet(const __grid_constant__ WarpArgs a) {
    const Shared<float> shared = dynamic_shared<float>();
    if (threadIdx.x % 32 < 16) {
        shared[threadIdx.x] = float(threadIdx.x);
        __syncwarp(0x0000ffffu);
        a.y[threadIdx.x] = shared[threadIdx.x ^ 1];
    } else {
        a.y[threadIdx.x] = -1.0f;
    }
}

// Sums over the 32 lanes; warps end at different times.
extern "C" __global__ void sum_in_warp(const __grid_constant__ WarpArgs a) {
    if (threadIdx.x / 32 == 1) return;
    a.y[threadIdx.x] = warp_sum(float(threadIdx.x));
}

// No block of more than 64 threads.
extern "C" __global__ void __launch_bounds__(64, 2) bounded(const __grid_constant__ WarpArgs a) {
    a.y[threadIdx.x] = float(a.value);
}
