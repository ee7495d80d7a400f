//! Members, an aggregation and a rule for the draws, as a classifier.

use super::{AuditDraw, MemberLogits};
use crate::attacks::{Classifier, Draw, Linearised, linearise};
use crate::autograd::Var;
use crate::ensemble::Aggregation;
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};
use std::fmt;

/// What becomes of the draw that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Views {
    /// It is used.
    Fresh,
    /// It is ignored: one draw serves every image and every evaluation. The classifier is
    /// deterministic.
    Frozen,
    /// The mean of the aggregated logits over so many draws: that many times the cost.
    Averaged(u16),
}

impl fmt::Display for Views {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fresh => f.write_str("fresh draw"),
            Self::Frozen => f.write_str("frozen draw"),
            Self::Averaged(passes) => write!(f, "mean of {passes} draws"),
        }
    }
}

/// An ensemble combined by an aggregation, as attacks see it.
#[derive(Clone, Copy)]
pub struct Combined<'a, T: Element = f32> {
    ensemble: &'a dyn MemberLogits<T>,
    aggregation: Aggregation,
    views: Views,
}

impl<'a, T: Element> Combined<'a, T> {
    /// `ensemble` combined by `aggregation`, with `views`.
    ///
    /// # Errors
    /// Those of [`Aggregation::check`]; [`Error::Argument`] for a mean of no draws.
    pub fn new(ensemble: &'a dyn MemberLogits<T>, aggregation: Aggregation, views: Views) -> Result<Self> {
        aggregation.check(ensemble.members())?;
        if views == Views::Averaged(0) {
            return Err(Error::argument("Combined", "views", "at least 1 draw", 0));
        }
        Ok(Self {
            ensemble,
            aggregation,
            views,
        })
    }

    /// What an attack differentiates in its place: itself, or where no gradient flows a surrogate
    /// with the same views.
    pub fn differentiable(self) -> Self {
        Self {
            aggregation: self.aggregation.differentiable(),
            ..self
        }
    }

    /// The aggregation.
    pub fn aggregation(&self) -> Aggregation {
        self.aggregation
    }

    fn evaluate(&self, images: &Var<T>, draws: &[Draw]) -> Result<Var<T>> {
        let combine = |draws: &[Draw]| {
            let members = self.ensemble.member_logits(images, draws)?;
            self.aggregation.apply(&members, self.ensemble.rank())
        };
        match self.views {
            Views::Fresh => combine(draws),
            Views::Frozen => combine(&vec![AuditDraw::Frozen.draw(0, 0); draws.len()]),
            Views::Averaged(passes) => {
                let mut sum = combine(&part_draws(draws, passes, 0)?)?;
                for pass in 1..passes {
                    sum = sum.add(&combine(&part_draws(draws, passes, pass)?)?)?;
                }
                sum.affine(T::of(1.0 / f64::from(passes)), T::zero())
            }
        }
    }
}

/// The draws of pass `pass` of `passes` behind `draws`: different draws have no pass in common.
fn part_draws(draws: &[Draw], passes: u16, pass: u16) -> Result<Vec<Draw>> {
    let part = |draw: &Draw| match draw
        .draw
        .checked_mul(passes)
        .and_then(|first| first.checked_add(pass))
    {
        Some(number) => Ok(Draw {
            draw: number,
            ..*draw
        }),
        None => {
            let expected = format!("below {} for means of {passes}", u16::MAX / passes.max(1));
            Err(Error::argument("Combined", "draw", expected, draw.draw))
        }
    };
    draws.iter().map(part).collect()
}

impl<T: Element> Classifier<T> for Combined<'_, T> {
    fn classes(&self) -> usize {
        self.ensemble.classes()
    }

    fn is_random(&self) -> bool {
        self.views != Views::Frozen && self.ensemble.is_random()
    }

    fn logits(&self, images: &Tensor<T>, draws: &[Draw]) -> Result<Tensor<T>> {
        Ok(self.evaluate(&Var::constant(images.clone()), draws)?.into_value())
    }

    fn linearise<'b>(&'b self, images: &Tensor<T>, draws: &[Draw]) -> Result<Linearised<'b, T>> {
        linearise(images, |images| self.evaluate(images, draws))
    }
}
