//! The kernels of `kernels/reduce.cu`: sums along any axes and the largest values along one, in f32.

use crate::device::signature::kernel_args;
use crate::device::{DeviceAddress, Kernel, LaunchDims, Signature};
use crate::tensor::MAX_RANK;

kernel_args! {
    /// Sums: one walk says where the terms of each result begin, another where each term is from there.
    pub struct SumArgs {
        /// Input.
        pub x: DeviceAddress,
        /// Output, contiguous.
        pub out: DeviceAddress,
        /// Elements of the output.
        pub results: u64,
        /// Terms of each.
        pub terms: u64,
        /// Lengths of the axes that stay, outermost first.
        pub lengths: [u64; MAX_RANK],
        /// Elements of `x` between neighbours along each.
        pub steps: [u64; MAX_RANK],
        /// Lengths of the axes that are summed over, outermost first.
        pub term_lengths: [u64; MAX_RANK],
        /// Elements of `x` between neighbours along each.
        pub term_steps: [u64; MAX_RANK],
        /// Number of axes that stay, ≥ 1.
        pub axes: i32,
        /// Number of axes that are summed over, ≥ 1.
        pub term_axes: i32,
        /// Factor of every sum.
        pub scale: f32,
        /// Nothing; keeps the size a multiple of 8.
        pub unused: i32,
    }
}

kernel_args! {
    /// The k largest values along the middle axis; addresses that a kernel does not name may be null.
    pub struct TopKArgs {
        /// Input, `[outer, length, inner]`.
        pub x: DeviceAddress,
        /// Output, `[outer, k, inner]`.
        pub values: DeviceAddress,
        /// Where along the axis each value came from, `[outer, k, inner]` in u32.
        pub from: DeviceAddress,
        /// Gradient of `values`.
        pub dy: DeviceAddress,
        /// Gradient of `x`.
        pub dx: DeviceAddress,
        /// Elements before the axis.
        pub outer: u64,
        /// Length of the axis, ≥ `k`.
        pub length: u64,
        /// Elements behind the axis.
        pub inner: u64,
        /// Number of values, ≥ 1.
        pub k: u64,
    }
}

/// Reads `x`; writes `out`. For its elements.
pub const SUM: Kernel<SumArgs> = Kernel::new("reduce.cu", "reduce_sum");
/// Most terms that one block sums: those of a part of a long sum.
pub const PART: usize = 16_384;
/// Reads `x`; writes the sums of the parts, `[ceil(terms / PART), results]`. Launched with [`parts_dims`].
pub const SUM_PARTS: Kernel<SumArgs> = Kernel::new("reduce.cu", "reduce_sum_parts");
/// Reads `x`; writes `values` and `from`. For the elements outer · inner.
pub const TOP_K: Kernel<TopKArgs> = Kernel::new("reduce.cu", "reduce_top_k");
/// Reads `dy`, `from`; writes the elements of `dx` that were picked, and leaves the others. For the
/// elements of `dy`.
pub const TOP_K_GRADIENT: Kernel<TopKArgs> = Kernel::new("reduce.cu", "reduce_top_k_gradient");

pub(super) const SIGNATURES: &[Signature] = &[
    SUM.signature(),
    SUM_PARTS.signature(),
    TOP_K.signature(),
    TOP_K_GRADIENT.signature(),
];

/// The launch of [`SUM_PARTS`] for so many parts of so many results.
pub fn parts_dims(parts: usize, results: usize) -> LaunchDims {
    const THREADS: u32 = 256;
    const WARP: u32 = 32;
    let blocks = parts.saturating_mul(results).clamp(1, i32::MAX as usize);
    LaunchDims {
        grid: [blocks as u32, 1, 1],
        block: [THREADS, 1, 1],
        shared_bytes: THREADS / WARP * size_of::<f32>() as u32,
    }
}
