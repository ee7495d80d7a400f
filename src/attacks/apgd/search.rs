//! One search of APGD from one start.

use super::ApgdConfig;
use super::checkpoints::Checkpoints;
use crate::attacks::rows::largest_magnitudes;
use crate::attacks::step::{Iterates, ascend_with_momentum};
use crate::attacks::{Appraisal, LabelledImages, LinfBall, Oracle, SearchProgress};
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};

/// Auto-PGD (Croce & Hein 2020, arXiv 2003.01690) for L∞ on a batch of images from one start, one
/// [`Apgd::step`] at a time. Images do not influence each other.
///
/// Where the code goes beyond the paper or differs from it, this follows the code
/// (fra31/auto-attack at a392200):
///
/// * The random start is scaled to distance exactly ε before it is clipped to [0, 1].
/// * With several draws (EoT) the gradient is their mean, but loss, prediction and all decisions
///   use the last draw alone.
/// * The first checkpoint compares the loss after the first step with 0 instead of the loss before
///   it: the code's index −1 reads the last, still empty, row of its history.
/// * The rule "no improvement since the last checkpoint" is off at the first one.
/// * When a step size is halved the search goes back to the best point, but the momentum keeps the
///   previous iterate, so that the next step jumps.
/// * The best point is that of the highest loss; the adversarial image is another one: the last
///   iterate that was misclassified.
pub struct Apgd<'a, T: Element = f32> {
    oracle: &'a Oracle<'a, T>,
    samples: &'a LabelledImages<T>,
    config: &'a ApgdConfig,
    restart: u16,
    ball: LinfBall<T>,
    schedule: Checkpoints,
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
    /// Loss after the previous step; 0 before the first one (see [`Apgd`]).
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
    /// Puts the search at its random start, made of `uniforms` in [0, 1) of the images' shape, and
    /// evaluates it.
    ///
    /// # Errors
    /// [`Error::Argument`] for settings or labels out of range; [`Error::Shape`] if the uniforms'
    /// shape is not the images'; those of [`Oracle::appraise`].
    pub fn new(
        oracle: &'a Oracle<'a, T>,
        samples: &'a LabelledImages<T>,
        config: &'a ApgdConfig,
        restart: u16,
        uniforms: &Tensor<T>,
    ) -> Result<Self> {
        config.check()?;
        config.loss.check_classes(oracle.classes())?;
        samples.check_labels(oracle.classes())?;
        let ball = LinfBall::new(config.eps)?;
        let start = ball.start_on_surface(samples.images(), uniforms)?;
        let appraisal = appraise(oracle, samples, config, restart, 0, &start)?;
        let gradients = largest_magnitudes(&appraisal.gradient)?;
        let zero_gradients = gradients.iter().map(T::is_zero).collect();
        let mut search = Self {
            oracle,
            samples,
            config,
            restart,
            ball,
            schedule: Checkpoints::new(config.iterations),
            checkpoint: None,
            iteration: 0,
            previous: start.clone(),
            best: start.clone(),
            adversarial: start.clone(),
            best_gradient: appraisal.gradient.clone(),
            zero_gradients,
            tracks: appraisal
                .last_loss
                .iter()
                .map(|&loss| Track::new(config, loss))
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
            let expected = format!("at most {}", self.config.iterations);
            return Err(Error::argument("Apgd::step", "iterations", expected, "one more"));
        }
        if let Some(period) = self.checkpoint.take() {
            self.adapt_step_sizes(period)?;
        }
        self.advance()?;
        self.iteration += 1;
        self.appraisal = appraise(
            self.oracle,
            self.samples,
            self.config,
            self.restart,
            self.iteration,
            &self.point,
        )?;
        self.note_fooled()?;
        let mut better = Vec::new();
        for (i, track) in self.tracks.iter_mut().enumerate() {
            let loss = self.appraisal.last_loss[i];
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
        self.point.replace_rows(&halved, &self.best, &halved)?;
        self.appraisal
            .gradient
            .replace_rows(&halved, &self.best_gradient, &halved)
    }

    /// Moves to x + a·(P(x + s·sign g) − x) + (1 − a)·(x − previous), projected, with a = 3/4 but
    /// for the first step, where it is 1.
    fn advance(&mut self) -> Result<()> {
        let a = if self.iteration > 0 { T::of(0.75) } else { T::one() };
        let steps: Vec<T> = self.step_sizes().collect();
        let iterates = Iterates {
            x: &mut self.point,
            previous: &mut self.previous,
        };
        let (gradient, clean) = (&self.appraisal.gradient, self.samples.images());
        ascend_with_momentum(&self.ball, iterates, gradient, clean, &steps, a)
    }

    /// Keeps the current point of every image that is misclassified at it.
    fn note_fooled(&mut self) -> Result<()> {
        let predictions = self.appraisal.last_prediction.iter().zip(self.samples.labels());
        let mut fooled = Vec::new();
        for (i, (prediction, label)) in predictions.enumerate() {
            if prediction != label {
                self.tracks[i].fooled_at.get_or_insert(self.iteration);
                fooled.push(i);
            }
        }
        self.adversarial.replace_rows(&fooled, &self.point, &fooled)
    }

    /// Whether all iterations are done.
    pub fn is_finished(&self) -> bool {
        self.iteration == self.config.iterations
    }

    /// The current iterate [N, H, W, C].
    pub fn point(&self) -> &Tensor<T> {
        &self.point
    }

    /// Gradient, losses and predictions at the current iterate.
    pub fn appraisal(&self) -> &Appraisal<T> {
        &self.appraisal
    }

    /// The step size that led to the current iterate (before the first step: 2ε), one an image.
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

    /// Whether the gradient at the start was 0 everywhere, one an image: a search that starts so
    /// says nothing about the image.
    pub fn zero_gradients(&self) -> &[bool] {
        &self.zero_gradients
    }

    /// How far the search is.
    pub fn progress(&self) -> SearchProgress {
        SearchProgress {
            restart: self.restart,
            iteration: self.iteration,
            iterations: self.config.iterations,
            images: self.samples.len(),
            fooled: self.fooled_at().flatten().count(),
            passes: self.samples.len() * usize::from(self.oracle.distinct_draws(self.config.eot)),
        }
    }
}

impl<T: Element> Track<T> {
    fn new(config: &ApgdConfig, loss: T) -> Self {
        Self {
            step_size: T::of(2.0 * config.eps),
            best_loss: loss,
            previous_loss: T::zero(),
            rises: 0,
            loss_at_checkpoint: loss,
            halved: true,
            fooled_at: None,
        }
    }
}

fn appraise<T: Element>(
    oracle: &Oracle<'_, T>,
    samples: &LabelledImages<T>,
    config: &ApgdConfig,
    restart: u16,
    iteration: u16,
    point: &Tensor<T>,
) -> Result<Appraisal<T>> {
    oracle.appraise(point, samples.labels(), config.loss, config.eot, &|i, draw| {
        config.slot.search(samples.ids()[i], restart, iteration, draw)
    })
}
