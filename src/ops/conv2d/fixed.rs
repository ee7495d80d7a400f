//! Convolution with fixed weights: what follows it happens in the same pass, and gradients reach the
//! input and the residual alone.

use super::{Conv2d, Conv2dEpilogue, Geometry, dgrad, infer};
use crate::Result;
use crate::autograd::Var;
use crate::ops::elementwise;
use crate::tensor::{BitMask, Element, Tensor};

/// What follows a convolution with fixed weights: y = relu(conv(x, w) + bias + residual).
#[derive(Clone, Copy)]
pub struct FixedEpilogue<'a, T: Element> {
    /// Added to every pixel, `[K]`.
    pub bias: &'a Tensor<T>,
    /// Added, of the output's shape.
    pub residual: Option<&'a Var<T>>,
    /// Whether negative results become 0.
    pub relu: bool,
}

impl<T: Element> Var<T> {
    /// Convolution of `self` `[N,H,W,C]` with the constant `weight` `[K,R,S,C]`, and what follows it;
    /// gives `[N,P,Q,K]`. Gradients flow to `self` and the residual. For them the graph keeps the
    /// weights, which it shares, and if there is a ReLU the output or, on an accelerator, one bit for each of
    /// its elements; but never the input.
    ///
    /// # Errors
    /// As [`infer`](super::infer()).
    pub fn conv2d_fixed(
        &self,
        weight: &Tensor<T>,
        epilogue: FixedEpilogue<'_, T>,
        options: Conv2d,
    ) -> Result<Var<T>> {
        let geometry = Geometry::new(options, self.shape(), weight.shape())?;
        let values = Conv2dEpilogue {
            bias: Some(epilogue.bias),
            residual: epilogue.residual.map(Var::value),
            relu: epilogue.relu,
        };
        values.check(&geometry)?;
        let mut inputs = vec![self];
        inputs.extend(epilogue.residual);
        let masked = epilogue.relu && inputs.iter().any(|input| input.tracked());
        let device = self.value().accelerator().filter(|_| masked);
        let mask = device.map(|device| BitMask::dirty_on(device, geometry.output()));
        let mask = mask.transpose()?;
        let y = infer::forward(&geometry, options, self.value(), weight, values, mask.as_ref())?;
        let rectified = (masked && mask.is_none()).then(|| y.clone());
        Ok(Var::from_masked_op("conv2d_fixed", &inputs, y, mask, || {
            let weight = weight.clone();
            move |dy: Tensor<T>, mut needs| {
                let dy = match &rectified {
                    Some(y) => elementwise::relu_gradient("conv2d_fixed", dy, y)?,
                    None => dy,
                };
                // Where a shortcut leaves the input too, its gradient is there before: dgrad adds to it.
                let dx = needs.added_gradient(0, |sum, mask| {
                    dgrad(&geometry, options.precision, &dy, &weight, sum, mask)
                })?;
                Ok(vec![dx, needs.want(1).then_some(dy)])
            }
        }))
    }
}
