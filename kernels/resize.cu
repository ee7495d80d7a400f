// Bicubic resize and its adjoint, in f32: Keys' kernel with a = -0.75, half-pixel centres
// (align_corners=False), edges repeated, no antialiasing.
//
// Layout:  x [N,H,W,C], y [N,P,Q,C], contiguous; any sizes >= 1.
// Tiling:  none; one thread per result element, walking in steps of the grid. The adjoint gathers, so
//          it needs no atomics.
// Writes:  '=' only.
// Exact:   where an output lies between the inputs is a fraction of integers, so which pixels it takes
//          never depends on rounding.

#include "common.cuh"

// Each of x, y is the operand or its gradient.
struct ResizeArgs {
    float* x;
    float* y;
    int n, h, w, c;
    int p, q;
};

constexpr float KEYS_A = -0.75f;

// Quotient rounded down, for a positive divisor.
__device__ inline int floor_divide(int dividend, int divisor) {
    const int quotient = dividend / divisor;
    return dividend % divisor < 0 ? quotient - 1 : quotient;
}

// Keys' kernel at distance d from the centre: first within one pixel, then from one to two.
__device__ inline float keys_near(float d) {
    return ((KEYS_A + 2.0f) * d - (KEYS_A + 3.0f)) * d * d + 1.0f;
}
__device__ inline float keys_far(float d) {
    return ((KEYS_A * d - 5.0f * KEYS_A) * d + 8.0f * KEYS_A) * d - 4.0f * KEYS_A;
}

// The four inputs that one output takes along one axis.
struct Taps {
    int first;  // coordinate of the first; may lie outside, where the edge is repeated
    float weight[4];

    // For output `out` of `outputs`, over `inputs` inputs: centre (out + 1/2) * inputs/outputs - 1/2.
    __device__ Taps(int out, int outputs, int inputs) {
        const int unit = 2 * outputs;  // all coordinates below are in 1/unit pixels
        const int centre = (2 * out + 1) * inputs - outputs;
        const int left = floor_divide(centre, unit);
        const float t = float(centre - left * unit) / float(unit);
        first = left - 1;
        weight[0] = keys_far(t + 1.0f);
        weight[1] = keys_near(t);
        weight[2] = keys_near(1.0f - t);
        weight[3] = keys_far(2.0f - t);
    }

    // Coordinate of tap `j` within `inputs` inputs.
    __device__ int input(int j, int inputs) const {
        const int at = first + j;
        return at < 0 ? 0 : at < inputs ? at : inputs - 1;
    }

    // Sum of the weights that fall on input `in`: several do at an edge.
    __device__ float weight_of(int in, int inputs) const {
        float sum = 0.0f;
        for (int j = 0; j < 4; ++j) sum += input(j, inputs) == in ? weight[j] : 0.0f;
        return sum;
    }
};

// The outputs whose taps reach input `in`: those with in - 2 <= floor(centre) <= in + 1. Taps that
// are moved to an edge came from beyond it, so this range holds them too.
struct OutputRange {
    int begin, end;

    __device__ OutputRange(int in, int outputs, int inputs) {
        begin = first_reaching(in - 2, outputs, inputs);
        end = first_reaching(in + 2, outputs, inputs);
    }

    // First output with floor(centre) >= `left`, between 0 and `outputs`.
    __device__ static int first_reaching(int left, int outputs, int inputs) {
        const int out = -floor_divide(inputs - (2 * left + 1) * outputs, 2 * inputs);
        return out < 0 ? 0 : out < outputs ? out : outputs;
    }
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
