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
        file: "bicubic.cuh",
        source: "resize.cu",
        from: "first = left - 1;",
        to: "first = left;",
    },
    Mutation {
        name: "too_few_outputs",
        file: "bicubic.cuh",
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
    Mutation {
        name: "late_window",
        file: "windows.cuh",
        source: "max_pool2d.cu",
        from: "(place - window) / stride + 1",
        to: "(place - window) / stride + 2",
    },
    Mutation {
        name: "first_row_ignored",
        file: "max_pool2d.cu",
        source: "max_pool2d.cu",
        from: "const u32 position = u32((u64(h) * a.w + w) * a.c + c);",
        to: "const u32 position = u32(u64(w) * a.c + c);",
    },
    Mutation {
        name: "early_end_of_windows",
        file: "windows.cuh",
        source: "avg_pool2d.cu",
        from: "min(place / stride + 1, outputs)",
        to: "min(place / stride, outputs)",
    },
    Mutation {
        name: "strides_exchanged",
        file: "avg_pool2d.cu",
        source: "avg_pool2d.cu",
        from: "q * a.stride[1]) * a.c + c;",
        to: "q * a.stride[0]) * a.c + c;",
    },
    Mutation {
        name: "dropped_barrier_after_staging",
        file: "gemm.cu",
        source: "gemm.cu",
        from: "depth, end);\n        __syncthreads();",
        to: "depth, end);",
    },
    Mutation {
        name: "dropped_barrier_before_staging",
        file: "gemm.cu",
        source: "gemm.cu",
        from: "__syncthreads();  // the last terms have been read",
        to: "",
    },
    Mutation {
        name: "tail_of_sum_not_zeroed",
        file: "gemm.cu",
        source: "gemm.cu",
        from: "&& depth + d < depth_end;",
        to: "&& depth + d <= depth_end;",
    },
    Mutation {
        name: "last_part_forgotten",
        file: "gemm.cu",
        source: "gemm.cu",
        from: "part < a.count; ++part",
        to: "part < a.count - 1; ++part",
    },
    Mutation {
        name: "label_of_next_row",
        file: "cross_entropy.cu",
        source: "cross_entropy.cu",
        from: "i == a.labels[row] ?",
        to: "i == a.labels[row] + 1 ?",
    },
    Mutation {
        name: "targets_not_summed",
        file: "cross_entropy.cu",
        source: "cross_entropy.cu",
        from: "* total - targets[i]",
        to: "- targets[i]",
    },
    Mutation {
        name: "label_counts_as_other",
        file: "dlr.cu",
        source: "dlr.cu",
        from: "leading[0] == label ? leading[1] : leading[0]",
        to: "leading[0]",
    },
    Mutation {
        name: "half_forgotten",
        file: "dlr.cu",
        source: "dlr.cu",
        from: "sum += 0.5f * lower;",
        to: "sum += lower;",
    },
    Mutation {
        name: "upper_bound_too_high",
        file: "elementwise.cu",
        source: "elementwise.cu",
        from: "return x >= low && x <= high ? dy : 0.0f;",
        to: "return x >= low && x <= high + 1.0f ? dy : 0.0f;",
    },
    Mutation {
        name: "last_term_dropped",
        file: "reduce.cu",
        source: "reduce.cu",
        from: "term < a.terms; ++term",
        to: "term + 1 < a.terms; ++term",
    },
    Mutation {
        name: "mirrored_roll",
        file: "arrange.cu",
        source: "arrange.cu",
        from: "above < 0 ? above + a.h : above;",
        to: "above < 0 ? -above : above;",
    },
    Mutation {
        name: "doubled_shift",
        file: "view_stack.cu",
        source: "view_stack.cu",
        from: "(row + draw.down) % a.h, to_column",
        to: "(row + 2 * draw.down) % a.h, to_column",
    },
    Mutation {
        name: "second_moment_of_the_mean",
        file: "optimiser.cu",
        source: "optimiser.cu",
        from: "(1.0f - a.betas[1]) * gradient * gradient;",
        to: "(1.0f - a.betas[1]) * first * first;",
    },
];
