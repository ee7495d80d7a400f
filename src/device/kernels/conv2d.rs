//! The kernels of `kernels/conv2d.cu`: direct convolution in f32.

use crate::device::signature::kernel_args;
use crate::device::{DeviceAddress, Kernel, Signature};

kernel_args! {
    /// A convolution: input N×H×W×C, weights K×R×S×C, output N×P×Q×K, lengths ≥ 1. Each of `x`, `w`,
    /// `bias`, `y` is the address of the operand or of its gradient, in f32; each kernel says which
    /// it reads and writes.
    pub struct Conv2dArgs {
        /// Input, `[N,H,W,C]`.
        pub x: DeviceAddress,
        /// Weights, `[K,R,S,C]`.
        pub w: DeviceAddress,
        /// Bias, `[K]`; may be null.
        pub bias: DeviceAddress,
        /// Output, `[N,P,Q,K]`.
        pub y: DeviceAddress,
        /// Images.
        pub n: i32,
        /// Rows of the input.
        pub h: i32,
        /// Columns of the input.
        pub w_in: i32,
        /// Channels of the input.
        pub c: i32,
        /// Channels of the output.
        pub k: i32,
        /// Rows of the window.
        pub r: i32,
        /// Columns of the window.
        pub s: i32,
        /// Rows of the output.
        pub p: i32,
        /// Columns of the output.
        pub q: i32,
        /// Step between output pixels: rows, columns; ≥ 1.
        pub stride: [i32; 2],
        /// Zeros on both sides: rows, columns; ≥ 0.
        pub padding: [i32; 2],
        /// Nothing; keeps the size a multiple of 8.
        pub unused: i32,
    }
}

/// Reads `x`, `w` and, unless null, `bias`; writes `y`. For the elements of `y`.
pub const FORWARD: Kernel<Conv2dArgs> = Kernel::new("conv2d.cu", "conv2d_forward");
/// Reads `y`, `w`; writes `x`. For the elements of `x`.
pub const DGRAD: Kernel<Conv2dArgs> = Kernel::new("conv2d.cu", "conv2d_dgrad");
/// Reads `x`, `y`; writes `w`. For the elements of `w`.
pub const WGRAD: Kernel<Conv2dArgs> = Kernel::new("conv2d.cu", "conv2d_wgrad");

pub(super) const SIGNATURES: &[Signature] = &[FORWARD.signature(), DGRAD.signature(), WGRAD.signature()];
