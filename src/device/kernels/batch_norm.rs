//! The kernels of `kernels/batch_norm.cu`: batch normalisation over the rows of a matrix in f32.

use crate::device::signature::kernel_args;
use crate::device::{DeviceAddress, Kernel, Signature};

kernel_args! {
    /// A batch normalisation; addresses are of f32, and those that a kernel does not name may be null.
    pub struct BatchNormArgs {
        /// Input, `[rows, channels]`.
        pub x: DeviceAddress,
        /// Output, `[rows, channels]`.
        pub y: DeviceAddress,
        /// Factor, `[channels]`.
        pub weight: DeviceAddress,
        /// Summand, `[channels]`.
        pub bias: DeviceAddress,
        /// Mean, `[channels]`: the batch's or the running one.
        pub mean: DeviceAddress,
        /// Variance, `[channels]`: the batch's (biased) or the running one.
        pub variance: DeviceAddress,
        /// The batch's unbiased variance, `[channels]`.
        pub unbiased_variance: DeviceAddress,
        /// Gradient of the output, `[rows, channels]`.
        pub dy: DeviceAddress,
        /// Gradient of the input, `[rows, channels]`.
        pub dx: DeviceAddress,
        /// Gradient of `weight`, `[channels]`.
        pub dweight: DeviceAddress,
        /// Gradient of `bias`, `[channels]`.
        pub dbias: DeviceAddress,
        /// Sums over parts of the rows, `[part_count, channels]`: of the input, or of the output's gradient.
        pub first_parts: DeviceAddress,
        /// The same: of squared deviations from the mean, or of deviations times the output's gradient.
        pub second_parts: DeviceAddress,
        /// Rows, N or N·H·W; for statistics ≥ 2.
        pub rows: u64,
        /// Rows of a part, ≥ 1.
        pub part_rows: u64,
        /// Number of parts.
        pub part_count: i32,
        /// Channels, ≥ 1.
        pub channels: i32,
        /// Added to the variance.
        pub epsilon: f32,
        /// Nothing; keeps the size a multiple of 8.
        pub unused: i32,
    }
}

kernel_args! {
    /// A step of running statistics; addresses are of f32 `[channels]`.
    pub struct RunningAverageArgs {
        /// The statistics so far.
        pub running: DeviceAddress,
        /// The batch's.
        pub batch: DeviceAddress,
        /// The statistics afterwards.
        pub moved: DeviceAddress,
        /// Channels.
        pub channels: u64,
        /// Share of the batch, from 0 to 1.
        pub momentum: f32,
        /// Nothing; keeps the size a multiple of 8.
        pub unused: i32,
    }
}

const fn kernel(entry: &'static str) -> Kernel<BatchNormArgs> {
    Kernel::new("batch_norm.cu", entry)
}

/// Reads `x`; writes `first_parts`. For the channels, in parts.
pub const SUMS: Kernel<BatchNormArgs> = kernel("batch_norm_sums");
/// Reads `x`, `first_parts`; writes `second_parts`. For the channels, in parts.
pub const SQUARES: Kernel<BatchNormArgs> = kernel("batch_norm_squares");
/// Reads both parts; writes `mean`, `variance`, `unbiased_variance`. For the channels.
pub const STATISTICS: Kernel<BatchNormArgs> = kernel("batch_norm_statistics");
/// Reads `x`, `mean`, `variance`, `weight`, `bias`; writes `y`. For the elements of `y`.
pub const FORWARD: Kernel<BatchNormArgs> = kernel("batch_norm_forward");
/// Reads `x`, `dy`, `mean`; writes both parts. For the channels, in parts.
pub const GRADIENT_SUMS: Kernel<BatchNormArgs> = kernel("batch_norm_gradient_sums");
/// Reads both parts, `variance`; writes `dweight`, `dbias`. For the channels.
pub const PARAMETER_GRADIENTS: Kernel<BatchNormArgs> = kernel("batch_norm_parameter_gradients");
/// With running statistics: reads `dy`, `variance`, `weight`; writes `dx`. For the elements of `dx`.
pub const EVAL_INPUT_GRADIENT: Kernel<BatchNormArgs> = kernel("batch_norm_eval_input_gradient");
/// With the batch's statistics, after [`PARAMETER_GRADIENTS`]: reads `x`, `dy`, `mean`, `variance`,
/// `weight`, `dweight`, `dbias`; writes `dx`. For the elements of `dx`.
pub const TRAIN_INPUT_GRADIENT: Kernel<BatchNormArgs> = kernel("batch_norm_train_input_gradient");
/// Reads `running`, `batch`; writes `moved`. For the channels, as elements.
pub const RUNNING_AVERAGE: Kernel<RunningAverageArgs> =
    Kernel::new("batch_norm.cu", "batch_norm_running_average");

pub(super) const SIGNATURES: &[Signature] = &[
    SUMS.signature(),
    SQUARES.signature(),
    STATISTICS.signature(),
    FORWARD.signature(),
    GRADIENT_SUMS.signature(),
    PARAMETER_GRADIENTS.signature(),
    EVAL_INPUT_GRADIENT.signature(),
    TRAIN_INPUT_GRADIENT.signature(),
    RUNNING_AVERAGE.signature(),
];
