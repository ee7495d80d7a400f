//! The smallest radius at which an image is broken, by bisection.

use crate::Result;
use crate::attacks::{
    ApgdConfig, AttackLoss, AttackSlot, AutoAttackConfig, LabelledImages, Norm, OnIteration, Oracle,
    StartSource, perturb,
};
use crate::tensor::Element;
use serde::{Deserialize, Serialize};

/// Up to which multiple of the campaign's radius is looked.
const WIDEST: f64 = 8.0;

/// Between which radii an image begins to be broken by APGD on the cross-entropy. An attack at a larger radius may fail where one at a
/// smaller succeeds; then this is one of the places.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SmallestRadius {
    /// The smallest at which it was broken; nothing if it was not at the largest.
    pub broken: Option<f64>,
    /// The largest, below that, at which it was not.
    pub robust: f64,
}

/// Looks at `rounds` radii after the largest, for every one of `samples` that was right at first. The others are broken at 0.
pub(super) fn smallest_radii<T: Element>(
    oracle: &Oracle<'_, T>,
    starts: &dyn StartSource<T>,
    samples: &LabelledImages<T>,
    initially_right: &[bool],
    (config, rounds): (&AutoAttackConfig, u16),
    on_iteration: &mut OnIteration<'_>,
) -> Result<Vec<SmallestRadius>> {
    let start = |&right: &bool| SmallestRadius {
        broken: (!right).then_some(0.0),
        robust: 0.0,
    };
    let mut found: Vec<SmallestRadius> = initially_right.iter().map(start).collect();
    let right: Vec<usize> = (0..samples.len()).filter(|&i| initially_right[i]).collect();
    let widest = match config.norm {
        // From one end of the range to the other.
        Norm::Linf => (WIDEST * config.eps).min(1.0),
        _ => WIDEST * config.eps,
    };
    for round in 0..=rounds {
        let radius = |i: usize| match found[i].broken {
            Some(broken) => 0.5 * (found[i].robust + broken),
            None => widest,
        };
        // Those that no radius broke are done after the first round.
        let mut left: Vec<(usize, f64)> = right.iter().map(|&i| (i, radius(i))).collect();
        left.retain(|&(i, _)| round == 0 || found[i].broken.is_some());
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
                match broken {
                    true => found[i].broken = Some(eps),
                    false => found[i].robust = eps,
                }
            }
        }
    }
    Ok(found)
}

/// Which of `samples` APGD breaks at radius `eps`.
fn breaks<T: Element>(
    oracle: &Oracle<'_, T>,
    starts: &dyn StartSource<T>,
    samples: &LabelledImages<T>,
    (config, eps): (&AutoAttackConfig, f64),
    on_iteration: &mut OnIteration<'_>,
) -> Result<Vec<bool>> {
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
    let rows = searched.outcomes.iter().zip(verdicts).zip(samples.labels());
    Ok(rows
        .map(|((outcome, class), &label)| outcome.fooled_at.is_some() && class != label)
        .collect())
}
