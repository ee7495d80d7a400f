//! The scores of images that an attack left: several, for no single one tells the whole.

use super::Share;
use super::statistics::{mean_and_std, wilson_of_mean};
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
    pub(crate) fn of_counts(counts: &[u16], repeats: u16) -> Self {
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
    /// The scores of images with these `labels`: `robust` is whether each counts as never broken, `redrawn` the classes that
    /// it was given on fresh draws. Of `repeats` draws those of a deterministic classifier, which are all the same, need be there
    /// once only.
    pub fn of(labels: &[usize], robust: &[bool], redrawn: &[Vec<usize>], repeats: u16) -> Self {
        let n = labels.len();
        let count = |hits: &mut dyn Iterator<Item = bool>| Share::new(hits.filter(|&hit| hit).count(), n);
        let pairs = || redrawn.iter().zip(labels);
        let right_counts: Vec<u16> = pairs()
            .map(|(classes, label)| {
                let right = classes.iter().filter(|&class| class == label).count();
                // No more than `repeats`.
                (right * usize::from(repeats) / classes.len().max(1)) as u16
            })
            .collect();
        Self {
            never_broken: count(&mut robust.iter().copied()),
            one_redraw: count(&mut pairs().map(|(classes, label)| classes.first() == Some(label))),
            mean: MeanShare::of_counts(&right_counts, repeats),
            vote: count(&mut pairs().map(|(classes, &label)| most_frequent(classes) == Some(label))),
            worst: count(&mut right_counts.iter().map(|&right| right == repeats)),
            repeats,
            right_counts,
        }
    }

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

/// The lowest among the most frequent of `classes`.
fn most_frequent(classes: &[usize]) -> Option<usize> {
    let count = |class: usize| classes.iter().filter(|&&other| other == class).count();
    let rank = |&class: &usize| (count(class), std::cmp::Reverse(class));
    classes.iter().copied().max_by_key(rank)
}
