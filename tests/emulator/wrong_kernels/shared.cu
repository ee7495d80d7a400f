// Mistakes with shared memory. Each block has one float of it per thread.

#include "common.cuh"

struct SharedArgs {
    float* y;  // one number per thread
};

extern "C" __global__ void forgets_barrier(const __grid_constant__ SharedArgs a) {
    const Shared<float> shared = dynamic_shared<float>();
    if (threadIdx.x == 0) shared[0] = 1.0f;
    if (threadIdx.x == 40) a.y[0] = shared[0];
}

extern "C" __global__ void forgets_barrier_before_reuse(const __grid_constant__ SharedArgs a) {
    const Shared<float> shared = dynamic_shared<float>();
    shared[threadIdx.x] = float(threadIdx.x);
    __syncthreads();
    if (threadIdx.x == 0) a.y[0] = shared[40];
    if (threadIdx.x == 40) shared[40] = 0.0f;
}

// Both are in the same warp; that alone orders nothing.
extern "C" __global__ void trusts_lockstep(const __grid_constant__ SharedArgs a) {
    const Shared<float> shared = dynamic_shared<float>();
    if (threadIdx.x == 0) shared[0] = 1.0f;
    if (threadIdx.x == 1) a.y[0] = shared[0];
}

extern "C" __global__ void all_write_one(const __grid_constant__ SharedArgs a) {
    const Shared<float> shared = dynamic_shared<float>();
    shared[0] = float(threadIdx.x);
    __syncthreads();
    a.y[threadIdx.x] = shared[0];
}

extern "C" __global__ void reads_unwritten(const __grid_constant__ SharedArgs a) {
    const Shared<float> shared = dynamic_shared<float>();
    if (threadIdx.x > 0) shared[threadIdx.x] = 1.0f;
    __syncthreads();
    a.y[threadIdx.x] = shared[threadIdx.x];
}

extern "C" __global__ void writes_behind_shared(const __grid_constant__ SharedArgs a) {
    const Shared<float> shared = dynamic_shared<float>();
    shared[threadIdx.x + 1] = 1.0f;
    a.y[threadIdx.x] = 0.0f;
}
