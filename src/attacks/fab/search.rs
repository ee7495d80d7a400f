//! One search of FAB from one start.

use super::FabConfig;
use super::boundary::{Boundary, Rivals, boundaries};
use super::projection::project;
use super::start::random_start;
use crate::attacks::length::{distance, length};
use crate::attacks::rows::row_len;
use crate::attacks::{Draw, LabelledImages, Oracle, SearchProgress};
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};
use rayon::prelude::*;

const OP: &str = "fab";

/// FAB (Croce & Hein 2020, arXiv 1907.02044) on a batch of images from one start, one [`Fab::step`] at a time.
/// Images do not influence each other. See [`fab`](super::fab).
pub struct Fab<'a, T: Element = f32> {
    oracle: &'a Oracle<'a, T>,
    samples: &'a LabelledImages<T>,
    config: &'a FabConfig,
    restart: u16,
    /// The target of every image; without it the nearest class is looked for.
    targets: Option<Vec<usize>>,
    iteration: u16,
    /// Clean images, iterates and nearest misclassified iterates, [N, H, W, C] on the host.
    clean: Tensor<T>,
    point: Tensor<T>,
    nearest: Tensor<T>,
    tracks: Vec<Track>,
}

/// What is remembered of the search for one image, besides pictures.
#[derive(Clone, Copy, Debug)]
struct Track {
    /// Distance of the last iterate from the clean image, and whether it was misclassified.
    last: (f64, bool),
    /// Distance of the nearest misclassified iterate.
    nearest: Option<f64>,
    /// First misclassified iterate within ε.
    fooled_at: Option<u16>,
    /// Whether the first boundary had no direction, or (unless in compat mode) any.
    zero_gradient: bool,
}

impl<'a, T: Element> Fab<'a, T> {
    /// Puts search `restart` at the clean images, or at random starts made of `uniforms` in [0, 1) of their
    /// shape; `targets` are the classes to reach, one an image, or none to look for the nearest.
    ///
    /// # Errors
    /// [`Error::Argument`] for settings, labels or targets out of range; [`Error::Shape`] if the uniforms' shape is
    /// not the images'.
    pub fn new(
        oracle: &'a Oracle<'a, T>,
        samples: &'a LabelledImages<T>,
        config: &'a FabConfig,
        restart: u16,
        targets: Option<Vec<usize>>,
        uniforms: Option<&Tensor<T>>,
    ) -> Result<Self> {
        config.check(oracle.classes())?;
        samples.check_labels(oracle.classes())?;
        if let Some(targets) = &targets {
            check_targets(targets, samples, oracle.classes())?;
        }
        let clean = samples.images().to_host()?;
        let track = Track {
            last: (0.0, false),
            nearest: None,
            fooled_at: None,
            zero_gradient: false,
        };
        let mut search = Self {
            oracle,
            samples,
            config,
            restart,
            targets,
            iteration: 0,
            point: clean.clone(),
            nearest: clean.clone(),
            clean,
            tracks: vec![track; samples.len()],
        };
        if let Some(uniforms) = uniforms {
            search.start(uniforms)?;
        }
        Ok(search)
    }

    fn start(&mut self, uniforms: &Tensor<T>) -> Result<()> {
        if uniforms.shape() != self.clean.shape() {
            let (expected, found) = (self.clean.shape(), uniforms.shape());
            return Err(Error::shape(OP, "uniforms", expected, found));
        }
        let image = row_len(&self.clean);
        let uniforms = uniforms.to_host()?;
        let clean = self.clean.host(OP)?.chunks_exact(image);
        let points = self.point.make_mut(OP)?.chunks_exact_mut(image);
        for (point, (clean, uniforms)) in points.zip(clean.zip(uniforms.host(OP)?.chunks_exact(image))) {
            let radius = 0.5 * self.config.eps;
            let start = random_start(self.config.norm, radius, &wide(clean), &wide(uniforms));
            narrow(&start, point);
        }
        Ok(())
    }

    /// One iteration: towards the boundary of the linearised classifier and beyond it, with a bias to the clean
    /// image; a misclassified iterate is remembered if it is the nearest and then drawn back.
    ///
    /// # Errors
    /// [`Error::Argument`] if all iterations are done; [`Error::NotFinite`] if a logit or gradient is NaN or
    /// infinite; the classifier's errors.
    pub fn step(&mut self) -> Result<()> {
        if self.is_finished() {
            let expected = format!("at most {}", self.config.iterations);
            return Err(Error::argument("Fab::step", "iterations", expected, "one more"));
        }
        let rivals = match &self.targets {
            Some(targets) => Rivals::Given(targets),
            None => Rivals::All,
        };
        let (norm, labels) = (self.config.norm, self.samples.labels());
        let here = self.point.beside(self.samples.images())?;
        let boundaries = boundaries(self.oracle, norm, &here, labels, &rivals, &self.draws(0))?;
        self.advance(&boundaries)?;
        if self.iteration == 0 || !self.config.compat {
            for (track, boundary) in self.tracks.iter_mut().zip(&boundaries) {
                track.zero_gradient |= boundary.normal.iter().all(|&entry| entry == 0.0);
            }
        }
        self.iteration += 1;
        let here = self.point.beside(self.samples.images())?;
        let predictions = self.oracle.predictions(&here, &self.draws(1))?;
        self.note_fooled(&predictions)
    }

    /// The draws of the current iterate: 0 for its gradient, 1 for its prediction.
    fn draws(&self, draw: u16) -> Vec<Draw> {
        let ids = self.samples.ids().iter();
        let slot = self.config.slot;
        ids.map(|&id| slot.search(id, self.restart, self.iteration, draw))
            .collect()
    }

    /// Moves every iterate x to (1 − α)·(x + η·d) + α·(c + η·e), clipped, where d and e are the steps from x and from
    /// the clean image c to the boundary, and α is |d| / (|d| + |e|) but at most α_max (eq. 9 and 10).
    fn advance(&mut self, boundaries: &[Boundary]) -> Result<()> {
        let (image, config) = (row_len(&self.clean), self.config);
        let clean = self.clean.host(OP)?.par_chunks_exact(image);
        let points = self.point.make_mut(OP)?.par_chunks_exact_mut(image);
        points
            .zip(clean)
            .zip(boundaries)
            .for_each(|((point, clean), boundary)| {
                let (x, clean) = (wide(point), wide(clean));
                let to_boundary =
                    |from: &[f64]| project(config.norm, from, &boundary.normal, boundary.offset);
                let (from_point, from_clean) = (to_boundary(&x), to_boundary(&clean));
                // The least length is the reference's: it keeps the divisor from 0.
                let size = |step: &[f64]| length(config.norm, step.iter().copied()).max(1e-8);
                let (near, far) = (size(&from_point), size(&from_clean));
                let alpha = (near / (near + far)).min(config.alpha_max);
                let moved: Vec<f64> = (0..x.len())
                    .map(|i| {
                        let ahead = x[i] + config.eta * from_point[i];
                        let biased = clean[i] + config.eta * from_clean[i];
                        (ahead * (1.0 - alpha) + biased * alpha).clamp(0.0, 1.0)
                    })
                    .collect();
                narrow(&moved, point);
            });
        Ok(())
    }

    /// Remembers the iterates that are misclassified and the nearest so far, and draws all misclassified ones back
    /// to the clean image: to c + β·(x − c).
    fn note_fooled(&mut self, predictions: &[usize]) -> Result<()> {
        let (image, config) = (row_len(&self.clean), self.config);
        let clean = self.clean.host(OP)?;
        let points = self.point.host(OP)?;
        let (mut fooled, mut nearer) = (Vec::new(), Vec::new());
        for (i, track) in self.tracks.iter_mut().enumerate() {
            let row = |pixels: &[T]| wide(&pixels[i * image..][..image]);
            let distance = distance(config.norm, &row(points), &row(clean));
            let wrong = predictions[i] != self.samples.labels()[i];
            track.last = (distance, wrong);
            if !wrong {
                continue;
            }
            fooled.push(i);
            if track.nearest.is_none_or(|nearest| distance < nearest) {
                track.nearest = Some(distance);
                nearer.push(i);
            }
            if distance <= config.eps {
                track.fooled_at.get_or_insert(self.iteration);
            }
        }
        self.nearest.replace_rows(&nearer, &self.point, &nearer)?;
        let points = self.point.make_mut(OP)?;
        for i in fooled {
            let rows = i * image..(i + 1) * image;
            for (x, c) in points[rows.clone()].iter_mut().zip(&clean[rows]) {
                *x = *c + (*x - *c) * T::of(config.beta);
            }
        }
        Ok(())
    }

    /// Whether all iterations are done.
    pub fn is_finished(&self) -> bool {
        self.iteration == self.config.iterations
    }

    /// Distances of the last iterates from the clean images, and whether they were misclassified; one an image.
    pub fn last_looks(&self) -> impl Iterator<Item = (f64, bool)> {
        self.tracks.iter().map(|track| track.last)
    }

    /// The nearest misclassified iterates [N, H, W, C], where the clean images are; those where there was none.
    ///
    /// # Errors
    /// [`Error::Device`] if the copy to a device fails.
    pub fn nearest(&self) -> Result<Tensor<T>> {
        self.nearest.beside(self.samples.images())
    }

    /// Distances of the nearest misclassified iterates, also beyond ε; one an image.
    pub fn distances(&self) -> impl Iterator<Item = Option<f64>> {
        self.tracks.iter().map(|track| track.nearest)
    }

    /// Number of the first misclassified iterate within ε (0 is the start), one an image.
    pub fn fooled_at(&self) -> impl Iterator<Item = Option<u16>> {
        self.tracks.iter().map(|track| track.fooled_at)
    }

    /// Whether the first boundary had a gradient of 0 everywhere (or, unless in compat mode, any had), one an image: from
    /// there its search does not move.
    pub fn zero_gradients(&self) -> impl Iterator<Item = bool> {
        self.tracks.iter().map(|track| track.zero_gradient)
    }

    /// How far the search is.
    pub fn progress(&self) -> SearchProgress {
        let passes = match self.targets {
            Some(_) => 1,
            None => self.oracle.classes() - 1,
        };
        SearchProgress {
            restart: self.restart,
            iteration: self.iteration,
            iterations: self.config.iterations,
            images: self.samples.len(),
            fooled: self.fooled_at().flatten().count(),
            // A prediction and the gradients.
            passes: self.samples.len() * (1 + passes),
        }
    }
}

/// Refuses targets that are not one an image, not classes, or the label.
fn check_targets<T: Element>(targets: &[usize], samples: &LabelledImages<T>, classes: usize) -> Result<()> {
    if targets.len() != samples.len() {
        let expected = format!("{}, one an image", samples.len());
        return Err(Error::argument(OP, "targets", expected, targets.len()));
    }
    let wrong = |&(&target, &label): &(&usize, &usize)| target >= classes || target == label;
    match targets.iter().zip(samples.labels()).find(wrong) {
        Some((target, label)) => {
            let expected = format!("below {classes} and not the label, {label}");
            Err(Error::argument(OP, "target", expected, target))
        }
        None => Ok(()),
    }
}

fn wide<T: Element>(values: &[T]) -> Vec<f64> {
    values.iter().map(|value| value.as_f64()).collect()
}

fn narrow<T: Element>(values: &[f64], out: &mut [T]) {
    for (out, &value) in out.iter_mut().zip(values) {
        *out = T::of(value);
    }
}
