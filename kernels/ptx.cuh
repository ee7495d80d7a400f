// Device instructions, each as one function, and what else is peculiar to the compiler.
//
// Kernels use nothing of the hardware but the CUDA built-ins threadIdx, blockIdx, blockDim, gridDim,
// __syncthreads and what stands here, so that a build without a GPU can give it another body and run
// the same kernels.
#pragma once

// offsetof: NVRTC has no <cstddef>, only its front end's own word for it. The contract that is
// appended to every source uses it.
#define FIELD_OFFSET(type, field) __INTADDR__(&((type*)0)->field)

constexpr int WARP_LANES = 32;

// The block's dynamic shared memory, 16-byte aligned; its size is given at launch. Kernels have no
// static shared memory.
template <typename T>
__device__ inline T* dynamic_shared() {
    extern __shared__ __align__(16) unsigned char bytes[];
    return reinterpret_cast<T*>(bytes);
}

// The value of the lane whose number differs from this one's in the bits of `mask`. All 32 lanes of
// the warp must take part.
__device__ inline float shuffle_xor(float value, int mask) {
    return __shfl_xor_sync(0xffffffffu, value, mask);
}
