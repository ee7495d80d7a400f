// Cross-entropy of logits with hard labels or with target probabilities, one loss a row, in f32.
//
//   log p[i]  = z[i] - (max + log(sum(exp(z - max))))
//   hard:  loss = -log p[label]              dz[i] = dloss * (p[i] - (i == label))
//   soft:  loss = -sum(target * log p)       dz[i] = dloss * (p[i] * sum(target) - target[i])
//
// Layout:  z, targets, dz [rows, columns], contiguous, columns >= 1; labels, loss, dloss [rows].
// Tiling:  one warp per row: 32 lanes walk along the row, blockDim.y rows per block.
// Writes:  '=' only.
// Sums:    within a lane in order, then over the lanes by butterfly: the same bits every time.

#include "rows.cuh"

// What a kernel does not name may be null.
struct CrossEntropyArgs {
    const float* z;
    const u32* labels;  // below columns
    const float* targets;
    float* loss;
    const float* dloss;
    float* dz;
    u64 rows;
    u64 columns;
};

// max + log(sum(exp(z - max))) of a row.
__device__ inline float log_sum_exp(const float* z, u64 columns) {
    const RowScale scale = row_scale(z, columns);
    return scale.max + logf(scale.sum);
}

// Reads z, labels; writes loss.
extern "C" __global__ void cross_entropy_forward(const __grid_constant__ CrossEntropyArgs a) {
    const u64 row = warp_row();
    if (row >= a.rows) return;  // the whole warp
    const float* z = a.z + row * a.columns;
    const float shift = log_sum_exp(z, a.columns);
    if (threadIdx.x == 0) a.loss[row] = -(z[a.labels[row]] - shift);
}

// Reads z, labels, dloss; writes dz.
extern "C" __global__ void cross_entropy_backward(const __grid_constant__ CrossEntropyArgs a) {
    const u64 row = warp_row();
    if (row >= a.rows) return;
    const float* z = a.z + row * a.columns;
    const float shift = log_sum_exp(z, a.columns);
    const float dloss = a.dloss[row];
    for (u64 i = threadIdx.x; i < a.columns; i += WARP_LANES) {
        const float hit = i == a.labels[row] ? dloss : 0.0f;
        a.dz[row * a.columns + i] = dloss * expf(z[i] - shift) - hit;
    }
}

// Reads z, targets; writes loss.
extern "C" __global__ void soft_cross_entropy_forward(const __grid_constant__ CrossEntropyArgs a) {
    const u64 row = warp_row();
    if (row >= a.rows) return;
    const float* z = a.z + row * a.columns;
    const float* targets = a.targets + row * a.columns;
    const float shift = log_sum_exp(z, a.columns);
    float sum = 0.0f;
    for (u64 i = threadIdx.x; i < a.columns; i += WARP_LANES) sum = fmaf(targets[i], z[i] - shift, sum);
    sum = warp_sum(sum);
    if (threadIdx.x == 0) a.loss[row] = -sum;
}

// Reads z, targets, dloss; writes dz.
extern "C" __global__ void soft_cross_entropy_backward(const __grid_constant__ CrossEntropyArgs a) {
    const u64 row = warp_row();
    if (row >= a.rows) return;
    const float* z = a.z + row * a.columns;
    const float* targets = a.targets + row * a.columns;
    const float shift = log_sum_exp(z, a.columns);
    float total = 0.0f;
    for (u64 i = threadIdx.x; i < a.columns; i += WARP_LANES) total += targets[i];
    total = warp_sum(total);
    for (u64 i = threadIdx.x; i < a.columns; i += WARP_LANES) {
        a.dz[row * a.columns + i] = a.dloss[row] * (expf(z[i] - shift) * total - targets[i]);
    }
}
