//! The ladder on ensembles whose right numbers can be worked out, and on noisy ones.

mod choosing;
mod independence;
mod refusals;
mod resume;
mod searches;

use super::{Linear, images, quietly};
use crate::Result;
use crate::attacks::{LabelledImages, SeededStarts};
use crate::audit::Subject;
use crate::audit::ladder::{Archive, Forgetful, Ladder, LadderConfig, LadderReport};
use crate::ensemble::Aggregation;
use crate::tensor::Tensor;

/// A few steps, few draws, all rungs.
fn short(eps: f64) -> LadderConfig {
    LadderConfig {
        iterations: 4,
        eot: 2,
        surrogate_eot: 2,
        most_eot: 5,
        restarts: 2,
        selection: 4,
        block: 4,
        ..LadderConfig::new(eps)
    }
}

fn subject<'a>(
    ensemble: &'a Linear,
    samples: &'a LabelledImages,
    starts: &'a SeededStarts,
    sub_batch: usize,
) -> Subject<'a> {
    Subject {
        sub_batch,
        ..super::subject(ensemble, Aggregation::CrossMax, samples, starts)
    }
}

/// The whole ladder: its report and the worst images.
fn climbed(
    subject: Subject<'_>,
    starts: &SeededStarts,
    config: &LadderConfig,
    archive: &mut dyn Archive,
) -> Result<(LadderReport, Tensor)> {
    let mut ladder = Ladder::new(subject, starts, config.clone())?;
    let mut rungs = Vec::new();
    for &rung in &config.rungs {
        ladder.climb(rung, archive, &mut quietly)?;
        rungs.push(ladder.score()?);
    }
    Ok((ladder.report(rungs)?, ladder.worst().clone()))
}

/// The same of an ensemble on [`images`], nothing kept.
fn ladder(ensemble: &Linear, config: &LadderConfig) -> Result<(LadderReport, Tensor)> {
    let (samples, starts) = (images([1.0, 0.3])?, SeededStarts::new(5));
    let subject = subject(ensemble, &samples, &starts, 4);
    climbed(subject, &starts, config, &mut Forgetful)
}

fn text(report: &LadderReport) -> String {
    serde_json::to_string(report).unwrap_or_default()
}
