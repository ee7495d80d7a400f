//! The scores of images that an attack left: several, for no single one tells the whole.

use super::AuditDraw;
use crate::attacks::statistics::{mean_and_std, wilson_of_mean};
use crate::attacks::{AttackSlot, Draw, LabelledImages, Oracle, Share};
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// The mean over images of a fraction that each image has.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeanShare {
    /// The mean.
    pub fraction: f64,
    /// Its standard error over images: sample standard deviation / √n.
    pub standard_error: f64,
    /// Number of images.
    pub of: usize,
    /// A 95 % interval, low and high: Wilson's, which is wide enough whatever the fractions are.
    pub ci95: (f64, f64),
}

impl MeanShare {
    /// From how often of `repeats` times it was true of each image.
    pub(super) fn of_counts(counts: &[u16], repeats: u16) -> Self {
        let fractions = fractions(counts, repeats);
        let (fraction, std) = mean_and_std(&fractions);
        Self {
            fraction,
            standard_error: std / (counts.len().max(1) as f64).sqrt(),
            of: counts.len(),
            ci95: wilson_of_mean(fraction, counts.len()),
        }
    }
}

/// All scores of the same images, each over all images, misclassified ones included.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Right on one draw before the attack and on another one after it: what AutoAttack would call
    /// robust.
    pub never_broken: Share,
    /// Right on one fresh draw.
    pub one_redraw: Share,
    /// Accuracy over all fresh draws.
    pub mean: MeanShare,
    /// The class that most fresh draws predict is right; the lowest class among equals.
    pub vote: Share,
    /// Right on every fresh draw.
    pub worst: Share,
    /// Number of fresh draws, R.
    pub repeats: u16,
    /// On how many of them each image was right.
    pub right_counts: Vec<u16>,
}

/// The difference of two accuracies on the same images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairedDifference {
    /// Mean over images.
    pub mean: f64,
    /// Its standard error over images.
    pub standard_error: f64,
}

impl Scores {
    /// Mean accuracy of `self` less that of `other`, image by image; images that only one of them
    /// has are left out.
    pub fn minus(&self, other: &Self) -> PairedDifference {
        let own = fractions(&self.right_counts, self.repeats);
        let others = fractions(&other.right_counts, other.repeats);
        let differences: Vec<f64> = own.iter().zip(&others).map(|(a, b)| a - b).collect();
        let (mean, std) = mean_and_std(&differences);
        PairedDifference {
            mean,
            standard_error: std / (differences.len().max(1) as f64).sqrt(),
        }
    }
}

fn fractions(counts: &[u16], repeats: u16) -> Vec<f64> {
    let repeats = f64::from(repeats.max(1));
    counts.iter().map(|&count| f64::from(count) / repeats).collect()
}

/// Scores `images`, which an attack in `slot` made of `clean`, on `repeats` fresh draws. The oracle's
/// classifier need not be the one that was attacked.
///
/// # Errors
/// [`Error::Argument`] if `repeats` is 0; [`Error::Shape`] if the images are others; those of
/// [`Oracle::predictions`].
pub fn score<T: Element>(
    oracle: &Oracle<'_, T>,
    clean: &LabelledImages<T>,
    images: &Tensor<T>,
    slot: AttackSlot,
    repeats: u16,
) -> Result<Scores> {
    if repeats == 0 {
        return Err(Error::argument("score", "repeats", "at least 1", repeats));
    }
    let attacked = clean.with_images(images.clone())?;
    let ask = |samples: &LabelledImages<T>, draw: &dyn Fn(u32) -> Draw| {
        let draws: Vec<Draw> = samples.ids().iter().map(|&id| draw(id)).collect();
        oracle.predictions(samples.images(), &draws)
    };
    let first = ask(clean, &|id| slot.prediction(id))?;
    let recheck = ask(&attacked, &|id| slot.recheck(id))?;
    // A deterministic classifier is asked once: all its draws are equal.
    let distinct = oracle.distinct_draws(repeats);
    let redrawn = (0..distinct)
        .map(|repeat| ask(&attacked, &|id| AuditDraw::Score.draw(id, repeat)))
        .collect::<Result<Vec<_>>>()?;
    let each = repeats / distinct.max(1);

    let n = clean.len();
    let mut right_counts = vec![0; n];
    let (mut flags, mut one, mut votes) = (0, 0, 0);
    for (i, &label) in clean.labels().iter().enumerate() {
        let classes: Vec<usize> = redrawn.iter().map(|predictions| predictions[i]).collect();
        right_counts[i] = classes
            .iter()
            .map(|&class| each * u16::from(class == label))
            .sum();
        flags += usize::from(first[i] == label && recheck[i] == label);
        one += usize::from(classes.first() == Some(&label));
        votes += usize::from(most_frequent(&classes) == Some(label));
    }
    Ok(Scores {
        never_broken: Share::new(flags, n),
        one_redraw: Share::new(one, n),
        mean: MeanShare::of_counts(&right_counts, repeats),
        vote: Share::new(votes, n),
        worst: Share::new(right_counts.iter().filter(|&&count| count == repeats).count(), n),
        repeats,
        right_counts,
    })
}

/// The lowest among the most frequent of `classes`.
fn most_frequent(classes: &[usize]) -> Option<usize> {
    let count = |class: usize| classes.iter().filter(|&&other| other == class).count();
    let rank = |&class: &usize| (count(class), std::cmp::Reverse(class));
    classes.iter().copied().max_by_key(rank)
}
