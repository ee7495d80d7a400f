//! Contrast and colour of RGB pictures, each image by its own amount.

#[cfg(test)]
mod tests;

use crate::autograd::Var;
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};

/// Weights of red, green and blue in the grey value (ITU-R BT.601 as torchvision rounds them;
/// their sum is 0.9999).
pub const GREY_WEIGHTS: [f64; 3] = [0.2989, 0.587, 0.114];

impl<T: Element> Var<T> {
    /// torchvision's `adjust_contrast`: clamp(a·x + (1 − a)·m, 0, 1), where m is the image's mean
    /// grey value (gradients flow through it) and a is `amounts[n]`. `[N,H,W,3]` in and out.
    ///
    /// # Errors
    /// [`Error::Shape`] if the input is not `[N,H,W,3]`; [`Error::Argument`] if there is not one
    /// amount an image.
    pub fn contrast(&self, amounts: &[T]) -> Result<Var<T>> {
        let [own, rest] = self.blend_factors("contrast", amounts)?;
        let (n, pixels) = (self.shape().axis(0), self.shape().axis(1) * self.shape().axis(2));
        let weights = Tensor::from_fn([3], |c| T::of(GREY_WEIGHTS[c])).beside(self.value())?;
        let grey = self
            .reshape([n, pixels, 3])?
            .mul(&Var::constant(weights))?
            .sum(2)?
            .mean(1)?
            .reshape([n, 1, 1, 1])?;
        self.mul(&own)?.add(&grey.mul(&rest)?)?.clamp(T::zero(), T::one())
    }

    /// Towards grey: a·x + (1 − a)·(mean of the pixel's channels), a = `amounts[n]`.
    /// `[N,H,W,3]` in and out.
    ///
    /// # Errors
    /// As [`Var::contrast`].
    pub fn mix_channels(&self, amounts: &[T]) -> Result<Var<T>> {
        let [own, rest] = self.blend_factors("mix_channels", amounts)?;
        self.mul(&own)?.add(&self.channel_mean()?.mul(&rest)?)
    }

    /// Mean over channels: `[N,H,W,C]` to `[N,H,W,1]`.
    ///
    /// # Errors
    /// [`Error::Shape`] if the input is not `[N,H,W,C]`.
    pub fn channel_mean(&self) -> Result<Var<T>> {
        let &[n, h, w, _] = self.dims() else {
            return Err(Error::shape("channel_mean", "self", "[N, H, W, C]", self.shape()));
        };
        self.mean(3)?.reshape([n, h, w, 1])
    }

    /// a and 1 − a as constants [N,1,1,1], where the images are.
    fn blend_factors(&self, op: &'static str, amounts: &[T]) -> Result<[Var<T>; 2]> {
        let &[n, _, _, 3] = self.dims() else {
            return Err(Error::shape(op, "self", "[N, H, W, 3]", self.shape()));
        };
        if amounts.len() != n {
            return Err(Error::argument(
                op,
                "amounts",
                format!("{n} numbers"),
                amounts.len(),
            ));
        }
        let constant = |f: &dyn Fn(T) -> T| {
            let factors = Tensor::from_fn([n, 1, 1, 1], |i| f(amounts[i]));
            factors.beside(self.value()).map(Var::constant)
        };
        Ok([constant(&|a| a)?, constant(&|a| T::one() - a)?])
    }
}
