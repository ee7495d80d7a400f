// Searches of attacks in the L-infinity ball around clean images, in f32: the moves from one iterate to the
// next, the sum of gradients over random draws, and one number an image that tells of its pixels.
//
//   project(v) = v within eps of the clean pixel, then within [0, 1]
//   ascend:    x = project(x + step * sign(gradient))
//   momentum:  x = project(x + share * (ascend(x) - x) + (1 - share) * (x - previous)), previous = old x
//
// Layout:  images [n, pixels], contiguous, whatever the pixels are; one step size an image.
// Tiling:  one thread per pixel, walking in steps of the grid; attack_largest: one warp per image.
// Writes:  '=' only, x and previous in place; attack_add_draws '+='.
// Bits:    the CPU's: products are rounded before they are added, and draws are added in their order.

#include "rows.cuh"

// previous may be null where there is no momentum. `elements` is the length of x.
struct MoveArgs {
    float* x;
    float* previous;
    const float* gradient;
    const float* clean;
    const float* steps;
    u64 pixels;
    u64 elements;
    float eps;
    float share;
};

// gradients [rows, pixels]: the rows first .. first + rows of all, of which row r is draw r % draws of image
// r / draws; sums [n, pixels].
struct DrawsArgs {
    const float* gradients;
    float* sums;
    u64 pixels;
    u64 draws;
    u64 first;
    u64 rows;
};

// x and y [n, pixels]; y may be null: zeros. out [n].
struct LargestArgs {
    const float* x;
    const float* y;
    float* out;
    u64 images;
    u64 pixels;
};

__device__ inline float project(float x, float clean, float eps) {
    const float near = fminf(fmaxf(x, clean - eps), clean + eps);
    return fminf(fmaxf(near, 0.0f), 1.0f);
}

// The ascended pixel i of image i / pixels.
__device__ inline float ascended(const MoveArgs& a, u64 i) {
    const float gradient = a.gradient[i];
    const float sign = gradient > 0.0f ? 1.0f : gradient < 0.0f ? -1.0f : 0.0f;
    return project(a.x[i] + rounded_product(a.steps[i / a.pixels], sign), a.clean[i], a.eps);
}

// Reads gradient, clean, steps; changes x.
extern "C" __global__ void attack_ascend(const __grid_constant__ MoveArgs a) {
    for (u64 i = grid_thread(); i < a.elements; i += grid_threads()) a.x[i] = ascended(a, i);
}

// Reads gradient, clean, steps; changes x and previous.
extern "C" __global__ void attack_momentum(const __grid_constant__ MoveArgs a) {
    for (u64 i = grid_thread(); i < a.elements; i += grid_threads()) {
        const float x = a.x[i];
        const float ahead = rounded_product(ascended(a, i) - x, a.share);
        const float momentum = rounded_product(x - a.previous[i], 1.0f - a.share);
        a.previous[i] = x;
        a.x[i] = project(x + ahead + momentum, a.clean[i], a.eps);
    }
}

// sums += gradients, the draws of an image in their order. For the pixels of the images that have a row here.
extern "C" __global__ void attack_add_draws(const __grid_constant__ DrawsArgs a) {
    const u64 end = a.first + a.rows, first_image = a.first / a.draws;
    const u64 images = (end + a.draws - 1) / a.draws - first_image;
    for (u64 i = grid_thread(); i < images * a.pixels; i += grid_threads()) {
        const u64 image = first_image + i / a.pixels, pixel = i % a.pixels;
        const u64 begin_row = max(image * a.draws, a.first), end_row = min((image + 1) * a.draws, end);
        float sum = a.sums[image * a.pixels + pixel];
        for (u64 row = begin_row; row < end_row; ++row) sum += a.gradients[(row - a.first) * a.pixels + pixel];
        a.sums[image * a.pixels + pixel] = sum;
    }
}

// The larger of two numbers that are not negative; NaN if either is.
__device__ inline float larger(float a, float b) { return a != a || a >= b ? a : b; }

// Reads x and y; writes out = the largest |x - y| of every image, NaN if one is NaN.
extern "C" __global__ void attack_largest(const __grid_constant__ LargestArgs a) {
    const u64 image = warp_row();
    if (image >= a.images) return;  // the whole warp
    float largest = 0.0f;
    for (u64 i = image * a.pixels + threadIdx.x; i < (image + 1) * a.pixels; i += WARP_LANES) {
        largest = larger(largest, fabsf(a.y ? a.x[i] - a.y[i] : a.x[i]));
    }
    for (int mask = WARP_LANES / 2; mask > 0; mask /= 2) largest = larger(largest, shuffle_xor(largest, mask));
    if (threadIdx.x == 0) a.out[image] = largest;
}
