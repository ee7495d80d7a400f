//! Functions of one variable.

use super::{map, update};
use crate::Result;
use crate::autograd::Var;
use crate::tensor::{Element, Tensor};

/// x limited to [low, high]; NaN stays NaN, which `max` and `min` would hide.
#[inline(always)]
pub(crate) fn clamped<T: Element>(x: T, low: T, high: T) -> T {
    if x < low {
        low
    } else if x > high {
        high
    } else {
        x
    }
}

impl<T: Element> Var<T> {
    /// max(x, 0); the gradient at exactly 0 is 0. NaN stays NaN.
    ///
    /// # Errors
    /// [`crate::Error::Unsupported`] off the CPU.
    pub fn relu(&self) -> Result<Var<T>> {
        let value = map(
            "relu",
            self.value(),
            |x| if x <= T::zero() { T::zero() } else { x },
        )?;
        let y = value.clone();
        Ok(Var::from_op("relu", &[self], value, || {
            move |dy: Tensor<T>, _| {
                let masked = |dy, y: T| if y <= T::zero() { T::zero() } else { dy };
                Ok(vec![Some(update("relu", dy, &y, masked)?)])
            }
        }))
    }

    /// The hyperbolic tangent.
    ///
    /// # Errors
    /// [`crate::Error::Unsupported`] off the CPU.
    pub fn tanh(&self) -> Result<Var<T>> {
        let value = map("tanh", self.value(), T::tanh)?;
        let y = value.clone();
        Ok(Var::from_op("tanh", &[self], value, || {
            move |dy: Tensor<T>, _| {
                let gradient = update("tanh", dy, &y, |dy, y| dy * (T::one() - y * y))?;
                Ok(vec![Some(gradient)])
            }
        }))
    }

    /// x limited to [low, high]. The gradient is 1 inside *and at exactly the bounds*, 0 outside:
    /// PyTorch's rule until mid-2026, on which the reference results were made. NaN stays NaN.
    ///
    /// # Errors
    /// [`crate::Error::Unsupported`] off the CPU.
    pub fn clamp(&self, low: T, high: T) -> Result<Var<T>> {
        let value = map("clamp", self.value(), |x| clamped(x, low, high))?;
        let x = self.value().clone();
        Ok(Var::from_op("clamp", &[self], value, || {
            move |dy: Tensor<T>, _| {
                let pass = |dy, x: T| if x >= low && x <= high { dy } else { T::zero() };
                Ok(vec![Some(update("clamp", dy, &x, pass)?)])
            }
        }))
    }

    /// scale · x + shift with constant numbers.
    ///
    /// # Errors
    /// [`crate::Error::Unsupported`] off the CPU.
    pub fn affine(&self, scale: T, shift: T) -> Result<Var<T>> {
        let value = map("affine", self.value(), |x| scale * x + shift)?;
        Ok(Var::from_op("affine", &[self], value, || {
            move |dy: Tensor<T>, _| Ok(vec![Some(map("affine", &dy, |dy| scale * dy)?)])
        }))
    }
}
