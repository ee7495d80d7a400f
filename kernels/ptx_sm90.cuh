// The device instructions of sm_90a, each as one function: asynchronous copies of whole boxes of a tensor (TMA),
// barriers in shared memory that count their bytes, and products of a warpgroup (wgmma). The rules of
// ptx.cuh hold, to which this is the second part.
//
// A warpgroup is four neighbouring warps, the first of which has a number divisible by 4. "Warpgroup"
// stands before what all its 128 threads must call together.
#pragma once

#include "common.cuh"

#if defined(__CUDA_ARCH_FEAT_SM90_ALL) || defined(CROSSMAX_EMULATOR)
#define SM_90A 1
#else
#define SM_90A 0
#endif

constexpr int WARPGROUP_THREADS = 128;
// Bytes after which the swizzled places of rows of 128 bytes repeat: where a box of such rows must begin.
constexpr int SWIZZLE_BYTES = 1024;

#ifndef CROSSMAX_EMULATOR

// Where a tensor lies in global memory and which boxes of it a copy takes, as the driver encoded it
// (src/device/tensor_map.rs). A field of the kernel's argument struct, passed on by reference.
struct alignas(64) TensorMap {
    u64 words[16];
};

#if SM_90A

// The block's dynamic shared memory, at a multiple of SWIZZLE_BYTES.
template <typename T>
__device__ inline Shared<T> swizzled_shared() {
    extern __shared__ __align__(1024) unsigned char swizzled_bytes[];
    return reinterpret_cast<T*>(swizzled_bytes);
}

// Barriers in shared memory, 8 bytes each. A phase ends when `arrivals` arrivals and all the bytes that
// were expected have come; then the next one begins. The parity of the first phase is 0.

// One thread; all others, and copies, may use the barrier after mbarrier_fence_init() of that thread and a
// barrier of the block.
__device__ inline void mbarrier_init(Shared<u64> barrier, u32 arrivals) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(shared_address(barrier)), "r"(arrivals) : "memory");
}
__device__ inline void mbarrier_fence_init() { asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory"); }

__device__ inline void mbarrier_arrive(Shared<u64> barrier) {
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(shared_address(barrier)) : "memory");
}
// Arrives, and lets the phase wait for so many bytes of copies as well.
__device__ inline void mbarrier_arrive_expect(Shared<u64> barrier, u32 bytes) {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(shared_address(barrier)), "r"(bytes)
                 : "memory");
}
// Waits until the phase of this parity has ended: returns at once while the other one is under way.
__device__ inline void mbarrier_wait(Shared<u64> barrier, u32 parity) {
    asm volatile(
        "{\n\t.reg .pred ended;\n"
        "again:\n\t"
        "mbarrier.try_wait.parity.shared::cta.b64 ended, [%0], %1;\n\t"
        "@!ended bra again;\n\t}" ::"r"(shared_address(barrier)),
        "r"(parity)
        : "memory");
}

// What this thread wrote to shared memory becomes visible to copies and products; a barrier between them and other
// threads' writes comes after it.
__device__ inline void fence_proxy_async() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }

// Copies a box to shared memory, whose bytes `barrier` counts. Each row of 128 bytes is swizzled: its 16-byte
// quads are at their number xor the row's modulo 8. Places outside the tensor become zeros.

// Of a tensor [n, h, w, c]: so many channels from `c` on of so many pixels. The pixels are those under one tap (row
// `r`, column `s`) of a window that walks, from (n, h, w) on, over the places that the map's corners leave it.
template <typename T>
__device__ inline void tma_load_im2col(Shared<T> to, const TensorMap& map, Shared<u64> barrier, int c, int w, int h,
                                       int n, u16 s, u16 r) {
    asm volatile(
        "cp.async.bulk.tensor.4d.shared::cluster.global.im2col.mbarrier::complete_tx::bytes "
        "[%0], [%1, {%3, %4, %5, %6}], [%2], {%7, %8};" ::"r"(shared_address(to)),
        "l"(&map), "r"(shared_address(barrier)), "r"(c), "r"(w), "r"(h), "r"(n), "h"(s), "h"(r)
        : "memory");
}
// Of a tensor of three axes, from (outer, middle, inner) on.
template <typename T>
__device__ inline void tma_load_tile(Shared<T> to, const TensorMap& map, Shared<u64> barrier, int inner, int middle,
                                     int outer) {
    asm volatile(
        "cp.async.bulk.tensor.3d.shared::cluster.global.tile.mbarrier::complete_tx::bytes "
        "[%0], [%1, {%3, %4, %5}], [%2];" ::"r"(shared_address(to)),
        "l"(&map), "r"(shared_address(barrier)), "r"(inner), "r"(middle), "r"(outer)
        : "memory");
}

// A factor of a product in shared memory, with rows of 128 bytes along the depth, swizzled as copies do. `first` is
// that of row 0, or up to 96 bytes behind it: the depth from there on. (PTX ISA, "Matrix Descriptor Format":
// 1024 bytes between groups of eight rows, 128-byte swizzling.)
template <typename T>
__device__ inline u64 swizzled_factor(Shared<T> first) {
    const u64 address = (shared_address(first) & 0x3ffff) >> 4;
    return address | u64(1) << 16 | u64(SWIZZLE_BYTES >> 4) << 32 | u64(1) << 62;
}

// Warpgroup: products sum = A B' (+ sum if `accumulate`), for A 64x16, B of as many rows as the name says x16. A
// thread holds of its warp's 16 rows, and of each 8 columns, what a lane holds of mma's sum: sum[4j + i] is
// sum[i] of the columns from 8j on. From the product's start to the wait for it, nobody may touch the
// sums; the factors may not be written. wgmma_fence() comes before each group's first product.
__device__ inline void wgmma_fence() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
__device__ inline void wgmma_commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
// Until at most the last PENDING groups are still under way.
template <int PENDING>
__device__ inline void wgmma_wait() {
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(PENDING) : "memory");
}

#define SUMS_8(s, i)                                                                                                  \
    "+f"(s[i]), "+f"(s[i + 1]), "+f"(s[i + 2]), "+f"(s[i + 3]), "+f"(s[i + 4]), "+f"(s[i + 5]), "+f"(s[i + 6]),        \
        "+f"(s[i + 7])
#define SUMS_32(s, i) SUMS_8(s, i), SUMS_8(s, i + 8), SUMS_8(s, i + 16), SUMS_8(s, i + 24)
#define FIRST_32                                                                                                      \
    "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, %20, %21, %22, %23, "  \
    "%24, %25, %26, %27, %28, %29, %30, %31"
#define SECOND_32                                                                                                     \
    "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, %48, %49, %50, %51, %52, %53, "  \
    "%54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
#define DEFINE_WGMMA_N64(format)                                                                                      \
    __device__ inline void wgmma_m64n64k16_##format(float(&sum)[32], u64 a, u64 b, bool accumulate) {                 \
        asm volatile(                                                                                                 \
            "{\n\t.reg .pred add;\n\tsetp.ne.b32 add, %34, 0;\n\t"                                                    \
            "wgmma.mma_async.sync.aligned.m64n64k16.f32." #format "." #format " {" FIRST_32                           \
            "}, %32, %33, add, 1, 1, 0, 0;\n\t}"                                                                      \
            : SUMS_32(sum, 0)                                                                                         \
            : "l"(a), "l"(b), "r"(int(accumulate)));                                                                  \
    }
#define DEFINE_WGMMA_N128(format)                                                                                     \
    __device__ inline void wgmma_m64n128k16_##format(float(&sum)[64], u64 a, u64 b, bool accumulate) {                \
        asm volatile(                                                                                                 \
            "{\n\t.reg .pred add;\n\tsetp.ne.b32 add, %66, 0;\n\t"                                                    \
            "wgmma.mma_async.sync.aligned.m64n128k16.f32." #format "." #format " {" FIRST_32 ", " SECOND_32           \
            "}, %64, %65, add, 1, 1, 0, 0;\n\t}"                                                                      \
            : SUMS_32(sum, 0), SUMS_32(sum, 32)                                                                       \
            : "l"(a), "l"(b), "r"(int(accumulate)));                                                                  \
    }
DEFINE_WGMMA_N64(f16)
DEFINE_WGMMA_N64(bf16)
DEFINE_WGMMA_N128(f16)
DEFINE_WGMMA_N128(bf16)
#undef DEFINE_WGMMA_N64
#undef DEFINE_WGMMA_N128
#undef FIRST_32
#undef SECOND_32
#undef SUMS_32
#undef SUMS_8

// Warpgroup: from here on its threads have so many registers, fewer or more than before. In a kernel with
// __launch_bounds__(threads, 1); REGISTERS is a multiple of 8 from 24 to 240.
template <int REGISTERS>
__device__ inline void release_registers() {
    asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(REGISTERS));
}
template <int REGISTERS>
__device__ inline void take_registers() {
    asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(REGISTERS));
}

#endif  // SM_90A

#endif  // CROSSMAX_EMULATOR
