//! The kernels of `kernels/conv2d_gemm.cu`: convolution as an implicit matrix product in f32; and
//! what they share with [`conv2d_tensor`](super::conv2d_tensor).

use crate::device::signature::kernel_args;
use crate::device::{DeviceAddress, Kernel, Signature};

kernel_args! {
    /// A convolution: input N×H×W×C, weights K×R×S×C, output N×P×Q×K, lengths ≥ 1, fewer than 2³⁰
    /// pixels of input and of output. Addresses are of the operands or their gradients, in f32; each
    /// kernel says which it reads and writes.
    pub struct Conv2dGemmArgs {
        /// Input, `[N,H,W,C]`.
        pub x: DeviceAddress,
        /// Weights, `[K,R,S,C]`.
        pub w: DeviceAddress,
        /// Bias, `[K]`; may be null.
        pub bias: DeviceAddress,
        /// What is added to the output, `[N,P,Q,K]`, or to the gradient of the input, `[N,H,W,C]`; may be
        /// null.
        pub residual: DeviceAddress,
        /// Output, `[N,P,Q,K]`.
        pub y: DeviceAddress,
        /// Mask of the output, which forward with ReLU writes, or of the input, which dgrad reads, as
        /// [`BitMask`](crate::tensor::BitMask) has it; may be null.
        pub mask: DeviceAddress,
        /// Parts of the weights' gradient, `[part_count,K,R,S,C]`.
        pub parts: DeviceAddress,
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
        /// Not 0: negative outputs become 0.
        pub relu: i32,
        /// Output pixels of a part.
        pub part_pixels: i32,
        /// Parts.
        pub part_count: i32,
    }
}

/// Rows of the tile of results that a block computes.
pub const TILE_M: usize = 128;
/// Columns of that tile.
pub const TILE_N: usize = 64;
/// Threads of a block of the f32 kernels.
pub const THREADS: u32 = 256;
/// Dynamic shared memory of a stage of a forward kernel, in bytes.
pub const FORWARD_STAGE: u32 = stage_bytes(TILE_M, TILE_N);
/// Dynamic shared memory of a stage of a dgrad kernel, in bytes.
pub const DGRAD_STAGE: u32 = stage_bytes(TILE_M, TILE_N + PADDING);
/// Dynamic shared memory of a stage of a wgrad kernel, in bytes.
pub const WGRAD_STAGE: u32 = stage_bytes(TILE_M + PADDING, TILE_N + PADDING);

/// Floats by which the lines of a tile with the depth outside are longer.
const PADDING: usize = 8;

/// Stages of the ring of tiles on devices of this compute capability, as conv2d_copies.cuh has them: those from 8.0 on
/// copy without the threads' help, and further ahead.
pub const fn stages((major, _): (u32, u32)) -> u32 {
    if major >= 8 { 3 } else { 2 }
}

/// Bytes of a stage: 16 deep, of this many floats a depth.
const fn stage_bytes(left: usize, right: usize) -> u32 {
    const DEPTH: usize = 16;
    (DEPTH * (left + right) * size_of::<f32>()) as u32
}

const SOURCE: &str = "conv2d_gemm.cu";

/// Reads `x`, `w` and, unless null, `bias` and `residual`; writes `y` and, unless null, `mask`. For tiles of
/// output pixels × K.
pub const FORWARD: Kernel<Conv2dGemmArgs> = Kernel::new(SOURCE, "conv2d_forward_f32");
/// Reads `y`, `w` and, unless null, `residual` and `mask`; writes `x`. For tiles of the largest phase's input pixels × C × phases.
pub const DGRAD: Kernel<Conv2dGemmArgs> = Kernel::new(SOURCE, "conv2d_dgrad_f32");
/// Reads `x`, `y`; writes `parts`. For tiles of K × R·S·C × parts.
pub const WGRAD: Kernel<Conv2dGemmArgs> = Kernel::new(SOURCE, "conv2d_wgrad_f32");
/// Reads `parts`; writes `w`, their sum. For the elements of `w`.
pub const WGRAD_SUM: Kernel<Conv2dGemmArgs> = Kernel::new(SOURCE, "conv2d_wgrad_sum");

pub(super) const SIGNATURES: &[Signature] = &[
    FORWARD.signature(),
    DGRAD.signature(),
    WGRAD.signature(),
    WGRAD_SUM.signature(),
];
