//! The moves of searches from one iterate to the next, on the host or on a device with the same bits.

mod cpu;
mod cuda;
mod lp;

use super::{Ball, LinfBall, Norm};
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

/// Moves the iterates as APGD does for the ball's norm. L∞ and L2: to x + momentum·(ascended − x) + (1 − momentum)·(x −
/// previous), projected, where `ascended` is x moved by `steps[n]` along the gradient's sign (L∞) or direction (L2) and
/// projected; L1: `steps[n]` spread over the share `shares[n]` of the values. The old x becomes `previous`. L∞ is computed
/// where the images are, the others on the host.
///
/// # Errors
/// As [`ascend`].
pub(super) fn advance<T: Element>(
    ball: &Ball,
    iterates: Iterates<'_, T>,
    gradient: &Tensor<T>,
    clean: &Tensor<T>,
    (steps, shares): (&[T], &[f64]),
    momentum: f64,
) -> Result<()> {
    match ball.norm() {
        Norm::Linf => {
            let ball = LinfBall::new(ball.eps())?;
            ascend_with_momentum(&ball, iterates, gradient, clean, steps, T::of(momentum))
        }
        Norm::L2 => lp::ascend_l2(ball, iterates, gradient, clean, steps, momentum),
        Norm::L1 => lp::ascend_l1(ball, iterates, gradient, clean, steps, shares),
    }
}

/// Moves the iterates to x + share·(ascended − x) + (1 − share)·(x − previous), projected, where
/// `ascended` is what [`ascend`] makes of x; the old x becomes `previous`.
///
/// # Errors
/// As [`ascend`].
fn ascend_with_momentum<T: Element>(
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
