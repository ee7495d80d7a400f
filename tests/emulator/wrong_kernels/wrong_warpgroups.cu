// Mistakes with copies of boxes and products of warpgroups. One warpgroup; a factor of 64 rows of 128 bytes, then a
// barrier.

#include "ptx_sm90.cuh"

struct WrongWarpgroupArgs {
    TensorMap map;  // of [64, 1, 64], one box
    float* y;
    int unused[14];
};

#if SM_90A

constexpr int DEPTH = 64, BYTES = 64 * DEPTH * 2;

__device__ inline Shared<u16> factor() { return swizzled_shared<u16>(); }
__device__ inline Shared<u64> barrier() { return swizzled_shared<u64>() + BYTES / 8; }

__device__ inline void begin() {
    if (threadIdx.x == 0) {
        mbarrier_init(barrier(), 1);
        mbarrier_fence_init();
    }
    __syncthreads();
}
__device__ inline void copy(const WrongWarpgroupArgs& a) {
    if (threadIdx.x != 0) return;
    mbarrier_arrive_expect(barrier(), BYTES);
    tma_load_tile(factor(), a.map, barrier(), 0, 0, 0);
}
__device__ inline void start_product(float (&sum)[32]) {
    wgmma_fence();
    wgmma_m64n64k16_f16(sum, swizzled_factor(factor()), swizzled_factor(factor()), false);
    wgmma_commit();
}

extern "C" __global__ void __launch_bounds__(128, 1) reads_box_without_wait(const __grid_constant__ WrongWarpgroupArgs a) {
    begin();
    copy(a);
    __syncthreads();
    a.y[threadIdx.x] = factor()[threadIdx.x];
}

extern "C" __global__ void __launch_bounds__(128, 1) leaves_wait_to_others(const __grid_constant__ WrongWarpgroupArgs a) {
    begin();
    copy(a);
    if (threadIdx.x == 0) mbarrier_wait(barrier(), 0);
    __syncthreads();
    a.y[threadIdx.x] = factor()[threadIdx.x];
}

extern "C" __global__ void __launch_bounds__(128, 1) ends_before_copy(const __grid_constant__ WrongWarpgroupArgs a) {
    begin();
    copy(a);
}

extern "C" __global__ void __launch_bounds__(128, 1) stores_without_fence(const __grid_constant__ WrongWarpgroupArgs a) {
    for (int i = threadIdx.x; i < 64 * DEPTH; i += blockDim.x) factor()[i] = 0;
    __syncthreads();
    float sum[32];
    start_product(sum);
    wgmma_wait<0>();
    a.y[threadIdx.x] = sum[0];
}

// The compiler would put the missing wait in, and say so.
#ifdef CROSSMAX_EMULATOR
extern "C" __global__ void __launch_bounds__(128, 1) reads_sums_early(const __grid_constant__ WrongWarpgroupArgs a) {
    begin();
    copy(a);
    mbarrier_wait(barrier(), 0);
    float sum[32];
    start_product(sum);
    a.y[threadIdx.x] = sum[0];
    wgmma_wait<0>();
}
#endif

extern "C" __global__ void __launch_bounds__(128, 1) copies_over_factor(const __grid_constant__ WrongWarpgroupArgs a) {
    begin();
    copy(a);
    mbarrier_wait(barrier(), 0);
    float sum[32];
    start_product(sum);
    copy(a);
    wgmma_wait<0>();
    mbarrier_wait(barrier(), 1);
    a.y[threadIdx.x] = sum[0];
}

extern "C" __global__ void __launch_bounds__(128, 1) waits_for_other_parity(const __grid_constant__ WrongWarpgroupArgs a) {
    begin();
    copy(a);
    mbarrier_wait(barrier(), 1);
    a.y[threadIdx.x] = factor()[threadIdx.x];
}

extern "C" __global__ void __launch_bounds__(128, 1) waits_for_a_phase_too_many(const __grid_constant__ WrongWarpgroupArgs a) {
    begin();
    copy(a);
    mbarrier_wait(barrier(), 0);
    mbarrier_wait(barrier(), 1);
    a.y[threadIdx.x] = factor()[threadIdx.x];
}

#endif
