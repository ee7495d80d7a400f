//! The classes of images in the order of their logits.

use super::{AttackSlot, LabelledImages, Oracle};
use crate::Result;
use crate::tensor::Element;
use std::cmp::Ordering;

/// The classes of every image by the logits of the draw that decides what the attack in `slot` attacks: the largest first,
/// the lowest class first among equal ones.
///
/// # Errors
/// Those of [`Oracle::logits`].
pub(super) fn rankings<T: Element>(
    oracle: &Oracle<'_, T>,
    samples: &LabelledImages<T>,
    slot: AttackSlot,
) -> Result<Vec<Vec<usize>>> {
    let ids = samples.ids().iter();
    let draws: Vec<_> = ids.map(|&id| slot.prediction(id)).collect();
    let logits = oracle.logits(samples.images(), &draws)?.to_vec()?;
    Ok(logits.chunks_exact(oracle.classes()).map(ranking).collect())
}

/// The class at `rank` of `ranking` without `label`. There are as many targets as other classes at most.
pub(super) fn other_class(ranking: &[usize], label: usize, rank: usize) -> usize {
    let mut others = ranking.iter().copied().filter(|&class| class != label);
    others.nth(rank).unwrap_or(label)
}

fn ranking<T: Element>(logits: &[T]) -> Vec<usize> {
    let mut classes: Vec<usize> = (0..logits.len()).collect();
    // Logits are finite; −0 and 0 are equal.
    classes.sort_by(|&a, &b| logits[b].partial_cmp(&logits[a]).unwrap_or(Ordering::Equal));
    classes
}
