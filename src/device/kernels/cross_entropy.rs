//! The kernels of `kernels/cross_entropy.cu`: cross-entropy with hard labels or target probabilities
//! in f32.

use crate::device::signature::kernel_args;
use crate::device::{DeviceAddress, Kernel, Signature};

kernel_args! {
    /// A cross-entropy; addresses are of f32 unless they say otherwise, and those that a kernel does
    /// not name may be null.
    pub struct CrossEntropyArgs {
        /// Logits, `[rows, columns]`.
        pub z: DeviceAddress,
        /// A class below `columns` for every row, u32 `[rows]`.
        pub labels: DeviceAddress,
        /// Target probabilities, `[rows, columns]`.
        pub targets: DeviceAddress,
        /// Losses, `[rows]`.
        pub loss: DeviceAddress,
        /// Gradient of the losses, `[rows]`.
        pub dloss: DeviceAddress,
        /// Gradient of the logits, `[rows, columns]`.
        pub dz: DeviceAddress,
        /// Rows.
        pub rows: u64,
        /// Columns, ≥ 1.
        pub columns: u64,
    }
}

const fn kernel(entry: &'static str) -> Kernel<CrossEntropyArgs> {
    Kernel::new("cross_entropy.cu", entry)
}

/// Reads `z`, `labels`; writes `loss`. For the rows.
pub const FORWARD: Kernel<CrossEntropyArgs> = kernel("cross_entropy_forward");
/// Reads `z`, `labels`, `dloss`; writes `dz`. For the rows.
pub const BACKWARD: Kernel<CrossEntropyArgs> = kernel("cross_entropy_backward");
/// Reads `z`, `targets`; writes `loss`. For the rows.
pub const SOFT_FORWARD: Kernel<CrossEntropyArgs> = kernel("soft_cross_entropy_forward");
/// Reads `z`, `targets`, `dloss`; writes `dz`. For the rows.
pub const SOFT_BACKWARD: Kernel<CrossEntropyArgs> = kernel("soft_cross_entropy_backward");

pub(super) const SIGNATURES: &[Signature] = &[
    FORWARD.signature(),
    BACKWARD.signature(),
    SOFT_FORWARD.signature(),
    SOFT_BACKWARD.signature(),
];
