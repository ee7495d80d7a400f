// Threads that do not meet where they must, and threads that come to no good end.

#include "common.cuh"

struct ControlArgs {
    float* y;  // one number per thread
    int zero;
    int unused;
};

extern "C" __global__ void some_threads_end_before_barrier(const __grid_constant__ ControlArgs a) {
    if (threadIdx.x >= 40) return;
    __syncthreads();
    a.y[threadIdx.x] = 0.0f;
}

extern "C" __global__ void two_barriers_at_once(const __grid_constant__ ControlArgs a) {
    if (threadIdx.x % 2 == 0) {
        __syncthreads();
    } else {
        __syncthreads();
    }
    a.y[threadIdx.x] = 0.0f;
}

extern "C" __global__ void lane_misses_shuffle(const __grid_constant__ ControlArgs a) {
    float value = 1.0f;
    if (threadIdx.x != 5) value = warp_sum(value);
    a.y[threadIdx.x] = value;
}

// For a block that is not a multiple of 32 threads.
extern "C" __global__ void shuffles_whole_warps(const __grid_constant__ ControlArgs a) {
    a.y[threadIdx.x] = warp_sum(1.0f);
}

extern "C" __global__ void never_ends(const __grid_constant__ ControlArgs a) {
    volatile float* y = a.y;
    while (y[threadIdx.x] != 1.0f) y[threadIdx.x] = 0.0f;
}

extern "C" __global__ void never_stops_meeting(const __grid_constant__ ControlArgs a) {
    volatile float* y = a.y;
    y[threadIdx.x] = 0.0f;
    while (y[0] != 1.0f) __syncthreads();
}

extern "C" __global__ void divides_by_zero(const __grid_constant__ ControlArgs a) {
    a.y[threadIdx.x] = float(int(threadIdx.x) / a.zero);
}

__device__ inline float deep(volatile float* y, int depth) {
    volatile float local[64];
    local[depth % 64] = y[0];
    return depth == 0 ? 0.0f : deep(y, depth - 1) + local[depth % 64];
}

extern "C" __global__ void recurses_deeply(const __grid_constant__ ControlArgs a) {
    a.y[threadIdx.x] = deep(a.y, 100000);
}
