//! One step of training, in one pass or in several whose gradients are summed.

use super::AdversarialTraining;
use super::evaluate::count_right;
use super::training::{Learner, Step};
use crate::Result;
use crate::attacks::Draw;
use crate::autograd::Var;
use crate::nn::Pass;
use crate::ops::Precision;
use crate::optim::{Adam, Optimiser};
use crate::tensor::Tensor;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;

/// The images of a step.
pub(super) struct Batch<'a> {
    /// [N, H, W, 3], where the learner is.
    pub images: Tensor,
    /// One an image.
    pub labels: &'a [usize],
    /// One an image.
    pub draws: &'a [Draw],
}

/// How a step is made.
pub(super) struct StepSettings {
    /// Images a pass; the whole batch if not given.
    pub micro_batch: Option<usize>,
    /// How images are attacked first.
    pub adversarial: Option<AdversarialTraining>,
    /// Format of the products.
    pub precision: Precision,
}

/// What a step saw before its update.
pub(super) struct Learned {
    /// Mean cross-entropy of the batch.
    pub loss: f64,
    /// Images that were classified rightly.
    pub right: usize,
}

impl StepSettings {
    /// Learns from `batch`: the gradient of its mean loss, then one update.
    ///
    /// In several passes (gradient accumulation) each pass counts by its share of the batch, so that the sum is the
    /// gradient of the mean over the whole batch. Batch normalisation is what differs from one pass: every pass is
    /// normalised by its own statistics, and every pass moves the running statistics once.
    pub fn take(
        &self,
        learner: &mut dyn Learner,
        optimiser: &mut Adam,
        batch: &Batch<'_>,
    ) -> Result<Learned> {
        let (learned, gradients) = self.gradients(learner, batch)?;
        optimiser.step(learner.module(), &gradients)?;
        Ok(learned)
    }

    /// The mean loss of `batch` and its gradients, by the identity of their parameters; running statistics move.
    pub fn gradients(
        &self,
        learner: &mut dyn Learner,
        batch: &Batch<'_>,
    ) -> Result<(Learned, HashMap<u64, Tensor>)> {
        let images = batch.labels.len();
        let ranges = passes(images, self.micro_batch);
        let mut sums = HashMap::new();
        let mut learned = Learned { loss: 0.0, right: 0 };
        for range in &ranges {
            let whole = range.len() == images;
            let part = Batch {
                images: if whole {
                    batch.images.clone()
                } else {
                    batch.images.rows(range.start, range.len())?
                },
                labels: batch.labels.get(range.clone()).unwrap_or_default(),
                draws: batch.draws.get(range.clone()).unwrap_or_default(),
            };
            let share = range.len() as f64 / images as f64;
            let (seen, gradients) = self.pass(learner, &part, (!whole).then_some(share))?;
            learned.loss += seen.loss * share;
            learned.right += seen.right;
            add(&mut sums, gradients)?;
        }
        Ok((learned, sums))
    }

    /// The mean loss over `part`, and its gradients times `share`.
    fn pass(
        &self,
        learner: &mut dyn Learner,
        part: &Batch<'_>,
        share: Option<f64>,
    ) -> Result<(Learned, HashMap<u64, Tensor>)> {
        let (labels, draws) = (part.labels, part.draws);
        let images = match self.adversarial {
            Some(adversarial) => {
                adversarial.perturbed(&*learner, &part.images, labels, draws, self.precision)?
            }
            None => part.images.clone(),
        };
        let pass = Pass::train().with_precision(self.precision);
        let Step {
            logits,
            mut pass,
            beside,
        } = learner.forward(&Var::constant(images), draws, pass)?;
        let loss = logits.cross_entropy(labels)?.mean_all()?;
        let seen = Learned {
            loss: f64::from(loss.value().item()?),
            right: count_right(logits.value(), labels)?,
        };
        drop(logits);
        let loss = match share {
            Some(share) => loss.affine(share as f32, 0.0)?,
            None => loss,
        };
        let gradients = pass.parameter_gradients(loss.backward(None)?);
        learner.commit(pass, beside)?;
        Ok((seen, gradients))
    }
}

/// Consecutive ranges of `micro_batch` of `images`. A last single image joins the range before it: batch statistics
/// of one vector do not exist.
fn passes(images: usize, micro_batch: Option<usize>) -> Vec<Range<usize>> {
    let size = micro_batch.unwrap_or(images).clamp(1, images.max(1));
    let mut ranges: Vec<Range<usize>> = (0..images)
        .step_by(size)
        .map(|first| first..(first + size).min(images))
        .collect();
    if ranges.len() > 1 && ranges.last().is_some_and(|last| last.len() == 1) {
        ranges.pop();
        if let Some(last) = ranges.last_mut() {
            last.end = images;
        }
    }
    ranges
}

fn add(sums: &mut HashMap<u64, Tensor>, gradients: HashMap<u64, Tensor>) -> Result<()> {
    for (parameter, gradient) in gradients {
        match sums.entry(parameter) {
            Entry::Occupied(mut sum) => sum.get_mut().accumulate(&gradient)?,
            Entry::Vacant(free) => {
                free.insert(gradient);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_cover_the_batch_and_none_has_one_image() {
        let found = |images, micro_batch| {
            let ranges = passes(images, micro_batch);
            ranges
                .iter()
                .map(|range| (range.start, range.end))
                .collect::<Vec<_>>()
        };
        assert_eq!(found(128, None), [(0, 128)]);
        assert_eq!(passes(8, Some(4)), [0..4, 4..8]);
        assert_eq!(passes(9, Some(4)), [0..4, 4..9]);
        assert_eq!(passes(10, Some(4)), [0..4, 4..8, 8..10]);
        assert_eq!(found(3, Some(64)), [(0, 3)]);
        assert_eq!(passes(0, Some(4)), []);
    }
}
