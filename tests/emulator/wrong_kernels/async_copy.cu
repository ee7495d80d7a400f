// Mistakes with asynchronous copies to shared memory. A block of 64 threads, 16 bytes of shared memory
// per thread, copies 4 numbers per thread.

#include "common.cuh"

#if __CUDA_ARCH__ >= 800 || defined(CROSSMAX_EMULATOR)

struct AsyncCopyArgs {
    const float* x;  // 4 numbers per thread
    float* y;        // one number per thread
};

extern "C" __global__ void reads_without_wait(const __grid_constant__ AsyncCopyArgs a) {
    const Shared<float> shared = dynamic_shared<float>();
    cp_async_16(shared + 4 * threadIdx.x, a.x + 4 * threadIdx.x, true);
    cp_async_commit();
    __syncthreads();
    a.y[threadIdx.x] = shared[4 * threadIdx.x];
}

extern "C" __global__ void waits_for_uncommitted(const __grid_constant__ AsyncCopyArgs a) {
    const Shared<float> shared = dynamic_shared<float>();
    cp_async_16(shared + 4 * threadIdx.x, a.x + 4 * threadIdx.x, true);
    cp_async_wait<0>();
    a.y[threadIdx.x] = shared[4 * threadIdx.x];
}

extern "C" __global__ void waits_for_too_few(const __grid_constant__ AsyncCopyArgs a) {
    const Shared<float> shared = dynamic_shared<float>();
    cp_async_16(shared + 4 * threadIdx.x, a.x + 4 * threadIdx.x, true);
    cp_async_commit();
    cp_async_wait<1>();
    a.y[threadIdx.x] = shared[4 * threadIdx.x];
}

extern "C" __global__ void reads_others_without_barrier(const __grid_constant__ AsyncCopyArgs a) {
    const Shared<float> shared = dynamic_shared<float>();
    cp_async_16(shared + 4 * threadIdx.x, a.x + 4 * threadIdx.x, true);
    cp_async_commit();
    cp_async_wait<0>();
    a.y[threadIdx.x] = shared[4 * (threadIdx.x ^ 32)];
}

extern "C" __global__ void overwrites_too_early(const __grid_constant__ AsyncCopyArgs a) {
    const Shared<float> shared = dynamic_shared<float>();
    shared[4 * threadIdx.x] = 1.0f;
    __syncthreads();
    a.y[threadIdx.x] = shared[4 * (threadIdx.x ^ 32)];
    cp_async_16(shared + 4 * threadIdx.x, a.x + 4 * threadIdx.x, true);
    cp_async_commit();
    cp_async_wait<0>();
}

extern "C" __global__ void copies_misaligned(const __grid_constant__ AsyncCopyArgs a) {
    const Shared<float> shared = dynamic_shared<float>();
    cp_async_16(shared + 4 * threadIdx.x, a.x + 4 * threadIdx.x + 1, true);
    cp_async_commit();
    cp_async_wait<0>();
    a.y[threadIdx.x] = shared[4 * threadIdx.x];
}

extern "C" __global__ void copies_from_behind_end(const __grid_constant__ AsyncCopyArgs a) {
    const Shared<float> shared = dynamic_shared<float>();
    cp_async_16(shared + 4 * threadIdx.x, a.x + 4 * (threadIdx.x + 1), true);
    cp_async_commit();
    cp_async_wait<0>();
    a.y[threadIdx.x] = shared[4 * threadIdx.x];
}

#endif
