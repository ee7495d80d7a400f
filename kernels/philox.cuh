// Counter-based random numbers: Philox4x32-10 (Salmon et al., SC 2011), the same bits as on the host.
// What the words of key and counter mean is written down in src/tensor/philox.rs.
#pragma once

#include "common.cuh"

struct PhiloxBlock {
    u32 words[4];
};

// Ten rounds on `counter`.
__device__ inline PhiloxBlock philox(u32 key0, u32 key1, PhiloxBlock counter) {
    u32 (&c)[4] = counter.words;
    for (int round = 0; round < 10; ++round) {
        const u64 p0 = u64(0xD2511F53u) * c[0], p1 = u64(0xCD9E8D57u) * c[2];
        c[0] = u32(p1 >> 32) ^ c[1] ^ key0;
        c[1] = u32(p1);
        c[2] = u32(p0 >> 32) ^ c[3] ^ key1;
        c[3] = u32(p0);
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
    return counter;
}

// Uniform in [0, 1), exact: the upper 24 bits.
__device__ inline float uniform_of(u32 word) { return float(word >> 8) * (1.0f / 16777216.0f); }

// Number `which` of the pair of standard normal numbers that two words make (Box and Muller), in f64
// as on the host.
__device__ inline float normal_of(u32 first, u32 second, int which) {
    const double u = (double(first >> 8) + 1.0) / 16777216.0;  // in (0, 1]: the logarithm is finite
    const double angle = 6.283185307179586 * (double(second >> 8) / 16777216.0);
    return float(sqrt(-2.0 * log(u)) * (which == 0 ? cos(angle) : sin(angle)));
}
