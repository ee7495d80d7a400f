//! One attack on one block of images.

use super::joint::JointMembers;
use super::{Attack, Found, Method, Objective};
use crate::attacks::{
    Apgd, ApgdConfig, AttackSource, AutoAttackConfig, Ball, LabelledImages, Norm, OnIteration, Oracle,
    SearchProgress, Tape, autoattack, pgd_numbered, uniforms,
};
use crate::audit::{Subject, Views};
use crate::ensemble::Aggregation;
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};

/// Refuses `images` of which one is not within `eps` of its clean image of `samples`, or not in [0, 1].
pub(super) fn within_ball<T: Element>(
    eps: f64,
    samples: &LabelledImages<T>,
    images: &Tensor<T>,
) -> Result<()> {
    Ball::new(Norm::Linf, eps)?.check(samples, images)
}

/// A block of images, and what an attack on it needs besides its settings.
pub(super) struct Block<'a, T: Element> {
    pub subject: &'a Subject<'a, T>,
    pub source: &'a dyn AttackSource<T>,
    /// The clean images of the block.
    pub samples: &'a LabelledImages<T>,
    /// Where the search begins, if not at random: [N, H, W, C].
    pub from: Option<Tensor<T>>,
    /// Number of the search.
    pub number: u16,
    pub tape: Option<&'a Tape>,
}

impl<T: Element> Block<'_, T> {
    /// Attacks the block: candidates, not looked at yet.
    pub fn attack(&self, attack: &Attack, on_iteration: &mut OnIteration<'_>) -> Result<Found<T>> {
        let combined = |aggregation| self.subject.combined(aggregation, Views::Fresh);
        match &attack.whom {
            Objective::Defence => {
                let defence = self.subject.defence()?;
                let search = defence.differentiable();
                let oracle = Oracle::new(&defence, self.subject.sub_batch)?.searching(&search)?;
                self.run(oracle, &attack.method, on_iteration)
            }
            Objective::Surrogate => {
                let surrogate = combined(Aggregation::Mean)?;
                let oracle = Oracle::new(&surrogate, self.subject.sub_batch)?;
                self.run(oracle, &attack.method, on_iteration)
            }
            Objective::Member(member) => {
                let member = combined(Aggregation::Member(*member))?;
                let oracle = Oracle::new(&member, self.subject.sub_batch)?;
                self.run(oracle, &attack.method, on_iteration)
            }
            Objective::Joint(members) => {
                let joint = JointMembers::new(self.subject.ensemble, members)?;
                let oracle = Oracle::new(&joint, self.subject.sub_batch)?;
                self.run(oracle, &attack.method, on_iteration)
            }
        }
    }

    fn run(
        &self,
        oracle: Oracle<'_, T>,
        method: &Method,
        on_iteration: &mut OnIteration<'_>,
    ) -> Result<Found<T>> {
        let oracle = match self.tape {
            Some(tape) => oracle.recorded_on(tape),
            None => oracle,
        };
        let n = self.samples.len() as u64;
        // The start of a search is evaluated as well as every iterate.
        let passes = |iterations: u16, eot: u16| {
            n * (u64::from(iterations) + 1) * u64::from(oracle.distinct_draws(eot))
        };
        let (images, passes) = match method {
            Method::Autoattack(config) => return self.autoattack(&oracle, config, on_iteration),
            Method::Apgd(config) => {
                let images = self.apgd(&oracle, config, on_iteration)?;
                (images, passes(config.iterations, config.eot))
            }
            Method::Pgd(config) => {
                let images = pgd_numbered(
                    &oracle,
                    self.subject.starts,
                    self.samples,
                    (config, self.number),
                    self.from.as_ref(),
                    on_iteration,
                )?;
                (images, passes(config.steps, config.eot))
            }
        };
        Ok(Found {
            images: Some(images),
            attacked: n,
            passes,
            ..Found::default()
        })
    }

    fn apgd(
        &self,
        oracle: &Oracle<'_, T>,
        config: &ApgdConfig,
        on_iteration: &mut OnIteration<'_>,
    ) -> Result<Tensor<T>> {
        let (samples, number) = (self.samples, self.number);
        let mut search = match &self.from {
            Some(from) => Apgd::from_images(oracle, samples, config, number, from)?,
            None => {
                let uniforms = uniforms(self.subject.starts, config.slot, number, samples)?;
                let uniforms = uniforms.beside(samples.images())?;
                Apgd::new(oracle, samples, config, number, None, &uniforms)?
            }
        };
        while !search.is_finished() {
            search.step()?;
            on_iteration(&search.progress())?;
        }
        Ok(search.best().clone())
    }

    fn autoattack(
        &self,
        oracle: &Oracle<'_, T>,
        config: &AutoAttackConfig,
        on_iteration: &mut OnIteration<'_>,
    ) -> Result<Found<T>> {
        let config = AutoAttackConfig {
            block: self.samples.len(),
            ..config.clone()
        };
        let attacks = config.attacks.len().max(1) as u16;
        let mut passes = 0;
        let state = autoattack(
            oracle,
            self.source,
            self.samples,
            &config,
            None,
            &mut |_| Ok(()),
            &mut |at| {
                let search = at.search;
                // The first iteration comes with the start.
                passes += search.passes as u64 * if search.iteration == 1 { 2 } else { 1 };
                let before = (at.attack_index as u16).saturating_mul(search.iterations);
                on_iteration(&SearchProgress {
                    iteration: before.saturating_add(search.iteration),
                    iterations: search.iterations.saturating_mul(attacks),
                    ..search
                })
            },
        )?;
        let records = state.records();
        let attacked = records.iter().filter(|record| record.initially_right()).count();
        Ok(Found {
            images: Some(state.adversarial().clone()),
            flags: Some(records.iter().map(|record| record.is_robust()).collect()),
            attacked: attacked as u64,
            passes,
            ..Found::default()
        })
    }
}

/// The images of an attack on a block, which must be there.
pub(super) fn images_of<T: Element>(found: &Found<T>) -> Result<&Tensor<T>> {
    found
        .images
        .as_ref()
        .ok_or_else(|| Error::argument("ladder", "images", "one an image", "none"))
}
