//! The evaluation forms of backbone and self-ensemble: batch normalisation folded into the weights.
//!
//! They borrow what they were folded from, which therefore cannot change while they live.

use super::multi_resolution::BACKBONE_PASS;
use super::self_ensemble::{Members, combine};
use super::{MultiResolution, SelfEnsemble};
use crate::Result;
use crate::attacks::{Classifier, Draw, Linearised, linearise};
use crate::autograd::Var;
use crate::models::{FoldedResNet, Taps};
use crate::nn::FoldedLinear;
use crate::ops::Precision;
use crate::tensor::{Element, Tensor};

/// A self-ensemble as predictions and attacks use it; gradients reach the images alone.
#[derive(Clone)]
pub struct FoldedSelfEnsemble<'a, T: Element = f32> {
    ensemble: &'a SelfEnsemble<T>,
    net: FoldedResNet<T>,
    heads: Vec<FoldedLinear<T>>,
}

impl<'a, T: Element> FoldedSelfEnsemble<'a, T> {
    /// The evaluation form of `ensemble`, beside its weights.
    ///
    /// # Errors
    /// Those of copying from the device where the weights are.
    pub fn new(ensemble: &'a SelfEnsemble<T>) -> Result<Self> {
        Ok(Self {
            ensemble,
            net: ensemble.backbone.net.folded()?,
            heads: ensemble
                .heads
                .iter()
                .map(|head| head.folded())
                .collect::<Result<_>>()?,
        })
    }

    /// The same with the products of its layers in `precision`.
    pub fn with_precision(self, precision: Precision) -> Self {
        Self {
            net: self.net.with_precision(precision),
            ..self
        }
    }

    /// What it was folded from.
    pub fn ensemble(&self) -> &'a SelfEnsemble<T> {
        self.ensemble
    }

    /// Logits of all members, [N, members, classes], one draw an image, as
    /// [`SelfEnsemble::member_logits`] gives them in an eval pass.
    ///
    /// # Errors
    /// As [`MultiResolution::views`] and [`FoldedResNet::forward_taps`].
    pub fn member_logits(&self, images: &Var<T>, draws: &[Draw]) -> Result<Var<T>> {
        combine(self.ensemble, images, draws, &mut { self })
    }
}

impl<T: Element> Members<T> for &FoldedSelfEnsemble<'_, T> {
    fn taps(&mut self, views: &Var<T>, layers: &[usize], to_the_end: bool) -> Result<Taps<T>> {
        self.net.forward_taps(views, layers, to_the_end)
    }

    fn logits(&mut self, views: &Var<T>) -> Result<Var<T>> {
        self.net.forward(views)
    }

    fn heads(&mut self, features: &[Var<T>]) -> Result<Vec<Var<T>>> {
        let precision = self.net.precision();
        let pairs = self.heads.iter().zip(features);
        pairs
            .map(|(head, features)| head.forward(&features.flatten()?, precision))
            .collect()
    }
}

/// The backbone alone as a classifier: its own pass, random.
pub struct BackboneClassifier<'a, T: Element = f32> {
    backbone: &'a MultiResolution<T>,
    net: FoldedResNet<T>,
}

impl<'a, T: Element> BackboneClassifier<'a, T> {
    /// The evaluation form of `backbone`, beside its weights.
    ///
    /// # Errors
    /// Those of copying from the device where the weights are.
    pub fn new(backbone: &'a MultiResolution<T>) -> Result<Self> {
        Ok(Self {
            backbone,
            net: backbone.net.folded()?,
        })
    }

    /// The same with the products of its layers in `precision`.
    pub fn with_precision(self, precision: Precision) -> Self {
        Self {
            net: self.net.with_precision(precision),
            ..self
        }
    }

    fn evaluate(&self, images: &Var<T>, draws: &[Draw]) -> Result<Var<T>> {
        self.net
            .forward(&self.backbone.views(images, draws, BACKBONE_PASS)?)
    }
}

impl<T: Element> Classifier<T> for BackboneClassifier<'_, T> {
    fn classes(&self) -> usize {
        self.net.config().classes
    }

    fn is_random(&self) -> bool {
        true
    }

    fn logits(&self, images: &Tensor<T>, draws: &[Draw]) -> Result<Tensor<T>> {
        Ok(self.evaluate(&Var::constant(images.clone()), draws)?.into_value())
    }

    fn linearise<'b>(&'b self, images: &Tensor<T>, draws: &[Draw]) -> Result<Linearised<'b, T>> {
        linearise(images, |images| self.evaluate(images, draws))
    }
}
