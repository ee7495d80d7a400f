//! The kernels of `kernels/max_pool2d.cu`: maximum pooling with saved positions in f32.

use crate::device::signature::kernel_args;
use crate::device::{DeviceAddress, Kernel, Signature};

kernel_args! {
    /// A maximum pool: N pictures of C channels from H×W to P×Q pixels. `x` and `y` are addresses of
    /// the operand or its gradient, in f32.
    pub struct MaxPool2dArgs {
        /// Input, `[N,H,W,C]`; an image has at most 2³² elements.
        pub x: DeviceAddress,
        /// Output, `[N,P,Q,C]`.
        pub y: DeviceAddress,
        /// For every output the number of its input within the image, in u32.
        pub positions: DeviceAddress,
        /// What is added to the gradient of the input, `[N,H,W,C]`; may be null.
        pub sum: DeviceAddress,
        /// Mask of the input, which its gradient goes through, as [`BitMask`](crate::tensor::BitMask) has it; may be
        /// null.
        pub mask: DeviceAddress,
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
        /// Side of the window.
        pub window: i32,
        /// Step between windows, ≥ 1.
        pub stride: i32,
        /// Pixels around the picture, fewer than `window`.
        pub padding: i32,
        /// Nothing; keeps the size a multiple of 8.
        pub unused: i32,
    }
}

/// Reads `x`; writes `y`, `positions`. For the elements of `y`.
pub const FORWARD: Kernel<MaxPool2dArgs> = Kernel::new("max_pool2d.cu", "max_pool2d_forward");
/// Reads `y`, `positions` and, unless null, `sum` and `mask`; writes `x`. For the elements of `x`.
pub const BACKWARD: Kernel<MaxPool2dArgs> = Kernel::new("max_pool2d.cu", "max_pool2d_backward");

pub(super) const SIGNATURES: &[Signature] = &[FORWARD.signature(), BACKWARD.signature()];
