//! The layer that residual networks are made of, as it is trained and as it is evaluated.

use crate::Result;
use crate::autograd::Var;
use crate::nn::{BatchNorm, Conv, FoldedConv, Init, Pass};
use crate::ops::BatchNormEpilogue;
use crate::tensor::Element;

/// A normalised convolution and what follows it: relu(norm(conv(x)) + residual).
pub(super) trait Layer<T: Element> {
    /// `[N,H,W,C]` to `[N,P,Q,K]`; residual and ReLU where asked for.
    fn forward(
        &self,
        x: &Var<T>,
        residual: Option<&Var<T>>,
        relu: bool,
        pass: &mut Pass<T>,
    ) -> Result<Var<T>>;
}

/// A convolution followed by batch normalisation.
#[derive(Clone)]
pub(super) struct ConvNorm<T: Element> {
    pub conv: Conv<T>,
    pub norm: BatchNorm<T>,
}

impl<T: Element> ConvNorm<T> {
    pub fn new(init: &mut Init, input: usize, output: usize, kernel: usize, stride: usize) -> Result<Self> {
        Ok(Self {
            conv: Conv::new(init, input, output, kernel, stride)?,
            norm: BatchNorm::new(output),
        })
    }

    pub fn into_folded(self) -> Result<FoldedConv<T>> {
        FoldedConv::new(self.conv, &self.norm)
    }
}

impl<T: Element> Layer<T> for ConvNorm<T> {
    fn forward(
        &self,
        x: &Var<T>,
        residual: Option<&Var<T>>,
        relu: bool,
        pass: &mut Pass<T>,
    ) -> Result<Var<T>> {
        let y = self.conv.forward(x, pass)?;
        self.norm
            .forward_then(&y, BatchNormEpilogue { residual, relu }, pass)
    }
}

impl<T: Element> Layer<T> for FoldedConv<T> {
    fn forward(
        &self,
        x: &Var<T>,
        residual: Option<&Var<T>>,
        relu: bool,
        pass: &mut Pass<T>,
    ) -> Result<Var<T>> {
        Self::forward(self, x, residual, relu, pass.precision())
    }
}
