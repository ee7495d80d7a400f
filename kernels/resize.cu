// Bicubic resize and its adjoint, in f32: Keys' kernel with a = -0.75, half-pixel centres
// (align_corners=False), edges repeated, no antialiasing.
//
// Layout:  x [N,H,W,C], y [N,P,Q,C], contiguous; any sizes >= 1.
// Tiling:  none; one thread per result element, walking in steps of the grid. The adjoint gathers, so
//          it needs no atomics.
// Writes:  '=' only.

#include "bicubic.cuh"

// Each of x, y is the operand or its gradient.
struct ResizeArgs {
    float* x;
    float* y;
    int n, h, w, c;
    int p, q;
};

// Reads x; writes y.
extern "C" __global__ void resize_bicubic(const __grid_constant__ ResizeArgs a) {
    const u64 outputs = u64(a.n) * a.p * a.q * a.c;
    for (u64 i = grid_thread(); i < outputs; i += grid_threads()) {
        Coordinates at{i};
        const int c = at.next(a.c), q = at.next(a.q), p = at.next(a.p);
        const float* image = a.x + at.rest * a.h * a.w * a.c + c;
        const Taps rows(p, a.p, a.h), columns(q, a.q, a.w);

        float sum = 0.0f;
        for (int j = 0; j < 4; ++j) {
            const float* line = image + u64(rows.input(j, a.h)) * a.w * a.c;
            float along = 0.0f;
            for (int k = 0; k < 4; ++k) {
                along = fmaf(columns.weight[k], line[u64(columns.input(k, a.w)) * a.c], along);
            }
            sum = fmaf(rows.weight[j], along, sum);
        }
        a.y[i] = sum;
    }
}

// Reads y (the gradient of the output); writes x (the gradient of the input).
extern "C" __global__ void resize_bicubic_adjoint(const __grid_constant__ ResizeArgs a) {
    const u64 inputs = u64(a.n) * a.h * a.w * a.c;
    for (u64 i = grid_thread(); i < inputs; i += grid_threads()) {
        Coordinates at{i};
        const int c = at.next(a.c), w = at.next(a.w), h = at.next(a.h);
        const float* image = a.y + at.rest * a.p * a.q * a.c + c;
        const OutputRange rows(h, a.p, a.h), columns(w, a.q, a.w);

        float sum = 0.0f;
        for (int p = rows.begin; p < rows.end; ++p) {
            float along = 0.0f;
            for (int q = columns.begin; q < columns.end; ++q) {
                const float weight = Taps(q, a.q, a.w).weight_of(w, a.w);
                along = fmaf(weight, image[(u64(p) * a.q + q) * a.c], along);
            }
            sum = fmaf(Taps(p, a.p, a.h).weight_of(h, a.h), along, sum);
        }
        a.x[i] = sum;
    }
}
