//! The kernels of `kernels/dlr.cu`: the difference-of-logits-ratio losses in f32.

use crate::device::signature::kernel_args;
use crate::device::{DeviceAddress, Kernel, Signature};

kernel_args! {
    /// A ratio loss of every row; addresses are of f32 unless they say otherwise, and those that a
    /// kernel does not name may be null.
    pub struct DlrArgs {
        /// Logits, `[rows, classes]`.
        pub z: DeviceAddress,
        /// A class for every row, u32 `[rows]`.
        pub labels: DeviceAddress,
        /// Another class for every row, u32 `[rows]`; null for the untargeted loss.
        pub targets: DeviceAddress,
        /// The classes with the highest logits, u32 `[rows, 4]`.
        pub leading: DeviceAddress,
        /// Losses, `[rows]`.
        pub loss: DeviceAddress,
        /// Gradient of the losses, `[rows]`.
        pub dloss: DeviceAddress,
        /// Gradient of the logits, `[rows, classes]`.
        pub dz: DeviceAddress,
        /// Rows.
        pub rows: u64,
        /// Classes, ≥ 3, with targets ≥ 4.
        pub classes: i32,
        /// Nothing; keeps the size a multiple of 8.
        pub unused: i32,
    }
}

/// How many of the highest logits' classes are kept for a row.
pub const LEADING: usize = 4;

/// Reads `z`, `labels`, `targets`; writes `leading`, `loss`. For the rows, as elements.
pub const FORWARD: Kernel<DlrArgs> = Kernel::new("dlr.cu", "dlr_forward");
/// Reads `z`, `labels`, `targets`, `leading`, `dloss`; writes `dz`. For the elements of `dz`.
pub const BACKWARD: Kernel<DlrArgs> = Kernel::new("dlr.cu", "dlr_backward");

pub(super) const SIGNATURES: &[Signature] = &[FORWARD.signature(), BACKWARD.signature()];
