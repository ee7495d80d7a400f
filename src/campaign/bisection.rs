//! The smallest radius at which an image is broken, by bisection.

use crate::Result;
use crate::attacks::{
    ApgdConfig, AttackLoss, AttackSlot, AutoAttackConfig, LabelledImages, Norm, OnIteration, Oracle,
    StartSource, distances, perturb,
};
use crate::tensor::Element;
use serde::{Deserialize, Serialize};

/// Up to which multiple of the campaign's radius is looked.
const WIDEST: f64 = 8.0;

/// Between which radii an image begins to be broken by APGD on the cross-entropy, or by what the campaign's attacks found. An attack at
/// a larger radius may fail where one at a smaller succeeds; then this is one of the places.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SmallestRadius {
    /// The smallest distance at which it was broken; nothing if it was not at the largest radius.
    pub broken: Option<f64>,
    /// The largest radius, not above that, at which it was not broken.
    pub robust: f64,
}

/// What the campaign's attacks say of an image's smallest radius.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    /// Whether it was right at first: the others are broken at 0.
    pub right: bool,
    /// Whether no attack broke it within ε.
    pub robust: bool,
    /// The smallest distance at which one found it misclassified.
    pub broken: Option<f64>,
}

/// Where the search for one image is: it breaks at `high`, if that is known, and not at `low`.
struct Bracket {
    low: f64,
    high: Option<f64>,
    /// The smallest distance at which it was misclassified, at most `high`.
    nearest: Option<f64>,
    done: bool,
}

impl Bracket {
    fn new(known: Known, eps: f64) -> Self {
        Self {
            low: if known.robust { eps } else { 0.0 },
            high: (!known.robust).then_some(eps),
            nearest: if known.right { known.broken } else { Some(0.0) },
            done: !known.right,
        }
    }

    /// The radius to look at; nothing if what is known settles it. All images have the same radii to choose from, so that many can
    /// be looked at together.
    fn next(&mut self, widest: f64) -> Option<f64> {
        if self.done {
            return None;
        }
        let radius = self.high.map_or(widest, |high| 0.5 * (self.low + high));
        match self.nearest {
            Some(nearest) if nearest <= radius => {
                self.high = Some(radius);
                None
            }
            _ => Some(radius),
        }
    }

    /// Notes whether the image broke at `radius`, and at which distance.
    fn note(&mut self, radius: f64, broken: Option<f64>) {
        match broken {
            Some(distance) => {
                self.high = Some(radius);
                self.nearest = Some(self.nearest.map_or(distance, |nearest| nearest.min(distance)));
            }
            None => {
                // Those that the widest radius did not break are done.
                self.done = self.high.is_none();
                self.low = radius;
            }
        }
    }

    fn found(&self) -> SmallestRadius {
        SmallestRadius {
            broken: self.nearest,
            robust: self.nearest.map_or(self.low, |nearest| nearest.min(self.low)),
        }
    }
}

/// Halves the bracket of every one of `samples` in `rounds` rounds, from ε down for those that the campaign's attacks broke, and from
/// [`WIDEST`] times ε for the others.
pub(super) fn smallest_radii<T: Element>(
    oracle: &Oracle<'_, T>,
    starts: &dyn StartSource<T>,
    samples: &LabelledImages<T>,
    known: &[Known],
    (config, rounds): (&AutoAttackConfig, u16),
    on_iteration: &mut OnIteration<'_>,
) -> Result<Vec<SmallestRadius>> {
    let mut brackets: Vec<Bracket> = known
        .iter()
        .map(|&known| Bracket::new(known, config.eps))
        .collect();
    let widest = match config.norm {
        // From one end of the range to the other.
        Norm::Linf => (WIDEST * config.eps).min(1.0),
        _ => WIDEST * config.eps,
    };
    for round in 0..=rounds {
        let mut left: Vec<(usize, f64)> = Vec::new();
        for (i, bracket) in brackets.iter_mut().enumerate() {
            // The first round is for the widest radius alone.
            if round > 0 || bracket.high.is_none() {
                left.extend(bracket.next(widest).map(|radius| (i, radius)));
            }
        }
        left.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        for same in left.chunk_by(|a, b| a.1 == b.1) {
            let (members, eps): (Vec<usize>, f64) = (same.iter().map(|&(i, _)| i).collect(), same[0].1);
            let broken = breaks(
                oracle,
                starts,
                &samples.select(&members)?,
                (config, eps),
                on_iteration,
            )?;
            for (&i, broken) in members.iter().zip(broken) {
                brackets[i].note(eps, broken);
            }
        }
    }
    Ok(brackets.iter().map(Bracket::found).collect())
}

/// At which distance APGD breaks each of `samples` within radius `eps`, if it does.
fn breaks<T: Element>(
    oracle: &Oracle<'_, T>,
    starts: &dyn StartSource<T>,
    samples: &LabelledImages<T>,
    (config, eps): (&AutoAttackConfig, f64),
    on_iteration: &mut OnIteration<'_>,
) -> Result<Vec<Option<f64>>> {
    let slot = AttackSlot::new(AttackSlot::COUNT - 2)?;
    let apgd = ApgdConfig {
        norm: config.norm,
        iterations: config.iterations,
        eot: config.eot,
        rho: config.rho,
        slot,
        ..ApgdConfig::new(eps, AttackLoss::CrossEntropy)
    };
    let searched = perturb(oracle, starts, samples, &apgd, on_iteration)?;
    let draws: Vec<_> = samples.ids().iter().map(|&id| slot.recheck(id)).collect();
    let verdicts = oracle.predictions(&searched.images, &draws)?;
    let distances = distances(config.norm, samples.images(), &searched.images)?;
    let rows = searched
        .outcomes
        .iter()
        .zip(verdicts)
        .zip(samples.labels())
        .zip(distances);
    Ok(rows
        .map(|(((outcome, class), &label), distance)| {
            let broken = outcome.fooled_at.is_some() && class != label;
            broken.then_some(distance)
        })
        .collect())
}
