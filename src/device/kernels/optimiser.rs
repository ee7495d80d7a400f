//! The kernels of `kernels/optimiser.cu`: one step on one parameter, in f32. Both are launched for its
//! elements.

use crate::device::signature::kernel_args;
use crate::device::{DeviceAddress, Kernel, Signature};

kernel_args! {
    /// A step of SGD; tensors are contiguous and of the same shape.
    pub struct SgdArgs {
        /// Changed in place.
        pub parameter: DeviceAddress,
        /// Its gradient.
        pub gradient: DeviceAddress,
        /// Changed in place; may be null where the momentum is 0.
        pub velocity: DeviceAddress,
        /// Elements of each.
        pub elements: u64,
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
    /// A step of Adam or AdamW; tensors are contiguous and of the same shape.
    pub struct AdamArgs {
        /// Changed in place.
        pub parameter: DeviceAddress,
        /// Its gradient.
        pub gradient: DeviceAddress,
        /// First moment, changed in place.
        pub first: DeviceAddress,
        /// Second moment, changed in place.
        pub second: DeviceAddress,
        /// Elements of each.
        pub elements: u64,
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
