//! What a run of the driver says of every image.

use crate::fixture::Trace;
use crossmax::Result;
use crossmax::attacks::{AttackKind, AutoAttackState, ImageRecord, LabelledImages};
use crossmax::testing::formula::centred;

/// The verdicts on all images of one run.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdicts {
    /// Whether each image is right: before the attacks, and still so after each of them.
    pub robust: Vec<Vec<bool>>,
    /// The class of each image: that which it was broken to, else that before the attacks.
    pub classes: Vec<usize>,
    /// The dot product of each perturbation with a fixed one: any pixel that differs shows.
    pub projections: Vec<f64>,
}

impl Verdicts {
    /// The reference's.
    pub fn recorded(trace: &Trace) -> Result<Self> {
        let classes = trace.integers("classes");
        Ok(Self {
            robust: recorded_flags(trace, "robust", classes.len()),
            classes,
            projections: trace.reals("projection").to_vec()?,
        })
    }

    /// Those of a finished run on `samples`.
    pub fn of(state: &AutoAttackState<f64>, samples: &LabelledImages<f64>) -> Result<Self> {
        let (attacks, records) = (&state.config().attacks, state.records());
        let left = |record: &ImageRecord, done: &[AttackKind]| {
            record.initially_right() && !record.broken.is_some_and(|broken| done.contains(&broken.by))
        };
        let flags = |done| {
            records
                .iter()
                .map(|record| left(record, &attacks[..done]))
                .collect()
        };
        let class = |record: &ImageRecord| {
            let broken = record.broken.map(|broken| broken.prediction);
            broken.unwrap_or(record.initial_prediction)
        };
        let (clean, adversarial) = (samples.images().host("test")?, state.adversarial().host("test")?);
        let image = clean.len() / samples.len();
        let pairs = clean.chunks_exact(image).zip(adversarial.chunks_exact(image));
        let direction: Vec<f64> = (0..image).map(|i| centred("golden.projection", i)).collect();
        let project = |(clean, adversarial): (&[f64], &[f64])| {
            let moved = clean.iter().zip(adversarial).map(|(x, y)| y - x);
            moved.zip(&direction).map(|(moved, along)| moved * along).sum()
        };
        Ok(Self {
            robust: (0..=attacks.len()).map(flags).collect(),
            classes: records.iter().map(class).collect(),
            projections: pairs.map(project).collect(),
        })
    }

    /// Images of which `flags` says other things.
    pub fn differing(&self, flags: &[Vec<bool>]) -> Vec<usize> {
        assert_eq!(self.robust.len(), flags.len());
        let differs = |i: &usize| self.robust.iter().zip(flags).any(|(a, b)| a[*i] != b[*i]);
        (0..self.classes.len()).filter(differs).collect()
    }

    /// How many images are robust: before the attacks, and after each.
    pub fn counts(&self) -> Vec<usize> {
        let robust = self.robust.iter();
        robust
            .map(|flags| flags.iter().filter(|&&flag| flag).count())
            .collect()
    }
}

/// Recorded flags of `images` images before the attacks and after each.
pub fn recorded_flags(trace: &Trace, key: &str, images: usize) -> Vec<Vec<bool>> {
    trace.flags(key).chunks(images).map(<[bool]>::to_vec).collect()
}
