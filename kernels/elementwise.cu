// Elementwise functions of one tensor and of two, in f32.
//
// Layout:  of one: x and out contiguous. Of two: out contiguous, x and y read where the walk of
//          walk.cuh says, so that either may be broadcast. out may be x or y where that is walked
//          contiguously.
// Tiling:  one thread per element, walking in steps of the grid.
// Writes:  '=' only.
// NaN:     stays NaN, but where a gradient is cut off.

#include "bit_mask.cuh"
#include "walk.cuh"

// `parameters` is what the function takes beside the element.
struct FunctionArgs {
    const float* x;
    float* out;
    u64 elements;
    float parameters[2];
};

struct PairArgs {
    const float* x;
    const float* y;
    float* out;
    u64 elements;
    u64 lengths[MOST_AXES];
    u64 x_steps[MOST_AXES];
    u64 y_steps[MOST_AXES];
    float parameters[2];
    int axes;
    int unused;  // keeps the size a multiple of 8
};

struct MaskArgs {
    const float* x;
    const u32* mask;  // of x, as bit_mask.cuh describes it
    float* out;
    u64 elements;
    int channels;
    int unused;  // keeps the size a multiple of 8
};

template <typename Function>
__device__ inline void map(const FunctionArgs& a, Function function) {
    for (u64 i = grid_thread(); i < a.elements; i += grid_threads()) a.out[i] = function(a.x[i]);
}

template <typename Function>
__device__ inline void zip(const PairArgs& a, Function function) {
    for (u64 i = grid_thread(); i < a.elements; i += grid_threads()) {
        u64 x = 0, y = 0;
        for_coordinates(i, a.axes, a.lengths, [&](int axis, u64 at) {
            x += at * a.x_steps[axis];
            y += at * a.y_steps[axis];
        });
        a.out[i] = function(a.x[x], a.y[y]);
    }
}

extern "C" __global__ void elementwise_relu(const __grid_constant__ FunctionArgs a) {
    map(a, [](float x) { return x <= 0.0f ? 0.0f : x; });
}

extern "C" __global__ void elementwise_silu(const __grid_constant__ FunctionArgs a) {
    map(a, [](float x) { return x / (1.0f + expf(-x)); });
}

extern "C" __global__ void elementwise_tanh(const __grid_constant__ FunctionArgs a) {
    map(a, [](float x) { return tanhf(x); });
}

// Parameters: low, high.
extern "C" __global__ void elementwise_clamp(const __grid_constant__ FunctionArgs a) {
    const float low = a.parameters[0], high = a.parameters[1];
    map(a, [=](float x) { return x < low ? low : x > high ? high : x; });
}

// Parameters: scale, shift.
extern "C" __global__ void elementwise_affine(const __grid_constant__ FunctionArgs a) {
    const float scale = a.parameters[0], shift = a.parameters[1];
    map(a, [=](float x) { return scale * x + shift; });
}

// Parameter: scale.
extern "C" __global__ void elementwise_scale(const __grid_constant__ FunctionArgs a) {
    const float scale = a.parameters[0];
    map(a, [=](float x) { return scale * x; });
}

extern "C" __global__ void elementwise_add(const __grid_constant__ PairArgs a) {
    zip(a, [](float x, float y) { return x + y; });
}

extern "C" __global__ void elementwise_subtract(const __grid_constant__ PairArgs a) {
    zip(a, [](float x, float y) { return x - y; });
}

extern "C" __global__ void elementwise_multiply(const __grid_constant__ PairArgs a) {
    zip(a, [](float x, float y) { return x * y; });
}

extern "C" __global__ void elementwise_divide(const __grid_constant__ PairArgs a) {
    zip(a, [](float x, float y) { return x / y; });
}

extern "C" __global__ void elementwise_negative_product(const __grid_constant__ PairArgs a) {
    zip(a, [](float x, float y) { return -x * y; });
}

// x is the gradient of the output, y the output.
extern "C" __global__ void elementwise_relu_gradient(const __grid_constant__ PairArgs a) {
    zip(a, [](float dy, float y) { return y <= 0.0f ? 0.0f : dy; });
}

// x is the gradient of the output, y the input.
extern "C" __global__ void elementwise_silu_gradient(const __grid_constant__ PairArgs a) {
    zip(a, [](float dy, float x) {
        const float sigmoid = 1.0f / (1.0f + expf(-x));
        return dy * (sigmoid * (1.0f + x * (1.0f - sigmoid)));
    });
}

// x is the gradient of the output, y the output.
extern "C" __global__ void elementwise_tanh_gradient(const __grid_constant__ PairArgs a) {
    zip(a, [](float dy, float y) { return dy * (1.0f - y * y); });
}

// x is the gradient of the output, y the input. Parameters: low, high, where it still passes.
extern "C" __global__ void elementwise_clamp_gradient(const __grid_constant__ PairArgs a) {
    const float low = a.parameters[0], high = a.parameters[1];
    zip(a, [=](float dy, float x) { return x >= low && x <= high ? dy : 0.0f; });
}

// x where the mask has a bit, else 0.
extern "C" __global__ void elementwise_mask(const __grid_constant__ MaskArgs a) {
    for (u64 i = grid_thread(); i < a.elements; i += grid_threads()) {
        const u64 pixel = i / u64(a.channels);
        const int channel = int(i - pixel * a.channels);
        a.out[i] = is_masked_in(a.mask, pixel, channel, a.channels) ? a.x[i] : 0.0f;
    }
}
