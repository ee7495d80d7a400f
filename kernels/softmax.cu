// Softmax and log-softmax along the last axis, forward and backward, in f32.
//
//   softmax:      y = exp(x - max) / sum(exp(x - max))     dx = y * (dy - sum(dy * y))
//   log-softmax:  y = x - max - log(sum(exp(x - max)))     dx = dy - exp(y) * sum(dy)
//
// Layout:  x, y, dy, dx [rows, columns], contiguous; columns >= 1.
// Tiling:  one warp per row: blockDim.x = 32 lanes walk along the row, blockDim.y rows per block.
// Writes:  '=' only.
// Sums:    within a lane in order, then over the lanes by butterfly: the same bits every time.

#include "rows.cuh"

// Forward reads x and writes y; backward reads y and dy and writes dx. The others may be null.
struct SoftmaxArgs {
    const float* x;
    float* y;
    const float* dy;
    float* dx;
    u64 rows;
    u64 columns;
};

// Reads x; writes y.
extern "C" __global__ void softmax_forward(const __grid_constant__ SoftmaxArgs a) {
    const u64 row = warp_row();
    if (row >= a.rows) return;  // the whole warp
    const float* x = a.x + row * a.columns;
    const RowScale scale = row_scale(x, a.columns);
    for (u64 i = threadIdx.x; i < a.columns; i += WARP_LANES) {
        a.y[row * a.columns + i] = expf(x[i] - scale.max) / scale.sum;
    }
}

// Reads x; writes y.
extern "C" __global__ void log_softmax_forward(const __grid_constant__ SoftmaxArgs a) {
    const u64 row = warp_row();
    if (row >= a.rows) return;
    const float* x = a.x + row * a.columns;
    const RowScale scale = row_scale(x, a.columns);
    const float log_sum = logf(scale.sum);
    for (u64 i = threadIdx.x; i < a.columns; i += WARP_LANES) {
        a.y[row * a.columns + i] = x[i] - scale.max - log_sum;
    }
}

// Reads y, dy; writes dx.
extern "C" __global__ void softmax_backward(const __grid_constant__ SoftmaxArgs a) {
    const u64 row = warp_row();
    if (row >= a.rows) return;
    const float* y = a.y + row * a.columns;
    const float* dy = a.dy + row * a.columns;
    float sum = 0.0f;
    for (u64 i = threadIdx.x; i < a.columns; i += WARP_LANES) sum = fmaf(dy[i], y[i], sum);
    sum = warp_sum(sum);
    for (u64 i = threadIdx.x; i < a.columns; i += WARP_LANES) {
        a.dx[row * a.columns + i] = y[i] * (dy[i] - sum);
    }
}

// Reads y, dy; writes dx.
extern "C" __global__ void log_softmax_backward(const __grid_constant__ SoftmaxArgs a) {
    const u64 row = warp_row();
    if (row >= a.rows) return;
    const float* y = a.y + row * a.columns;
    const float* dy = a.dy + row * a.columns;
    float sum = 0.0f;
    for (u64 i = threadIdx.x; i < a.columns; i += WARP_LANES) sum += dy[i];
    sum = warp_sum(sum);
    for (u64 i = threadIdx.x; i < a.columns; i += WARP_LANES) {
        a.dx[row * a.columns + i] = dy[i] - expf(y[i]) * sum;
    }
}
