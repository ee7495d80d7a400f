// Two-dimensional convolution (cross-correlation), direct, in f32: the correctness anchor.
//
//   y[n,p,q,k] = bias[k] + sum over r,s,c of x[n, p*stride - padding + r, q*stride - padding + s, c] * w[k,r,s,c]
//
// with zeros outside the picture.
//
// Layout:  x [N,H,W,C], w [K,R,S,C], bias [K], y [N,P,Q,K], all contiguous.
// Tiling:  none; one thread per output element, walking in steps of the grid.
// Writes:  '=' only; every element of the result exactly once.
// Sums:    in a fixed order that does not depend on the grid; the one that runs over the pixels of
//          the batch is compensated.

#include "common.cuh"

// Each of x, w, bias, y is the operand or its gradient; what a kernel reads and writes stands with it.
struct Conv2dArgs {
    float* x;
    float* w;
    float* bias;
    float* y;
    int n, h, w_in, c;
    int k, r, s;
    int p, q;
    int stride[2];
    int padding[2];
    int unused;  // keeps the size a multiple of 8
};

// Reads x, w and, unless it is null, bias; writes y. One thread per element of y.
extern "C" __global__ void conv2d_forward(const __grid_constant__ Conv2dArgs a) {
    const u64 outputs = u64(a.n) * a.p * a.q * a.k;
    for (u64 i = grid_thread(); i < outputs; i += grid_threads()) {
        Coordinates at{i};
        const int k = at.next(a.k), q = at.next(a.q), p = at.next(a.p);
        const u64 n = at.rest;

        float sum = 0.0f;
        for (int r = 0; r < a.r; ++r) {
            const int h = p * a.stride[0] - a.padding[0] + r;
            if (h < 0 || h >= a.h) continue;
            for (int s = 0; s < a.s; ++s) {
                const int w = q * a.stride[1] - a.padding[1] + s;
                if (w < 0 || w >= a.w_in) continue;
                const float* pixel = a.x + ((n * a.h + h) * a.w_in + w) * a.c;
                const float* weights = a.w + ((u64(k) * a.r + r) * a.s + s) * a.c;
                for (int c = 0; c < a.c; ++c) sum = fmaf(pixel[c], weights[c], sum);
            }
        }
        a.y[i] = a.bias == nullptr ? sum : sum + a.bias[k];
    }
}

// Output coordinate that multiplies input coordinate `in` with tap `tap`, or -1 if there is none.
__device__ inline int output_of(int in, int tap, int stride, int padding, int outputs) {
    const int offset = in + padding - tap;
    if (offset < 0 || offset % stride != 0) return -1;
    const int out = offset / stride;
    return out < outputs ? out : -1;
}

// Reads y (the gradient of the output) and w; writes x (the gradient of the input). One thread per
// element of x, gathering from the outputs that used it.
extern "C" __global__ void conv2d_dgrad(const __grid_constant__ Conv2dArgs a) {
    const u64 inputs = u64(a.n) * a.h * a.w_in * a.c;
    for (u64 i = grid_thread(); i < inputs; i += grid_threads()) {
        Coordinates at{i};
        const int c = at.next(a.c), w = at.next(a.w_in), h = at.next(a.h);
        const u64 n = at.rest;

        float sum = 0.0f;
        for (int r = 0; r < a.r; ++r) {
            const int p = output_of(h, r, a.stride[0], a.padding[0], a.p);
            if (p < 0) continue;
            for (int s = 0; s < a.s; ++s) {
                const int q = output_of(w, s, a.stride[1], a.padding[1], a.q);
                if (q < 0) continue;
                const float* gradient = a.y + ((n * a.p + p) * a.q + q) * a.k;
                for (int k = 0; k < a.k; ++k) {
                    sum = fmaf(gradient[k], a.w[((u64(k) * a.r + r) * a.s + s) * a.c + c], sum);
                }
            }
        }
        a.x[i] = sum;
    }
}

// Reads x and y (the gradient of the output); writes w (the gradient of the weights). One thread per
// element of w: a plain sum along each row of outputs, a compensated one over the rows.
extern "C" __global__ void conv2d_wgrad(const __grid_constant__ Conv2dArgs a) {
    const u64 weights = u64(a.k) * a.r * a.s * a.c;
    for (u64 i = grid_thread(); i < weights; i += grid_threads()) {
        Coordinates at{i};
        const int c = at.next(a.c), s = at.next(a.s), r = at.next(a.r), k = int(at.rest);

        CompensatedSum total;
        for (u64 n = 0; n < u64(a.n); ++n) {
            for (int p = 0; p < a.p; ++p) {
                const int h = p * a.stride[0] - a.padding[0] + r;
                if (h < 0 || h >= a.h) continue;
                const float* pixels = a.x + (n * a.h + h) * a.w_in * a.c + c;
                const float* gradients = a.y + (n * a.p + p) * a.q * a.k + k;
                float sum = 0.0f;
                for (int q = 0; q < a.q; ++q) {
                    const int w = q * a.stride[1] - a.padding[1] + s;
                    if (w < 0 || w >= a.w_in) continue;
                    sum = fmaf(pixels[u64(w) * a.c], gradients[u64(q) * a.k], sum);
                }
                total.add(sum);
            }
        }
        a.w[i] = total.sum;
    }
}
