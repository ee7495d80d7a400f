//! Functions of one variable.

use super::{Function, Gradient, gradient, map};
use crate::Result;
use crate::autograd::Var;
use crate::tensor::{Element, Tensor};

impl<T: Element> Var<T> {
    /// max(x, 0); the gradient at exactly 0 is 0. NaN stays NaN.
    ///
    /// # Errors
    /// [`crate::Error::Unsupported`] on a device for numbers other than f32.
    pub fn relu(&self) -> Result<Var<T>> {
        let value = map("relu", Function::Relu, self.value())?;
        let y = value.clone();
        Ok(Var::from_op("relu", &[self], value, || {
            move |dy: Tensor<T>, _| Ok(vec![Some(gradient("relu", Gradient::Relu, dy, &y)?)])
        }))
    }

    /// The sigmoid linear unit x·σ(x) = x/(1 + e⁻ˣ), also called swish (Elfwing et al., arXiv 1702.03118; Ramachandran et
    /// al., arXiv 1710.05941).
    ///
    /// # Errors
    /// [`crate::Error::Unsupported`] on a device for numbers other than f32.
    pub fn silu(&self) -> Result<Var<T>> {
        let value = map("silu", Function::Silu, self.value())?;
        let x = self.value().clone();
        Ok(Var::from_op("silu", &[self], value, || {
            move |dy: Tensor<T>, _| Ok(vec![Some(gradient("silu", Gradient::Silu, dy, &x)?)])
        }))
    }

    /// The hyperbolic tangent.
    ///
    /// # Errors
    /// [`crate::Error::Unsupported`] on a device for numbers other than f32.
    pub fn tanh(&self) -> Result<Var<T>> {
        let value = map("tanh", Function::Tanh, self.value())?;
        let y = value.clone();
        Ok(Var::from_op("tanh", &[self], value, || {
            move |dy: Tensor<T>, _| Ok(vec![Some(gradient("tanh", Gradient::Tanh, dy, &y)?)])
        }))
    }

    /// x limited to [low, high]. The gradient is 1 inside *and at exactly the bounds*, 0 outside:
    /// PyTorch's rule until mid-2026, on which the reference results were made. NaN stays NaN.
    ///
    /// # Errors
    /// [`crate::Error::Unsupported`] on a device for numbers other than f32.
    pub fn clamp(&self, low: T, high: T) -> Result<Var<T>> {
        let value = map("clamp", Function::Clamp { low, high }, self.value())?;
        let x = self.value().clone();
        Ok(Var::from_op("clamp", &[self], value, || {
            move |dy: Tensor<T>, _| {
                Ok(vec![Some(gradient(
                    "clamp",
                    Gradient::Clamp { low, high },
                    dy,
                    &x,
                )?)])
            }
        }))
    }

    /// scale · x + shift with constant numbers.
    ///
    /// # Errors
    /// [`crate::Error::Unsupported`] on a device for numbers other than f32.
    pub fn affine(&self, scale: T, shift: T) -> Result<Var<T>> {
        let value = map("affine", Function::Affine { scale, shift }, self.value())?;
        Ok(Var::from_op("affine", &[self], value, || {
            move |dy: Tensor<T>, _| Ok(vec![Some(map("affine", Function::Scale(scale), &dy)?)])
        }))
    }
}
