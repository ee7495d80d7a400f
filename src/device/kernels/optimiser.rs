//! The kernels of `kernels/optimiser.cu`: one step on many parameters, in f32. Both take a table with
//! one column for each parameter, and are launched with [`dims`].

use crate::device::signature::kernel_args;
use crate::device::{DeviceAddress, Kernel, LaunchDims, Signature};

/// Most parameters of one launch: the largest table that fits in the 4 KiB of a kernel's arguments.
pub const COLUMNS: usize = 96;

kernel_args! {
    /// A step of SGD; the tensors of a column are contiguous and of the same shape.
    pub struct SgdArgs {
        /// Changed in place.
        pub parameters: [DeviceAddress; COLUMNS],
        /// The gradient of each.
        pub gradients: [DeviceAddress; COLUMNS],
        /// Changed in place; may be null where the momentum is 0.
        pub velocities: [DeviceAddress; COLUMNS],
        /// Elements of each.
        pub elements: [u64; COLUMNS],
        /// Learning rate.
        pub rate: f32,
        /// Share of the velocity that stays.
        pub momentum: f32,
        /// L2 weight decay.
        pub decay: f32,
        /// Not 0: Nesterov's momentum.
        pub nesterov: i32,
    }
}

kernel_args! {
    /// A step of Adam or AdamW; the tensors of a column are contiguous and of the same shape.
    pub struct AdamArgs {
        /// Changed in place.
        pub parameters: [DeviceAddress; COLUMNS],
        /// The gradient of each.
        pub gradients: [DeviceAddress; COLUMNS],
        /// First moments, changed in place.
        pub firsts: [DeviceAddress; COLUMNS],
        /// Second moments, changed in place.
        pub seconds: [DeviceAddress; COLUMNS],
        /// Elements of each.
        pub elements: [u64; COLUMNS],
        /// Decay rates of the moments.
        pub betas: [f32; 2],
        /// √(1 − β₂ᵗ).
        pub root: f32,
        /// Added to the denominator.
        pub epsilon: f32,
        /// Learning rate / (1 − β₁ᵗ).
        pub step: f32,
        /// Factor of the parameter before the step.
        pub shrink: f32,
        /// L2 weight decay.
        pub decay: f32,
        /// Nothing; keeps the size a multiple of 8.
        pub unused: i32,
    }
}

/// Stochastic gradient descent.
pub const SGD: Kernel<SgdArgs> = Kernel::new("optimiser.cu", "optimiser_sgd");
/// Adam and AdamW.
pub const ADAM: Kernel<AdamArgs> = Kernel::new("optimiser.cu", "optimiser_adam");

pub(super) const SIGNATURES: &[Signature] = &[SGD.signature(), ADAM.signature()];

/// The launch for `columns` parameters (1 to [`COLUMNS`]), the largest of which has `largest` elements.
pub fn dims(columns: u32, largest: usize) -> LaunchDims {
    // Every parameter gets the blocks of the largest one: few enough that idle ones cost nothing, and
    // enough that a single large parameter occupies a device.
    const MOST_BLOCKS: u32 = 512;
    let LaunchDims { grid, block, .. } = LaunchDims::for_elements(largest);
    LaunchDims {
        grid: [grid[0].min(MOST_BLOCKS), columns, 1],
        block,
        shared_bytes: 0,
    }
}
