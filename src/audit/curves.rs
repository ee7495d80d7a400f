//! Accuracy against the effort of an attack and against the room it has.

use super::{MeanShare, OnAuditProgress, Scores, Subject, Views};
use crate::attacks::PgdConfig;
use crate::ensemble::Aggregation;
use crate::tensor::Element;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// Numbers of steps of the usual ladder, those of the published ones.
pub const STEPS: [u16; 6] = [20, 40, 80, 160, 320, 640];
/// Draws a gradient of the usual ladder.
pub const EOT: [u16; 4] = [1, 5, 20, 100];
/// Radii of the usual sweep, in 1/255.
pub const EPS_255: [u16; 9] = [0, 1, 2, 4, 8, 16, 32, 64, 128];

/// What is varied along a curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Varied {
    /// The number of steps.
    Steps,
    /// The draws over which every gradient is averaged.
    Eot,
    /// The radius ε, and with it the size of a step.
    Eps,
}

/// A point of a curve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// The attack.
    pub config: PgdConfig,
    /// Accuracy of what was attacked.
    pub attacked: MeanShare,
    /// The defence on the same images.
    pub defence: Scores,
}

/// Attacks of growing effort or radius, in the order asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// The aggregation that was attacked; what is read is the defence.
    pub attacked: Aggregation,
    /// What is varied.
    pub varied: Varied,
    /// The points.
    pub points: Vec<CurvePoint>,
}

impl Curve {
    /// What an ε sweep says against its own attack: at the largest ε, with room for any image, a
    /// sound attack leaves nothing. (Half an image is allowed, for a random classifier may guess
    /// right on some draws.) Nothing for other curves.
    pub fn too_weak(&self) -> Option<String> {
        if self.varied != Varied::Eps {
            return None;
        }
        let last = self
            .points
            .iter()
            .max_by(|a, b| a.config.eps.total_cmp(&b.config.eps))?;
        let left = last.defence.mean;
        (left.fraction * left.of as f64 >= 0.5).then(|| {
            format!(
                "this attack is too weak: at eps {:.1}/255 the accuracy is still {:.1} %, expected 0 \
                 (take more steps or a better surrogate before trusting any of its numbers)",
                255.0 * last.config.eps,
                100.0 * left.fraction
            )
        })
    }
}

/// The attack `base` on the surrogate with each of these numbers of `steps`.
///
/// # Errors
/// As [`run`].
pub fn steps_ladder<T: Element>(
    subject: &Subject<'_, T>,
    base: &PgdConfig,
    steps: &[u16],
    on_progress: &mut OnAuditProgress<'_>,
) -> Result<Curve> {
    let configs = steps.iter().map(|&steps| PgdConfig {
        steps,
        ..base.clone()
    });
    run(
        subject,
        Aggregation::Mean,
        Varied::Steps,
        configs.collect(),
        on_progress,
    )
}

/// The attack `base` on the defence itself with gradients over each of these numbers of draws.
///
/// # Errors
/// As [`run`].
pub fn eot_ladder<T: Element>(
    subject: &Subject<'_, T>,
    base: &PgdConfig,
    eot: &[u16],
    on_progress: &mut OnAuditProgress<'_>,
) -> Result<Curve> {
    let configs = eot.iter().map(|&eot| PgdConfig { eot, ..base.clone() });
    run(
        subject,
        subject.target,
        Varied::Eot,
        configs.collect(),
        on_progress,
    )
}

/// The attack `base` on the surrogate with each of these radii `eps`, in units of the image range;
/// steps are as large a part of ε as in `base`.
///
/// # Errors
/// [`Error::Argument`] if ε of `base` is not above 0; as [`run`].
pub fn eps_sweep<T: Element>(
    subject: &Subject<'_, T>,
    base: &PgdConfig,
    eps: &[f64],
    on_progress: &mut OnAuditProgress<'_>,
) -> Result<Curve> {
    if base.eps.is_nan() || base.eps <= 0.0 {
        return Err(Error::argument("eps_sweep", "eps", "above 0 in `base`", base.eps));
    }
    let part = base.step_size / base.eps;
    let configs = eps.iter().map(|&eps| PgdConfig {
        eps,
        step_size: part * eps,
        ..base.clone()
    });
    run(
        subject,
        Aggregation::Mean,
        Varied::Eps,
        configs.collect(),
        on_progress,
    )
}

/// Attacks `attacked` with each of `configs` and scores the defence.
///
/// # Errors
/// [`Error::Argument`] if there is no configuration; those of [`pgd`](crate::attacks::pgd),
/// [`score`](super::score) and `on_progress`.
pub fn run<T: Element>(
    subject: &Subject<'_, T>,
    attacked: Aggregation,
    varied: Varied,
    configs: Vec<PgdConfig>,
    on_progress: &mut OnAuditProgress<'_>,
) -> Result<Curve> {
    if configs.is_empty() {
        return Err(Error::argument("curve", "points", "at least 1", 0));
    }
    let (classifier, defence) = (subject.combined(attacked, Views::Fresh)?, subject.defence()?);
    let parts = configs.len();
    let mut points = Vec::with_capacity(parts);
    for (part, config) in configs.into_iter().enumerate() {
        let what = match varied {
            Varied::Steps => format!("{} steps on the {attacked}", config.steps),
            Varied::Eot => format!("{} draws a gradient on the {attacked}", config.eot),
            Varied::Eps => format!("eps {:.1}/255 on the {attacked}", 255.0 * config.eps),
        };
        let images = subject.attack(&classifier, &config, &what, (part, parts), on_progress)?;
        points.push(CurvePoint {
            attacked: subject.scores(&classifier, &images, &config)?.mean,
            defence: subject.scores(&defence, &images, &config)?,
            config,
        });
    }
    Ok(Curve {
        attacked,
        varied,
        points,
    })
}
