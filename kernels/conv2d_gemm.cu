// Two-dimensional convolution as an implicit matrix product in f32 (see conv2d_gemm.cuh).
//
// Tiling:  256 threads, 8x4 results each: 2 x 32 floats from shared memory for 128 products of 4 depths.
// Writes:  '=' only. wgrad writes the parts of the sum, conv2d_wgrad_sum adds them up in order.
// Floor:   2 FLOP a product at the rate of the f32 units; expected 50 to 70 % of it for deep layers.

#include "conv2d_gemm.cuh"

// Multiplies tiles with fused multiply-adds in f32, one depth after the other.
struct F32Math {
    static constexpr int THREADS = 256;
    static constexpr int SIDE = 16;  // of the square of threads

    // The numbers of a tile that a thread takes part with: COUNT rows, each 4 depths.
    template <typename Tile, int COUNT>
    struct Share {
        float at[COUNT][4];

        __device__ static int row(int thread, int i) {
            return Tile::INNER ? thread + SIDE * i : 4 * (thread + SIDE * (i / 4)) + i % 4;
        }
        __device__ void load(int tile, int thread, int quad) {
            if constexpr (Tile::INNER) {
#pragma unroll
                for (int i = 0; i < COUNT; ++i) {
                    const float4 depths = Tile::quad(tile, row(thread, i), quad);
                    at[i][0] = depths.x, at[i][1] = depths.y, at[i][2] = depths.z, at[i][3] = depths.w;
                }
            } else {
#pragma unroll
                for (int i = 0; i < COUNT; i += 4) {
#pragma unroll
                    for (int d = 0; d < 4; ++d) {
                        const float4 rows = Tile::rows(tile, row(thread, i), 4 * quad + d);
                        at[i][d] = rows.x, at[i + 1][d] = rows.y, at[i + 2][d] = rows.z, at[i + 3][d] = rows.w;
                    }
                }
            }
        }
    };

    template <typename LeftTile, typename RightTile>
    struct Product {
        static constexpr int ROWS = TILE_M / SIDE, COLUMNS = TILE_N / SIDE;
        using Left = Share<LeftTile, ROWS>;
        using Right = Share<RightTile, COLUMNS>;

        float sum[ROWS][COLUMNS] = {};

        __device__ void add(int left_tile, int right_tile) {
#pragma unroll
            for (int quad = 0; quad < QUADS; ++quad) {
                Left left;
                Right right;
                left.load(left_tile, threadIdx.x / SIDE, quad);
                right.load(right_tile, threadIdx.x % SIDE, quad);
#pragma unroll
                for (int d = 0; d < 4; ++d) {
#pragma unroll
                    for (int i = 0; i < ROWS; ++i) {
#pragma unroll
                        for (int j = 0; j < COLUMNS; ++j) {
                            sum[i][j] = fmaf(left.at[i][d], right.at[j][d], sum[i][j]);
                        }
                    }
                }
            }
        }

        template <typename F>
        __device__ void each(const F& f) {
#pragma unroll
            for (int i = 0; i < ROWS; ++i) {
#pragma unroll
                for (int j = 0; j < COLUMNS; ++j) {
                    f(Left::row(threadIdx.x / SIDE, i), Right::row(threadIdx.x % SIDE, j), sum[i][j]);
                }
            }
        }

        // The 16 threads of a row are neighbours in a warp, and two of a thread's columns are in each word.
        template <typename Test, typename F>
        __device__ void each_word(const Test& test, const F& f) const {
            static_assert(RightTile::INNER && 2 * SIDE == WORD_BITS);
            const int thread = threadIdx.x % SIDE;
#pragma unroll
            for (int i = 0; i < ROWS; ++i) {
#pragma unroll
                for (int word = 0; word < COLUMNS / 2; ++word) {
                    u32 bits = u32(test(sum[i][2 * word])) << thread | u32(test(sum[i][2 * word + 1])) << (thread + SIDE);
                    for (int mask = 1; mask < SIDE; mask *= 2) bits |= shuffle_xor(bits, mask);
                    if (thread == 0) f(Left::row(threadIdx.x / SIDE, i), word, bits);
                }
            }
        }
    };
};

// Two blocks share a multiprocessor, 128 registers a thread. Before sm_80 the compiler holds to that without a spill only
// where it is told; from there on only where it is not.
#if __CUDA_ARCH__ < 800
#define DGRAD_BLOCKS 2
#else
#define DGRAD_BLOCKS 0
#endif

extern "C" __global__ void __launch_bounds__(256, 2) conv2d_forward_f32(const __grid_constant__ Conv2dGemmArgs a) {
    forward<F32Math>(a);
}

extern "C" __global__ void __launch_bounds__(256, DGRAD_BLOCKS) conv2d_dgrad_f32(const __grid_constant__ Conv2dGemmArgs a) {
    dgrad<F32Math>(a);
}

extern "C" __global__ void __launch_bounds__(256) conv2d_wgrad_f32(const __grid_constant__ Conv2dGemmArgs a) {
    wgrad<F32Math>(a);
}

// Reads parts; writes w (the gradient of the weights). One thread per weight, a compensated sum in
// the order of the parts.
extern "C" __global__ void conv2d_wgrad_sum(const __grid_constant__ Conv2dGemmArgs a) {
    const u64 weights = u64(a.k) * a.r * a.s * a.c;
    for (u64 i = grid_thread(); i < weights; i += grid_threads()) {
        CompensatedSum total;
        for (int part = 0; part < a.part_count; ++part) total.add(a.parts[part * weights + i]);
        a.w[i] = total.sum;
    }
}
