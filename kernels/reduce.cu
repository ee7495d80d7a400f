// Sums along any axes, and the largest values along one, in f32.
//
// Layout:  said with each kernel.
// Tiling:  one thread per result (of a top-k: per k results), walking in steps of the grid; in
//          reduce_sum_parts one block of THREADS for each part of each result.
// Writes:  '=' only.
// Sums:    short ones plain, in index order, by one thread: the same bits as the CPU's. Long ones as a
//          tree whose form depends on the number of terms alone: parts of PART terms, each by one block;
//          the host has the parts summed the same way until one is left.

#include "walk.cuh"

// out is contiguous; the walk of `lengths` and `steps` says where in x the terms of each result
// begin, that of `term_lengths` and `term_steps` where from there each of its `terms` is.
struct SumArgs {
    const float* x;
    float* out;
    u64 results;
    u64 terms;
    u64 lengths[MOST_AXES];
    u64 steps[MOST_AXES];
    u64 term_lengths[MOST_AXES];
    u64 term_steps[MOST_AXES];
    int axes;
    int term_axes;
    float scale;
    int unused;  // keeps the size a multiple of 8
};

// x and dx [outer, length, inner]; values, from and dy [outer, k, inner]; from: indices along length.
// What a kernel does not name may be null.
struct TopKArgs {
    const float* x;
    float* values;
    u32* from;
    const float* dy;
    float* dx;
    u64 outer;
    u64 length;
    u64 inner;
    u64 k;
};

// Reads x; writes out = scale * sum of the terms.
extern "C" __global__ void reduce_sum(const __grid_constant__ SumArgs a) {
    for (u64 i = grid_thread(); i < a.results; i += grid_threads()) {
        const float* x = a.x + place_of(i, a.axes, a.lengths, a.steps);
        float sum = 0.0f;
        for (u64 term = 0; term < a.terms; ++term) {
            sum += x[place_of(term, a.term_axes, a.term_lengths, a.term_steps)];
        }
        a.out[i] = sum * a.scale;
    }
}

constexpr unsigned THREADS = 256;
constexpr u64 PART = 64 * THREADS;

// Reads x; writes out [parts, results] = scale * sums of at most PART terms each. Shared memory: one
// float per warp. Threads take every THREADS-th term, neighbours beside each other.
extern "C" __global__ void __launch_bounds__(256) reduce_sum_parts(const __grid_constant__ SumArgs a) {
    const Shared<float> warps = dynamic_shared<float>();
    const u64 parts = (a.terms + PART - 1) / PART;
    for (u64 job = blockIdx.x; job < parts * a.results; job += gridDim.x) {
        const float* x = a.x + place_of(job % a.results, a.axes, a.lengths, a.steps);
        const u64 begin = job / a.results * PART;
        const u64 end = begin + PART < a.terms ? begin + PART : a.terms;
        float sum = 0.0f;
        for (u64 term = begin + threadIdx.x; term < end; term += THREADS) {
            sum += x[place_of(term, a.term_axes, a.term_lengths, a.term_steps)];
        }
        sum = warp_sum(sum);
        if (threadIdx.x % WARP_LANES == 0) warps[threadIdx.x / WARP_LANES] = sum;
        __syncthreads();
        if (threadIdx.x == 0) {
            float total = 0.0f;
            for (unsigned warp = 0; warp < THREADS / WARP_LANES; ++warp) total += warps[warp];
            a.out[job] = total * a.scale;
        }
        __syncthreads();  // the sums of the warps have been read
    }
}

// Whether a value keeps its place before one that comes later. NaN counts as the largest value.
__device__ inline bool stays_before(float value, float later) { return value >= later || value != value; }

// Reads x; writes values, in descending order, and from. For the rows outer * inner. Among equal
// values the lowest index comes first.
extern "C" __global__ void reduce_top_k(const __grid_constant__ TopKArgs a) {
    for (u64 row = grid_thread(); row < a.outer * a.inner; row += grid_threads()) {
        const u64 outer = row / a.inner, inner = row % a.inner;
        const float* x = a.x + outer * a.length * a.inner + inner;
        float* values = a.values + outer * a.k * a.inner + inner;
        u32* from = a.from + outer * a.k * a.inner + inner;
        // The best so far are kept sorted where they will stay.
        u64 count = 0;
        for (u64 j = 0; j < a.length; ++j) {
            const float value = x[j * a.inner];
            u64 place = count;
            while (place > 0 && !stays_before(values[(place - 1) * a.inner], value)) --place;
            if (place == a.k) continue;
            if (count < a.k) ++count;
            for (u64 behind = count - 1; behind > place; --behind) {
                values[behind * a.inner] = values[(behind - 1) * a.inner];
                from[behind * a.inner] = from[(behind - 1) * a.inner];
            }
            values[place * a.inner] = value;
            from[place * a.inner] = u32(j);
        }
    }
}

// Reads dy and from; writes those elements of dx that were picked (the others are zeros already).
// For the elements of dy.
extern "C" __global__ void reduce_top_k_gradient(const __grid_constant__ TopKArgs a) {
    for (u64 i = grid_thread(); i < a.outer * a.k * a.inner; i += grid_threads()) {
        const u64 outer = i / (a.k * a.inner);
        a.dx[(outer * a.length + a.from[i]) * a.inner + i % a.inner] = a.dy[i];
    }
}
