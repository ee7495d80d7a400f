//! Launches of the moves. What is changed in place gets memory of its own first.

use super::Iterates;
use crate::Result;
use crate::attacks::LinfBall;
use crate::attacks::rows::row_len;
use crate::device::kernels::attack::{ASCEND, MOMENTUM, MoveArgs};
use crate::device::{Accelerator, DeviceAddress, LaunchDims};
use crate::tensor::{DeviceArray, Element, Tensor};
use std::sync::Arc;

/// As [`super::ascend`].
pub(super) fn ascend<T: Element>(
    device: &Arc<dyn Accelerator>,
    ball: &LinfBall<T>,
    x: &mut Tensor<T>,
    gradient: &Tensor<T>,
    clean: &Tensor<T>,
    steps: &[T],
) -> Result<()> {
    x.make_own()?;
    let steps = DeviceArray::of(&**device, steps)?;
    let args = MoveArgs {
        steps: steps.address(),
        ..arguments(ball, x, gradient, clean)
    };
    ASCEND.launch(&**device, LaunchDims::for_elements(x.len()), &args)
}

/// As [`super::ascend_with_momentum`].
pub(super) fn ascend_with_momentum<T: Element>(
    device: &Arc<dyn Accelerator>,
    ball: &LinfBall<T>,
    iterates: Iterates<'_, T>,
    gradient: &Tensor<T>,
    clean: &Tensor<T>,
    steps: &[T],
    share: T,
) -> Result<()> {
    iterates.x.make_own()?;
    iterates.previous.make_own()?;
    let steps = DeviceArray::of(&**device, steps)?;
    let args = MoveArgs {
        previous: iterates.previous.address(),
        steps: steps.address(),
        share: share.as_f64() as f32,
        ..arguments(ball, iterates.x, gradient, clean)
    };
    MOMENTUM.launch(&**device, LaunchDims::for_elements(iterates.x.len()), &args)
}

/// What both moves take.
fn arguments<T: Element>(
    ball: &LinfBall<T>,
    x: &Tensor<T>,
    gradient: &Tensor<T>,
    clean: &Tensor<T>,
) -> MoveArgs {
    MoveArgs {
        x: x.address(),
        previous: DeviceAddress::NULL,
        gradient: gradient.address(),
        clean: clean.address(),
        steps: DeviceAddress::NULL,
        pixels: row_len(x) as u64,
        elements: x.len() as u64,
        eps: ball.eps().as_f64() as f32,
        share: 1.0,
    }
}
