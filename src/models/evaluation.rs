//! What networks of all architectures have in common: weights with names, and an evaluation form.

use super::{Architecture, FoldedPreActivationResNet, FoldedResNet, PreActivationResNet, ResNet};
use crate::Result;
use crate::autograd::Var;
use crate::nn::Module;
use crate::ops::Precision;
use crate::tensor::Element;
use std::sync::Arc;

/// A network that classifies pictures, of any architecture.
pub trait Network<T: Element = f32>: Module<T> {
    /// What it is.
    fn architecture(&self) -> Architecture;

    /// It with its running statistics, beside its weights; later changes of the weights do not reach it.
    ///
    /// # Errors
    /// Those of copying from the device where the weights are.
    fn evaluation_form(&self) -> Result<Arc<dyn EvaluationForm<T>>>;
}

/// A network with fixed weights and statistics, differentiable with respect to its input.
pub trait EvaluationForm<T: Element = f32>: Send + Sync {
    /// Logits [N, classes] of normalised images `[N,H,W,C]`, with the layers' products in `precision`.
    ///
    /// # Errors
    /// [`Error::Shape`](crate::Error::Shape) if the images do not fit the network;
    /// [`Error::Unsupported`](crate::Error::Unsupported) if the device lacks the precision.
    fn logits(&self, images: &Var<T>, precision: Precision) -> Result<Var<T>>;
}

impl<T: Element> Network<T> for ResNet<T> {
    fn architecture(&self) -> Architecture {
        Architecture::ResNet(self.config().clone())
    }

    fn evaluation_form(&self) -> Result<Arc<dyn EvaluationForm<T>>> {
        Ok(Arc::new(self.folded()?))
    }
}

impl<T: Element> EvaluationForm<T> for FoldedResNet<T> {
    fn logits(&self, images: &Var<T>, precision: Precision) -> Result<Var<T>> {
        self.forward_in(images, precision)
    }
}

impl<T: Element> Network<T> for PreActivationResNet<T> {
    fn architecture(&self) -> Architecture {
        Architecture::PreActivation(self.config().clone())
    }

    fn evaluation_form(&self) -> Result<Arc<dyn EvaluationForm<T>>> {
        Ok(Arc::new(self.folded()?))
    }
}

impl<T: Element> EvaluationForm<T> for FoldedPreActivationResNet<T> {
    fn logits(&self, images: &Var<T>, precision: Precision) -> Result<Var<T>> {
        self.forward(images, precision)
    }
}
