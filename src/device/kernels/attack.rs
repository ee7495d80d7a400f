//! The kernels of `kernels/attack.cu`: searches in the L∞ ball, in f32.

use crate::device::signature::kernel_args;
use crate::device::{DeviceAddress, Kernel, Signature};

kernel_args! {
    /// A move of the iterates `[n, pixels]`.
    pub struct MoveArgs {
        /// The iterates; changed in place.
        pub x: DeviceAddress,
        /// The iterates before; changed in place. May be null for [`ASCEND`].
        pub previous: DeviceAddress,
        /// Gradient at `x`.
        pub gradient: DeviceAddress,
        /// The clean images.
        pub clean: DeviceAddress,
        /// Step sizes, `[n]`.
        pub steps: DeviceAddress,
        /// Elements of an image.
        pub pixels: u64,
        /// Elements of `x`.
        pub elements: u64,
        /// Radius of the ball.
        pub eps: f32,
        /// Share of the step against the momentum.
        pub share: f32,
    }
}

kernel_args! {
    /// Some rows of gradients, of which every image has `draws`.
    pub struct DrawsArgs {
        /// Rows `first..first + rows` of all, `[rows, pixels]`.
        pub gradients: DeviceAddress,
        /// Their sums so far, `[n, pixels]`.
        pub sums: DeviceAddress,
        /// Elements of an image.
        pub pixels: u64,
        /// Rows of an image.
        pub draws: u64,
        /// Number of the first row.
        pub first: u64,
        /// Number of rows, at least 1.
        pub rows: u64,
    }
}

kernel_args! {
    /// Images `[n, pixels]`, perhaps against others.
    pub struct LargestArgs {
        /// The images.
        pub x: DeviceAddress,
        /// The others; may be null: zeros.
        pub y: DeviceAddress,
        /// Output, `[n]`.
        pub out: DeviceAddress,
        /// Number of images.
        pub images: u64,
        /// Elements of an image.
        pub pixels: u64,
    }
}

/// Reads all but `previous` and `share`; changes `x`. For its elements.
pub const ASCEND: Kernel<MoveArgs> = Kernel::new("attack.cu", "attack_ascend");
/// Reads all; changes `x` and `previous`. For the elements of `x`.
pub const MOMENTUM: Kernel<MoveArgs> = Kernel::new("attack.cu", "attack_momentum");
/// Reads `gradients`; adds to `sums`. For the elements of the images that have a row.
pub const ADD_DRAWS: Kernel<DrawsArgs> = Kernel::new("attack.cu", "attack_add_draws");
/// Reads `x` and `y`; writes the largest |x − y| of every image to `out`. For the images as rows.
pub const LARGEST: Kernel<LargestArgs> = Kernel::new("attack.cu", "attack_largest");

pub(super) const SIGNATURES: &[Signature] = &[
    ASCEND.signature(),
    MOMENTUM.signature(),
    ADD_DRAWS.signature(),
    LARGEST.signature(),
];
