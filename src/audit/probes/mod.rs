//! Probes of an aggregation at the clean images: what of its logits moves with the input at all, and
//! do its gradients point one way?

mod directions;
mod gradients;
mod votes;

pub use directions::Cosines;

use super::{AuditDraw, AuditProgress, MeanShare, OnAuditProgress, Subject};
use crate::attacks::{AttackLoss, Draw, Oracle};
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};
use directions::{PairCosines, in_f64};
use serde::{Deserialize, Serialize};

/// What the probes saw, over images × draws ("looks").
///
/// In CrossMax with rank k a class that k members rank first gets the logit 0 exactly, and no
/// gradient flows into it; two such classes tie.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Probes {
    /// Number of images.
    pub images: usize,
    /// Draws an image.
    pub draws: u16,
    /// At index v the looks in which v members rank the predicted class first; 0 to all members.
    pub votes_for_top: Vec<usize>,
    /// Looks in which two or more classes share the largest logit.
    pub ties: MeanShare,
    /// Logits that are exactly 0, of all classes.
    pub zero_logits: usize,
    /// Those of them whose gradient by the image is exactly 0, looked at one by one.
    pub zero_logits_without_gradient: usize,
    /// Largest magnitude of a gradient of a logit that is 0.
    pub largest_gradient_of_zero_logit: f64,
    /// Looks in which the largest logit is exactly 0 and has no gradient: structural masking.
    pub top_without_gradient: MeanShare,
    /// Looks in which the cross-entropy has no gradient at all.
    pub loss_without_gradient: MeanShare,
    /// Cosines between the loss gradients of two draws of an image: near 1 all draws agree, near 0
    /// the direction is noise.
    pub between_draws: Cosines,
    /// Cosines between the loss gradients of the surrogate (mean of the members' logits) and of the
    /// defence, under the same draw.
    pub surrogate_to_defence: Cosines,
}

/// Looks `draws` times at every image.
///
/// # Errors
/// [`Error::Argument`] if `draws` is 0; those of [`Oracle::logits`], [`Oracle::appraise`] and
/// `on_progress`.
pub fn run<T: Element>(
    subject: &Subject<'_, T>,
    draws: u16,
    on_progress: &mut OnAuditProgress<'_>,
) -> Result<Probes> {
    if draws == 0 {
        return Err(Error::argument("probes", "draws", "at least 1", draws));
    }
    let n = subject.samples.len();
    let mut looks = votes::Looks::new(n, subject.ensemble.members());
    let mut without_gradient = vec![0; n];
    let (mut between, mut to_defence) = (PairCosines::new(n), PairCosines::new(n));
    let mut before: Option<Vec<f64>> = None;
    for draw in 0..draws {
        on_progress(&AuditProgress {
            what: "probes",
            done: draw.into(),
            parts: draws.into(),
            search: None,
        })?;
        let names: Vec<Draw> = subject
            .samples
            .ids()
            .iter()
            .map(|&id| AuditDraw::Probe.draw(id, draw))
            .collect();
        looks.add(subject, &names)?;
        let defence = in_f64(&loss_gradient(subject, false, &names)?)?;
        let surrogate = in_f64(&loss_gradient(subject, true, &names)?)?;
        for (count, gradient) in without_gradient
            .iter_mut()
            .zip(defence.chunks_exact(defence.len() / n))
        {
            *count += u16::from(gradient.iter().all(|&value| value == 0.0));
        }
        to_defence.add(&surrogate, &defence);
        if let Some(before) = &before {
            between.add(before, &defence);
        }
        before = Some(defence);
    }
    Ok(Probes {
        images: n,
        draws,
        votes_for_top: looks.votes_for_top,
        ties: MeanShare::of_counts(&looks.ties, draws),
        zero_logits: looks.zeros.count,
        zero_logits_without_gradient: looks.zeros.without_gradient,
        largest_gradient_of_zero_logit: looks.zeros.largest_gradient,
        top_without_gradient: MeanShare::of_counts(&looks.top_without_gradient, draws),
        loss_without_gradient: MeanShare::of_counts(&without_gradient, draws),
        between_draws: between.summary(),
        surrogate_to_defence: to_defence.summary(),
    })
}

/// Gradients [N, H, W, C] of the cross-entropy of the surrogate or the defence, one draw an image.
fn loss_gradient<T: Element>(subject: &Subject<'_, T>, surrogate: bool, names: &[Draw]) -> Result<Tensor<T>> {
    let classifier = if surrogate {
        subject.surrogate()?
    } else {
        subject.defence()?
    };
    let oracle = Oracle::new(&classifier, subject.sub_batch)?;
    let samples = subject.samples;
    let appraisal = oracle.appraise(
        samples.images(),
        samples.labels(),
        AttackLoss::CrossEntropy,
        1,
        // One draw an image is asked for, and there is a name for every image.
        &|i, _| names.get(i).copied().unwrap_or_default(),
    )?;
    Ok(appraisal.gradient)
}
