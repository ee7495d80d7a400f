//! The kernels of `kernels/softmax.cu`: softmax and log-softmax along the last axis in f32.

use crate::device::signature::kernel_args;
use crate::device::{DeviceAddress, Kernel, Signature};

kernel_args! {
    /// A softmax; addresses are of f32 `[rows, columns]`, and those that a kernel does not name may be
    /// null.
    pub struct SoftmaxArgs {
        /// Input.
        pub x: DeviceAddress,
        /// Output.
        pub y: DeviceAddress,
        /// Gradient of the output.
        pub dy: DeviceAddress,
        /// Gradient of the input.
        pub dx: DeviceAddress,
        /// Rows.
        pub rows: u64,
        /// Columns, ≥ 1.
        pub columns: u64,
    }
}

const fn kernel(entry: &'static str) -> Kernel<SoftmaxArgs> {
    Kernel::new("softmax.cu", entry)
}

/// Reads `x`; writes `y`. For the rows.
pub const SOFTMAX: Kernel<SoftmaxArgs> = kernel("softmax_forward");
/// Reads `y`, `dy`; writes `dx`. For the rows.
pub const SOFTMAX_BACKWARD: Kernel<SoftmaxArgs> = kernel("softmax_backward");
/// Reads `x`; writes `y`. For the rows.
pub const LOG_SOFTMAX: Kernel<SoftmaxArgs> = kernel("log_softmax_forward");
/// Reads `y`, `dy`; writes `dx`. For the rows.
pub const LOG_SOFTMAX_BACKWARD: Kernel<SoftmaxArgs> = kernel("log_softmax_backward");

pub(super) const SIGNATURES: &[Signature] = &[
    SOFTMAX.signature(),
    SOFTMAX_BACKWARD.signature(),
    LOG_SOFTMAX.signature(),
    LOG_SOFTMAX_BACKWARD.signature(),
];
