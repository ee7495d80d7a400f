// Two-dimensional convolution as an implicit matrix product on the tensor cores (see conv2d_gemm.cuh):
// operands f32 in memory, rounded to tf32, bf16 or f16 on their way into registers, sums in f32.
//
// Tiling:  4 warps, each 64x32 results, in products of 16x8 (mma.sync). Tiles stay f32 in shared memory.
//          A lane reads four neighbours along the depth at once. A product of depth 16 wants other
//          places of the depth in a lane, but both factors permute them alike, and the sum is the same.
// Writes:  '=' only; wgrad writes the parts of the sum, conv2d_wgrad_sum (conv2d_gemm.cu) adds them up.
// Sums:    within one instruction in the order of the hardware, the instructions in that of the depth.
// Floor:   as many FLOP as in f32 at the rate of mma.sync. A warp reads 6 KB of shared memory for
//          64 KFLOP, which limits f16 and bf16 to about half of that rate, tf32 hardly. What should move
//          them: 16-bit tensors in memory, then ldmatrix instead of conversions.
// Devices: sm_80 and later; before, sm_75, f16 alone.

#include "conv2d_gemm.cuh"

// The factors of one product, of a depth of 16: 16 rows of the left one, 8 columns of the right one;
// `top` and `bottom` are four depths of rows g and g + 8, `quad` those of column g.

struct F16 {
    struct Left {
        u32 at[4];
        __device__ void set(const float4& top, const float4& bottom) {
            at[0] = f16x2(top.x, top.y), at[1] = f16x2(bottom.x, bottom.y);
            at[2] = f16x2(top.z, top.w), at[3] = f16x2(bottom.z, bottom.w);
        }
    };
    struct Right {
        u32 at[2];
        __device__ void set(const float4& quad) { at[0] = f16x2(quad.x, quad.y), at[1] = f16x2(quad.z, quad.w); }
    };
    __device__ static void multiply(float (&sum)[4], const Left& left, const Right& right) {
#if ASYNC_COPIES  // sm_80
        mma_m16n8k16_f16(sum, left.at, right.at);
#else
        const u32 first[2] = {left.at[0], left.at[1]}, second[2] = {left.at[2], left.at[3]};
        mma_m16n8k8_f16(sum, first, right.at[0]);
        mma_m16n8k8_f16(sum, second, right.at[1]);
#endif
    }
};

#if SM_80

struct Bf16 {
    struct Left {
        u32 at[4];
        __device__ void set(const float4& top, const float4& bottom) {
            at[0] = bf16x2(top.x, top.y), at[1] = bf16x2(bottom.x, bottom.y);
            at[2] = bf16x2(top.z, top.w), at[3] = bf16x2(bottom.z, bottom.w);
        }
    };
    struct Right {
        u32 at[2];
        __device__ void set(const float4& quad) { at[0] = bf16x2(quad.x, quad.y), at[1] = bf16x2(quad.z, quad.w); }
    };
    __device__ static void multiply(float (&sum)[4], const Left& left, const Right& right) {
        mma_m16n8k16_bf16(sum, left.at, right.at);
    }
};

struct Tf32 {
    struct Left {
        u32 first[4], second[4];
        __device__ void set(const float4& top, const float4& bottom) {
            first[0] = tf32(top.x), first[1] = tf32(bottom.x), first[2] = tf32(top.y), first[3] = tf32(bottom.y);
            second[0] = tf32(top.z), second[1] = tf32(bottom.z), second[2] = tf32(top.w), second[3] = tf32(bottom.w);
        }
    };
    struct Right {
        u32 first[2], second[2];
        __device__ void set(const float4& quad) {
            first[0] = tf32(quad.x), first[1] = tf32(quad.y);
            second[0] = tf32(quad.z), second[1] = tf32(quad.w);
        }
    };
    __device__ static void multiply(float (&sum)[4], const Left& left, const Right& right) {
        mma_m16n8k8_tf32(sum, left.first, right.first);
        mma_m16n8k8_tf32(sum, left.second, right.second);
    }
};

#endif

template <typename Format>
struct TensorMath {
    static constexpr int THREADS = 128;
    static constexpr int WARP_M = 64, WARP_N = 32;

    template <typename LeftTile, typename RightTile>
    struct Product {
        static constexpr int ROWS = WARP_M / 16, COLUMNS = WARP_N / 8;

        // With lane = 4 group + member, as ptx.cuh describes the registers of a product.
        int group = threadIdx.x % WARP_LANES / 4, member = threadIdx.x % 4;
        int row = threadIdx.x / WARP_LANES % 2 * WARP_M, column = threadIdx.x / WARP_LANES / 2 * WARP_N;
        float sum[ROWS][COLUMNS][4] = {};

        __device__ void add(int left_tile, int right_tile) {
            typename Format::Left left[ROWS];
            typename Format::Right right[COLUMNS];
#pragma unroll
            for (int i = 0; i < ROWS; ++i) {
                const int top = row + 16 * i + group;
                left[i].set(LeftTile::quad(left_tile, top, member), LeftTile::quad(left_tile, top + 8, member));
            }
#pragma unroll
            for (int j = 0; j < COLUMNS; ++j) {
                right[j].set(RightTile::quad(right_tile, column + 8 * j + group, member));
            }
#pragma unroll
            for (int i = 0; i < ROWS; ++i) {
#pragma unroll
                for (int j = 0; j < COLUMNS; ++j) Format::multiply(sum[i][j], left[i], right[j]);
            }
        }

        template <typename F>
        __device__ void each(const F& f) {
#pragma unroll
            for (int i = 0; i < ROWS; ++i) {
#pragma unroll
                for (int j = 0; j < COLUMNS; ++j) {
#pragma unroll
                    for (int e = 0; e < 4; ++e) {
                        f(row + 16 * i + group + 8 * (e / 2), column + 8 * j + 2 * member + e % 2, sum[i][j][e]);
                    }
                }
            }
        }

        // The warp's columns are one word, and the four lanes of a group share a row of it.
        template <typename Test, typename F>
        __device__ void each_word(const Test& test, const F& f) const {
            static_assert(WARP_N == WORD_BITS);
#pragma unroll
            for (int i = 0; i < ROWS; ++i) {
#pragma unroll
                for (int half = 0; half < 2; ++half) {
                    u32 bits = 0;
#pragma unroll
                    for (int j = 0; j < COLUMNS; ++j) {
                        bits |= u32(test(sum[i][j][2 * half])) << (8 * j + 2 * member);
                        bits |= u32(test(sum[i][j][2 * half + 1])) << (8 * j + 2 * member + 1);
                    }
                    bits |= shuffle_xor(bits, 1);
                    bits |= shuffle_xor(bits, 2);
                    if (member == 0) f(row + 16 * i + group + 8 * half, column / WORD_BITS, bits);
                }
            }
        }
    };
};

extern "C" __global__ void __launch_bounds__(128) conv2d_forward_f16(const __grid_constant__ Conv2dGemmArgs a) {
    forward<TensorMath<F16>>(a);
}

extern "C" __global__ void __launch_bounds__(128) conv2d_dgrad_f16(const __grid_constant__ Conv2dGemmArgs a) {
    dgrad<TensorMath<F16>>(a);
}

extern "C" __global__ void __launch_bounds__(128) conv2d_wgrad_f16(const __grid_constant__ Conv2dGemmArgs a) {
    wgrad<TensorMath<F16>>(a);
}

#if SM_80

extern "C" __global__ void __launch_bounds__(128) conv2d_forward_bf16(const __grid_constant__ Conv2dGemmArgs a) {
    forward<TensorMath<Bf16>>(a);
}

extern "C" __global__ void __launch_bounds__(128) conv2d_dgrad_bf16(const __grid_constant__ Conv2dGemmArgs a) {
    dgrad<TensorMath<Bf16>>(a);
}

extern "C" __global__ void __launch_bounds__(128) conv2d_wgrad_bf16(const __grid_constant__ Conv2dGemmArgs a) {
    wgrad<TensorMath<Bf16>>(a);
}

extern "C" __global__ void __launch_bounds__(128) conv2d_forward_tf32(const __grid_constant__ Conv2dGemmArgs a) {
    forward<TensorMath<Tf32>>(a);
}

extern "C" __global__ void __launch_bounds__(128) conv2d_dgrad_tf32(const __grid_constant__ Conv2dGemmArgs a) {
    dgrad<TensorMath<Tf32>>(a);
}

extern "C" __global__ void __launch_bounds__(128) conv2d_wgrad_tf32(const __grid_constant__ Conv2dGemmArgs a) {
    wgrad<TensorMath<Tf32>>(a);
}

#endif
