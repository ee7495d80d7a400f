//! The evaluation form of a residual network.

use super::network::Network;
use super::{ResNet, ResNetConfig, Taps};
use crate::Result;
use crate::autograd::Var;
use crate::nn::{FoldedConv, Pass};
use crate::ops::Precision;
use crate::tensor::Element;

/// A residual network with running statistics, as it was when [`ResNet::folded`] was called: batch
/// normalisation is part of the convolutions' weights, residual and ReLU are part of the convolutions,
/// and gradients reach the input alone. The same function as an eval pass, up to rounding, in fewer
/// steps; and the graph keeps one tensor a layer.
#[derive(Clone)]
pub struct FoldedResNet<T: Element = f32> {
    network: Network<T, FoldedConv<T>>,
    precision: Precision,
}

impl<T: Element> ResNet<T> {
    /// Its evaluation form, beside its weights; later changes of the weights do not reach it.
    ///
    /// # Errors
    /// Those of copying from the device where the weights are.
    pub fn folded(&self) -> Result<FoldedResNet<T>> {
        self.clone().into_folded()
    }

    /// Its evaluation form, in the memory of its own weights where nobody shares them.
    ///
    /// # Errors
    /// As [`ResNet::folded`].
    pub fn into_folded(self) -> Result<FoldedResNet<T>> {
        Ok(FoldedResNet {
            network: self.network.into_folded()?,
            precision: Precision::F32,
        })
    }
}

impl<T: Element> FoldedResNet<T> {
    /// The same with the products of its layers, forward and backward, in `precision`.
    pub fn with_precision(self, precision: Precision) -> Self {
        Self { precision, ..self }
    }

    /// Format of its layers' products.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// The architecture.
    pub fn config(&self) -> &ResNetConfig {
        &self.network.config
    }

    /// Logits [N, classes] of prepared inputs `[N,H,W,C]`.
    ///
    /// # Errors
    /// [`Error::Shape`](crate::Error::Shape) if the input does not fit the network;
    /// [`Error::Unsupported`](crate::Error::Unsupported) if the device lacks the precision.
    pub fn forward(&self, x: &Var<T>) -> Result<Var<T>> {
        self.network.forward(x, &mut self.pass())
    }

    /// The same in another precision than its own.
    pub(super) fn forward_in(&self, x: &Var<T>, precision: Precision) -> Result<Var<T>> {
        self.network
            .forward(x, &mut Pass::eval().with_precision(precision))
    }

    /// The outputs of `layers` and, if `to_the_end`, the logits, as [`ResNet::forward_taps`] gives them.
    ///
    /// # Errors
    /// As [`FoldedResNet::forward`]; [`Error::Argument`](crate::Error::Argument) if a layer does not
    /// exist.
    pub fn forward_taps(&self, x: &Var<T>, layers: &[usize], to_the_end: bool) -> Result<Taps<T>> {
        self.network.forward_taps(x, &mut self.pass(), layers, to_the_end)
    }

    fn pass(&self) -> Pass<T> {
        Pass::eval().with_precision(self.precision)
    }
}

#[cfg(test)]
mod tests;
