//! The kernels of `kernels/avg_pool2d.cu`: average pooling in f32.

use crate::device::signature::kernel_args;
use crate::device::{DeviceAddress, Kernel, Signature};

kernel_args! {
    /// An average pool: N pictures of C channels from H×W to P×Q pixels. `x` and `y` are addresses of
    /// the operand or its gradient, in f32.
    pub struct AvgPool2dArgs {
        /// Input, `[N,H,W,C]`.
        pub x: DeviceAddress,
        /// Output, `[N,P,Q,C]`.
        pub y: DeviceAddress,
        /// Pictures.
        pub n: i32,
        /// Rows of the input.
        pub h: i32,
        /// Columns of the input.
        pub w: i32,
        /// Channels.
        pub c: i32,
        /// Rows of the output.
        pub p: i32,
        /// Columns of the output.
        pub q: i32,
        /// Size of the window: rows, columns; ≥ 1.
        pub window: [i32; 2],
        /// Step between windows: rows, columns; ≥ 1.
        pub stride: [i32; 2],
        /// 1/(pixels of a window).
        pub share: f32,
        /// Nothing; keeps the size a multiple of 8.
        pub unused: i32,
    }
}

/// Reads `x`; writes `y`. For the elements of `y`.
pub const FORWARD: Kernel<AvgPool2dArgs> = Kernel::new("avg_pool2d.cu", "avg_pool2d_forward");
/// Reads `y`; writes `x`. For the elements of `x`.
pub const BACKWARD: Kernel<AvgPool2dArgs> = Kernel::new("avg_pool2d.cu", "avg_pool2d_backward");

pub(super) const SIGNATURES: &[Signature] = &[FORWARD.signature(), BACKWARD.signature()];
