// The multi-resolution view stack and its adjoint, in f32: contrast, roll, colour, bicubic down, noise,
// bicubic up, noise, clip and normalise, for all images and views at once.
//
// Layout:  x, dx [N,H,W,3]; y, dy [N,H,W,3V]; adjusted and the masks [N,V,H,W,3], the contrast's mask
//          where the pixel was before the roll; low [N, low_elements]: the pictures [r,r,3] of all views
//          behind each other; grey [N]; grey_parts [N,H,W].
// Tiling:  none; one thread per element or pixel, walking in steps of the grid; sums over an image: one
//          warp each (blockDim.x = 32 lanes, blockDim.y images per block). The adjoints gather.
// Writes:  '=' only, but view_stack_add_grey: '+='.
// Sums:    over pixels compensated within a lane, then by butterfly: the same bits every time.

#include "bicubic.cuh"
#include "philox.cuh"

typedef unsigned char u8;

constexpr float GREY_WEIGHTS[3] = {0.2989f, 0.587f, 0.114f};

// One view; `first` is where its picture begins among those of an image in `low`.
struct View {
    u64 first;
    int resolution;
    int unused;
};

// What one image gets in one view; rows in 0..h, columns in 0..w.
struct Draw {
    int down, right;
    float contrast, colour;
};

// Gradients stand where the forward pass has what they are the gradient of: low, y.
struct ViewStackArgs {
    const float* x;
    float* y;
    float* dx;
    float* grey;
    float* grey_parts;
    float* adjusted;
    float* low;
    u8* contrast_mask;
    u8* clip_mask;
    const Draw* draws;  // [N,V]
    const View* views;  // [V]
    // The noise: words 1 to 3 of the counter of every image [N,3]; or, if null, drawn already, in the
    // order (row, channel, column): low_noise [N, low_elements], full_noise [N,V,H,3,W].
    const u32* counters;
    const float* low_noise;
    const float* full_noise;
    u64 low_elements;
    int n, h, w, v;
    u32 key[2];
    u32 low_block, full_block;  // where the noise of each resolution begins in its stream
    int normal;                 // whether the noise is normal, not uniform
    float amplitude;
    float scale[3], shift[3];
};

// The number that the host would draw as element `element` of a picture of noise.
__device__ inline float drawn(const ViewStackArgs& a, u64 image, int view, u32 first_block, u32 element) {
    const u32* counter = a.counters + 3 * image;
    const u32 c1 = (counter[0] & 0x00ffffffu) | u32(view) << 24;
    const PhiloxBlock at = {{first_block + element / 4, c1, counter[1], counter[2]}};
    const PhiloxBlock block = philox(a.key[0], a.key[1], at);
    const int word = int(element % 4), pair = word / 2 * 2;
    return a.normal ? normal_of(block.words[pair], block.words[pair + 1], word - pair)
                    : uniform_of(block.words[word]);
}

// A pixel of the view's own picture, by its flat index in `low`.
struct LowPixel {
    u64 image;
    int view, resolution, row, column, channel;

    __device__ LowPixel(const ViewStackArgs& a, u64 i) {
        image = i / a.low_elements;
        const u64 within = i % a.low_elements;
        view = 0;
        while (view + 1 < a.v && a.views[view + 1].first <= within) ++view;
        resolution = a.views[view].resolution;
        Coordinates at{within - a.views[view].first};
        channel = at.next(3);
        column = at.next(resolution);
        row = int(at.rest);
    }

    // Whether the view has the size of the images, which is not resampled.
    __device__ bool full_size(const ViewStackArgs& a) const { return resolution == a.h && resolution == a.w; }
};

// The picture of `view` of `image` among the low ones.
__device__ inline float* low_picture(const ViewStackArgs& a, u64 image, int view) {
    return a.low + image * a.low_elements + a.views[view].first;
}

// Element (row p, column q, channel c) of a picture [rows,columns,3] resampled to another size.
__device__ inline float resampled(const float* picture, const Taps& p, const Taps& q, int c, int rows,
                                  int columns) {
    float sum = 0.0f;
    for (int j = 0; j < 4; ++j) {
        const float* line = picture + u64(p.input(j, rows)) * columns * 3 + c;
        float along = 0.0f;
        for (int k = 0; k < 4; ++k) along = fmaf(q.weight[k], line[3 * q.input(k, columns)], along);
        sum = fmaf(p.weight[j], along, sum);
    }
    return sum;
}

// Adds up `value` of all pixels of the warp's image, in every lane.
template <typename Value>
__device__ inline float image_sum(int pixels, Value value) {
    CompensatedSum sum;
    for (int i = threadIdx.x; i < pixels; i += WARP_LANES) sum.add(value(i));
    return warp_sum(sum.sum);
}

__device__ inline u64 warp_image() { return u64(blockIdx.x) * blockDim.y + threadIdx.y; }

// Reads x; writes grey: the mean grey value of each image. For the rows N.
extern "C" __global__ void view_stack_grey(const __grid_constant__ ViewStackArgs a) {
    const u64 image = warp_image();
    if (image >= u64(a.n)) return;  // the whole warp
    const int pixels = a.h * a.w;
    const float* x = a.x + image * pixels * 3;
    const float sum = image_sum(pixels, [&](int i) {
        float grey = 0.0f;
        for (int c = 0; c < 3; ++c) grey = fmaf(GREY_WEIGHTS[c], x[3 * i + c], grey);
        return grey;
    });
    if (threadIdx.x == 0) a.grey[image] = sum * (1.0f / float(pixels));
}

// Reads x, grey; writes adjusted and contrast_mask: contrast, colour, roll. For the pixels N*V*H*W.
extern "C" __global__ void view_stack_adjust(const __grid_constant__ ViewStackArgs a) {
    const u64 pixels = u64(a.n) * a.v * a.h * a.w;
    for (u64 i = grid_thread(); i < pixels; i += grid_threads()) {
        Coordinates at{i};
        const int column = at.next(a.w), row = at.next(a.h);
        const u64 stack = at.rest, image = stack / a.v;
        const Draw draw = a.draws[stack];
        const float* x = a.x + ((image * a.h + row) * a.w + column) * 3;
        const float offset = (1.0f - draw.contrast) * a.grey[image];

        float rgb[3];
        for (int c = 0; c < 3; ++c) {
            const float value = draw.contrast * x[c] + offset;
            a.contrast_mask[3 * i + c] = value >= 0.0f && value <= 1.0f;
            rgb[c] = value < 0.0f ? 0.0f : value > 1.0f ? 1.0f : value;
        }
        const float mean = (1.0f - draw.colour) * ((rgb[0] + rgb[1] + rgb[2]) * (1.0f / 3.0f));
        const int to_row = (row + draw.down) % a.h, to_column = (column + draw.right) % a.w;
        float* out = a.adjusted + ((stack * a.h + to_row) * a.w + to_column) * 3;
        for (int c = 0; c < 3; ++c) out[c] = draw.colour * rgb[c] + mean;
    }
}

// Reads adjusted; writes low: down, noise. For the elements of low.
extern "C" __global__ void view_stack_down(const __grid_constant__ ViewStackArgs a) {
    for (u64 i = grid_thread(); i < a.n * a.low_elements; i += grid_threads()) {
        const LowPixel pixel(a, i);
        const int r = pixel.resolution;
        const float* picture = a.adjusted + (pixel.image * a.v + pixel.view) * a.h * a.w * 3;
        const u32 element = u32((pixel.row * 3 + pixel.channel) * r + pixel.column);
        const float noise =
            a.counters != nullptr
                ? drawn(a, pixel.image, pixel.view, a.low_block, element)
                : a.low_noise[pixel.image * a.low_elements + a.views[pixel.view].first + element];
        float value;
        if (pixel.full_size(a)) {
            value = picture[i % a.low_elements - a.views[pixel.view].first];
        } else {
            const Taps rows(pixel.row, r, a.h), columns(pixel.column, r, a.w);
            value = resampled(picture, rows, columns, pixel.channel, a.h, a.w);
        }
        a.low[i] = value + a.amplitude * noise;
    }
}

// Reads low; writes y and clip_mask: up, noise, clip, normalise. For the elements of y.
extern "C" __global__ void view_stack_up(const __grid_constant__ ViewStackArgs a) {
    const u64 elements = u64(a.n) * a.h * a.w * a.v * 3;
    for (u64 i = grid_thread(); i < elements; i += grid_threads()) {
        Coordinates at{i};
        const int c = at.next(3), view = at.next(a.v), column = at.next(a.w), row = at.next(a.h);
        const u64 image = at.rest, stack = image * a.v + view;
        const int r = a.views[view].resolution;
        const float* picture = low_picture(a, image, view);
        const u32 element = u32((row * 3 + c) * a.w + column);
        const float noise = a.counters != nullptr ? drawn(a, image, view, a.full_block, element)
                                                  : a.full_noise[stack * a.h * a.w * 3 + element];
        float value;
        if (r == a.h && r == a.w) {
            value = picture[(row * r + column) * 3 + c];
        } else {
            value = resampled(picture, Taps(row, a.h, r), Taps(column, a.w, r), c, r, r);
        }
        value += a.amplitude * noise;
        a.clip_mask[((stack * a.h + row) * a.w + column) * 3 + c] = value >= 0.0f && value <= 1.0f;
        const float clipped = value < 0.0f ? 0.0f : value > 1.0f ? 1.0f : value;
        a.y[i] = clipped * a.scale[c] + a.shift[c];
    }
}

// Reads y (the gradient of the output) and clip_mask; writes low (the gradient of the low pictures).
// For the elements of low.
extern "C" __global__ void view_stack_up_adjoint(const __grid_constant__ ViewStackArgs a) {
    for (u64 i = grid_thread(); i < a.n * a.low_elements; i += grid_threads()) {
        const LowPixel pixel(a, i);
        const int r = pixel.resolution, c = pixel.channel;
        const u64 stack = pixel.image * a.v + pixel.view;
        const auto gradient = [&](int row, int column) {
            const u64 at = (u64(row) * a.w + column);
            const float dy = a.y[((pixel.image * a.h * a.w + at) * a.v + pixel.view) * 3 + c];
            return a.clip_mask[(stack * a.h * a.w + at) * 3 + c] ? dy * a.scale[c] : 0.0f;
        };
        if (pixel.full_size(a)) {
            a.low[i] = gradient(pixel.row, pixel.column);
            continue;
        }
        const OutputRange rows(pixel.row, a.h, r), columns(pixel.column, a.w, r);
        float sum = 0.0f;
        for (int row = rows.begin; row < rows.end; ++row) {
            float along = 0.0f;
            for (int column = columns.begin; column < columns.end; ++column) {
                const float weight = Taps(column, a.w, r).weight_of(pixel.column, r);
                along = fmaf(weight, gradient(row, column), along);
            }
            sum = fmaf(Taps(row, a.h, r).weight_of(pixel.row, r), along, sum);
        }
        a.low[i] = sum;
    }
}

// Gradient of pixel (row, column) of the adjusted picture from that of the low picture [r,r,3].
__device__ inline void down_adjoint(const ViewStackArgs& a, const float* low, int r, int row, int column,
                                    float (&rgb)[3]) {
    for (int c = 0; c < 3; ++c) rgb[c] = 0.0f;
    if (r == a.h && r == a.w) {
        for (int c = 0; c < 3; ++c) rgb[c] = low[(row * r + column) * 3 + c];
        return;
    }
    const OutputRange rows(row, r, a.h), columns(column, r, a.w);
    for (int p = rows.begin; p < rows.end; ++p) {
        const float down = Taps(p, r, a.h).weight_of(row, a.h);
        for (int q = columns.begin; q < columns.end; ++q) {
            const float weight = down * Taps(q, r, a.w).weight_of(column, a.w);
            for (int c = 0; c < 3; ++c) rgb[c] = fmaf(weight, low[(p * r + q) * 3 + c], rgb[c]);
        }
    }
}

// Reads low (the gradient of the low pictures) and contrast_mask; writes dx but for what flows through
// the mean grey value, and of that the part of each pixel to grey_parts. For the pixels N*H*W.
extern "C" __global__ void view_stack_adjust_adjoint(const __grid_constant__ ViewStackArgs a) {
    const u64 pixels = u64(a.n) * a.h * a.w;
    for (u64 i = grid_thread(); i < pixels; i += grid_threads()) {
        Coordinates at{i};
        const int column = at.next(a.w), row = at.next(a.h);
        const u64 image = at.rest;
        float sum[3] = {0.0f, 0.0f, 0.0f}, grey = 0.0f;
        for (int view = 0; view < a.v; ++view) {
            const u64 stack = image * a.v + view;
            const Draw draw = a.draws[stack];
            float rgb[3];
            down_adjoint(a, low_picture(a, image, view), a.views[view].resolution, (row + draw.down) % a.h,
                         (column + draw.right) % a.w, rgb);
            const float mean = (1.0f - draw.colour) * ((rgb[0] + rgb[1] + rgb[2]) * (1.0f / 3.0f));
            const u8* mask = a.contrast_mask + ((stack * a.h + row) * a.w + column) * 3;
            float passed = 0.0f;
            for (int c = 0; c < 3; ++c) {
                const float gradient = mask[c] ? draw.colour * rgb[c] + mean : 0.0f;
                sum[c] += draw.contrast * gradient;
                passed += gradient;
            }
            grey += (1.0f - draw.contrast) * passed;
        }
        for (int c = 0; c < 3; ++c) a.dx[3 * i + c] = sum[c];
        a.grey_parts[i] = grey;
    }
}

// Reads grey_parts; writes grey: the gradient of every pixel's grey value. For the rows N.
extern "C" __global__ void view_stack_grey_gradient(const __grid_constant__ ViewStackArgs a) {
    const u64 image = warp_image();
    if (image >= u64(a.n)) return;  // the whole warp
    const int pixels = a.h * a.w;
    const float* parts = a.grey_parts + image * pixels;
    const float sum = image_sum(pixels, [&](int i) { return parts[i]; });
    if (threadIdx.x == 0) a.grey[image] = sum / float(pixels);
}

// Reads grey; adds to dx what flows through the mean grey value. For the elements of dx.
extern "C" __global__ void view_stack_add_grey(const __grid_constant__ ViewStackArgs a) {
    const u64 image_elements = u64(a.h) * a.w * 3;
    for (u64 i = grid_thread(); i < a.n * image_elements; i += grid_threads()) {
        a.dx[i] += a.grey[i / image_elements] * GREY_WEIGHTS[i % 3];
    }
}
