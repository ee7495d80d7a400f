//! The kernels of `kernels/gemm.cu`: matrix products in f32.

use crate::device::signature::kernel_args;
use crate::device::{DeviceAddress, Kernel, LaunchDims, Signature};

kernel_args! {
    /// A product of an m×depth and a depth×n matrix, or all parts of it; addresses are of f32.
    pub struct GemmArgs {
        /// Left matrix.
        pub left: DeviceAddress,
        /// Right matrix.
        pub right: DeviceAddress,
        /// Added to every row, `[n]`; may be null.
        pub bias: DeviceAddress,
        /// Result, `[m,n]`, or one such matrix for every part.
        pub c: DeviceAddress,
        /// Elements from a row of the left matrix to the next.
        pub left_step: u64,
        /// Elements from a column of the left matrix to the next.
        pub left_depth_step: u64,
        /// Elements from a column of the right matrix to the next.
        pub right_step: u64,
        /// Elements from a row of the right matrix to the next.
        pub right_depth_step: u64,
        /// Rows of the result.
        pub m: i32,
        /// Columns of the result.
        pub n: i32,
        /// Terms of the sum.
        pub depth: i32,
        /// Terms of one part, ≥ 1.
        pub part: i32,
    }
}

kernel_args! {
    /// The sum of the parts of a product; addresses are of f32.
    pub struct GemmPartsArgs {
        /// The parts, `[count, elements]`.
        pub parts: DeviceAddress,
        /// Added to every row, `[n]`; may be null.
        pub bias: DeviceAddress,
        /// Result, `[elements]`.
        pub c: DeviceAddress,
        /// Elements of the result.
        pub elements: u64,
        /// Columns of the result.
        pub n: i32,
        /// Number of parts.
        pub count: i32,
    }
}

/// Reads `left`, `right` and, unless null, `bias`; writes `c`. Launched with [`product_dims`].
pub const GEMM: Kernel<GemmArgs> = Kernel::new("gemm.cu", "gemm");
/// Reads `parts` and, unless null, `bias`; writes `c`. For the elements of `c`.
pub const SUM_PARTS: Kernel<GemmPartsArgs> = Kernel::new("gemm.cu", "gemm_sum_parts");

pub(super) const SIGNATURES: &[Signature] = &[GEMM.signature(), SUM_PARTS.signature()];

/// Blocks of [`GEMM`] for `parts` parts of an m×n result; nothing if they are more than a launch takes.
pub fn product_dims(m: usize, n: usize, parts: usize) -> Option<LaunchDims> {
    // As in gemm.cu; the staged tiles of both operands are padded by four floats a term.
    const TILE: usize = 64;
    const DEPTH: usize = 16;
    const SHARED_BYTES: usize = 2 * DEPTH * (TILE + 4) * size_of::<f32>();
    let tiles = m.div_ceil(TILE).checked_mul(n.div_ceil(TILE))?;
    let blocks = i32::try_from(tiles.checked_mul(parts)?.max(1)).ok()?;
    Some(LaunchDims {
        grid: [blocks.unsigned_abs(), 1, 1],
        block: [256, 1, 1],
        shared_bytes: SHARED_BYTES as u32,
    })
}
