//! One search of APGD from one start.

use super::ApgdConfig;
use super::checkpoints::Checkpoints;
use super::sparsity::Sparsity;
use crate::attacks::rows::{count_differences, largest_magnitudes, row_len};
use crate::attacks::step::{Iterates, advance};
use crate::attacks::{Aim, Appraisal, Ball, LabelledImages, Norm, Oracle, SearchProgress};
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};

/// Auto-PGD (Croce & Hein 2020, arXiv 2003.01690; for L1 2021, arXiv 2103.01208) on a batch of images from one start,
/// one [`Apgd::step`] at a time. Images do not influence each other. For L∞ it works where the images are, for L2 and L1
/// moves are made on the host in f64.
///
/// Where the code goes beyond the paper or differs from it, this follows the code (fra31/auto-attack at a392200): the
/// random start is scaled to distance exactly ε before it is clipped to [0, 1]; the rule "no improvement since the last
/// checkpoint" is off at the first one; the best point is that of the highest loss, and the adversarial image is another
/// one: the last iterate that was misclassified. (For L1 that code counts a value as perturbed even if a projection brought
/// it back but for a rounding error; which ones those are differs from machine to machine, and here none is counted.)
/// But for these faults, which [`ApgdConfig::compat`] brings back:
///
/// | | there | here |
/// | --- | --- | --- |
/// | first checkpoint | compares the loss after the first step with 0 instead of the loss before it: its index −1 reads the last, still empty, row of the history | compares with the loss before it |
/// | several draws (EoT) | the gradient is their mean, but loss, prediction and all decisions use the last draw alone: the best loss is the largest of as many draws of noise as there are iterates | decisions use the mean loss, and an iterate is misclassified if more than half of its draws are |
/// | going back to the best point | the momentum keeps the previous iterate, so that the next step jumps | the momentum begins anew |
/// | zero gradients | are looked for at the start only | and at every iterate |
pub struct Apgd<'a, T: Element = f32> {
    oracle: &'a Oracle<'a, T>,
    samples: &'a LabelledImages<T>,
    config: &'a ApgdConfig,
    /// Number of the search among those of the attack.
    number: u16,
    targets: Option<Vec<usize>>,
    /// Evaluations of earlier phases with larger radii.
    earlier: u16,
    /// Iterations of this phase.
    iterations: u16,
    ball: Ball,
    schedule: Checkpoints,
    /// For L1, one an image.
    sparsities: Vec<Sparsity>,
    /// Length of the period that ended with the last iteration.
    checkpoint: Option<usize>,
    iteration: u16,
    point: Tensor<T>,
    previous: Tensor<T>,
    appraisal: Appraisal<T>,
    zero_gradients: Vec<bool>,
    best: Tensor<T>,
    best_gradient: Tensor<T>,
    adversarial: Tensor<T>,
    tracks: Vec<Track<T>>,
}

/// What is remembered of the search for one image, besides pictures.
struct Track<T> {
    step_size: T,
    best_loss: T,
    /// Loss after the previous step; before the first one that of the start, or 0 in compat mode (see [`Apgd`]).
    previous_loss: T,
    /// Steps that raised the loss since the last checkpoint.
    rises: usize,
    /// The best loss at the last checkpoint.
    loss_at_checkpoint: T,
    /// Whether the step size was halved at the last checkpoint; true before the first one.
    halved: bool,
    /// First misclassified iterate.
    fooled_at: Option<u16>,
}

impl<'a, T: Element> Apgd<'a, T> {
    /// Puts search `number` at its random start, made of `uniforms` in [0, 1) of the images' shape, and evaluates it.
    /// With `targets`, one an image, it goes up the targeted DLR loss, else up the settings' loss. Of settings with
    /// larger radii this is the phase with the first of them; [`Apgd::next_phase`] goes on.
    ///
    /// # Errors
    /// [`Error::Argument`] for settings, labels or targets out of range; [`Error::Shape`] if the uniforms'
    /// shape is not the images'; those of [`Oracle::appraise`].
    pub fn new(
        oracle: &'a Oracle<'a, T>,
        samples: &'a LabelledImages<T>,
        config: &'a ApgdConfig,
        number: u16,
        targets: Option<Vec<usize>>,
        uniforms: &Tensor<T>,
    ) -> Result<Self> {
        Self::first_phase(oracle, samples, (config, number), targets, |ball| {
            ball.start(samples.images(), uniforms)
        })
    }

    /// The same without targets from the images `from` [N, H, W, C], brought into the ball around the clean images first,
    /// where the search stays. Its first step is as long as from a random start: where it leads to less, the search
    /// comes back.
    ///
    /// # Errors
    /// As [`Apgd::new`].
    pub fn from_images(
        oracle: &'a Oracle<'a, T>,
        samples: &'a LabelledImages<T>,
        config: &'a ApgdConfig,
        number: u16,
        from: &Tensor<T>,
    ) -> Result<Self> {
        Self::first_phase(oracle, samples, (config, number), None, |ball| {
            ball.project(samples.images(), from)
        })
    }

    fn first_phase(
        oracle: &'a Oracle<'a, T>,
        samples: &'a LabelledImages<T>,
        (config, number): (&'a ApgdConfig, u16),
        targets: Option<Vec<usize>>,
        start: impl FnOnce(&Ball) -> Result<Tensor<T>>,
    ) -> Result<Self> {
        config.check()?;
        config.check_classes(oracle.classes())?;
        samples.check_labels(oracle.classes())?;
        // There is at least one.
        let (eps, iterations) = config.phases().first().copied().unwrap_or_default();
        let ball = Ball::new(config.norm, eps)?;
        let begin = Begin {
            start: start(&ball)?,
            warm: config.larger_radii,
            ball,
            iterations,
            earlier: 0,
            number,
            targets,
        };
        Self::begin(oracle, samples, config, begin)
    }

    /// The search with the next smaller radius, from the best point of this one, which is finished; none if this one has
    /// the radius that is asked for.
    ///
    /// # Errors
    /// As [`Apgd::new`].
    pub fn next_phase(&self) -> Result<Option<Self>> {
        let phases = self.config.phases();
        let smaller = phases.iter().find(|(eps, _)| *eps < self.ball.eps());
        let Some(&(eps, iterations)) = smaller else {
            return Ok(None);
        };
        let ball = Ball::new(self.config.norm, eps)?;
        let begin = Begin {
            start: ball.project(self.samples.images(), &self.best)?,
            warm: true,
            ball,
            iterations,
            earlier: self.earlier + self.iterations + 1,
            number: self.number,
            targets: self.targets.clone(),
        };
        Self::begin(self.oracle, self.samples, self.config, begin).map(Some)
    }

    fn begin(
        oracle: &'a Oracle<'a, T>,
        samples: &'a LabelledImages<T>,
        config: &'a ApgdConfig,
        begin: Begin<T>,
    ) -> Result<Self> {
        let Begin {
            start,
            warm,
            ball,
            iterations,
            earlier,
            number,
            targets,
        } = begin;
        let values = row_len(&start);
        let (schedule, sparsities, largest) = match ball.norm() {
            Norm::L1 if warm => {
                let supports = count_differences(&start, samples.images())?;
                let warm = supports
                    .into_iter()
                    .map(|support| Sparsity::warm(values, support));
                (Checkpoints::even(iterations), warm.collect(), ball.eps())
            }
            Norm::L1 => {
                let cold = vec![Sparsity::cold(values); samples.len()];
                (Checkpoints::even(iterations), cold, ball.eps())
            }
            _ => (Checkpoints::new(iterations), Vec::new(), 2.0 * ball.eps()),
        };
        let place = (config, number, earlier);
        let appraisal = appraise(oracle, samples, place, targets.as_deref(), &start)?;
        let gradients = largest_magnitudes(&appraisal.gradient)?;
        let zero_gradients = gradients.iter().map(T::is_zero).collect();
        let mut search = Self {
            oracle,
            samples,
            config,
            number,
            targets,
            earlier,
            iterations,
            ball,
            schedule,
            sparsities,
            checkpoint: None,
            iteration: 0,
            previous: start.clone(),
            best: start.clone(),
            adversarial: start.clone(),
            best_gradient: appraisal.gradient.clone(),
            zero_gradients,
            tracks: losses(config, &appraisal)
                .iter()
                .map(|&loss| Track::new(config, T::of(largest), loss))
                .collect(),
            point: start,
            appraisal,
        };
        search.note_fooled()?;
        Ok(search)
    }

    /// One iteration: decides about step sizes if a checkpoint was reached, moves, evaluates.
    ///
    /// # Errors
    /// [`Error::Argument`] if all iterations are done; those of [`Oracle::appraise`].
    pub fn step(&mut self) -> Result<()> {
        if self.is_finished() {
            let expected = format!("at most {}", self.iterations);
            return Err(Error::argument("Apgd::step", "iterations", expected, "one more"));
        }
        if let Some(period) = self.checkpoint.take() {
            match self.ball.norm() {
                Norm::L1 => self.adapt_sparsity()?,
                _ => self.adapt_step_sizes(period)?,
            }
        }
        self.advance()?;
        self.iteration += 1;
        let place = (self.config, self.number, self.earlier + self.iteration);
        self.appraisal = appraise(
            self.oracle,
            self.samples,
            place,
            self.targets.as_deref(),
            &self.point,
        )?;
        self.note_fooled()?;
        if !self.config.compat {
            let gradients = largest_magnitudes(&self.appraisal.gradient)?;
            for (zero, gradient) in self.zero_gradients.iter_mut().zip(gradients) {
                *zero |= gradient.is_zero();
            }
        }
        let mut better = Vec::new();
        let losses = losses(self.config, &self.appraisal);
        for (i, (track, &loss)) in self.tracks.iter_mut().zip(losses).enumerate() {
            track.rises += usize::from(loss > track.previous_loss);
            track.previous_loss = loss;
            if loss > track.best_loss {
                track.best_loss = loss;
                better.push(i);
            }
        }
        self.best.replace_rows(&better, &self.point, &better)?;
        self.best_gradient
            .replace_rows(&better, &self.appraisal.gradient, &better)?;
        self.checkpoint = self.schedule.advance();
        Ok(())
    }

    /// Halves the step sizes of images whose search oscillates or stands still, and sends them
    /// back to their best point.
    fn adapt_step_sizes(&mut self, period: usize) -> Result<()> {
        let enough = self.config.rho * period as f64;
        let mut halved = Vec::new();
        for (i, track) in self.tracks.iter_mut().enumerate() {
            let oscillates = track.rises as f64 <= enough;
            let stands_still = !track.halved && track.loss_at_checkpoint >= track.best_loss;
            track.halved = oscillates || stands_still;
            track.loss_at_checkpoint = track.best_loss;
            track.rises = 0;
            if track.halved {
                track.step_size /= T::of(2.0);
                halved.push(i);
            }
        }
        self.go_back(&halved)
    }

    /// For L1: moves fewer values where the best point needs fewer, and sends those searches back to it; elsewhere makes
    /// steps smaller.
    fn adapt_sparsity(&mut self) -> Result<()> {
        let supports = count_differences(&self.best, self.samples.images())?;
        let largest = self.ball.eps();
        let mut back = Vec::new();
        let images = self.tracks.iter_mut().zip(&mut self.sparsities).zip(supports);
        for (i, ((track, sparsity), support)) in images.enumerate() {
            let (goes_back, step) = sparsity.adapt(support, track.step_size.as_f64(), largest);
            track.step_size = T::of(step);
            if goes_back {
                back.push(i);
            }
        }
        self.go_back(&back)
    }

    /// Sends the searches of these images back to their best points.
    fn go_back(&mut self, images: &[usize]) -> Result<()> {
        self.point.replace_rows(images, &self.best, images)?;
        if !self.config.compat {
            self.previous.replace_rows(images, &self.best, images)?;
        }
        self.appraisal
            .gradient
            .replace_rows(images, &self.best_gradient, images)
    }

    /// Moves, with a share of 3/4 for the new direction but for the first step, where it is 1.
    fn advance(&mut self) -> Result<()> {
        let share = if self.iteration > 0 { 0.75 } else { 1.0 };
        let steps: Vec<T> = self.step_sizes().collect();
        let shares: Vec<f64> = self.sparsities.iter().map(Sparsity::share).collect();
        let iterates = Iterates {
            x: &mut self.point,
            previous: &mut self.previous,
        };
        let (gradient, clean) = (&self.appraisal.gradient, self.samples.images());
        advance(&self.ball, iterates, gradient, clean, (&steps, &shares), share)
    }

    /// Keeps the current point of every image that is misclassified at it.
    fn note_fooled(&mut self) -> Result<()> {
        let state = &self.appraisal;
        let mut fooled = Vec::new();
        for (i, label) in self.samples.labels().iter().enumerate() {
            let is_wrong = match self.config.compat {
                true => state.last_prediction[i] != *label,
                false => 2 * u32::from(state.wrong_draws[i]) > u32::from(state.draws),
            };
            if is_wrong {
                self.tracks[i].fooled_at.get_or_insert(self.iteration);
                fooled.push(i);
            }
        }
        self.adversarial.replace_rows(&fooled, &self.point, &fooled)
    }

    /// Whether all iterations of this phase are done.
    pub fn is_finished(&self) -> bool {
        self.iteration == self.iterations
    }

    /// The current iterate [N, H, W, C].
    pub fn point(&self) -> &Tensor<T> {
        &self.point
    }

    /// Gradient, losses and predictions at the current iterate.
    pub fn appraisal(&self) -> &Appraisal<T> {
        &self.appraisal
    }

    /// The step size that led to the current iterate (before the first step: 2ε, for L1 ε), one an image.
    pub fn step_sizes(&self) -> impl Iterator<Item = T> {
        self.tracks.iter().map(|track| track.step_size)
    }

    /// The iterate of the highest loss so far, [N, H, W, C].
    pub fn best(&self) -> &Tensor<T> {
        &self.best
    }

    /// The highest loss so far, one an image.
    pub fn best_losses(&self) -> impl Iterator<Item = T> {
        self.tracks.iter().map(|track| track.best_loss)
    }

    /// The last misclassified iterate [N, H, W, C]; the start where there was none.
    pub fn adversarial(&self) -> &Tensor<T> {
        &self.adversarial
    }

    /// Number of the first misclassified iterate (0 is the start), one an image.
    pub fn fooled_at(&self) -> impl Iterator<Item = Option<u16>> {
        self.tracks.iter().map(|track| track.fooled_at)
    }

    /// Whether a gradient was 0 everywhere, at the start or (unless in compat mode) at any iterate, one an image: a search
    /// that meets one knows no way from there.
    pub fn zero_gradients(&self) -> &[bool] {
        &self.zero_gradients
    }

    /// How far the search is.
    pub fn progress(&self) -> SearchProgress {
        SearchProgress {
            restart: self.number,
            // The start of a phase is no iteration.
            iteration: self.earlier + self.iteration - self.phase(),
            iterations: self.config.iterations,
            images: self.samples.len(),
            fooled: self.fooled_at().flatten().count(),
            passes: self.samples.len() * usize::from(self.oracle.distinct_draws(self.config.eot)),
        }
    }

    /// Number of this phase, from 0.
    fn phase(&self) -> u16 {
        let larger = |phase: &&(f64, u16)| phase.0 > self.ball.eps();
        self.config.phases().iter().filter(larger).count() as u16
    }
}

/// Where a search, or a phase of one, begins.
struct Begin<T: Element> {
    start: Tensor<T>,
    /// Whether the start is no random one.
    warm: bool,
    ball: Ball,
    iterations: u16,
    earlier: u16,
    number: u16,
    targets: Option<Vec<usize>>,
}

impl<T: Element> Track<T> {
    fn new(config: &ApgdConfig, step_size: T, loss: T) -> Self {
        Self {
            step_size,
            best_loss: loss,
            previous_loss: if config.compat { T::zero() } else { loss },
            rises: 0,
            loss_at_checkpoint: loss,
            halved: true,
            fooled_at: None,
        }
    }
}

/// The losses that decisions use.
fn losses<'a, T: Element>(config: &ApgdConfig, appraisal: &'a Appraisal<T>) -> &'a [T] {
    match config.compat {
        true => &appraisal.last_loss,
        false => &appraisal.mean_loss,
    }
}

/// Evaluates `point`; `place` is the settings, the number of the search, and that of the evaluation in it.
fn appraise<T: Element>(
    oracle: &Oracle<'_, T>,
    samples: &LabelledImages<T>,
    (config, number, evaluation): (&ApgdConfig, u16, u16),
    targets: Option<&[usize]>,
    point: &Tensor<T>,
) -> Result<Appraisal<T>> {
    let aim = targets.map_or(Aim::Away(config.loss), Aim::Towards);
    oracle.appraise_towards(point, samples.labels(), aim, config.eot, &|i, draw| {
        config.slot.search(samples.ids()[i], number, evaluation, draw)
    })
}
