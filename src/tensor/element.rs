//! The element types of tensors.

use std::fmt::{Debug, Display};

/// A floating-point number that the CPU operations work on: `f32` for use, `f64` for finite
/// differences and for following attack trajectories exactly.
pub trait Element:
    num_traits::Float
    + num_traits::NumAssign
    + bytemuck::Pod
    + Default
    + Debug
    + Display
    + Send
    + Sync
    + std::iter::Sum
    + 'static
{
    /// The type's name in messages and files (`F32`, `F64`).
    const NAME: &'static str;

    /// The nearest value of this type.
    fn of(value: f64) -> Self;

    /// The value as `f64` (exact).
    fn as_f64(self) -> f64;

    /// An integer of at most 24 bits (exact).
    fn of_int24(value: i32) -> Self;
}

impl Element for f32 {
    const NAME: &'static str = "F32";
    #[inline(always)]
    fn of(value: f64) -> Self {
        value as f32
    }
    #[inline(always)]
    fn as_f64(self) -> f64 {
        f64::from(self)
    }
    #[inline(always)]
    fn of_int24(value: i32) -> Self {
        value as f32
    }
}

impl Element for f64 {
    const NAME: &'static str = "F64";
    #[inline(always)]
    fn of(value: f64) -> Self {
        value
    }
    #[inline(always)]
    fn as_f64(self) -> f64 {
        self
    }
    #[inline(always)]
    fn of_int24(value: i32) -> Self {
        f64::from(value)
    }
}
