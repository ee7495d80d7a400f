//! Asking a classifier again for everything that a journal says of its images.

use super::control::{Instead, control};
use super::group::redrawn;
use super::{Finished, ImageResult};
use crate::attacks::{Draw, Evaluation, LabelledImages, Oracle, distances};
use crate::tensor::Tensor;
use crate::{Error, Result};

/// Something that a journal says of an image, and that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// The image's place among the campaign's.
    pub position: usize,
    /// What is said wrongly.
    pub what: &'static str,
}

/// How images that broke fare when their pixels are rounded to the nearest of 256 values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rounded {
    /// Images that broke.
    pub broken: usize,
    /// How many of them are broken after rounding, on the draw of the attack's verdict.
    pub survive: usize,
}

/// What two computations of a distance may differ by, as a share of it.
const ROUNDING: f64 = 1e-6;

impl Finished {
    /// Asks `oracle` again about `samples`, the clean images of the journal's lines: their classes before the attacks, the verdict on
    /// every image that broke, all fresh draws of resulting, clean and noisy images, and both controls; measures the distances. All
    /// of that must be as the lines have it; an image that did not break must be the clean one.
    ///
    /// Three things cannot be seen from the files: in which iterate an image broke, smallest radii, whose images are not kept, and
    /// whether an image that stands was attacked with all that the settings say.
    ///
    /// # Errors
    /// [`Error::Argument`] if `samples` are not as many as the lines, or an image is outside [0, 1]; those of
    /// [`Oracle::predictions`] and of `on_look`, which is called now and then.
    pub fn contradictions(
        &self,
        oracle: &Oracle<'_>,
        samples: &LabelledImages,
        on_look: &mut dyn FnMut() -> Result<()>,
    ) -> Result<Vec<Contradiction>> {
        let config = &self.header.config;
        config.check(oracle.classes())?;
        let attacked = self.attacked(samples)?;
        let mut found = Vec::new();
        let mut hold = |what: &'static str, holds: &dyn Fn(usize, &ImageResult) -> bool| {
            let wrong = self.results.iter().enumerate();
            let wrong = wrong.filter(|&(i, result)| !holds(i, result));
            found.extend(wrong.map(|(_, result)| Contradiction {
                position: result.position,
                what,
            }));
        };
        hold("id or label", &|i, result| {
            (result.record.id, result.record.label) == (samples.ids()[i], samples.labels()[i])
        });
        let found_distances = distances(config.norm, samples.images(), attacked.images())?;
        hold("distance", &|i, result| {
            (result.distance - found_distances[i]).abs() <= ROUNDING * (1.0 + found_distances[i])
        });
        let initial = ask(oracle, samples, &|i| {
            Evaluation::Initial.draw(samples.ids()[i], 0)
        })?;
        hold("class before all attacks", &|i, result| {
            result.record.initial_prediction == initial[i]
        });
        let verdicts = self.verdicts(oracle, &attacked)?;
        hold(
            "verdict",
            &|i, result| match (result.record.broken, verdicts[i]) {
                (Some(broken), Some(verdict)) => {
                    result.record.initially_right()
                        && config.attacks.contains(&broken.by)
                        && (config.compat || broken.iterate.is_some())
                        && broken.prediction == verdict
                        && verdict != samples.labels()[i]
                }
                // What did not break is handed back as it was.
                _ => found_distances[i] == 0.0,
            },
        );
        on_look()?;
        let redraws = self.header.redraws;
        let after = redrawn(oracle, samples, attacked.images(), redraws)?;
        hold("classes on fresh draws", &|i, result| result.redrawn == after[i]);
        let clean = redrawn(oracle, samples, samples.images(), redraws)?;
        hold("classes of the clean image on fresh draws", &|i, result| {
            result.clean_redrawn == clean[i]
        });
        let right: Vec<bool> = initial
            .iter()
            .zip(samples.labels())
            .map(|(class, label)| class == label)
            .collect();
        let settings = (config, self.header.seed);
        let mut controlled = |instead| control(oracle, samples, &right, settings, instead, on_look);
        let looking = controlled(Instead::Nothing)?;
        hold("control ε = 0", &|i, result| {
            result.broken_by_looking == looking.broken[i]
        });
        let noise = controlled(Instead::Noise)?;
        let noisy = redrawn(oracle, samples, &noise.images, redraws)?;
        hold("control with noise", &|i, result| {
            result.broken_by_noise == noise.broken[i] && result.noise_redrawn == noisy[i]
        });
        found.sort_by_key(|contradiction| contradiction.position);
        Ok(found)
    }

    /// Rounds the resulting images to 8 bits and asks `oracle` for the verdicts on them.
    ///
    /// # Errors
    /// As [`Finished::contradictions`].
    pub fn rounded(&self, oracle: &Oracle<'_>, samples: &LabelledImages) -> Result<Rounded> {
        let images = rounded_to_8_bits(self.attacked(samples)?.images())?;
        let rounded = samples.with_images(images)?;
        let verdicts = self.verdicts(oracle, &rounded)?;
        let wrong =
            |(verdict, label): &(&Option<usize>, &usize)| verdict.is_some_and(|class| class != **label);
        Ok(Rounded {
            broken: verdicts.iter().flatten().count(),
            survive: verdicts.iter().zip(samples.labels()).filter(wrong).count(),
        })
    }

    /// The resulting images with the labels and ids of `samples`.
    fn attacked(&self, samples: &LabelledImages) -> Result<LabelledImages> {
        if samples.len() != self.results.len() {
            let expected = format!("{}, one for each line of the journal", self.results.len());
            return Err(Error::argument(
                "verification",
                "samples",
                expected,
                samples.len(),
            ));
        }
        samples.with_images(self.images.beside(samples.images())?)
    }

    /// The class of every image that broke, on the draw of its attack's verdict.
    fn verdicts(&self, oracle: &Oracle<'_>, attacked: &LabelledImages) -> Result<Vec<Option<usize>>> {
        let broken = |i: &usize| self.results[*i].record.broken.is_some();
        let broken: Vec<usize> = (0..self.results.len()).filter(broken).collect();
        let mut verdicts = vec![None; self.results.len()];
        if broken.is_empty() {
            return Ok(verdicts);
        }
        let images = attacked.select(&broken)?;
        let draws = broken.iter().filter_map(|&i| {
            let slot = self.results[i].record.broken?.by.slot();
            Some(slot.recheck(attacked.ids()[i]))
        });
        let classes = oracle.predictions(images.images(), &draws.collect::<Vec<_>>())?;
        for (&i, class) in broken.iter().zip(classes) {
            verdicts[i] = Some(class);
        }
        Ok(verdicts)
    }
}

fn ask(oracle: &Oracle<'_>, samples: &LabelledImages, draw: &dyn Fn(usize) -> Draw) -> Result<Vec<usize>> {
    let draws: Vec<Draw> = (0..samples.len()).map(draw).collect();
    oracle.predictions(samples.images(), &draws)
}

/// Every value of `images` in [0, 1] at the nearest multiple of 1/255.
///
/// # Errors
/// [`Error::Device`] if a copy from or to a device fails.
pub fn rounded_to_8_bits(images: &Tensor) -> Result<Tensor> {
    let values = images.to_vec()?;
    let rounded: Vec<f32> = values
        .iter()
        .map(|value| (value * 255.0).round() / 255.0)
        .collect();
    Tensor::from_slice(*images.shape(), &rounded)?.beside(images)
}
