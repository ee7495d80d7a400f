// Two-dimensional maximum pooling with saved positions, in f32.
//
//   y[n,p,q,c] = max over r,s of x[n, p*stride - padding + r, q*stride - padding + s, c]
//
// over the pixels inside the picture. Of equal values the first in row-major order wins; NaN wins
// over all numbers, the last NaN over the others, as on the CPU.
//
// Layout:  x [N,H,W,C], y [N,P,Q,C], contiguous; positions as y, in u32: the element's number
//          within its image. mask, of x, as bit_mask.cuh describes it.
// Tiling:  none; one thread per result element, walking in steps of the grid. The backward pass
//          gathers from the windows that hold an input, so it needs no atomics.
// Writes:  '=' only; every element of the result exactly once.
// Sums:    in the order of the outputs.

#include "bit_mask.cuh"
#include "windows.cuh"

// Each of x, y is the operand or its gradient.
struct MaxPool2dArgs {
    float* x;
    float* y;
    u32* positions;
    const float* sum;  // of backward, as x; may be null
    const u32* mask;   // of backward; may be null
    int n, h, w, c;
    int p, q;
    int window, stride, padding;
    int unused;  // keeps the size a multiple of 8
};

// Reads x; writes y and positions. One thread per element of y.
extern "C" __global__ void max_pool2d_forward(const __grid_constant__ MaxPool2dArgs a) {
    const u64 outputs = u64(a.n) * a.p * a.q * a.c;
    for (u64 i = grid_thread(); i < outputs; i += grid_threads()) {
        Coordinates at{i};
        const int c = at.next(a.c), q = at.next(a.q), p = at.next(a.p);
        const float* image = a.x + at.rest * a.h * a.w * a.c;
        const int top = p * a.stride - a.padding, left = q * a.stride - a.padding;
        const int first_row = max(top, 0), first_column = max(left, 0);
        const int end_row = min(top + a.window, a.h), end_column = min(left + a.window, a.w);

        // A window always holds a pixel: the padding is smaller than it.
        u64 position = (u64(first_row) * a.w + first_column) * a.c + c;
        float best = image[position];
        for (int h = first_row; h < end_row; ++h) {
            for (int w = first_column; w < end_column; ++w) {
                const u64 candidate = (u64(h) * a.w + w) * a.c + c;
                const float value = image[candidate];
                if (value > best || value != value) {
                    best = value;
                    position = candidate;
                }
            }
        }
        a.y[i] = best;
        a.positions[i] = u32(position);
    }
}

// Reads y (the gradient of the output), positions, sum (what other users of the input gave its gradient) and mask
// (which of the totals pass the input's ReLU; the others become 0); writes x (the gradient of the input). One thread per
// element of x.
extern "C" __global__ void max_pool2d_backward(const __grid_constant__ MaxPool2dArgs a) {
    const u64 inputs = u64(a.n) * a.h * a.w * a.c;
    for (u64 i = grid_thread(); i < inputs; i += grid_threads()) {
        Coordinates at{i};
        const int c = at.next(a.c), w = at.next(a.w), h = at.next(a.h);
        const u64 n = at.rest;
        const u64 pixel = (n * a.h + h) * a.w + w;
        if (a.mask != nullptr && !is_masked_in(a.mask, pixel, c, a.c)) {
            a.x[i] = 0.0f;
            continue;
        }
        const u32 position = u32((u64(h) * a.w + w) * a.c + c);
        const OutputsOfInput rows(h, a.window, a.stride, a.padding, a.p);
        const OutputsOfInput columns(w, a.window, a.stride, a.padding, a.q);

        float sum = 0.0f;
        for (int p = rows.begin; p < rows.end; ++p) {
            for (int q = columns.begin; q < columns.end; ++q) {
                const u64 output = ((n * a.p + p) * a.q + q) * a.c + c;
                if (a.positions[output] == position) sum += a.y[output];
            }
        }
        a.x[i] = a.sum == nullptr ? sum : a.sum[i] + sum;
    }
}
