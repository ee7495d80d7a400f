// Products of a warpgroup whose factors come by copies of boxes, and such copies themselves. One warpgroup.

#include "ptx_sm90.cuh"

struct WarpgroupArgs {
    TensorMap a, b;  // products: [1, 64, depth], [1, N, depth]; copies: the tensor, and nothing
    float* sum;      // [64, N]
    u16* box;        // what was copied, rows of 64
    int depth;
    int at[4], tap[2];
    int rows;
};

#if SM_90A

constexpr int DEPTH = 64;  // of a row of 128 bytes
constexpr int LEFT = 0, RIGHT = 64 * DEPTH, BARRIERS = RIGHT + 128 * DEPTH;

// Barriers lie behind both factors.
__device__ inline Shared<u64> barrier() { return swizzled_shared<u64>() + BARRIERS * 2 / 8; }

template <int N, typename Multiply>
__device__ inline void multiply(const WarpgroupArgs& a, const Multiply& product) {
    const Shared<u16> left = swizzled_shared<u16>() + LEFT, right = swizzled_shared<u16>() + RIGHT;
    if (threadIdx.x == 0) {
        mbarrier_init(barrier(), 1);
        mbarrier_fence_init();
    }
    __syncthreads();
    float sum[N / 2];
    u32 parity = 0;
    for (int depth = 0; depth < a.depth; depth += DEPTH) {
        if (threadIdx.x == 0) {
            mbarrier_arrive_expect(barrier(), (64 + N) * DEPTH * 2);
            tma_load_tile(left, a.a, barrier(), depth, 0, 0);
            tma_load_tile(right, a.b, barrier(), depth, 0, 0);
        }
        mbarrier_wait(barrier(), parity);
        parity ^= 1;
        wgmma_fence();
        for (int d = 0; d < DEPTH; d += 16) {
            product(sum, swizzled_factor(left + d), swizzled_factor(right + d), depth + d > 0);
        }
        wgmma_commit();
        wgmma_wait<0>();
        __syncthreads();
    }
    const int warp = threadIdx.x / WARP_LANES, group = threadIdx.x % WARP_LANES / 4, member = threadIdx.x % 4;
    for (int i = 0; i < N / 2; ++i) {
        const int row = 16 * warp + group + 8 * (i % 4 / 2), column = 8 * (i / 4) + 2 * member + i % 2;
        a.sum[row * N + column] = sum[i];
    }
}

extern "C" __global__ void __launch_bounds__(128, 1) product_n64_f16(const __grid_constant__ WarpgroupArgs a) {
    multiply<64>(a, [](float(&sum)[32], u64 left, u64 right, bool add) { wgmma_m64n64k16_f16(sum, left, right, add); });
}
extern "C" __global__ void __launch_bounds__(128, 1) product_n64_bf16(const __grid_constant__ WarpgroupArgs a) {
    multiply<64>(a, [](float(&sum)[32], u64 left, u64 right, bool add) { wgmma_m64n64k16_bf16(sum, left, right, add); });
}
extern "C" __global__ void __launch_bounds__(128, 1) product_n128_f16(const __grid_constant__ WarpgroupArgs a) {
    multiply<128>(a, [](float(&sum)[64], u64 left, u64 right, bool add) { wgmma_m64n128k16_f16(sum, left, right, add); });
}
extern "C" __global__ void __launch_bounds__(128, 1) product_n128_bf16(const __grid_constant__ WarpgroupArgs a) {
    multiply<128>(a, [](float(&sum)[64], u64 left, u64 right, bool add) { wgmma_m64n128k16_bf16(sum, left, right, add); });
}

// Copies one box of the tensor of map `a` under one tap, and hands it out by rows.
extern "C" __global__ void __launch_bounds__(128, 1) copy_im2col(const __grid_constant__ WarpgroupArgs a) {
    const Shared<u16> shared = swizzled_shared<u16>();
    if (threadIdx.x == 0) {
        mbarrier_init(barrier(), 1);
        mbarrier_fence_init();
        mbarrier_arrive_expect(barrier(), a.rows * DEPTH * 2);
        tma_load_im2col(shared, a.a, barrier(), a.at[0], a.at[1], a.at[2], a.at[3], u16(a.tap[0]), u16(a.tap[1]));
    }
    __syncthreads();
    mbarrier_wait(barrier(), 0);
    for (int i = threadIdx.x; i < a.rows * DEPTH; i += blockDim.x) {
        const int row = i / DEPTH, quad = i % DEPTH / 8;
        a.box[i] = shared[row * DEPTH + (quad ^ row % 8) * 8 + i % 8];
    }
}

// A factor written by threads: numbers of `box`, [64, 64], with themselves.
extern "C" __global__ void __launch_bounds__(128, 1) product_of_stored(const __grid_constant__ WarpgroupArgs a) {
    const Shared<u16> shared = swizzled_shared<u16>();
    for (int i = threadIdx.x; i < 64 * DEPTH; i += blockDim.x) {
        const int row = i / DEPTH, quad = i % DEPTH / 8;
        shared[row * DEPTH + (quad ^ row % 8) * 8 + i % 8] = a.box[i];
    }
    fence_proxy_async();
    __syncthreads();
    float sum[32];
    wgmma_fence();
    for (int d = 0; d < DEPTH; d += 16) {
        wgmma_m64n64k16_f16(sum, swizzled_factor(shared + d), swizzled_factor(shared + d), d > 0);
    }
    wgmma_commit();
    wgmma_wait<0>();
    if (threadIdx.x % 4 == 0) {
        const int row = threadIdx.x / WARP_LANES * 16 + threadIdx.x % WARP_LANES / 4;
        a.sum[row] = sum[0], a.sum[row + 8] = sum[2];  // column 0
    }
}

#endif
