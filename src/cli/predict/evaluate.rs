//! Logits and input gradients of a classifier, a few pictures at a time.

use crossmax::attacks::{Classifier, Draw};
use crossmax::autograd::Var;
use crossmax::device::Device;
use crossmax::ensemble::Stream;
use crossmax::replicate::{Reporter, check_stop};
use crossmax::tensor::Tensor;
use crossmax::{Error, Result};

/// Pictures evaluated at once at most; no influence on the result.
const MAX_BATCH: usize = 32;
/// Pixels evaluated at once, unless one picture has more: what bounds the memory.
const MAX_PIXELS: usize = 1 << 18;

/// What is asked of a classifier.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// Draws over which logits are averaged, at least 1.
    pub draws: u16,
    /// Whether the gradient with respect to the pictures is wanted.
    pub gradient: bool,
    /// The classes whose cross-entropy is differentiated; the predicted ones if not given.
    pub labels: Option<&'a [usize]>,
}

/// What it answered.
pub struct Prediction {
    /// Mean logits over the draws, [N, classes].
    pub logits: Tensor,
    /// The class with the highest logit for each picture, the first among equals.
    pub classes: Vec<usize>,
    /// Gradient of the summed cross-entropy of those logits, [N,H,W,3].
    pub gradient: Option<Tensor>,
}

/// Evaluates all of `images` [N,H,W,3] on `device`, where the classifier is; the answer is on the host.
pub fn evaluate(
    classifier: &dyn Classifier,
    images: &Tensor,
    wanted: Wanted<'_>,
    device: &Device,
    reporter: &dyn Reporter,
) -> Result<Prediction> {
    let &[n, height, width, _] = images.dims() else {
        return Err(Error::shape("predict", "images", "[N,H,W,3]", images.shape()));
    };
    let batch = (MAX_PIXELS / (height * width).max(1)).clamp(1, MAX_BATCH);
    let (mut logits, mut classes, mut gradients) = (Vec::new(), Vec::new(), Vec::new());
    reporter.begin("predict", n as u64, "images");
    for first in (0..n).step_by(batch) {
        check_stop("nothing was written")?;
        let count = batch.min(n - first);
        let batch = Batch {
            classifier,
            images: images.rows(first, count)?.on(device)?,
            device,
            first,
            draws: wanted.draws,
        };
        let mean = batch.mean_logits()?;
        let mean_here = mean.to_host()?;
        let predicted = top_classes(&mean_here, first)?;
        if wanted.gradient {
            let labels = wanted
                .labels
                .map_or(&predicted[..], |labels| &labels[first..first + count]);
            gradients.push(batch.gradient(&mean, labels)?.to_host()?);
        }
        logits.push(mean_here);
        classes.extend(predicted);
        reporter.advance((first + count) as u64, "");
    }
    reporter.end();
    Ok(Prediction {
        logits: Tensor::stack_rows(&logits)?,
        classes,
        gradient: wanted
            .gradient
            .then(|| Tensor::stack_rows(&gradients))
            .transpose()?,
    })
}

/// Pictures evaluated together.
struct Batch<'a> {
    classifier: &'a dyn Classifier,
    images: Tensor,
    /// Where they are.
    device: &'a Device,
    /// Number of the first picture, by which draws are named.
    first: usize,
    draws: u16,
}

impl Batch<'_> {
    /// One draw a picture: the `number`-th.
    fn draw(&self, number: u16) -> Vec<Draw> {
        let ids = self.first..self.first + self.images.shape().axis(0);
        ids.map(|id| Stream::Predict.draw(id as u32, 0, number)).collect()
    }

    /// Logits [n, classes], averaged over the draws.
    fn mean_logits(&self) -> Result<Tensor> {
        let mut sum = self.classifier.logits(&self.images, &self.draw(0))?;
        for number in 1..self.draws {
            sum.accumulate(&self.classifier.logits(&self.images, &self.draw(number))?)?;
        }
        Ok(Var::constant(sum)
            .affine(1.0 / f32::from(self.draws), 0.0)?
            .into_value())
    }

    /// Gradient of the summed cross-entropy of `mean`, the logits' mean over the draws.
    fn gradient(&self, mean: &Tensor, labels: &[usize]) -> Result<Tensor> {
        let leaf = Var::leaf(mean.clone());
        let loss = leaf.cross_entropy(labels)?.sum(0)?;
        // Each draw's logits enter the mean with a weight of 1 / draws.
        let share = loss
            .affine(1.0 / f32::from(self.draws), 0.0)?
            .backward(None)?
            .take(&leaf);
        let share = match share {
            Some(share) => share,
            None => Tensor::zeros(*mean.shape()).on(self.device)?,
        };
        let mut sum = Tensor::zeros(*self.images.shape()).on(self.device)?;
        for number in 0..self.draws {
            let at_images = self.classifier.linearise(&self.images, &self.draw(number))?;
            sum.accumulate(&(at_images.pullback)(&share)?)?;
        }
        Ok(sum)
    }
}

/// The highest logit of every row of `logits` on the host, the first among equals.
fn top_classes(logits: &Tensor, first: usize) -> Result<Vec<usize>> {
    let values = logits.host("predict")?;
    let rows = values.chunks_exact(logits.shape().last().max(1));
    rows.enumerate()
        .map(|(i, row)| match row.iter().find(|value| !value.is_finite()) {
            Some(value) => Err(Error::NotFinite {
                what: format!("logits of picture {}", first + i),
                found: value.to_string(),
                advice: "check the weights and --mean and --std".into(),
            }),
            None => {
                Ok((1..row.len()).fold(0, |best, class| if row[class] > row[best] { class } else { best }))
            }
        })
        .collect()
}
