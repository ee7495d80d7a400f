// Rows of logits, one warp for each: blockDim.x = 32 lanes walk along a row, blockDim.y rows a block.
#pragma once

#include "common.cuh"

// The row of this warp.
__device__ inline u64 warp_row() { return u64(blockIdx.x) * blockDim.y + threadIdx.y; }

// What the exponentials of a row are scaled by, so that none overflows.
struct RowScale {
    float max;  // of the row
    float sum;  // of exp(x - max) over the row
};

// The scale of `columns` >= 1 elements. Sums within a lane in order, then over the lanes by butterfly.
__device__ inline RowScale row_scale(const float* x, u64 columns) {
    float max = x[0];
    for (u64 i = threadIdx.x; i < columns; i += WARP_LANES) max = fmaxf(max, x[i]);
    max = warp_max(max);
    float sum = 0.0f;
    for (u64 i = threadIdx.x; i < columns; i += WARP_LANES) sum += expf(x[i] - max);
    return {max, warp_sum(sum)};
}
