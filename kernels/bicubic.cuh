// Bicubic resampling along one axis, and which outputs an input reaches: Keys' kernel with a = -0.75,
// half-pixel centres (align_corners=False), edges repeated, no antialiasing.
//
// Exact:   where an output lies between the inputs is a fraction of integers, so which pixels it takes
//          never depends on rounding.
#pragma once

#include "common.cuh"

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
