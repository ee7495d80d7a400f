// Tiles of a convolution's factors in shared memory: how they lie there, and how they are gathered from
// the tensors (see conv2d_gemm.cuh).
#pragma once

#include "bit_mask.cuh"
#include "conv2d_copies.cuh"

constexpr int TILE_M = 128;
constexpr int TILE_N = 64;
constexpr int TILE_DEPTH = 16;
constexpr int QUADS = TILE_DEPTH / 4;

// What a kernel reads and writes of these stands with it.
struct Conv2dGemmArgs {
    float* x;
    float* w;
    float* bias;      // of forward; may be null
    float* residual;  // added by forward and dgrad; may be null
    float* y;
    u32* mask;     // of y, written by forward with ReLU; of x, read by dgrad; may be null
    float* parts;  // of wgrad: [number of parts, K,R,S,C]
    int n, h, w_in, c;
    int k, r, s;
    int p, q;
    int stride[2];
    int padding[2];
    int relu;         // of forward: whether negative results become 0
    int part_pixels;  // of wgrad: output pixels of a part
    int part_count;   // of wgrad
};

__device__ inline bool is_quad_aligned(const float* from) { return reinterpret_cast<u64>(from) % 16 == 0; }

// A tile of one factor in shared memory, of ROWS rows (its columns, for the second factor).
//
// Numbers that are neighbours along the depth stand side by side; the four quads of a row are swapped
// so that neither 8 rows of one quad nor 2 rows of all quads meet in a bank.
template <int ROWS>
struct DepthInner {
    static constexpr bool INNER = true;
    static constexpr int FLOATS = ROWS * TILE_DEPTH;

    __device__ static int place(int row, int quad) { return TILE_DEPTH * row + 4 * (quad ^ (row / 2 % 4)); }
    // Depths 4 quad to 4 quad + 3 of a row.
    __device__ static float4 quad(int tile, int row, int quad) {
        return dynamic_shared<float4>()[(tile + place(row, quad)) / 4];
    }
};

// Rows stand side by side, depth d in line d/4 + 4(d%4), so that the lanes of a fragment read from
// different banks.
template <int ROWS>
struct DepthOuter {
    static constexpr bool INNER = false;
    static constexpr int LINE = ROWS + 8;
    static constexpr int FLOATS = TILE_DEPTH * LINE;

    __device__ static int place(int row, int depth) { return (depth / 4 + 4 * (depth % 4)) * LINE + row; }
    __device__ static float4 quad(int tile, int row, int quad) {
        const Shared<float> line = dynamic_shared<float>() + (tile + quad * LINE + row);
        return {line[0], line[4 * LINE], line[8 * LINE], line[12 * LINE]};
    }
    // Rows `row` to `row` + 3 at one depth.
    __device__ static float4 rows(int tile, int row, int depth) {
        return dynamic_shared<float4>()[(tile + place(row, depth)) / 4];
    }
};

// Moves coordinates on by `by` places, the innermost of length `inners` first. No division: these
// moves are few places long.
__device__ inline void advance(int& outer, int& middle, int& inner, int by, int middles, int inners) {
    inner += by;
    while (inner >= inners) {
        inner -= inners;
        if (++middle == middles) {
            middle = 0;
            ++outer;
        }
    }
}

// A place in the depth (tap row, tap column, channel).
struct Tap {
    int row, column, channel;

    __device__ void move(int by, int columns, int channels) { advance(row, column, channel, by, columns, channels); }
};

// A pixel of the grid of the product's rows (of its depth, in wgrad).
struct Pixel {
    int image, u, v;

    __device__ static Pixel of(int number, const int (&grid)[2]) {
        const int line = number / grid[1];
        return {line / grid[0], line % grid[0], number % grid[1]};
    }
    __device__ void move(int by, const int (&grid)[2]) { advance(image, u, v, by, grid[0], grid[1]); }
};

// The picture that is gathered from: the pixel (u, v) of a grid meets, under the tap (i, j), the
// picture's pixel (u step + origin + direction i, ...), which is zero outside.
struct Window {
    const float* picture;
    int height, width, channels;
    int grid[2];
    int step[2], origin[2], direction;
    int taps[2];

    __device__ int depth() const { return taps[0] * taps[1] * channels; }
};

// Where in the picture a pixel of the grid is under tap (0, 0).
struct Anchor {
    const float* image;
    int row, column;

    __device__ static Anchor of(const Pixel& pixel, const Window& window) {
        return {window.picture + u64(pixel.image) * window.height * window.width * window.channels,
                pixel.u * window.step[0] + window.origin[0], pixel.v * window.step[1] + window.origin[1]};
    }
    // Whose pixels are all outside.
    __device__ static Anchor nowhere(const Window& window) { return {window.picture, -(1 << 30), 0}; }

    // The number under a tap, or null outside.
    __device__ const float* under(const Tap& tap, const Window& window) const {
        const int h = row + window.direction * tap.row, w = column + window.direction * tap.column;
        if (h < 0 || h >= window.height || w < 0 || w >= window.width) return nullptr;
        return image + (u64(h) * window.width + w) * window.channels + tap.channel;
    }
};

// A number, or 0 at null.
__device__ inline float value_at(const float* from) { return from == nullptr ? 0.0f : *from; }
// Null unless `valid`.
__device__ inline const float* only_if(bool valid, const float* from) { return valid ? from : nullptr; }

// The quad whose numbers are at address(i, 0) to address(i, 3).
template <typename Source>
__device__ inline float4 quad_at(int i, const Source& address) {
    return {value_at(address(i, 0)), value_at(address(i, 1)), value_at(address(i, 2)), value_at(address(i, 3))};
}

// What follows are the sources of tiles; `fill` brings the next tile along the depth to the float
// number `tile` of shared memory, every thread its share, which `copies` then finishes.

// Rows of a depth-inner tile: thread t has quad t%4 of the rows t/4, t/4 + THREADS/4, ...
template <int ROWS, int THREADS, typename Source>
__device__ inline void fill_inner(Copies<ROWS * QUADS / THREADS>& copies, int tile, const float* any, bool aligned,
                                  const Source& address) {
    const int quad = threadIdx.x % QUADS;
#pragma unroll
    for (int i = 0; i < ROWS * QUADS / THREADS; ++i) {
        const int place = tile + DepthInner<ROWS>::place(threadIdx.x / QUADS + i * (THREADS / QUADS), quad);
        if (aligned) {
            copies.start(i, place, address(i, 0), any);
        } else {
            copies.put(i, place, quad_at(i, address));
        }
    }
}

// Rows of a depth-outer tile: thread t has four rows from 4(t % (ROWS/4)) on, of the depths
// t / (ROWS/4), and on in steps of THREADS / (ROWS/4).
template <int ROWS, int THREADS>
struct OuterShare {
    static constexpr int STEP = THREADS / (ROWS / 4);
    static constexpr int COUNT = TILE_DEPTH / STEP;

    __device__ static int row() { return 4 * (threadIdx.x % (ROWS / 4)); }
    __device__ static int depth(int i) { return threadIdx.x / (ROWS / 4) + i * STEP; }

    template <typename Source>
    __device__ static void fill(Copies<COUNT>& copies, int tile, const float* any, bool aligned,
                                const Source& address) {
#pragma unroll
        for (int i = 0; i < COUNT; ++i) {
            const int place = tile + DepthOuter<ROWS>::place(row(), depth(i));
            if (aligned) {
                copies.start(i, place, address(i, 0), any);
            } else {
                copies.put(i, place, quad_at(i, address));
            }
        }
    }
};

// Pixels of the grid by (tap, channel): the first factor of forward and dgrad.
template <int ROWS, int THREADS>
struct GatheredRows {
    using Tile = DepthInner<ROWS>;

    static constexpr int COUNT = ROWS * QUADS / THREADS;

    Window window;
    Anchor anchors[COUNT];
    Tap tap;
    const float* pixels[COUNT];  // under `tap`, channel 0; null outside
    bool aligned;
    Copies<COUNT> copies;

    __device__ GatheredRows(const Window& window, int first, int end) : window(window), tap{0, 0, 0} {
        for (int i = 0; i < COUNT; ++i) {
            const int row = first + threadIdx.x / QUADS + i * (THREADS / QUADS);
            anchors[i] = row < end ? Anchor::of(Pixel::of(row, window.grid), window) : Anchor::nowhere(window);
        }
        tap.move(4 * (threadIdx.x % QUADS), window.taps[1], window.channels);
        locate();
        aligned = window.channels % 4 == 0 && is_quad_aligned(window.picture);
    }

    __device__ void locate() {
        for (int i = 0; i < COUNT; ++i) {
            pixels[i] = only_if(tap.row < window.taps[0], anchors[i].under({tap.row, tap.column, 0}, window));
        }
    }

    __device__ void fill(int tile) {
        fill_inner<ROWS, THREADS>(copies, tile, window.picture, aligned, [&](int i, int e) {
            if (e == 0) return pixels[i] == nullptr ? nullptr : pixels[i] + tap.channel;
            Tap at = tap;
            at.move(e, window.taps[1], window.channels);
            return only_if(at.row < window.taps[0], anchors[i].under(at, window));
        });
        const Tap before = tap;
        tap.move(TILE_DEPTH, window.taps[1], window.channels);
        if (tap.row != before.row || tap.column != before.column) locate();
    }
};

// Rows of a matrix [rows, depth]: the weights of forward.
template <int ROWS, int THREADS>
struct MatrixRows {
    using Tile = DepthInner<ROWS>;

    const float* matrix;
    int first, end, depth, at;
    bool aligned;
    Copies<ROWS * QUADS / THREADS> copies;

    __device__ MatrixRows(const float* matrix, int first, int end, int depth)
        : matrix(matrix), first(first), end(end), depth(depth), at(4 * (threadIdx.x % QUADS)) {
        aligned = depth % 4 == 0 && is_quad_aligned(matrix);
    }

    __device__ void fill(int tile) {
        fill_inner<ROWS, THREADS>(copies, tile, matrix, aligned, [&](int i, int e) {
            const int row = first + threadIdx.x / QUADS + i * (THREADS / QUADS);
            return only_if(row < end && at + e < depth, matrix + u64(row) * depth + at + e);
        });
        at += TILE_DEPTH;
    }
};

// Columns of a matrix [depth, columns], depths `begin` to `end`: dy of wgrad.
template <int ROWS, int THREADS>
struct MatrixColumns {
    using Tile = DepthOuter<ROWS>;
    using Share = OuterShare<ROWS, THREADS>;

    const float* matrix;
    int column, columns, at, end;
    bool aligned;
    Copies<Share::COUNT> copies;

    __device__ MatrixColumns(const float* matrix, int first, int columns, int begin, int end)
        : matrix(matrix), column(first + Share::row()), columns(columns), at(begin), end(end) {
        aligned = columns % 4 == 0 && is_quad_aligned(matrix);
    }

    __device__ void fill(int tile) {
        Share::fill(copies, tile, matrix, aligned, [&](int i, int e) {
            const int depth = at + Share::depth(i);
            return only_if(column + e < columns && depth < end, matrix + u64(depth) * columns + column + e);
        });
        at += TILE_DEPTH;
    }
};

// (Tap, channel) by pixels of the grid, pixels `begin` to `end`: x of wgrad.
template <int ROWS, int THREADS>
struct GatheredColumns {
    using Tile = DepthOuter<ROWS>;
    using Share = OuterShare<ROWS, THREADS>;

    Window window;
    Tap tap;
    Pixel pixels[Share::COUNT];
    int at, end;
    bool aligned;
    Copies<Share::COUNT> copies;

    __device__ GatheredColumns(const Window& window, int first, int begin, int end)
        : window(window), at(begin), end(end) {
        const int column = first + Share::row(), place = column / window.channels;
        tap = {place / window.taps[1], place % window.taps[1], column % window.channels};
        for (int i = 0; i < Share::COUNT; ++i) pixels[i] = Pixel::of(begin + Share::depth(i), window.grid);
        aligned = window.channels % 4 == 0 && is_quad_aligned(window.picture);
    }

    __device__ void fill(int tile) {
        Anchor anchors[Share::COUNT];
        for (int i = 0; i < Share::COUNT; ++i) {
            anchors[i] = at + Share::depth(i) < end ? Anchor::of(pixels[i], window) : Anchor::nowhere(window);
            pixels[i].move(TILE_DEPTH, window.grid);
        }
        Share::fill(copies, tile, window.picture, aligned, [&](int i, int e) {
            Tap place = tap;
            place.move(e, window.taps[1], window.channels);
            return only_if(place.row < window.taps[0], anchors[i].under(place, window));
        });
        at += TILE_DEPTH;
    }
};

// Input channels by (tap, output channel), every stride-th tap from `first_tap` on: the weights of dgrad.
template <int ROWS, int THREADS>
struct PhaseWeights {
    using Tile = DepthOuter<ROWS>;
    using Share = OuterShare<ROWS, THREADS>;

    const Conv2dGemmArgs& a;
    int first_tap[2], taps[2];
    int channel;
    Tap tap[Share::COUNT];
    bool aligned;
    Copies<Share::COUNT> copies;

    __device__ PhaseWeights(const Conv2dGemmArgs& a, const int (&first_tap)[2], const int (&taps)[2], int first)
        : a(a),
          first_tap{first_tap[0], first_tap[1]},
          taps{taps[0], taps[1]},
          channel(first + Share::row()) {
        for (int i = 0; i < Share::COUNT; ++i) {
            tap[i] = {0, 0, 0};
            tap[i].move(Share::depth(i), taps[1], a.k);
        }
        aligned = a.c % 4 == 0 && is_quad_aligned(a.w);
    }

    __device__ void fill(int tile) {
        Share::fill(copies, tile, a.w, aligned, [&](int i, int e) {
            const int r = first_tap[0] + tap[i].row * a.stride[0], s = first_tap[1] + tap[i].column * a.stride[1];
            return only_if(channel + e < a.c && tap[i].row < taps[0],
                           a.w + ((u64(tap[i].channel) * a.r + r) * a.s + s) * a.c + channel + e);
        });
        for (int i = 0; i < Share::COUNT; ++i) tap[i].move(TILE_DEPTH, taps[1], a.k);
    }
};
