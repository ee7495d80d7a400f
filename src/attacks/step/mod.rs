//! The moves of searches from one iterate to the next, on the host or on a device with the same bits.

mod cpu;
mod cuda;

use super::LinfBall;
use crate::Result;
use crate::tensor::place::{Place, place};
use crate::tensor::{Element, Tensor};
use std::sync::Arc;

/// Moves the iterates `x` [N, H, W, C] in place by `steps[n]` in the direction of the gradient's sign,
/// projected on `ball` around `clean`.
///
/// # Errors
/// [`crate::Error::Unsupported`] if the tensors are in different places; those of the device.
pub(crate) fn ascend<T: Element>(
    ball: &LinfBall<T>,
    x: &mut Tensor<T>,
    gradient: &Tensor<T>,
    clean: &Tensor<T>,
    steps: &[T],
) -> Result<()> {
    match place("ascend", &[gradient, clean, x])? {
        Place::Host => cpu::ascend(ball, x, gradient, clean, steps),
        Place::Device(device) => cuda::ascend(&Arc::clone(device), ball, x, gradient, clean, steps),
    }
}

/// Iterates of a search with momentum, [N, H, W, C] each.
pub(super) struct Iterates<'a, T: Element> {
    /// The current ones.
    pub x: &'a mut Tensor<T>,
    /// Those before.
    pub previous: &'a mut Tensor<T>,
}

/// Moves the iterates to x + share·(ascended − x) + (1 − share)·(x − previous), projected, where
/// `ascended` is what [`ascend`] makes of x; the old x becomes `previous`.
///
/// # Errors
/// As [`ascend`].
pub(super) fn ascend_with_momentum<T: Element>(
    ball: &LinfBall<T>,
    iterates: Iterates<'_, T>,
    gradient: &Tensor<T>,
    clean: &Tensor<T>,
    steps: &[T],
    share: T,
) -> Result<()> {
    match place("ascend", &[gradient, clean, iterates.x, iterates.previous])? {
        Place::Host => cpu::ascend_with_momentum(ball, iterates, gradient, clean, steps, share),
        Place::Device(device) => {
            let device = Arc::clone(device);
            cuda::ascend_with_momentum(&device, ball, iterates, gradient, clean, steps, share)
        }
    }
}
