// Two-dimensional average pooling without padding, in f32; over the whole picture where the window
// is as large.
//
//   y[n,p,q,c] = (sum over r,s of x[n, p*stride + r, q*stride + s, c]) * share
//
// Layout:  x [N,H,W,C], y [N,P,Q,C], contiguous.
// Tiling:  none; one thread per result element, walking in steps of the grid: neighbours take
//          neighbouring channels. The backward pass gathers, so it needs no atomics.
// Writes:  '=' only; every element of the result exactly once.
// Sums:    in row-major order of the window (forward) or of the outputs (backward).

#include "windows.cuh"

// Each of x, y is the operand or its gradient. Pairs are rows, columns.
struct AvgPool2dArgs {
    float* x;
    float* y;
    int n, h, w, c;
    int p, q;
    int window[2];
    int stride[2];
    float share;  // 1 / (window[0] * window[1])
    int unused;   // keeps the size a multiple of 8
};

// Reads x; writes y. One thread per element of y.
extern "C" __global__ void avg_pool2d_forward(const __grid_constant__ AvgPool2dArgs a) {
    const u64 outputs = u64(a.n) * a.p * a.q * a.c;
    for (u64 i = grid_thread(); i < outputs; i += grid_threads()) {
        Coordinates at{i};
        const int c = at.next(a.c), q = at.next(a.q), p = at.next(a.p);
        const u64 n = at.rest;

        float sum = 0.0f;
        for (int r = 0; r < a.window[0]; ++r) {
            const u64 row = n * a.h + p * a.stride[0] + r;
            const float* pixel = a.x + (row * a.w + q * a.stride[1]) * a.c + c;
            for (int s = 0; s < a.window[1]; ++s) sum += pixel[u64(s) * a.c];
        }
        a.y[i] = sum * a.share;
    }
}

// Reads y (the gradient of the output); writes x (the gradient of the input). One thread per element
// of x.
extern "C" __global__ void avg_pool2d_backward(const __grid_constant__ AvgPool2dArgs a) {
    const u64 inputs = u64(a.n) * a.h * a.w * a.c;
    for (u64 i = grid_thread(); i < inputs; i += grid_threads()) {
        Coordinates at{i};
        const int c = at.next(a.c), w = at.next(a.w), h = at.next(a.h);
        const u64 n = at.rest;
        const OutputsOfInput rows(h, a.window[0], a.stride[0], 0, a.p);
        const OutputsOfInput columns(w, a.window[1], a.stride[1], 0, a.q);

        float sum = 0.0f;
        for (int p = rows.begin; p < rows.end; ++p) {
            for (int q = columns.begin; q < columns.end; ++q) {
                sum += a.y[((n * a.p + p) * a.q + q) * a.c + c] * a.share;
            }
        }
        a.x[i] = sum;
    }
}
