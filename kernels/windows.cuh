// Sliding windows along one axis: which outputs of a pool an input belongs to.
#pragma once

#include "common.cuh"

// The outputs whose windows hold input `in`, in ascending order: begin <= output < end.
struct OutputsOfInput {
    int begin, end;

    __device__ OutputsOfInput(int in, int window, int stride, int padding, int outputs) {
        const int place = in + padding;  // in the padded input
        begin = place < window ? 0 : (place - window) / stride + 1;
        end = min(place / stride + 1, outputs);
    }
};
