// Two-dimensional convolution as an implicit matrix product of warpgroups: wgmma on tiles that the copy engine
// unrolls (TMA im2col). Factors in f16 or bf16, sums and results in f32.
//
//          y[m, k] = sum over (r, s, c) of picture[pixel of window m under tap (r, s), c] * weight[k, (r, s), c]
//
// forward is this as it stands. The input's gradient for stride 1 is it too: of the output's gradient, with the
// weights flipped and their channels exchanged (flip_weights_*), and padding window - 1 - padding.
//
// Layout:  pictures [N,H,W,C] and weights [K,R*S,C] in 16 bits, rounded by round_* and flip_weights_*, C a multiple of
//          8; bias [K], residual and y [M,K] in f32; masks of y (see bit_mask.cuh).
// Tiling:  a tile is TILE_M windows x TILE_N channels. Blocks, as many as the device has multiprocessors, walk over the
//          tiles, the channels' first, so that blocks at work share pictures in the L2 cache.
// Roles:   warpgroup 0 is the producer, of which one thread issues copies into a ring of stages; each of the others
//          multiplies half of the tile's rows. A stage holds TILE_DEPTH channels under one tap. `full` of a stage
//          counts its bytes, `empty` the warps whose products have read it. The producer runs ahead into the next tile
//          while the consumers write this one.
// Writes:  '=' only, every element exactly once.
// Sums:    the depth in ascending order, whatever the batch: an image's results do not depend on the others.
// Floor:   2 M K D FLOP at the rate of wgmma. A stage of 128 x 256 is 85 FLOP a byte of L2 cache.
// Devices: sm_90a alone.

#include "bit_mask.cuh"
#include "ptx_sm90.cuh"

// What a kernel reads and writes of these stands with it.
struct Conv2dWarpgroupArgs {
    TensorMap pictures;     // boxes of TILE_M pixels under a tap, TILE_DEPTH channels
    TensorMap weights;      // boxes of TILE_N rows of one tap, as many channels
    float* bias;            // may be null
    float* residual;        // added; may be null
    u32* passed;            // mask of y that is written, for ReLU; may be null
    u32* mask;              // of the results that are kept, the others become 0; may be null
    float* y;
    int m, k;               // windows, channels of y
    int grid[2];            // rows, columns of windows in a picture
    int c;                  // channels of the pictures
    int taps[2];            // rows, columns of the window
    int stride[2];          // rows, columns between windows
    int padding[2];         // rows, columns of zeros before the picture
    int relu;               // whether negative results become 0
    int unused[10];
};

// Numbers in f32 that become factors.
struct Conv2dFactorArgs {
    float* from;  // weights: [K,R*S,C]
    u32* to;      // pairs of 16 bits, the first in the lower half; weights: [C,R*S,K], the taps in reverse
    u64 pairs;
    int k, taps, c;  // of weights
    int unused;
};

#if SM_90A

constexpr int TILE_M = 128;
constexpr int TILE_DEPTH = 64;
constexpr int CONSUMERS = 2;
static_assert((1 + CONSUMERS) * WARPGROUP_THREADS == 384, "the kernels' launch bounds");
constexpr int CONSUMER_M = TILE_M / CONSUMERS;
constexpr int ROW_BYTES = 2 * TILE_DEPTH;
constexpr int RING_BYTES = 192 * 1024;
constexpr int MOST_STAGES = 8;
// A block's registers: 168 a thread at its start.
constexpr int PRODUCER_REGISTERS = 40, CONSUMER_REGISTERS = 232;

struct F16 {
    __device__ static void multiply(float (&sum)[32], u64 a, u64 b, bool add) { wgmma_m64n64k16_f16(sum, a, b, add); }
    __device__ static void multiply(float (&sum)[64], u64 a, u64 b, bool add) { wgmma_m64n128k16_f16(sum, a, b, add); }
    __device__ static u32 pair(float low, float high) { return f16x2(low, high); }
};

struct Bf16 {
    __device__ static void multiply(float (&sum)[32], u64 a, u64 b, bool add) { wgmma_m64n64k16_bf16(sum, a, b, add); }
    __device__ static void multiply(float (&sum)[64], u64 a, u64 b, bool add) {
        wgmma_m64n128k16_bf16(sum, a, b, add);
    }
    __device__ static u32 pair(float low, float high) { return bf16x2(low, high); }
};

// The stages in shared memory, and a place in the walk around them.
template <int TILE_N>
struct Ring {
    static constexpr int LEFT_BYTES = TILE_M * ROW_BYTES;
    static constexpr int STAGE_BYTES = LEFT_BYTES + TILE_N * ROW_BYTES;
    static constexpr int STAGES = RING_BYTES / STAGE_BYTES;
    static_assert(STAGES <= MOST_STAGES && STAGE_BYTES % SWIZZLE_BYTES == 0);

    int stage = 0;
    u32 parity = 0;

    __device__ void advance() {
        if (++stage == STAGES) {
            stage = 0;
            parity ^= 1;
        }
    }
    __device__ Shared<u16> left() const { return swizzled_shared<u16>() + stage * STAGE_BYTES / 2; }
    __device__ Shared<u16> right() const { return left() + LEFT_BYTES / 2; }
    // Barriers stand behind the stages.
    __device__ Shared<u64> full() const { return swizzled_shared<u64>() + (RING_BYTES / 8 + stage); }
    __device__ Shared<u64> empty() const { return full() + MOST_STAGES; }

    // One thread.
    __device__ static void begin() {
        for (Ring ring; ring.parity == 0; ring.advance()) {
            mbarrier_init(ring.full(), 1);
            mbarrier_init(ring.empty(), CONSUMERS * WARPGROUP_THREADS / WARP_LANES);
        }
        mbarrier_fence_init();
    }
};

// A block's walk over the tiles, in the same order for all its threads.
template <int TILE_N>
struct Tiles {
    int columns, count, number;

    __device__ explicit Tiles(const Conv2dWarpgroupArgs& a)
        : columns((a.k + TILE_N - 1) / TILE_N),
          count((a.m + TILE_M - 1) / TILE_M * columns),
          number(blockIdx.x) {}
    __device__ bool more() const { return number < count; }
    __device__ void advance() { number += gridDim.x; }
    __device__ int row() const { return number / columns * TILE_M; }
    __device__ int column() const { return number % columns * TILE_N; }
};

// One thread: fills stages as they become empty.
template <int TILE_N>
__device__ inline void produce(const Conv2dWarpgroupArgs& a) {
    Ring<TILE_N> ring;
    for (Tiles<TILE_N> tiles(a); tiles.more(); tiles.advance()) {
        const int row = tiles.row(), line = row / a.grid[1];
        const int image = line / a.grid[0];
        const int top = line % a.grid[0] * a.stride[0] - a.padding[0];
        const int left = row % a.grid[1] * a.stride[1] - a.padding[1];
        for (int r = 0; r < a.taps[0]; ++r) {
            for (int s = 0; s < a.taps[1]; ++s) {
                for (int c = 0; c < a.c; c += TILE_DEPTH) {
                    // Of a stage never filled, the phase before the first counts as ended.
                    mbarrier_wait(ring.empty(), ring.parity ^ 1);
                    mbarrier_arrive_expect(ring.full(), Ring<TILE_N>::STAGE_BYTES);
                    tma_load_im2col(ring.left(), a.pictures, ring.full(), c, left, top, image, u16(s), u16(r));
                    tma_load_tile(ring.right(), a.weights, ring.full(), c, r * a.taps[1] + s, tiles.column());
                    ring.advance();
                }
            }
        }
    }
}

// A consumer's part of a tile: CONSUMER_M rows, of which a thread has those that ptx_sm90.cuh says.
template <typename Format, int TILE_N>
struct Part {
    static constexpr int PRODUCT_N = TILE_N < 128 ? TILE_N : 128;
    static constexpr int PRODUCTS = TILE_N / PRODUCT_N;
    static constexpr int COLUMNS = PRODUCT_N / 8;

    int consumer = threadIdx.x / WARPGROUP_THREADS - 1;
    int warp = threadIdx.x % WARPGROUP_THREADS / WARP_LANES;
    int group = threadIdx.x % WARP_LANES / 4, member = threadIdx.x % 4;
    float sum[PRODUCTS][PRODUCT_N / 2];

    __device__ void multiply(const Ring<TILE_N>& ring, bool first) {
        const Shared<u16> left = ring.left() + consumer * CONSUMER_M * TILE_DEPTH, right = ring.right();
        wgmma_fence();
#pragma unroll
        for (int depth = 0; depth < TILE_DEPTH; depth += 16) {
#pragma unroll
            for (int i = 0; i < PRODUCTS; ++i) {
                const Shared<u16> rows = right + i * PRODUCT_N * TILE_DEPTH;
                Format::multiply(sum[i], swizzled_factor(left + depth), swizzled_factor(rows + depth),
                                 !first || depth > 0);
            }
        }
        wgmma_commit();
    }

    __device__ void give_back(const Ring<TILE_N>& ring) const {
        if (threadIdx.x % WARP_LANES == 0) mbarrier_arrive(ring.empty());
    }

    // All lanes take part, also those of rows and columns outside, whose bits of masks are 0.
    __device__ void store(const Conv2dWarpgroupArgs& a, int row, int column) {
        row += consumer * CONSUMER_M + 16 * warp + group;
        const int words = mask_words(a.k);
#pragma unroll
        for (int i = 0; i < PRODUCTS; ++i) {
#pragma unroll
            for (int half = 0; half < 2; ++half) {
                const int m = row + 8 * half;
                u32 bits = 0;
#pragma unroll
                for (int j = 0; j < COLUMNS; ++j) {
                    const int k = column + PRODUCT_N * i + 8 * j + 2 * member;
                    // k is even, and so is K: both or none.
                    const bool inside = m < a.m && k < a.k;
                    float2 both = {sum[i][4 * j + 2 * half], sum[i][4 * j + 2 * half + 1]};
                    if (inside) {
                        finish(a, m, k, both);
                        reinterpret_cast<float2*>(a.y)[(u64(m) * a.k + k) / 2] = both;
                    }
                    if (a.passed == nullptr) continue;
                    const int place = 8 * (j % 4) + 2 * member;
                    bits |= u32(inside && passes_relu(both.x)) << place;
                    bits |= u32(inside && passes_relu(both.y)) << (place + 1);
                    if (j % 4 < 3) continue;
                    bits |= shuffle_xor(bits, 1);
                    bits |= shuffle_xor(bits, 2);
                    const int word = (k - 2 * member) / WORD_BITS;
                    if (member == 0 && m < a.m && word < words) a.passed[u64(m) * words + word] = bits;
                    bits = 0;
                }
            }
        }
    }

   private:
    // What follows the sum, in the order of the other convolutions.
    __device__ static void finish(const Conv2dWarpgroupArgs& a, int m, int k, float2& both) {
        if (a.bias != nullptr) {
            both.x += a.bias[k];
            both.y += a.bias[k + 1];
        }
        if (a.residual != nullptr) {
            const float2 more = reinterpret_cast<const float2*>(a.residual)[(u64(m) * a.k + k) / 2];
            both.x += more.x;
            both.y += more.y;
        }
        if (a.relu) {
            if (!passes_relu(both.x)) both.x = 0.0f;
            if (!passes_relu(both.y)) both.y = 0.0f;
        }
        if (a.mask != nullptr) {
            if (!is_masked_in(a.mask, m, k, a.k)) both.x = 0.0f;
            if (!is_masked_in(a.mask, m, k + 1, a.k)) both.y = 0.0f;
        }
    }
};

template <typename Format, int TILE_N>
__device__ inline void consume(const Conv2dWarpgroupArgs& a) {
    Part<Format, TILE_N> part;
    Ring<TILE_N> ring;
    const int steps = a.taps[0] * a.taps[1] * ((a.c + TILE_DEPTH - 1) / TILE_DEPTH);
    for (Tiles<TILE_N> tiles(a); tiles.more(); tiles.advance()) {
        Ring<TILE_N> before = ring;
        for (int step = 0; step < steps; ++step) {
            mbarrier_wait(ring.full(), ring.parity);
            part.multiply(ring, step == 0);
            // With these products under way, those of the step before are done.
            wgmma_wait<1>();
            if (step > 0) part.give_back(before);
            before = ring;
            ring.advance();
        }
        wgmma_wait<0>();
        part.give_back(before);
        part.store(a, tiles.row(), tiles.column());
    }
}

// Reads pictures, weights, bias, residual and mask; writes y and passed.
template <typename Format, int TILE_N>
__device__ inline void convolve(const Conv2dWarpgroupArgs& a) {
    if (threadIdx.x == 0) Ring<TILE_N>::begin();
    __syncthreads();
    if (threadIdx.x < WARPGROUP_THREADS) {
        release_registers<PRODUCER_REGISTERS>();
        if (threadIdx.x == 0) produce<TILE_N>(a);
    } else {
        take_registers<CONSUMER_REGISTERS>();
        consume<Format, TILE_N>(a);
    }
}

extern "C" __global__ void __launch_bounds__(384, 1) conv2d_wg_f16_n64(const __grid_constant__ Conv2dWarpgroupArgs a) {
    convolve<F16, 64>(a);
}
extern "C" __global__ void __launch_bounds__(384, 1) conv2d_wg_f16_n128(const __grid_constant__ Conv2dWarpgroupArgs a) {
    convolve<F16, 128>(a);
}
extern "C" __global__ void __launch_bounds__(384, 1) conv2d_wg_f16_n256(const __grid_constant__ Conv2dWarpgroupArgs a) {
    convolve<F16, 256>(a);
}
extern "C" __global__ void __launch_bounds__(384, 1) conv2d_wg_bf16_n64(const __grid_constant__ Conv2dWarpgroupArgs a) {
    convolve<Bf16, 64>(a);
}
extern "C" __global__ void __launch_bounds__(384, 1) conv2d_wg_bf16_n128(const __grid_constant__ Conv2dWarpgroupArgs a) {
    convolve<Bf16, 128>(a);
}
extern "C" __global__ void __launch_bounds__(384, 1) conv2d_wg_bf16_n256(const __grid_constant__ Conv2dWarpgroupArgs a) {
    convolve<Bf16, 256>(a);
}

// Rounds numbers in their order.
template <typename Format>
__device__ inline void round_numbers(const Conv2dFactorArgs& a) {
    for (u64 i = grid_thread(); i < a.pairs; i += grid_threads()) {
        a.to[i] = Format::pair(a.from[2 * i], a.from[2 * i + 1]);
    }
}

// Rounds weights for the input's gradient.
template <typename Format>
__device__ inline void flip_weights(const Conv2dFactorArgs& a) {
    const u64 outputs = a.k / 2, stride = u64(a.taps) * a.c;
    for (u64 i = grid_thread(); i < a.pairs; i += grid_threads()) {
        const u64 k = i % outputs * 2, tap = i / outputs % a.taps, c = i / outputs / a.taps;
        const float* from = a.from + k * stride + (a.taps - 1 - tap) * a.c + c;
        a.to[i] = Format::pair(from[0], from[stride]);
    }
}

extern "C" __global__ void round_f16(const __grid_constant__ Conv2dFactorArgs a) { round_numbers<F16>(a); }
extern "C" __global__ void round_bf16(const __grid_constant__ Conv2dFactorArgs a) { round_numbers<Bf16>(a); }
extern "C" __global__ void flip_weights_f16(const __grid_constant__ Conv2dFactorArgs a) { flip_weights<F16>(a); }
extern "C" __global__ void flip_weights_bf16(const __grid_constant__ Conv2dFactorArgs a) { flip_weights<Bf16>(a); }

#endif
