//! Accuracy of images as they are: of clean ones, of what an attack left, of images made by an
//! attack on another classifier.

use super::statistics::mean_and_std;
use super::{Evaluation, LabelledImages, Oracle};
use crate::tensor::Element;
use crate::{Error, Result};

/// Accuracy over repeated draws of a random classifier.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct RedrawnAccuracy {
    /// Fraction of images that are right, for each repeat.
    pub repeats: Vec<f64>,
    /// Mean over the repeats.
    pub mean: f64,
    /// Sample standard deviation over the repeats; 0 for one repeat or a deterministic classifier.
    pub std: f64,
    /// In how many repeats each image was right.
    pub right_counts: Vec<u16>,
}

/// Asks for the class of every image `repeats` times, each with a fresh draw.
///
/// The classifier need not be the one that the images were made on: so a transferred attack is
/// scored. A deterministic classifier is asked once, and its answer counted for all repeats.
///
/// # Errors
/// [`Error::Argument`] if `repeats` is 0 or a label is out of range; those of [`Oracle::logits`].
pub fn redrawn_accuracy<T: Element>(
    oracle: &Oracle<'_, T>,
    samples: &LabelledImages<T>,
    evaluation: Evaluation,
    repeats: u16,
) -> Result<RedrawnAccuracy> {
    if repeats == 0 {
        return Err(Error::argument(
            "redrawn_accuracy",
            "repeats",
            "at least 1",
            repeats,
        ));
    }
    samples.check_labels(oracle.classes())?;
    let mut fractions = Vec::with_capacity(repeats.into());
    let mut right_counts = vec![0; samples.len()];
    let mut right = Vec::new();
    for repeat in 0..repeats {
        if repeat < oracle.distinct_draws(repeats) {
            let draws: Vec<_> = samples
                .ids()
                .iter()
                .map(|&id| evaluation.draw(id, repeat))
                .collect();
            let predictions = oracle.predictions(samples.images(), &draws)?;
            right = predictions
                .iter()
                .zip(samples.labels())
                .map(|(p, label)| p == label)
                .collect();
        }
        for (count, &right) in right_counts.iter_mut().zip(&right) {
            *count += u16::from(right);
        }
        let hits = right.iter().filter(|&&right| right).count();
        fractions.push(hits as f64 / samples.len() as f64);
    }
    let (mean, std) = mean_and_std(&fractions);
    Ok(RedrawnAccuracy {
        repeats: fractions,
        mean,
        std,
        right_counts,
    })
}
