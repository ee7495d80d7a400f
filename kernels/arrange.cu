// Filling, copying and moving elements, in f32: no arithmetic but a factor.
//
// Layout:  said with each kernel.
// Tiling:  one thread per element moved, walking in steps of the grid.
// Writes:  '=' only.

#include "walk.cuh"

struct FillArgs {
    float* out;
    u64 elements;
    float value;
    int unused;  // keeps the size a multiple of 8
};

// x is read and out written where the walk of walk.cuh says; elements that it leaves out stay.
struct CopyArgs {
    const float* x;
    float* out;
    u64 elements;
    u64 lengths[MOST_AXES];
    u64 x_steps[MOST_AXES];
    u64 out_steps[MOST_AXES];
    float scale;
    int axes;
};

// x [rows, row], out [number of indices, row]; `elements` is the length of out.
struct GatherArgs {
    const float* x;
    float* out;
    const u64* indices;
    u64 row;
    u64 elements;
};

// x [.., row], out [.., row]; `elements` is that of all rows copied.
struct ReplaceArgs {
    const float* x;
    float* out;
    const u64* sources;
    const u64* targets;
    u64 row;
    u64 elements;
};

// x and out [N,H,W,C]; shifts [N,2]: rows in 0..h and columns in 0..w.
struct RollArgs {
    const float* x;
    float* out;
    const int* shifts;
    u64 elements;
    int h, w, c;
    int unused;  // keeps the size a multiple of 8
};

// out = value.
extern "C" __global__ void arrange_fill(const __grid_constant__ FillArgs a) {
    for (u64 i = grid_thread(); i < a.elements; i += grid_threads()) a.out[i] = a.value;
}

// out = scale * x.
extern "C" __global__ void arrange_copy(const __grid_constant__ CopyArgs a) {
    for (u64 i = grid_thread(); i < a.elements; i += grid_threads()) {
        u64 from = 0, to = 0;
        for_coordinates(i, a.axes, a.lengths, [&](int axis, u64 at) {
            from += at * a.x_steps[axis];
            to += at * a.out_steps[axis];
        });
        a.out[to] = a.scale * a.x[from];
    }
}

// Row i of out = row indices[i] of x.
extern "C" __global__ void arrange_gather_rows(const __grid_constant__ GatherArgs a) {
    for (u64 i = grid_thread(); i < a.elements; i += grid_threads()) {
        a.out[i] = a.x[a.indices[i / a.row] * a.row + i % a.row];
    }
}

// Row targets[i] of out = row sources[i] of x, for distinct targets; the others stay.
extern "C" __global__ void arrange_replace_rows(const __grid_constant__ ReplaceArgs a) {
    for (u64 i = grid_thread(); i < a.elements; i += grid_threads()) {
        const u64 number = i / a.row, at = i % a.row;
        a.out[a.targets[number] * a.row + at] = a.x[a.sources[number] * a.row + at];
    }
}

// Image n of out = image n of x moved down by shifts[n][0] rows and right by shifts[n][1] columns,
// around the edges.
extern "C" __global__ void arrange_roll(const __grid_constant__ RollArgs a) {
    for (u64 i = grid_thread(); i < a.elements; i += grid_threads()) {
        Coordinates at{i};
        const int c = at.next(a.c), column = at.next(a.w), row = at.next(a.h);
        const u64 n = at.rest;
        const int above = row - a.shifts[2 * n], left = column - a.shifts[2 * n + 1];
        const int from_row = above < 0 ? above + a.h : above;
        const int from_column = left < 0 ? left + a.w : left;
        a.out[i] = a.x[((n * a.h + from_row) * a.w + from_column) * a.c + c];
    }
}
