//! The moves on the host.

use super::Iterates;
use crate::Result;
use crate::attacks::LinfBall;
use crate::attacks::rows::row_len;
use crate::tensor::{Element, Tensor};

const OP: &str = "ascend";

/// As [`super::ascend`].
pub(super) fn ascend<T: Element>(
    ball: &LinfBall<T>,
    x: &mut Tensor<T>,
    gradient: &Tensor<T>,
    clean: &Tensor<T>,
    steps: &[T],
) -> Result<()> {
    let image = row_len(x);
    let gradients = gradient.host(OP)?.chunks_exact(image);
    let cleans = clean.host(OP)?.chunks_exact(image);
    let images = x.make_mut(OP)?.chunks_exact_mut(image);
    for ((x, gradient), (clean, &step)) in images.zip(gradients).zip(cleans.zip(steps)) {
        for ((x, &gradient), &clean) in x.iter_mut().zip(gradient).zip(clean) {
            *x = ball.ascend(*x, gradient, step, clean);
        }
    }
    Ok(())
}

/// As [`super::ascend_with_momentum`].
pub(super) fn ascend_with_momentum<T: Element>(
    ball: &LinfBall<T>,
    iterates: Iterates<'_, T>,
    gradient: &Tensor<T>,
    clean: &Tensor<T>,
    steps: &[T],
    share: T,
) -> Result<()> {
    let image = row_len(iterates.x);
    let images = iterates.x.make_mut(OP)?.chunks_exact_mut(image);
    let previous = iterates.previous.make_mut(OP)?.chunks_exact_mut(image);
    let gradients = gradient.host(OP)?.chunks_exact(image);
    let cleans = clean.host(OP)?.chunks_exact(image);
    let rows = images.zip(previous).zip(gradients.zip(cleans)).zip(steps);
    for (((x, previous), (gradient, clean)), &step) in rows {
        let pixels = x.iter_mut().zip(previous).zip(gradient.iter().zip(clean));
        for ((x, previous), (&gradient, &clean)) in pixels {
            let target = ball.ascend(*x, gradient, step, clean);
            let momentum = *x - *previous;
            *previous = *x;
            *x = ball.project(*x + (target - *x) * share + momentum * (T::one() - share), clean);
        }
    }
    Ok(())
}
