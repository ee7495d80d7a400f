//! Convolution for evaluation: everything up to the next convolution in one pass, no gradients.

use super::{Conv2d, Geometry, OP, cpu, cuda};
use crate::ops::place::{Place, place};
use crate::tensor::{BitMask, Element, Shape, Tensor};
use crate::{Error, Result};

/// What follows a convolution in the same pass: y = relu(conv(x, w) + bias + residual), every step
/// optional.
#[derive(Clone, Copy)]
pub struct Conv2dEpilogue<'a, T> {
    /// Added to every pixel, `[K]`.
    pub bias: Option<&'a Tensor<T>>,
    /// Added, of the output's shape.
    pub residual: Option<&'a Tensor<T>>,
    /// Whether negative results become 0.
    pub relu: bool,
}

impl<T> Default for Conv2dEpilogue<'_, T> {
    /// Nothing.
    fn default() -> Self {
        Self {
            bias: None,
            residual: None,
            relu: false,
        }
    }
}

impl<T: Element> Conv2dEpilogue<'_, T> {
    pub(super) fn check(&self, g: &Geometry) -> Result<()> {
        let bias = ("bias", self.bias, Shape::from([g.k]));
        let residual = ("residual", self.residual, g.output());
        for (name, tensor, expected) in [bias, residual] {
            if let Some(tensor) = tensor
                && *tensor.shape() != expected
            {
                return Err(Error::shape(OP, name, expected.to_string(), tensor.shape()));
            }
        }
        Ok(())
    }

    /// The operands that there are.
    pub(super) fn operands(&self) -> impl Iterator<Item = &Tensor<T>> {
        [self.bias, self.residual].into_iter().flatten()
    }
}

/// Convolution of `x` `[N,H,W,C]` with `w` `[K,R,S,C]`, and what follows it, without gradients.
///
/// # Errors
/// [`Error::Shape`] if the shapes do not fit each other or the window does not fit the input;
/// [`Error::Unsupported`] if the device lacks the precision.
pub fn infer<T: Element>(
    x: &Tensor<T>,
    w: &Tensor<T>,
    epilogue: Conv2dEpilogue<'_, T>,
    options: Conv2d,
) -> Result<Tensor<T>> {
    let g = Geometry::new(options, x.shape(), w.shape())?;
    epilogue.check(&g)?;
    forward(&g, options, x, w, epilogue, None)
}

/// The same for checked shapes. On an accelerator it writes to `mask`, if there is one, where the gradient of the
/// output passes its ReLU.
pub(super) fn forward<T: Element>(
    g: &Geometry,
    options: Conv2d,
    x: &Tensor<T>,
    w: &Tensor<T>,
    epilogue: Conv2dEpilogue<'_, T>,
    mask: Option<&BitMask>,
) -> Result<Tensor<T>> {
    let mut operands = vec![x, w];
    operands.extend(epilogue.operands());
    match place(OP, &operands)? {
        Place::Host => cpu::forward(g, x, w, epilogue),
        Place::Device(device) => cuda::forward(device, g, options.precision, x, w, epilogue, mask),
    }
}
