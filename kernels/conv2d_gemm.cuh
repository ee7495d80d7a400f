// Convolution as an implicit matrix product: what the f32 kernels (conv2d_gemm.cu) and those of the
// tensor cores (conv2d_tensor.cu) share. Nothing is unrolled in global memory: each tile of the two
// factors is gathered into shared memory from the tensors as they are.
//
//              rows M            columns N   depth D                 result
//   forward    output pixels     K           (r, s, c)               y
//   dgrad      input pixels      C           (r, s, k), a phase's    dx, one phase of pixels a blockIdx.z
//   wgrad      K                 (r, s, c)   output pixels, a part's parts[blockIdx.z], then added up
//
// Layout:  x [N,H,W,C], w [K,R,S,C], bias [K], y [N,P,Q,K], residual as y (forward) or as x (dgrad), all
//          f32, contiguous. mask, one bit an element (see bit_mask.cuh): of y (forward) or of x (dgrad).
// Tiling:  a block computes TILE_M x TILE_N results, walking the depth in steps of TILE_DEPTH through a
//          ring of STAGES tiles in shared memory. Where four neighbours in memory stay neighbours in
//          the tile (C, or K for the gradients' dy, a multiple of 4) they come at once, by asynchronous
//          copies or, before sm_80, through registers that are stored behind the products; else one by
//          one, predicated.
// Phases:  dgrad of stride t: the input pixels of one remainder modulo t use the same taps, every t-th;
//          no tap that cannot contribute is multiplied.
// Writes:  '=' only, every element of the result exactly once.
// Sums:    the depth in ascending steps, whatever the batch: an image's results do not depend on the
//          others. wgrad sums over the batch; its cut into parts is given by the host.
// Floor:   2 M N D FLOP. A block reads (TILE_M + TILE_N) D floats, so 21 FLOP a byte of cache; from
//          memory each tensor once, if the second factor's re-reads hit the L2 cache.
#pragma once

#include "conv2d_tiles.cuh"

// Adds the product of both sources over `depth` to `product`.
template <typename Left, typename Right, typename Product>
__device__ inline void multiply(Left& left, Right& right, int depth, Product& product) {
    constexpr int RIGHT = Left::Tile::FLOATS, STAGE = RIGHT + Right::Tile::FLOATS;
    const int steps = (depth + TILE_DEPTH - 1) / TILE_DEPTH;
    for (int step = 0; step < STAGES - 1; ++step) {
        if (step < steps) {
            left.fill(step * STAGE);
            right.fill(step * STAGE + RIGHT);
            left.copies.finish();
            right.copies.finish();
        }
        commit_copies();
    }
    int current = 0, next = STAGES - 1;
    for (int step = 0; step < steps; ++step) {
        wait_for_copies<STAGES - 2>();
        __syncthreads();  // the tile of this step is there, and nobody reads the one before any more
        const bool more = step + STAGES - 1 < steps;
        if (more) {
            left.fill(next * STAGE);
            right.fill(next * STAGE + RIGHT);
        }
        commit_copies();
        product.add(current * STAGE, current * STAGE + RIGHT);
        if (more) {
            left.copies.finish();
            right.copies.finish();
        }
        current = current + 1 == STAGES ? 0 : current + 1;
        next = next + 1 == STAGES ? 0 : next + 1;
    }
}

// The three convolutions. `Math` says how tiles are multiplied: THREADS, and
// Product<LeftTile, RightTile> with add(left, right), each(f), which calls f(row, column, sum) for every result and
// takes what f makes of sum, and each_word(test, f), which calls f(row, word, bits) for every row and every 32
// columns: which of their sums fulfil the test.

// Reads x, w, bias, residual; writes y and mask.
template <typename Math>
__device__ inline void forward(const Conv2dGemmArgs& a) {
    const Window window = {a.x,          a.h, a.w_in, a.c, {a.p, a.q}, {a.stride[0], a.stride[1]},
                           {-a.padding[0], -a.padding[1]}, 1,   {a.r, a.s}};
    const int rows = a.n * a.p * a.q, row = blockIdx.x * TILE_M, column = blockIdx.y * TILE_N;
    using Left = GatheredRows<TILE_M, Math::THREADS>;
    using Right = MatrixRows<TILE_N, Math::THREADS>;
    Left left(window, row, rows);
    Right right(a.w, column, a.k, window.depth());
    typename Math::template Product<typename Left::Tile, typename Right::Tile> product;
    multiply(left, right, window.depth(), product);
    product.each([&](int i, int j, float& sum) {
        const int m = row + i, k = column + j;
        if (m >= rows || k >= a.k) {
            sum = 0.0f;  // for the mask
            return;
        }
        const u64 at = u64(m) * a.k + k;
        if (a.bias != nullptr) sum += a.bias[k];
        if (a.residual != nullptr) sum += a.residual[at];
        if (a.relu && !passes_relu(sum)) sum = 0.0f;
        a.y[at] = sum;
    });
    if (a.mask == nullptr) return;
    const int words = mask_words(a.k), first = column / WORD_BITS;
    product.each_word(passes_relu, [&](int i, int word, u32 bits) {
        if (row + i < rows && first + word < words) a.mask[u64(row + i) * words + first + word] = bits;
    });
}

// Reads y (the gradient of the output), w, residual (what other users of the input gave its gradient) and mask (which
// of the sums pass the input's ReLU; the others become 0); writes x (the gradient of the input).
template <typename Math>
__device__ inline void dgrad(const Conv2dGemmArgs& a) {
    const int sides[2] = {a.h, a.w_in}, windows[2] = {a.r, a.s};
    const int phase[2] = {int(blockIdx.z) / a.stride[1], int(blockIdx.z) % a.stride[1]};
    Window window = {a.y, a.p, a.q, a.k, {}, {1, 1}, {}, -1, {}};
    int first_tap[2];
    for (int i = 0; i < 2; ++i) {
        const int stride = a.stride[i], shifted = phase[i] + a.padding[i];
        first_tap[i] = shifted % stride;
        window.origin[i] = shifted / stride;
        window.taps[i] = (max(windows[i] - first_tap[i], 0) + stride - 1) / stride;
        window.grid[i] = (max(sides[i] - phase[i], 0) + stride - 1) / stride;
    }
    const int rows = a.n * window.grid[0] * window.grid[1];
    const int row = blockIdx.x * TILE_M, column = blockIdx.y * TILE_N;
    if (row >= rows) return;  // the whole block: this phase has fewer pixels than the first
    using Left = GatheredRows<TILE_M, Math::THREADS>;
    using Right = PhaseWeights<TILE_N, Math::THREADS>;
    Left left(window, row, rows);
    Right right(a, first_tap, window.taps, column);
    typename Math::template Product<typename Left::Tile, typename Right::Tile> product;
    multiply(left, right, window.depth(), product);
    product.each([&](int i, int j, float& sum) {
        const int m = row + i, c = column + j;
        if (m >= rows || c >= a.c) return;
        const Pixel pixel = Pixel::of(m, window.grid);
        const int h = pixel.u * a.stride[0] + phase[0], w = pixel.v * a.stride[1] + phase[1];
        const u64 place = (u64(pixel.image) * a.h + h) * a.w_in + w, at = place * a.c + c;
        if (a.residual != nullptr) sum += a.residual[at];
        a.x[at] = a.mask == nullptr || is_masked_in(a.mask, place, c, a.c) ? sum : 0.0f;
    });
}

// Reads x and y (the gradient of the output); writes parts, one part a blockIdx.z.
template <typename Math>
__device__ inline void wgrad(const Conv2dGemmArgs& a) {
    const Window window = {a.x,          a.h, a.w_in, a.c, {a.p, a.q}, {a.stride[0], a.stride[1]},
                           {-a.padding[0], -a.padding[1]}, 1,   {a.r, a.s}};
    const int row = blockIdx.x * TILE_M, column = blockIdx.y * TILE_N, columns = window.depth();
    const int begin = blockIdx.z * a.part_pixels, end = min(begin + a.part_pixels, a.n * a.p * a.q);
    using Left = MatrixColumns<TILE_M, Math::THREADS>;
    using Right = GatheredColumns<TILE_N, Math::THREADS>;
    Left left(a.y, row, a.k, begin, end);
    Right right(window, column, begin, end);
    typename Math::template Product<typename Left::Tile, typename Right::Tile> product;
    multiply(left, right, end - begin, product);
    float* part = a.parts + u64(blockIdx.z) * a.k * columns;
    product.each([&](int i, int j, float& sum) {
        if (row + i < a.k && column + j < columns) part[u64(row + i) * columns + column + j] = sum;
    });
}
