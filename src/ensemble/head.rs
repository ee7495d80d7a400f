//! A linear head on an intermediate layer.

use crate::Result;
use crate::autograd::Var;
use crate::nn::{BatchNorm, FoldedLinear, Init, Linear, Module, Pass, Slot, join};
use crate::tensor::Element;

/// BatchNorm1d followed by Linear on the flattened output of one layer of the backbone
/// (named `bn` and `fc` in files; PyTorch's column order C, H, W there).
#[derive(Clone)]
pub struct Head<T: Element = f32> {
    layer: usize,
    picture: [usize; 3],
    norm: BatchNorm<T>,
    linear: Linear<T>,
}

impl<T: Element> Head<T> {
    /// A head on layer `layer`, whose output is a picture of [H, W, C], to `classes`.
    ///
    /// # Errors
    /// [`crate::Error::Argument`] if the picture is empty.
    pub fn new(init: &mut Init, layer: usize, picture: [usize; 3], classes: usize) -> Result<Self> {
        Ok(Self {
            layer,
            picture,
            norm: BatchNorm::on_picture(picture),
            linear: Linear::on_picture(init, picture, classes)?,
        })
    }

    /// Number of the layer it sits on.
    pub fn layer(&self) -> usize {
        self.layer
    }

    /// Shape [H, W, C] of that layer's output.
    pub fn picture(&self) -> [usize; 3] {
        self.picture
    }

    /// Both layers as one, for evaluation, as they are now.
    pub(super) fn folded(&self) -> Result<FoldedLinear<T>> {
        FoldedLinear::new(&self.norm, &self.linear)
    }

    /// Logits [N, classes] from the layer's output `[N,H,W,C]`.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] if the output does not fit the head.
    pub fn forward(&self, features: &Var<T>, pass: &mut Pass<T>) -> Result<Var<T>> {
        let flat = features.flatten()?;
        self.linear.forward(&self.norm.forward(&flat, pass)?, pass)
    }
}

impl<T: Element> Module<T> for Head<T> {
    fn visit(&mut self, prefix: &str, visit: &mut dyn FnMut(Slot<'_, T>) -> Result<()>) -> Result<()> {
        self.norm.visit(&join(prefix, "bn"), visit)?;
        self.linear.visit(&join(prefix, "fc"), visit)
    }
}
