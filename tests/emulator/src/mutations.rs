//! Deliberate mistakes in the kernels, which the tests that compare kernels with the CPU must find.
//!
//! `build.rs` compiles one variant of a file for each.

/// A change of one place of one file of `kernels/`.
#[derive(Clone, Copy, Debug)]
pub struct Mutation {
    /// Name of the variant.
    pub name: &'static str,
    /// The file that is changed.
    pub file: &'static str,
    /// The `.cu` file that is compiled with it.
    pub source: &'static str,
    /// Text that stands once in the file.
    pub from: &'static str,
    /// What it becomes.
    pub to: &'static str,
}

/// All of them.
pub const MUTATIONS: &[Mutation] = &[
    Mutation {
        name: "flipped_tap",
        file: "conv2d.cu",
        source: "conv2d.cu",
        from: "const float* weights = a.w + ((u64(k) * a.r + r) * a.s + s) * a.c;",
        to: "const float* weights = a.w + ((u64(k) * a.r + r) * a.s + (a.s - 1 - s)) * a.c;",
    },
    Mutation {
        name: "wrong_stride",
        file: "conv2d.cu",
        source: "conv2d.cu",
        from: "output_of(w, s, a.stride[1], a.padding[1], a.q)",
        to: "output_of(w, s, a.stride[0], a.padding[1], a.q)",
    },
    Mutation {
        name: "pixel_beyond_row",
        file: "conv2d.cu",
        source: "conv2d.cu",
        from: "if (w < 0 || w >= a.w_in) continue;\n                    sum = fmaf(pixels",
        to: "if (w < 0 || w > a.w_in) continue;\n                    sum = fmaf(pixels",
    },
    Mutation {
        name: "skipped_rows",
        file: "conv2d.cu",
        source: "conv2d.cu",
        from: "row += blockDim.y) part.add(",
        to: "row += 2 * blockDim.y) part.add(",
    },
    Mutation {
        name: "channels_unchecked",
        file: "conv2d.cu",
        source: "conv2d.cu",
        from: "if (k < a.k && threadIdx.y == 0) a.bias[k] = sum;",
        to: "if (threadIdx.y == 0) a.bias[k] = sum;",
    },
    Mutation {
        name: "dropped_barrier",
        file: "common.cuh",
        source: "conv2d.cu",
        from: "threadIdx.x] = value;\n    __syncthreads();",
        to: "threadIdx.x] = value;",
    },
    Mutation {
        name: "dropped_barrier_before_reuse",
        file: "common.cuh",
        source: "batch_norm.cu",
        from: "__syncthreads();  // the last readers of `shared` are done",
        to: "",
    },
    Mutation {
        name: "forgotten_term",
        file: "batch_norm.cu",
        source: "batch_norm.cu",
        from: "a.dy[i] - a.dbias[c] * share - normal",
        to: "a.dy[i] - normal",
    },
    Mutation {
        name: "wrong_centre",
        file: "batch_norm.cu",
        source: "batch_norm.cu",
        from: "products.add(a.dy[i] * (a.x[i] - mean))",
        to: "products.add(a.dy[i] * (a.x[i] + mean))",
    },
    Mutation {
        name: "shifted_taps",
        file: "resize.cu",
        source: "resize.cu",
        from: "first = left - 1;",
        to: "first = left;",
    },
    Mutation {
        name: "too_few_outputs",
        file: "resize.cu",
        source: "resize.cu",
        from: "end = first_reaching(in + 2, outputs, inputs);",
        to: "end = first_reaching(in + 1, outputs, inputs);",
    },
    Mutation {
        name: "short_butterfly",
        file: "common.cuh",
        source: "softmax.cu",
        from: "mask > 0; mask /= 2) value += shuffle_xor(value, mask);",
        to: "mask > 1; mask /= 2) value += shuffle_xor(value, mask);",
    },
    Mutation {
        name: "row_too_many",
        file: "softmax.cu",
        source: "softmax.cu",
        from: "if (row >= a.rows) return;  // the whole warp",
        to: "if (row > a.rows) return;",
    },
];
