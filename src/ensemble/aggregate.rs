//! From the members' logits to one prediction, as a classifier.

use super::{FoldedSelfEnsemble, SelfEnsemble, crossmax};
use crate::attacks::{Classifier, Draw, Linearised, linearise, predicted_classes};
use crate::autograd::Var;
use crate::ops::Precision;
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};
use std::ops::RangeInclusive;

/// How members are combined. All but [`Aggregation::CrossMax`], [`Aggregation::TopK`] and
/// [`Aggregation::Vote`] work on the members' logits as they are, nothing subtracted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aggregation {
    /// CrossMax as the method has it: the defence.
    CrossMax,
    /// CrossMax that takes the k-th highest, 1 ≤ k ≤ members.
    TopK(usize),
    /// The mean of the members' logits: the smooth surrogate that adaptive attacks differentiate.
    Mean,
    /// The median of the members' logits, class by class; of an even number the mean of the middle
    /// two.
    Median,
    /// The mean of the members' logits without the largest and the smallest, class by class; needs
    /// 3 members.
    TrimmedMean,
    /// How many members rank a class first, the lowest class where a member's logits tie. Constant
    /// almost everywhere: no gradient flows through it.
    Vote,
    /// One member alone, counted from 0; the last is the backbone.
    Member(usize),
}

impl Aggregation {
    /// [N, classes] from the members' [N, members, classes]; CrossMax takes the `rank`-th highest
    /// (see [`Method::rank`](super::Method::rank)).
    ///
    /// # Errors
    /// [`Error::Argument`] if the aggregation needs members that do not exist; [`Error::Shape`] if
    /// there are not three axes.
    pub fn apply<T: Element>(self, members: &Var<T>, rank: usize) -> Result<Var<T>> {
        let &[_, count, _] = members.dims() else {
            let found = members.shape();
            return Err(Error::shape(
                "Aggregation",
                "members",
                "[N, members, classes]",
                found,
            ));
        };
        self.check(count)?;
        match self {
            Self::CrossMax => crossmax(members, rank),
            Self::TopK(k) => crossmax(members, k),
            Self::Mean => members.mean(1),
            Self::Median if count % 2 == 1 => members.top_k(1, count / 2 + 1)?.pick(1, count / 2),
            Self::Median => mean_of(&members.top_k(1, count / 2 + 1)?, count / 2 - 1..=count / 2),
            Self::TrimmedMean => mean_of(&members.top_k(1, count - 1)?, 1..=count - 2),
            Self::Vote => votes(members),
            Self::Member(member) => members.pick(1, member),
        }
    }

    /// What an attack differentiates instead where no gradient flows: for the vote the mean.
    pub fn differentiable(self) -> Self {
        match self {
            Self::Vote => Self::Mean,
            other => other,
        }
    }

    /// Refuses an aggregation for which `members` members do not suffice.
    ///
    /// # Errors
    /// [`Error::Argument`] saying what is needed.
    pub fn check(self, members: usize) -> Result<()> {
        let refuse = |arg, expected: String, found| Err(Error::argument("Aggregation", arg, expected, found));
        match self {
            Self::Member(member) if member >= members => refuse("member", format!("below {members}"), member),
            Self::TopK(k) if k == 0 || k > members => refuse("k", format!("1 to {members} members"), k),
            Self::TrimmedMean if members < 3 => refuse("members", "at least 3".into(), members),
            _ if members == 0 => refuse("members", "at least 1".into(), members),
            _ => Ok(()),
        }
    }
}

impl std::fmt::Display for Aggregation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::CrossMax => f.write_str("CrossMax"),
            Self::TopK(k) => write!(f, "CrossMax top-{k}"),
            Self::Mean => f.write_str("mean"),
            Self::Median => f.write_str("median"),
            Self::TrimmedMean => f.write_str("trimmed mean"),
            Self::Vote => f.write_str("vote"),
            Self::Member(member) => write!(f, "member {member}"),
        }
    }
}

/// Mean over `indices` of axis 1, added in their order.
fn mean_of<T: Element>(sorted: &Var<T>, indices: RangeInclusive<usize>) -> Result<Var<T>> {
    let count = indices.clone().count();
    let mut sum = sorted.pick(1, *indices.start())?;
    for index in indices.skip(1) {
        sum = sum.add(&sorted.pick(1, index)?)?;
    }
    sum.affine(T::of(1.0 / count as f64), T::zero())
}

/// Number of members that rank each class first, [N, classes]; a constant, where `members` are.
fn votes<T: Element>(members: &Var<T>) -> Result<Var<T>> {
    let &[n, count, classes] = members.dims() else {
        let found = members.shape();
        return Err(Error::shape("vote", "members", "[N, members, classes]", found));
    };
    let first = predicted_classes(&members.value().reshape([n * count, classes])?)?;
    let mut votes = Tensor::zeros([n, classes]);
    let rows = votes.make_mut("vote")?.chunks_exact_mut(classes.max(1));
    for (row, first) in rows.zip(first.chunks_exact(count.max(1))) {
        for &class in first {
            if let Some(vote) = row.get_mut(class) {
                *vote += T::one();
            }
        }
    }
    Ok(Var::constant(votes.beside(members.value())?))
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
    /// Those of [`Aggregation::check`] and [`FoldedSelfEnsemble::new`].
    pub fn new(ensemble: &'a SelfEnsemble<T>, aggregation: Aggregation) -> Result<Self> {
        aggregation.check(ensemble.members())?;
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
