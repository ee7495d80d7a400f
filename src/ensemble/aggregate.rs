//! From the members' logits to one prediction, as a classifier.

use super::{FoldedSelfEnsemble, SelfEnsemble, crossmax};
use crate::attacks::{Classifier, Draw, Linearised, linearise};
use crate::autograd::Var;
use crate::ops::Precision;
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};

/// How members are combined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregation {
    /// CrossMax as the method has it: the defence.
    CrossMax,
    /// The mean of the members' logits, nothing subtracted: the smooth surrogate that adaptive
    /// attacks differentiate.
    Mean,
    /// One member alone, counted from 0; the last is the backbone.
    Member(usize),
}

impl Aggregation {
    /// [N, classes] from the members' [N, members, classes]; CrossMax takes the `rank`-th highest
    /// (see [`Method::rank`](super::Method::rank)).
    ///
    /// # Errors
    /// [`Error::Argument`] if the member does not exist.
    pub fn apply<T: Element>(self, members: &Var<T>, rank: usize) -> Result<Var<T>> {
        match self {
            Self::CrossMax => crossmax(members, rank),
            Self::Mean => members.mean(1),
            Self::Member(member) => members.pick(1, member),
        }
    }
}

/// A self-ensemble with an aggregation, folded, as attacks see it. Copies share the weights.
#[derive(Clone)]
pub struct EnsembleClassifier<'a, T: Element = f32> {
    ensemble: FoldedSelfEnsemble<'a, T>,
    aggregation: Aggregation,
}

impl<'a, T: Element> EnsembleClassifier<'a, T> {
    /// `ensemble` combined by `aggregation`.
    ///
    /// # Errors
    /// [`Error::Argument`] if the member does not exist; those of [`FoldedSelfEnsemble::new`].
    pub fn new(ensemble: &'a SelfEnsemble<T>, aggregation: Aggregation) -> Result<Self> {
        if let Aggregation::Member(member) = aggregation
            && member >= ensemble.members()
        {
            let expected = format!("below {}", ensemble.members());
            return Err(Error::argument("EnsembleClassifier", "member", expected, member));
        }
        Ok(Self {
            ensemble: FoldedSelfEnsemble::new(ensemble)?,
            aggregation,
        })
    }

    /// The same with the products of the layers in `precision`.
    pub fn with_precision(self, precision: Precision) -> Self {
        Self {
            ensemble: self.ensemble.with_precision(precision),
            ..self
        }
    }

    fn evaluate(&self, images: &Var<T>, draws: &[Draw]) -> Result<Var<T>> {
        let members = self.ensemble.member_logits(images, draws)?;
        let ensemble = self.ensemble.ensemble();
        let rank = ensemble.backbone.method().rank(ensemble.members());
        self.aggregation.apply(&members, rank)
    }
}

impl<T: Element> Classifier<T> for EnsembleClassifier<'_, T> {
    fn classes(&self) -> usize {
        self.ensemble.ensemble().backbone.net.config().classes
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
