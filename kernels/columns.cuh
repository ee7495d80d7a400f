// Sums of the columns of a matrix [rows, columns]. A block of such a kernel sums blockDim.x columns over one
// part of the rows (blockIdx.y), so that few columns occupy a large device too; the parts are added up later, in
// order. Where the rows are cut is a matter of the shape alone (`PartsOfRows` on the host), and so are the bits.
#pragma once

#include "common.cuh"

// The column of this thread; it may be beyond the last.
__device__ inline int own_column() { return blockIdx.x * blockDim.x + threadIdx.x; }

// Some rows of the matrix.
struct Rows {
    u64 begin, end;

    // Part number blockIdx.y of `rows`.
    __device__ static Rows of_block(u64 rows, u64 part_rows) {
        const u64 begin = blockIdx.y * part_rows;
        return {begin, min(begin + part_rows, rows)};
    }
};

// Sum of term(row) over `rows` for this thread's column, if that is `inside`: compensated over the rows of one
// threadIdx.y, then in the order of these. `shared` has one float a thread. All threads of the block must take part,
// and those of a column get the same sum.
template <typename Term>
__device__ inline float column_sum_of(const Rows& rows, bool inside, Shared<float> shared, const Term& term) {
    CompensatedSum own;
    if (inside) {
        for (u64 row = rows.begin + threadIdx.y; row < rows.end; row += blockDim.y) own.add(term(row));
    }
    return column_sum(own.sum, shared);
}
