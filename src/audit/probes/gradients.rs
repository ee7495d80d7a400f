//! Gradients of single logits.

use crate::Result;
use crate::attacks::{Classifier, Draw};
use crate::audit::Subject;
use crate::tensor::{Element, Tensor};
use rayon::prelude::*;

/// A logit of an image of a subject.
#[derive(Clone, Copy)]
pub(super) struct Logit {
    /// Index of the image.
    pub image: usize,
    /// The class.
    pub class: usize,
}

/// Largest magnitude of the gradient by the image of each of `logits` of the defence; `names` are
/// the draws of all images.
pub(super) fn largest_magnitudes<T: Element>(
    subject: &Subject<'_, T>,
    names: &[Draw],
    logits: &[Logit],
) -> Result<Vec<f64>> {
    let sub_batches = logits.chunks(subject.sub_batch.max(1));
    let parts: Vec<Vec<f64>> = match subject.samples.images().accelerator() {
        None => sub_batches
            .collect::<Vec<_>>()
            .into_par_iter()
            .map(|part| sub_batch(subject, names, part))
            .collect::<Result<_>>()?,
        // One device does one thing after another.
        Some(_) => sub_batches
            .map(|part| sub_batch(subject, names, part))
            .collect::<Result<_>>()?,
    };
    Ok(parts.concat())
}

fn sub_batch<T: Element>(subject: &Subject<'_, T>, names: &[Draw], logits: &[Logit]) -> Result<Vec<f64>> {
    let owners: Vec<usize> = logits.iter().map(|logit| logit.image).collect();
    let images = subject.samples.images().select(&owners)?;
    let draws: Vec<Draw> = owners
        .iter()
        .map(|&image| names.get(image).copied().unwrap_or_default())
        .collect();
    let defence = subject.defence()?;
    let linearised = defence.linearise(&images, &draws)?;
    let classes = defence.classes();
    let mut one_hot = Tensor::zeros([logits.len(), classes]);
    let rows = one_hot
        .make_mut("logit gradients")?
        .chunks_exact_mut(classes.max(1));
    for (row, logit) in rows.zip(logits) {
        if let Some(entry) = row.get_mut(logit.class) {
            *entry = T::one();
        }
    }
    let gradient = (linearised.pullback)(&one_hot.beside(&images)?)?;
    let values = super::in_f64(&gradient)?;
    let rows = values.chunks_exact((values.len() / logits.len().max(1)).max(1));
    Ok(rows
        .map(|row| row.iter().fold(0.0, |most: f64, value| most.max(value.abs())))
        .collect())
}
