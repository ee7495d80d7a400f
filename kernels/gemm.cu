// Matrix products in f32, tiled through shared memory.
//
//   c[i,j] = bias[j] + sum over d of left[i,d] * right[d,j]
//
// Layout:  c [m,n] and bias [n] contiguous (bias may be null); left and right in any layout: each
//          has a step along the result and one along the sum, so that transposes are not copied.
// Tiling:  a block of 256 threads computes TILE x TILE elements of c, each thread 4 x 4 of them, from
//          DEPTH terms at a time, which are staged in shared memory with d outermost.
// Writes:  '=' only; every element of the result exactly once.
// Sums:    d ascends within a part of `part` terms. A longer sum is cut into parts of that length
//          whatever m and n are: each part writes a matrix of its own, and gemm_sum_parts adds them
//          in order, compensated. So a row of c depends on that row of left alone, not on m.

#include "common.cuh"

constexpr int TILE = 64;           // rows and columns of c that a block computes
constexpr int SIDE = 4;            // rows and columns of c that a thread computes
constexpr int LINE = TILE / SIDE;  // threads along a side of the tile
constexpr int DEPTH = 16;          // terms that are staged at a time
constexpr int PITCH = TILE + 4;    // distance of two staged terms, in floats: spreads the banks

struct GemmArgs {
    const float* left;
    const float* right;
    const float* bias;
    float* c;  // [m,n], or one such matrix for every part
    u64 left_step, left_depth_step;
    u64 right_step, right_depth_step;
    int m, n;
    int depth;  // terms of the whole sum
    int part;   // terms of one part; at least 1
};

// One operand, seen as [length, depth].
struct Operand {
    const float* elements;
    u64 step, depth_step;
    u64 length;

    // Copies the TILE elements from `first` on of the terms from `depth` on to shared memory; beyond
    // `length` and `depth_end` stand zeros.
    __device__ void stage(Shared<float> to, u64 first, u64 depth, u64 depth_end) const {
        // Neighbouring threads take neighbouring elements in memory.
        const bool depth_is_inner = depth_step == 1;
        for (int e = threadIdx.x; e < TILE * DEPTH; e += blockDim.x) {
            const int d = depth_is_inner ? e % DEPTH : e / TILE;
            const int i = depth_is_inner ? e / DEPTH : e % TILE;
            const bool inside = first + i < length && depth + d < depth_end;
            to[d * PITCH + i] = inside ? elements[(first + i) * step + (depth + d) * depth_step] : 0.0f;
        }
    }
};

// Reads left, right and, unless it is null, bias; writes c.
extern "C" __global__ void __launch_bounds__(256) gemm(const __grid_constant__ GemmArgs a) {
    const Shared<float> left_tile = dynamic_shared<float>();
    const Shared<float> right_tile = left_tile + DEPTH * PITCH;
    const Operand left{a.left, a.left_step, a.left_depth_step, u64(a.m)};
    const Operand right{a.right, a.right_step, a.right_depth_step, u64(a.n)};

    Coordinates block{blockIdx.x};
    const u64 first_column = u64(block.next(int((u64(a.n) + TILE - 1) / TILE))) * TILE;
    const u64 first_row = u64(block.next(int((u64(a.m) + TILE - 1) / TILE))) * TILE;
    const u64 part = block.rest;
    const u64 begin = part * a.part;
    const u64 end = min(begin + a.part, u64(a.depth));
    const int row = threadIdx.x / LINE * SIDE, column = threadIdx.x % LINE * SIDE;

    float sums[SIDE][SIDE] = {};
    for (u64 depth = begin; depth < end; depth += DEPTH) {
        __syncthreads();  // the last terms have been read
        left.stage(left_tile, first_row, depth, end);
        right.stage(right_tile, first_column, depth, end);
        __syncthreads();
        for (int d = 0; d < DEPTH; ++d) {
            float along[SIDE], across[SIDE];
            for (int i = 0; i < SIDE; ++i) along[i] = left_tile[d * PITCH + row + i];
            for (int j = 0; j < SIDE; ++j) across[j] = right_tile[d * PITCH + column + j];
            for (int i = 0; i < SIDE; ++i) {
                for (int j = 0; j < SIDE; ++j) sums[i][j] = fmaf(along[i], across[j], sums[i][j]);
            }
        }
    }

    float* c = a.c + part * a.m * a.n;
    for (int i = 0; i < SIDE; ++i) {
        for (int j = 0; j < SIDE; ++j) {
            const u64 at_row = first_row + row + i, at_column = first_column + column + j;
            if (at_row >= u64(a.m) || at_column >= u64(a.n)) continue;
            const float bias = a.bias == nullptr ? 0.0f : a.bias[at_column];
            c[at_row * a.n + at_column] = sums[i][j] + bias;
        }
    }
}

struct GemmPartsArgs {
    const float* parts;  // [count, elements]
    const float* bias;   // [n]
    float* c;            // [elements]
    u64 elements;        // m * n
    int n;
    int count;
};

// Reads parts and, unless it is null, bias; writes c. One thread per element of c.
extern "C" __global__ void gemm_sum_parts(const __grid_constant__ GemmPartsArgs a) {
    for (u64 i = grid_thread(); i < a.elements; i += grid_threads()) {
        CompensatedSum sum;
        for (int part = 0; part < a.count; ++part) sum.add(a.parts[part * a.elements + i]);
        a.c[i] = a.bias == nullptr ? sum.sum : sum.sum + a.bias[i % a.n];
    }
}
