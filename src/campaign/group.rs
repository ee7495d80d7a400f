//! One group of images: attacked, and looked at again.

use super::bisection::{Known, smallest_radii};
use super::control::{Controlled, Instead, control};
use super::run::{CampaignProgress, Task};
use super::{Campaign, ImageResult};
use crate::Result;
use crate::attacks::{
    AutoAttackConfig, Evaluation, LabelledImages, Oracle, SeededStarts, autoattack, distances,
};
use crate::tensor::{Element, Tensor};

/// What became of a group.
pub(super) struct Attacked<T: Element> {
    pub results: Vec<ImageResult>,
    /// The resulting images [N, H, W, C].
    pub images: Tensor<T>,
}

/// Attacks `samples`, which stand at `positions`, all together.
pub(super) fn attack<T: Element>(
    campaign: &Campaign,
    oracle: &Oracle<'_, T>,
    samples: &LabelledImages<T>,
    positions: &[usize],
    tell: &mut dyn FnMut(Task) -> Result<()>,
) -> Result<Attacked<T>> {
    let config = AutoAttackConfig {
        block: samples.len(),
        ..campaign.config.clone()
    };
    let starts = SeededStarts::new(campaign.seed);
    let state = autoattack(
        oracle,
        &starts,
        samples,
        &config,
        None,
        &mut |_| Ok(()),
        &mut |at| tell(Task::Attack(*at)),
    )?;
    let records = state.records();
    let right: Vec<bool> = records.iter().map(|record| record.initially_right()).collect();
    let settings = (&config, campaign.seed);
    let mut controlled = |instead| {
        control(oracle, samples, &right, settings, instead, &mut || {
            tell(Task::Control)
        })
    };
    let looking = controlled(Instead::Nothing)?.broken;
    let Controlled {
        images: noisy,
        broken: by_noise,
    } = controlled(Instead::Noise)?;
    tell(Task::Score)?;
    let redrawn = |images: &Tensor<T>| redrawn(oracle, samples, images, campaign.redraws);
    let (after, clean, noise) = (
        redrawn(state.adversarial())?,
        redrawn(samples.images())?,
        redrawn(&noisy)?,
    );
    let distances = distances(config.norm, samples.images(), state.adversarial())?;
    let radii = match campaign.bisections {
        0 => None,
        rounds => {
            let settings = (&config, rounds);
            let known = records.iter().enumerate().map(|(i, record)| Known {
                right: record.initially_right(),
                robust: record.is_robust(),
                broken: record
                    .broken
                    .map_or(state.broken_beyond(i), |_| Some(distances[i])),
            });
            Some(smallest_radii(
                oracle,
                &starts,
                samples,
                &known.collect::<Vec<_>>(),
                settings,
                &mut |at| tell(Task::Bisection(*at)),
            )?)
        }
    };
    let results = positions.iter().enumerate().map(|(i, &position)| ImageResult {
        position,
        record: records[i].clone(),
        distance: distances[i],
        redrawn: after[i].clone(),
        clean_redrawn: clean[i].clone(),
        noise_redrawn: noise[i].clone(),
        broken_by_looking: looking[i],
        broken_by_noise: by_noise[i],
        smallest_radius: radii.as_ref().map(|radii| radii[i]),
    });
    Ok(Attacked {
        results: results.collect(),
        images: state.adversarial().clone(),
    })
}

/// The classes of each of `images` on fresh draws, always the same ones.
pub(super) fn redrawn<T: Element>(
    oracle: &Oracle<'_, T>,
    samples: &LabelledImages<T>,
    images: &Tensor<T>,
    redraws: u16,
) -> Result<Vec<Vec<usize>>> {
    let mut classes = vec![Vec::new(); samples.len()];
    for repeat in 0..oracle.distinct_draws(redraws) {
        let ids = samples.ids().iter();
        let draws: Vec<_> = ids
            .map(|&id| Evaluation::AfterAutoAttack.draw(id, repeat))
            .collect();
        let predictions = oracle.predictions(images, &draws)?;
        classes
            .iter_mut()
            .zip(predictions)
            .for_each(|(classes, class)| classes.push(class));
    }
    Ok(classes)
}

impl CampaignProgress {
    /// How much of the group under way is done, from 0 to 1: attacks count, what comes after them does not.
    pub fn share_of_group(&self) -> f64 {
        match self.task {
            Task::Attack(at) => {
                let within = f64::from(at.search.iteration) / f64::from(at.search.iterations.max(1));
                (at.attack_index as f64 + within.min(1.0)) / self.attacks.max(1) as f64
            }
            _ => 1.0,
        }
    }
}
