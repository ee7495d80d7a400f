//! Null controls: the pipeline of an attack with nothing in the place of the attack. What it counts
//! as broken here, it counts by chance.

use super::{OnAuditProgress, Scores, Subject};
use crate::Result;
use crate::attacks::{AttackSlot, LinfBall, PgdConfig};
use crate::tensor::{Buffer, Element, Tensor};
use serde::{Deserialize, Serialize};

/// The start of PGD whose uniform numbers are the control's noise: the last one that draws can name,
/// which no search gets to.
const NOISE_RESTART: u16 = 1023;

/// The attack beside its controls, all read by the defence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NullControls {
    /// The attack on the defence.
    pub config: PgdConfig,
    /// ε = 0: the clean images.
    pub nothing: Scores,
    /// Every value moved by exactly ε, up or down at random, and clipped to [0, 1].
    pub noise: Scores,
    /// The attack itself.
    pub attack: Scores,
}

/// Scores the defence under `config` and under its controls.
///
/// # Errors
/// Those of [`pgd`](crate::attacks::pgd), [`score`](super::score) and `on_progress`.
pub fn run<T: Element>(
    subject: &Subject<'_, T>,
    config: &PgdConfig,
    on_progress: &mut OnAuditProgress<'_>,
) -> Result<NullControls> {
    let defence = subject.defence()?;
    let zero = PgdConfig {
        eps: 0.0,
        step_size: 0.0,
        // Where nothing may move, one step shows as much as many.
        steps: config.steps.min(1),
        ..config.clone()
    };
    let unmoved = subject.attack(&defence, &zero, "no perturbation", (0, 3), on_progress)?;
    let nothing = subject.scores(&defence, &unmoved, config)?;
    let noisy = noise(subject, config)?;
    let noise = subject.scores(&defence, &noisy, config)?;
    let images = subject.attack(&defence, config, "the attack", (2, 3), on_progress)?;
    Ok(NullControls {
        config: config.clone(),
        nothing,
        noise,
        attack: subject.scores(&defence, &images, config)?,
    })
}

/// The clean images plus ε or minus ε, clipped.
pub(super) fn noise<T: Element>(subject: &Subject<'_, T>, config: &PgdConfig) -> Result<Tensor<T>> {
    let ball = LinfBall::<T>::new(config.eps)?;
    let clean = subject.samples.images();
    let mut here = clean.to_host()?;
    let row = here.len() / subject.samples.len();
    let mut uniforms = Buffer::filled(row, T::zero());
    let rows = here.make_mut("noise")?.chunks_exact_mut(row.max(1));
    for (pixels, &id) in rows.zip(subject.samples.ids()) {
        subject
            .starts
            .fill(AttackSlot::PGD, NOISE_RESTART, id, &mut uniforms)?;
        for (pixel, &uniform) in pixels.iter_mut().zip(uniforms.iter()) {
            let up = uniform >= T::of(0.5);
            let moved = if up {
                *pixel + ball.eps()
            } else {
                *pixel - ball.eps()
            };
            *pixel = ball.project(moved, *pixel);
        }
    }
    let noisy = here.beside(clean)?;
    ball.check(subject.samples, &noisy)?;
    Ok(noisy)
}
