//! Evaluates a classifier for many images and draws.

use super::rows::{add_draws, largest_magnitudes, row_len};
use super::tape::{Question, decode_tensor, encode_tensor};
use super::{Aim, AttackLoss, Classifier, Draw, Linearised, Tape};
use crate::autograd::Var;
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};
use rayon::prelude::*;
use std::ops::Range;

/// A classifier asked in sub-batches: in parallel on the CPU, one after another on an accelerator,
/// which must be the one that images and classifier are on.
///
/// Results depend neither on the size of a sub-batch, nor on which images are asked together, nor
/// on the number of threads, to the bit, because the classifier's rows do not and sums are taken
/// in the order of the draws.
pub struct Oracle<'a, T: Element = f32> {
    classifier: &'a dyn Classifier<T>,
    /// Whom gradients are asked of.
    search: &'a dyn Classifier<T>,
    sub_batch: usize,
    tape: Option<&'a Tape>,
}

/// The state of an attack's search at its current images, one entry an image.
pub struct Appraisal<T: Element = f32> {
    /// Gradient of the loss by the image [N, H, W, C], the mean over the draws.
    pub gradient: Tensor<T>,
    /// Mean loss over the draws.
    pub mean_loss: Vec<T>,
    /// Loss of the last draw alone.
    pub last_loss: Vec<T>,
    /// Predicted class of the last draw alone.
    pub last_prediction: Vec<usize>,
    /// How many of the draws were misclassified.
    pub wrong_draws: Vec<u16>,
    /// How many draws there were: one if the classifier is deterministic.
    pub draws: u16,
}

/// One evaluated sub-batch.
struct Part<T: Element> {
    gradient: Tensor<T>,
    loss: Vec<T>,
    predictions: Vec<usize>,
}

impl<T: Element> Appraisal<T> {
    /// Adds the rows of `part`, the first of which is row `first` of all; `draws` rows an image.
    fn add(&mut self, part: &Part<T>, labels: &[usize], first: usize, draws: usize) -> Result<()> {
        let rows = first..first + part.predictions.len();
        add_draws(&mut self.gradient, &part.gradient, rows.clone(), draws)?;
        for (row, (&loss, &prediction)) in rows.zip(part.loss.iter().zip(&part.predictions)) {
            let image = row / draws;
            self.mean_loss[image] += loss;
            self.last_loss[image] = loss;
            self.last_prediction[image] = prediction;
            self.wrong_draws[image] += u16::from(prediction != labels[image]);
        }
        Ok(())
    }

    /// Those of one image after another, with as many draws each; at least one part.
    fn stacked(parts: Vec<Self>) -> Result<Self> {
        let gradients: Vec<_> = parts.iter().map(|part| part.gradient.clone()).collect();
        Ok(Self {
            gradient: Tensor::stack_rows(&gradients)?,
            mean_loss: parts.iter().flat_map(|part| &part.mean_loss).copied().collect(),
            last_loss: parts.iter().flat_map(|part| &part.last_loss).copied().collect(),
            last_prediction: parts
                .iter()
                .flat_map(|part| &part.last_prediction)
                .copied()
                .collect(),
            wrong_draws: parts.iter().flat_map(|part| &part.wrong_draws).copied().collect(),
            draws: parts.first().map_or(0, |part| part.draws),
        })
    }

    /// Makes means of sums.
    fn divide(&mut self, draws: T) -> Result<()> {
        let draws_there = self.gradient.full_beside([1], draws)?;
        let sum = Var::constant(self.gradient.clone());
        self.gradient = sum.div(&Var::constant(draws_there))?.into_value();
        self.mean_loss.iter_mut().for_each(|sum| *sum /= draws);
        Ok(())
    }
}

impl<'a, T: Element> Oracle<'a, T> {
    /// Rows of a sub-batch that suit CIFAR-size networks on a CPU.
    pub const SUB_BATCH: usize = 32;
    /// Sub-batches a thread whose gradients are held before they are added up: enough to keep all
    /// threads busy, few enough to bound the memory.
    const PENDING: usize = 4;
    /// Sub-batches a thread of one recorded question: enough that threads which wait for the last one cost little. (So a search that
    /// goes on with another number of threads may have to ask again what is on its tape; the answers are the same.)
    const RECORDED: usize = 2;

    /// Asks `classifier` for at most `sub_batch` rows at a time.
    ///
    /// # Errors
    /// [`Error::Argument`] if `sub_batch` is 0.
    pub fn new(classifier: &'a dyn Classifier<T>, sub_batch: usize) -> Result<Self> {
        if sub_batch == 0 {
            return Err(Error::argument("Oracle", "sub_batch", "at least 1", sub_batch));
        }
        Ok(Self {
            classifier,
            search: classifier,
            sub_batch,
            tape: None,
        })
    }

    /// The same, but answers are taken from `tape` as far as it has them, and else recorded on it. It must be one of the
    /// same classifiers. Only one search may use it at a time.
    pub fn recorded_on(self, tape: &'a Tape) -> Self {
        Self {
            tape: Some(tape),
            ..self
        }
    }

    /// The same, but searches follow losses and gradients of `search`: the same model in a faster
    /// precision, say. Logits and predictions, which decide what is broken, stay the classifier's.
    ///
    /// # Errors
    /// [`Error::Argument`] if `search` has another number of classes.
    pub fn searching(self, search: &'a dyn Classifier<T>) -> Result<Self> {
        let (expected, found) = (self.classes(), search.classes());
        if expected != found {
            return Err(Error::argument(
                "Oracle",
                "search",
                format!("{expected} classes"),
                found,
            ));
        }
        Ok(Self { search, ..self })
    }

    /// The classifier's number of classes.
    pub fn classes(&self) -> usize {
        self.classifier.classes()
    }

    /// Whether the classifier is random.
    pub fn is_random(&self) -> bool {
        self.classifier.is_random()
    }

    /// How many of `draws` draws are evaluated: one if the classifier is deterministic, for all
    /// would be equal.
    pub fn distinct_draws(&self, draws: u16) -> u16 {
        if self.is_random() { draws } else { 1 }
    }

    /// Logits [N, classes] of `images` [N, H, W, C], one draw an image.
    ///
    /// # Errors
    /// [`Error::NotFinite`] if a logit is NaN or infinite; the classifier's errors.
    pub fn logits(&self, images: &Tensor<T>, draws: &[Draw]) -> Result<Tensor<T>> {
        check_count("draws", draws.len(), images)?;
        let Some(tape) = self.tape else {
            return self.ask_logits(images, draws);
        };
        let mut question = Question::about("logits", images)?;
        draws.iter().for_each(|&draw| question.draw(draw));
        tape.answer(
            question,
            |bytes| decode_tensor(bytes, &[draws.len(), self.classes()], images),
            encode_tensor,
            || self.ask_logits(images, draws),
        )
    }

    fn ask_logits(&self, images: &Tensor<T>, draws: &[Draw]) -> Result<Tensor<T>> {
        let parts = self.in_sub_batches(images, 0..draws.len(), |rows| {
            let draws = &draws[rows.clone()];
            let logits = self
                .classifier
                .logits(&images.rows(rows.start, draws.len())?, draws)?;
            self.check_logits(&logits.to_host()?, draws)?;
            Ok(logits)
        })?;
        Tensor::stack_rows(&parts)
    }

    /// Predicted classes; among equal logits the lowest class.
    ///
    /// # Errors
    /// As [`Oracle::logits`].
    pub fn predictions(&self, images: &Tensor<T>, draws: &[Draw]) -> Result<Vec<usize>> {
        predicted_classes(&self.logits(images, draws)?)
    }

    /// Loss, prediction and gradient at `images` [N, H, W, C], over `draws` draws an image, of which
    /// `draw(image, i)` is the i-th for the image with that index.
    ///
    /// # Errors
    /// [`Error::NotFinite`] if a logit, loss or gradient is NaN or infinite; the classifier's
    /// errors; those of the loss.
    pub fn appraise(
        &self,
        images: &Tensor<T>,
        labels: &[usize],
        loss: AttackLoss,
        draws: u16,
        draw: &(dyn Fn(usize, u16) -> Draw + Sync),
    ) -> Result<Appraisal<T>> {
        self.appraise_towards(images, labels, Aim::Away(loss), draws, draw)
    }

    /// The same for any [`Aim`].
    ///
    /// # Errors
    /// As [`Oracle::appraise`]; [`Error::Argument`] if there are not as many targets as images.
    pub fn appraise_towards(
        &self,
        images: &Tensor<T>,
        labels: &[usize],
        aim: Aim<'_>,
        draws: u16,
        draw: &(dyn Fn(usize, u16) -> Draw + Sync),
    ) -> Result<Appraisal<T>> {
        let n = labels.len();
        check_count("labels", n, images)?;
        if let Aim::Towards(targets) = aim {
            check_count("targets", targets.len(), images)?;
        }
        let Some(tape) = self.tape else {
            return self.ask_appraisal(images, labels, aim, draws, draw);
        };
        let at_once = self.images_of_a_question(draws);
        if n <= at_once {
            return self.recorded_appraisal(tape, images, labels, aim, draws, draw);
        }
        let mut parts = Vec::with_capacity(n.div_ceil(at_once));
        for first in (0..n).step_by(at_once) {
            let rows = first..n.min(first + at_once);
            let aim = match aim {
                Aim::Away(loss) => Aim::Away(loss),
                Aim::Towards(targets) => Aim::Towards(&targets[rows.clone()]),
            };
            let images = images.rows(first, rows.len())?;
            let of_part = |image: usize, i: u16| draw(first + image, i);
            parts.push(self.recorded_appraisal(tape, &images, &labels[rows], aim, draws, &of_part)?);
        }
        Appraisal::stacked(parts)
    }

    /// How many images one question that a tape records is about: what is lost with a process that ends while it is answered
    /// must not grow with the number of images. An image's draws stay together.
    fn images_of_a_question(&self, draws: u16) -> usize {
        let sub_batches = Self::RECORDED * rayon::current_num_threads();
        let rows = self.sub_batch.saturating_mul(sub_batches);
        (rows / usize::from(self.distinct_draws(draws)).max(1)).max(1)
    }

    fn recorded_appraisal(
        &self,
        tape: &Tape,
        images: &Tensor<T>,
        labels: &[usize],
        aim: Aim<'_>,
        draws: u16,
        draw: &(dyn Fn(usize, u16) -> Draw + Sync),
    ) -> Result<Appraisal<T>> {
        let n = labels.len();
        let distinct = self.distinct_draws(draws);
        let mut question = Question::about("appraise", images)?;
        question.numbers(labels);
        match aim {
            Aim::Away(loss) => question.text(&format!("{loss:?}")),
            Aim::Towards(targets) => question.numbers(targets),
        }
        for image in 0..n {
            (0..distinct).for_each(|i| question.draw(draw(image, i)));
        }
        tape.answer(
            question,
            |bytes| Appraisal::decode(bytes, images, distinct),
            Appraisal::encode,
            || self.ask_appraisal(images, labels, aim, draws, draw),
        )
    }

    fn ask_appraisal(
        &self,
        images: &Tensor<T>,
        labels: &[usize],
        aim: Aim<'_>,
        draws: u16,
        draw: &(dyn Fn(usize, u16) -> Draw + Sync),
    ) -> Result<Appraisal<T>> {
        let n = labels.len();
        let distinct = self.distinct_draws(draws);
        let draws = usize::from(distinct);
        let mut total = Appraisal {
            gradient: images.full_beside(*images.shape(), T::zero())?,
            mean_loss: vec![T::zero(); n],
            last_loss: vec![T::zero(); n],
            last_prediction: vec![0; n],
            wrong_draws: vec![0; n],
            draws: distinct,
        };
        // Row r is draw r mod `draws` of image r / `draws`.
        let rows = n * draws;
        let wave = match images.accelerator() {
            None => self.sub_batch * Self::PENDING * rayon::current_num_threads(),
            Some(_) => self.sub_batch,
        };
        for first in (0..rows).step_by(wave.max(1)) {
            let parts = self.in_sub_batches(images, first..rows.min(first + wave), |rows| {
                let owners: Vec<usize> = rows.clone().map(|row| row / draws).collect();
                // The number of a draw fits, for so does the number of draws.
                let names: Vec<Draw> = rows.map(|row| draw(row / draws, (row % draws) as u16)).collect();
                let labels: Vec<usize> = owners.iter().map(|&i| labels[i]).collect();
                let images = images.select(&owners)?;
                match aim {
                    Aim::Away(_) => self.differentiate(&images, &labels, aim, &names),
                    Aim::Towards(targets) => {
                        let targets: Vec<usize> = owners.iter().map(|&i| targets[i]).collect();
                        self.differentiate(&images, &labels, Aim::Towards(&targets), &names)
                    }
                }
            })?;
            let mut row = first;
            for part in &parts {
                total.add(part, labels, row, draws)?;
                row += part.predictions.len();
            }
        }
        total.divide(T::of(draws as f64))?;
        Ok(total)
    }

    /// Where answers are recorded, if they are.
    pub(crate) fn tape(&self) -> Option<&Tape> {
        self.tape
    }

    /// `f(rows, logits, pull_back)` of every sub-batch of `images` [N, H, W, C] in their order, one draw an image: which
    /// images they are, their logits on the host, and the map from cotangents of the logits to gradients, to be
    /// called as often as needed. As gradients do, they come from the search's classifier. Nothing of it is recorded on the
    /// oracle's tape.
    ///
    /// # Errors
    /// [`Error::NotFinite`] if a logit or gradient is NaN or infinite; the classifier's errors; those of `f`.
    pub(super) fn linearised<R: Send>(
        &self,
        images: &Tensor<T>,
        draws: &[Draw],
        f: impl Fn(Range<usize>, &Tensor<T>, &PullBack<'_, T>) -> Result<R> + Sync,
    ) -> Result<Vec<R>> {
        check_count("draws", draws.len(), images)?;
        self.in_sub_batches(images, 0..draws.len(), |rows| {
            let draws = &draws[rows.clone()];
            let images = images.rows(rows.start, draws.len())?;
            let linearised = self.search.linearise(&images, draws)?;
            let logits = linearised.logits.to_host()?;
            self.check_logits(&logits, draws)?;
            f(rows, &logits, &|cotangent| {
                pull_back(&linearised, cotangent, &images, draws)
            })
        })
    }

    /// Runs `f` on the sub-batches of `rows` of `images`; results in their order.
    fn in_sub_batches<R: Send>(
        &self,
        images: &Tensor<T>,
        rows: Range<usize>,
        f: impl Fn(Range<usize>) -> Result<R> + Sync,
    ) -> Result<Vec<R>> {
        let starts: Vec<usize> = rows.clone().step_by(self.sub_batch).collect();
        let sub_batch = |start| f(start..rows.end.min(start + self.sub_batch));
        match images.accelerator() {
            None => {
                // All results first: which of several errors is told must not depend on threads.
                let results: Vec<Result<R>> = starts.into_par_iter().map(sub_batch).collect();
                results.into_iter().collect()
            }
            // One device does one thing after another; threads would only hold more of its memory.
            Some(_) => starts.into_iter().map(sub_batch).collect(),
        }
    }

    fn differentiate(
        &self,
        images: &Tensor<T>,
        labels: &[usize],
        aim: Aim<'_>,
        draws: &[Draw],
    ) -> Result<Part<T>> {
        let linearised = self.search.linearise(images, draws)?;
        let logits = linearised.logits.to_host()?;
        self.check_logits(&logits, draws)?;
        let (loss, cotangent) = aim.with_gradient(&linearised.logits, labels)?;
        let loss = loss.to_vec()?;
        check_finite("the loss", &loss, draws)?;
        let gradient = pull_back(&linearised, &cotangent, images, draws)?;
        let predictions = predicted_classes(&logits)?;
        Ok(Part {
            gradient,
            loss,
            predictions,
        })
    }

    /// Refuses `logits`, on the host, of another shape or that are not finite.
    fn check_logits(&self, logits: &Tensor<T>, draws: &[Draw]) -> Result<()> {
        let expected = [draws.len(), self.classes()];
        if logits.dims() != expected {
            let expected = format!("{expected:?}");
            return Err(Error::shape("Classifier", "logits", expected, logits.shape()));
        }
        check_finite("the logits", logits.host("Oracle")?, draws)
    }
}

/// The gradient [N, H, W, C] that belongs to a cotangent of the logits [N, classes].
pub(super) type PullBack<'a, T> = dyn Fn(&Tensor<T>) -> Result<Tensor<T>> + 'a;

/// What `linearised`, at `images`, makes of `cotangent`; refused if it has another shape or is not finite.
fn pull_back<T: Element>(
    linearised: &Linearised<'_, T>,
    cotangent: &Tensor<T>,
    images: &Tensor<T>,
    draws: &[Draw],
) -> Result<Tensor<T>> {
    let gradient = (linearised.pullback)(cotangent)?;
    if gradient.shape() != images.shape() {
        let (expected, found) = (images.shape(), gradient.shape());
        return Err(Error::shape("pullback", "gradient", expected, found));
    }
    check_finite("the loss gradient", &largest_magnitudes(&gradient)?, draws)?;
    Ok(gradient)
}

/// Refuses a number of draws or labels that is not that of the images.
fn check_count<T: Element>(arg: &'static str, found: usize, images: &Tensor<T>) -> Result<()> {
    let n = images.shape().axis(0);
    if found == n {
        return Ok(());
    }
    Err(Error::argument(
        "Oracle",
        arg,
        format!("{n}, one an image"),
        found,
    ))
}

/// Refuses NaN and infinities among `values`, as many for each draw: comparisons would silently count them as a
/// broken or a robust image.
fn check_finite<T: Element>(what: &str, values: &[T], draws: &[Draw]) -> Result<()> {
    let Some(at) = values.iter().position(|value| !value.is_finite()) else {
        return Ok(());
    };
    let each = (values.len() / draws.len().max(1)).max(1);
    let image = draws.get(at / each).map_or(0, |draw| draw.image);
    Err(Error::NotFinite {
        what: format!("{what} of image {image} under attack"),
        found: values[at].to_string(),
        advice: "check the classifier's weights and the range of its arithmetic".into(),
    })
}

/// The class of the largest logit of every row of [N, classes]; the lowest among equal ones.
///
/// # Errors
/// [`Error::Device`] if the copy from a device fails.
pub fn predicted_classes<T: Element>(logits: &Tensor<T>) -> Result<Vec<usize>> {
    let here = logits.to_host()?;
    let rows = here.host("predicted_classes")?.chunks_exact(row_len(logits));
    Ok(rows.map(predicted_class).collect())
}

/// The class of the largest of an image's `logits`; the lowest among equal ones.
pub(super) fn predicted_class<T: Element>(logits: &[T]) -> usize {
    (1..logits.len()).fold(0, |best, i| if logits[i] > logits[best] { i } else { best })
}
