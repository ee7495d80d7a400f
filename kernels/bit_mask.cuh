// Masks of one bit an element: which elements of a tensor [pixels, channels] a gradient passes.
//
// Layout:  a pixel has mask_words(channels) words; channel c is bit c % 32 of word c / 32, and the bits behind the
//          last channel are 0.
#pragma once

#include "common.cuh"

constexpr int WORD_BITS = 32;

__device__ inline int mask_words(int channels) { return (channels + WORD_BITS - 1) / WORD_BITS; }

// Whether the gradient of ReLU's output `y` passes to its input; at NaN it does.
__device__ inline bool passes_relu(float y) { return !(y <= 0.0f); }

__device__ inline bool is_masked_in(const u32* mask, u64 pixel, int channel, int channels) {
    const u32 word = mask[pixel * mask_words(channels) + channel / WORD_BITS];
    return word >> (channel % WORD_BITS) & 1;
}
