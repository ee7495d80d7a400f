//! What is true of the attacks whatever the classifier. That they are AutoAttack's is tested
//! against recorded trajectories in `tests/attack_traces`.

mod driver;
mod fab;
mod independence;
mod recording;
mod refusals;
mod resume;
mod searches;
mod square;
mod threat_model;
mod versions;

use super::{Classifier, Draw, LabelledImages, Linearised, SearchProgress, linearise};
use crate::Result;
use crate::autograd::Var;
use crate::tensor::{Counter, Philox, Purpose, Tensor};
use std::sync::Mutex;

const CLASSES: usize = 5;
pub(crate) const EPS: f64 = 8.0 / 255.0;

/// Two linear layers with random weights on images 4×4×3, to whose input a random classifier adds
/// noise that depends on all of its draw. Writes down the draws it is asked for.
pub(crate) struct Toy {
    hidden: Var,
    output: Var,
    random: bool,
    /// Width of the noise.
    noise: f32,
    asked: Mutex<Vec<Draw>>,
}

fn uniforms(image: u32, len: usize) -> Vec<f32> {
    let at = Counter {
        image,
        ..Counter::default()
    };
    Philox::new(7, Purpose::Test).uniform(at, len)
}

fn weights(which: u32, rows: usize, columns: usize, scale: f32) -> Result<Var> {
    let values = uniforms(1000 + which, rows * columns);
    Ok(Var::constant(Tensor::from_fn([rows, columns], |i| {
        scale * (values[i] - 0.5)
    })))
}

impl Toy {
    pub(crate) fn new(random: bool) -> Result<Self> {
        Ok(Self {
            hidden: weights(0, 24, 48, 1.0)?,
            output: weights(1, CLASSES, 24, 2.0)?,
            random,
            noise: if random { 0.2 } else { 0.0 },
            asked: Mutex::default(),
        })
    }

    /// With noise that changes its mind now and then.
    pub(crate) fn noisy() -> Result<Self> {
        let toy = Self::new(true)?;
        Ok(Self { noise: 1.0, ..toy })
    }

    /// The draws asked for since the last call of this.
    pub(crate) fn take_asked(&self) -> Vec<Draw> {
        self.asked
            .lock()
            .map(|mut asked| std::mem::take(&mut *asked))
            .unwrap_or_default()
    }

    fn forward(&self, images: &Var, draws: &[Draw]) -> Result<Var> {
        if let Ok(mut asked) = self.asked.lock() {
            asked.extend_from_slice(draws);
        }
        let noise: Vec<f32> = draws.iter().flat_map(|draw| self.noise(draw)).collect();
        let noise = Var::constant(Tensor::from_slice(*images.shape(), &noise)?);
        let hidden = images
            .add(&noise)?
            .affine(1.0, -0.5)?
            .flatten()?
            .linear(&self.hidden, None)?
            .relu()?;
        hidden.linear(&self.output, None)
    }

    fn noise(&self, draw: &Draw) -> Vec<f32> {
        let at = Counter {
            image: draw.image,
            attack: draw.attack,
            restart: draw.restart,
            iteration: draw.iteration,
            draw: draw.draw,
            ..Counter::default()
        };
        let values: Vec<f32> = Philox::new(7, Purpose::Views).uniform(at, 48);
        values.into_iter().map(|u| self.noise * (u - 0.5)).collect()
    }
}

impl Classifier for Toy {
    fn classes(&self) -> usize {
        CLASSES
    }

    fn is_random(&self) -> bool {
        self.random
    }

    fn logits(&self, images: &Tensor, draws: &[Draw]) -> Result<Tensor> {
        Ok(self.forward(&Var::constant(images.clone()), draws)?.into_value())
    }

    fn linearise<'a>(&'a self, images: &Tensor, draws: &[Draw]) -> Result<Linearised<'a>> {
        linearise(images, |images| self.forward(images, draws))
    }
}

/// `n` images with ids 100, 101, … and the labels that the toy gives them without noise, but for a
/// wrong one now and then. Some pixels are exactly 0 or 1.
pub(crate) fn samples(n: usize) -> Result<LabelledImages> {
    let values: Vec<f32> = (0..n as u32).flat_map(|image| uniforms(image, 48)).collect();
    let images = Tensor::from_fn([n, 4, 4, 3], |i| (1.2 * values[i] - 0.1).clamp(0.0, 1.0));
    let logits = Toy::new(false)?.logits(&images, &vec![Draw::default(); n])?;
    let mut labels = super::predicted_classes(&logits)?;
    for label in labels.iter_mut().skip(3).step_by(5) {
        *label = (*label + 1) % CLASSES;
    }
    LabelledImages::new(images, labels, (100..).take(n).collect())
}

fn quietly(_: &SearchProgress) -> Result<()> {
    Ok(())
}

/// Equality to the bit.
#[track_caller]
fn assert_same_bits(a: &Tensor, b: &Tensor) {
    let bits = |t: &Tensor| {
        t.to_vec()
            .map(|v| v.iter().map(|v| v.to_bits()).collect::<Vec<_>>())
            .ok()
    };
    assert_eq!(a.shape(), b.shape());
    assert!(bits(a).is_some() && bits(a) == bits(b), "bits differ");
}
