//! Accuracies.

use crate::Result;
use crate::attacks::{Classifier, Draw, predicted_classes};
use crate::autograd::Var;
use crate::data::Split;
use crate::device::Device;
use crate::ensemble::{Aggregation, FoldedSelfEnsemble, SelfEnsemble, Stream};
use crate::tensor::Tensor;
use rayon::prelude::*;

/// Images evaluated at once by one thread; no influence on any result.
pub(super) const CHUNK: usize = 32;
/// The same for an accelerator, which is given one chunk after another and works on each as a whole.
pub(super) const CHUNK_OF_ACCELERATOR: usize = 256;

/// Rows of logits [N, classes] whose largest value is at their label.
pub(super) fn count_right(logits: &Tensor, labels: &[usize]) -> Result<usize> {
    Ok(predicted_classes(logits)?
        .iter()
        .zip(labels)
        .filter(|(p, l)| p == l)
        .count())
}

/// Sums of `f` over chunks of images, each given its indices: [right; K] counters.
fn sum_over_chunks(
    split: &Split,
    device: &Device,
    counters: usize,
    f: impl Fn(&[usize]) -> Result<Vec<usize>> + Sync,
) -> Result<Vec<usize>> {
    let indices: Vec<usize> = (0..split.len()).collect();
    let parts: Vec<Vec<usize>> = match device {
        Device::Cpu => indices.par_chunks(CHUNK).map(&f).collect::<Result<_>>()?,
        Device::Accelerator(_) => indices
            .chunks(CHUNK_OF_ACCELERATOR)
            .map(&f)
            .collect::<Result<_>>()?,
    };
    let mut sums = vec![0; counters];
    for part in parts {
        sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
    }
    Ok(sums)
}

/// Accuracy of a classifier on `device` on a split, one draw an image.
pub(super) fn accuracy(
    classifier: &dyn Classifier,
    split: &Split,
    device: &Device,
    stream: Stream,
    iteration: u16,
) -> Result<f64> {
    let right = sum_over_chunks(split, device, 1, |indices| {
        let draws = draws_of(indices, stream, iteration);
        let logits = classifier.logits(&split.batch(indices)?.on(device)?, &draws)?;
        Ok(vec![count_right(&logits, &split.labels_of(indices))?])
    })?;
    Ok(right[0] as f64 / split.len().max(1) as f64)
}

fn draws_of(indices: &[usize], stream: Stream, iteration: u16) -> Vec<Draw> {
    indices
        .iter()
        .map(|&i| stream.draw(i as u32, iteration, 0))
        .collect()
}

/// Accuracy of every member of a self-ensemble on `device` and of CrossMax over them, on the same draws.
pub(super) fn ensemble_accuracy(
    ensemble: &SelfEnsemble,
    split: &Split,
    device: &Device,
) -> Result<(Vec<f64>, f64)> {
    let members = ensemble.members();
    let folded = FoldedSelfEnsemble::new(ensemble)?;
    let right = sum_over_chunks(split, device, members + 1, |indices| {
        let draws = draws_of(indices, Stream::CleanTest, 0);
        let labels = split.labels_of(indices);
        let images = Var::constant(split.batch(indices)?.on(device)?);
        let logits = folded.member_logits(&images, &draws)?;
        let mut right = Vec::with_capacity(members + 1);
        let rank = ensemble.backbone.method().rank(members);
        let members = (0..members).map(Aggregation::Member);
        for aggregation in members.chain([Aggregation::CrossMax]) {
            right.push(count_right(aggregation.apply(&logits, rank)?.value(), &labels)?);
        }
        Ok(right)
    })?;
    let n = split.len().max(1) as f64;
    let mut accuracies: Vec<f64> = right.into_iter().map(|right| right as f64 / n).collect();
    let ensemble = accuracies.pop().unwrap_or(0.0);
    Ok((accuracies, ensemble))
}
