//! A network without views or heads, as attacks see it.

use super::ResNet;
use crate::attacks::{Classifier, Draw, Linearised, linearise};
use crate::autograd::Var;
use crate::nn::Pass;
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};

/// A residual network on normalised images, deterministic: (image − mean) / std, then the network
/// with its running statistics. The images are classified at their own size.
pub struct PlainClassifier<'a, T: Element = f32> {
    net: &'a ResNet<T>,
    mean: Var<T>,
    std: Var<T>,
}

impl<'a, T: Element> PlainClassifier<'a, T> {
    /// `net` behind a normalisation with `mean` and `std` of the colours, in units of `[0,1]` images.
    ///
    /// # Errors
    /// [`Error::Shape`] if the network's stem does not take 3 channels; [`Error::Argument`] if a
    /// mean is not finite or a standard deviation not positive and finite.
    pub fn new(net: &'a ResNet<T>, mean: [f64; 3], std: [f64; 3]) -> Result<Self> {
        let channels = net.config().stem.channels;
        if channels != 3 {
            return Err(Error::shape(
                "PlainClassifier",
                "net",
                "3 input channels",
                channels,
            ));
        }
        if let Some(value) = mean.iter().find(|value| !value.is_finite()) {
            return Err(Error::argument(
                "PlainClassifier",
                "mean",
                "finite numbers",
                value,
            ));
        }
        if let Some(value) = std.iter().find(|&&value| !(value.is_finite() && value > 0.0)) {
            return Err(Error::argument(
                "PlainClassifier",
                "std",
                "positive numbers",
                value,
            ));
        }
        let colour = |values: [f64; 3]| Var::constant(Tensor::from_fn([3], |c| T::of(values[c])));
        Ok(Self {
            net,
            mean: colour(mean),
            std: colour(std),
        })
    }

    /// Logits [N, classes] of images `[N,H,W,3]` in [0, 1] in the given pass: eval for predictions
    /// and attacks, train for a training step.
    ///
    /// # Errors
    /// [`Error::Shape`] if the images do not fit the network.
    pub fn forward(&self, images: &Var<T>, pass: &mut Pass<T>) -> Result<Var<T>> {
        let beside = |colour: &Var<T>| colour.value().beside(images.value()).map(Var::constant);
        let normalised = images.sub(&beside(&self.mean)?)?.div(&beside(&self.std)?)?;
        self.net.forward(&normalised, pass)
    }

    fn evaluate(&self, images: &Var<T>) -> Result<Var<T>> {
        self.forward(images, &mut Pass::eval())
    }
}

impl<T: Element> Classifier<T> for PlainClassifier<'_, T> {
    fn classes(&self) -> usize {
        self.net.config().classes
    }

    fn is_random(&self) -> bool {
        false
    }

    fn logits(&self, images: &Tensor<T>, _: &[Draw]) -> Result<Tensor<T>> {
        Ok(self.evaluate(&Var::constant(images.clone()))?.into_value())
    }

    fn linearise<'b>(&'b self, images: &Tensor<T>, _: &[Draw]) -> Result<Linearised<'b, T>> {
        linearise(images, |images| self.evaluate(images))
    }
}
