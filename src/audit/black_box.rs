//! An attack on the defence that sees no gradients. Where it takes more than attacks that follow them, those are misled.

use super::{AuditProgress, OnAuditProgress, Scores, Subject};
use crate::Result;
use crate::attacks::{Ball, Norm, Oracle, SquareConfig, SquareSource, square};
use crate::tensor::Element;
use serde::{Deserialize, Serialize};

/// The defence under Square.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BlackBox {
    /// The attack.
    pub config: SquareConfig,
    /// The defence on its images, those that were wrong on the attack's first look and stayed clean included.
    pub scores: Scores,
}

/// Square within L∞ radius `eps` with so many `queries`, squares shrinking over all of them.
pub fn settings(eps: f64, queries: u16) -> SquareConfig {
    SquareConfig {
        queries,
        rescale_schedule: true,
        ..SquareConfig::new(Norm::Linf, eps)
    }
}

/// Attacks the defence with Square and scores it. An image's search ends at its first wrong draw, which need not be wrong on the
/// next: against a random defence this is a weak attack.
///
/// # Errors
/// Those of [`square`], [`score`](super::score) and `on_progress`.
pub fn run<T: Element>(
    subject: &Subject<'_, T>,
    source: &dyn SquareSource,
    config: &SquareConfig,
    on_progress: &mut OnAuditProgress<'_>,
) -> Result<BlackBox> {
    let defence = subject.defence()?;
    let oracle = Oracle::new(&defence, subject.sub_batch)?;
    let found = square(&oracle, source, subject.samples, config, &mut |search| {
        on_progress(&AuditProgress {
            what: "Square on the defence",
            done: 0,
            parts: 1,
            search: Some(*search),
        })
    })?;
    Ball::new(config.norm, config.eps)?.check(subject.samples, &found.images)?;
    let scores = super::score(
        &oracle,
        subject.samples,
        &found.images,
        config.slot,
        subject.repeats,
    )?;
    Ok(BlackBox {
        config: config.clone(),
        scores,
    })
}
