// Sums of the columns of a matrix in f32: the gradient of a bias (see columns.cuh).
//
// Layout:  x [rows, columns], sums [parts, columns], contiguous.
// Tiling:  a block per blockDim.x columns and part of part_rows rows.
// Writes:  '=' only. The parts are a matrix like x: a second launch, of one part, adds them up.
// Floor:   reading x once.

#include "columns.cuh"

struct ColumnSumsArgs {
    const float* x;
    float* sums;
    u64 rows;
    u64 part_rows;
    int columns;
    int unused;  // keeps the size a multiple of 8
};

// Reads x; writes sums. Shared memory: one float per thread.
extern "C" __global__ void column_sums(const __grid_constant__ ColumnSumsArgs a) {
    const int column = own_column();
    const bool inside = column < a.columns;
    const float sum = column_sum_of(Rows::of_block(a.rows, a.part_rows), inside, dynamic_shared<float>(),
                                    [&](u64 row) { return a.x[row * a.columns + column]; });
    if (inside && threadIdx.y == 0) a.sums[u64(blockIdx.y) * a.columns + column] = sum;
}
