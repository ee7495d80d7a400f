// Device instructions, each as one function, and what else is peculiar to the compiler.
//
// Kernels use nothing of the hardware but the CUDA built-ins threadIdx, blockIdx, blockDim, gridDim,
// __syncthreads, __syncwarp, integer atomics and what stands here. The emulator of tests/emulator,
// which defines CROSSMAX_EMULATOR, gives all of it another body and runs the same kernels on the CPU.
#pragma once

typedef unsigned short u16;
typedef unsigned int u32;

constexpr int WARP_LANES = 32;

#ifndef CROSSMAX_EMULATOR

// offsetof: NVRTC has no <cstddef>, only its front end's own word for it. The contract that is
// appended to every source uses it.
#define FIELD_OFFSET(type, field) __INTADDR__(&((type*)0)->field)

// A pointer to shared memory. It takes indices and summands, and elements are read and written
// whole: neither cast it nor take an element's address. The emulator watches every access.
template <typename T>
using Shared = T*;

// The block's dynamic shared memory, 16-byte aligned; its size is given at launch. Kernels have no
// static shared memory.
template <typename T>
__device__ inline Shared<T> dynamic_shared() {
    extern __shared__ __align__(16) unsigned char bytes[];
    return reinterpret_cast<T*>(bytes);
}

// a * b, rounded: never fused with an addition, so that the CPU's bits come out.
__device__ inline float rounded_product(float a, float b) { return __fmul_rn(a, b); }

// From here on: "warp" stands before what all 32 lanes of a warp must call together.

// Warp: the value of the lane whose number differs from this one's in the bits of `mask`.
__device__ inline float shuffle_xor(float value, int mask) {
    return __shfl_xor_sync(0xffffffffu, value, mask);
}
__device__ inline u32 shuffle_xor(u32 value, int mask) { return __shfl_xor_sync(0xffffffffu, value, mask); }

// The f16 nearest to each, ties to even; `low` in the lower half. Too large becomes infinite.
__device__ inline u32 f16x2(float low, float high) {
    u32 both;
#if __CUDA_ARCH__ >= 800
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(high), "f"(low));
#else
    asm("{\n\t.reg .b16 low, high;\n\t"
        "cvt.rn.f16.f32 low, %1;\n\tcvt.rn.f16.f32 high, %2;\n\tmov.b32 %0, {low, high};\n\t}"
        : "=r"(both)
        : "f"(low), "f"(high));
#endif
    return both;
}

// The number that an f16 is.
__device__ inline float f16_to_f32(u16 value) {
    float wide;
    asm("cvt.f32.f16 %0, %1;" : "=f"(wide) : "h"(value));
    return wide;
}

__device__ inline u32 shared_address(const void* shared) {
    return static_cast<u32>(__cvta_generic_to_shared(shared));
}

// Warp: loads four matrices of 8x8 16-bit numbers. Lane 8m + i gives the address of row i of matrix
// m, 16 bytes at a multiple of 16. Lane l gets of each matrix the numbers in row l/4, columns
// 2(l%4) and 2(l%4)+1, the first in the lower half.
template <typename T>
__device__ inline void ldmatrix_x4(u32 (&matrices)[4], Shared<T> row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(matrices[0]), "=r"(matrices[1]), "=r"(matrices[2]), "=r"(matrices[3])
                 : "r"(shared_address(row))
                 : "memory");
}

// Warp: the same of the transposed matrices: lane l gets rows 2(l%4) and 2(l%4)+1 of column l/4.
template <typename T>
__device__ inline void ldmatrix_x4_trans(u32 (&matrices)[4], Shared<T> row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(matrices[0]), "=r"(matrices[1]), "=r"(matrices[2]), "=r"(matrices[3])
                 : "r"(shared_address(row))
                 : "memory");
}

// Warp: sum += A B on the tensor cores, for sum 16x8, A 16xK, B Kx8, accumulated in f32. With
// g = lane/4 and t = lane%4 the lane holds
//   sum[0..1]: row g, columns 2t and 2t+1;  sum[2..3]: row g+8, the same columns.
// 16-bit formats, two numbers a register (the first in the lower half):
//   a[0]: row g, columns 2t and 2t+1;  a[1]: row g+8;  a[2], a[3]: the same 8 columns further;
//   b[0]: rows 2t and 2t+1 of column g;  b[1]: 8 rows further.
// tf32, one number a register:
//   a[0]: row g, column t;  a[1]: row g+8;  a[2], a[3]: the same 4 columns further;
//   b[0]: row t of column g;  b[1]: 4 rows further.
// So one ldmatrix_x4 of A stored by rows gives a[0..3] from the matrices top left, bottom left, top
// right, bottom right; one of B stored by columns (or ldmatrix_x4_trans of B stored by rows) gives b.
__device__ inline void mma_m16n8k8_f16(float (&sum)[4], const u32 (&a)[2], u32 b) {
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5}, {%6}, "
                 "{%0, %1, %2, %3};"
                 : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
                 : "r"(a[0]), "r"(a[1]), "r"(b));
}

#if __CUDA_ARCH__ >= 800

__device__ inline void mma_m16n8k16_f16(float (&sum)[4], const u32 (&a)[4], const u32 (&b)[2]) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, "
                 "{%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

__device__ inline void mma_m16n8k16_bf16(float (&sum)[4], const u32 (&a)[4], const u32 (&b)[2]) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, "
                 "{%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

// The lower 13 bits of each operand are ignored: round with tf32() first.
__device__ inline void mma_m16n8k8_tf32(float (&sum)[4], const u32 (&a)[4], const u32 (&b)[2]) {
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, "
                 "{%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

// The bf16 nearest to each, ties to even; `low` in the lower half.
__device__ inline u32 bf16x2(float low, float high) {
    u32 both;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(high), "f"(low));
    return both;
}

// The tf32 nearest to `value`, ties away from zero.
__device__ inline u32 tf32(float value) {
    u32 rounded;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(rounded) : "f"(value));
    return rounded;
}

// Starts copying 16 bytes from global to shared memory, both at multiples of 16, or, if not `copy`,
// filling them with zeros without looking at `from`. Until this thread has waited, nobody may touch
// the target; other threads see it after a barrier that follows the wait.
template <typename T>
__device__ inline void cp_async_16(Shared<T> to, const T* from, bool copy) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;"
                 :
                 : "r"(shared_address(to)), "l"(__cvta_generic_to_global(from)), "r"(copy ? 16 : 0)
                 : "memory");
}

// Makes the thread's copies since the last commit one group (an empty one if there were none).
__device__ inline void cp_async_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }

// Waits until at most the last PENDING groups of the thread are still under way.
template <int PENDING>
__device__ inline void cp_async_wait() {
    asm volatile("cp.async.wait_group %0;" ::"n"(PENDING) : "memory");
}

#endif  // sm_80

#endif  // CROSSMAX_EMULATOR
