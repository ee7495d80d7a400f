//! The kernels of `kernels/resize.cu`: bicubic resize and its adjoint in f32.

use crate::device::signature::kernel_args;
use crate::device::{DeviceAddress, Kernel, Signature};

kernel_args! {
    /// A resize of N pictures of C channels from H×W to P×Q pixels, lengths ≥ 1 and at most 16,384
    /// along a picture's side. `x` and `y` are addresses of the operand or its gradient, in f32.
    pub struct ResizeArgs {
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
    }
}

/// Reads `x`; writes `y`. For the elements of `y`.
pub const BICUBIC: Kernel<ResizeArgs> = Kernel::new("resize.cu", "resize_bicubic");
/// Reads `y`; writes `x`. For the elements of `x`.
pub const BICUBIC_ADJOINT: Kernel<ResizeArgs> = Kernel::new("resize.cu", "resize_bicubic_adjoint");

pub(super) const SIGNATURES: &[Signature] = &[BICUBIC.signature(), BICUBIC_ADJOINT.signature()];
