//! Votes, ties and zeros of the logits.

use super::gradients::{Logit, largest_magnitudes};
use crate::Result;
use crate::attacks::{Draw, Oracle, predicted_classes};
use crate::audit::Subject;
use crate::audit::members::SideBySide;
use crate::autograd::Var;
use crate::tensor::Element;

/// What all looks so far had.
pub(super) struct Looks {
    /// Number of looks by the votes for the predicted class.
    pub votes_for_top: Vec<usize>,
    /// Ties of every image.
    pub ties: Vec<u16>,
    /// Looks at every image in which the largest logit is 0 without a gradient.
    pub top_without_gradient: Vec<u16>,
    /// All logits that are 0.
    pub zeros: Zeros,
}

/// Logits that are exactly 0.
#[derive(Default)]
pub(super) struct Zeros {
    pub count: usize,
    pub without_gradient: usize,
    pub largest_gradient: f64,
}

impl Looks {
    pub(super) fn new(images: usize, members: usize) -> Self {
        Self {
            votes_for_top: vec![0; members + 1],
            ties: vec![0; images],
            top_without_gradient: vec![0; images],
            zeros: Zeros::default(),
        }
    }

    /// One look at every image, with the draws `names`.
    pub(super) fn add<T: Element>(&mut self, subject: &Subject<'_, T>, names: &[Draw]) -> Result<()> {
        let (n, members) = (names.len(), subject.ensemble.members());
        let classes = subject.ensemble.classes();
        let side_by_side = SideBySide(subject.ensemble);
        let all = Oracle::new(&side_by_side, subject.sub_batch)?.logits(subject.samples.images(), names)?;
        let firsts = predicted_classes(&all.reshape([n * members, classes])?)?;
        let all = Var::constant(all.reshape([n, members, classes])?);
        let logits = subject.target.apply(&all, subject.ensemble.rank())?.into_value();
        let tops = predicted_classes(&logits)?;
        let logits = logits.to_vec()?;

        let mut zeros = Vec::new();
        let rows = logits
            .chunks_exact(classes.max(1))
            .zip(firsts.chunks_exact(members.max(1)));
        for (image, ((logits, firsts), &top)) in rows.zip(&tops).enumerate() {
            let votes = firsts.iter().filter(|&&first| first == top).count();
            self.votes_for_top[votes] += 1;
            let largest = logits[top];
            let ties = logits.iter().filter(|&&logit| logit == largest).count() > 1;
            self.ties[image] += u16::from(ties);
            let zero = (0..classes).filter(|&class| logits[class].is_zero());
            zeros.extend(zero.map(|class| Logit { image, class }));
        }
        let magnitudes = largest_magnitudes(subject, names, &zeros)?;
        self.zeros.count += zeros.len();
        for (zero, magnitude) in zeros.iter().zip(magnitudes) {
            self.zeros.largest_gradient = self.zeros.largest_gradient.max(magnitude);
            if magnitude == 0.0 {
                self.zeros.without_gradient += 1;
                self.top_without_gradient[zero.image] += u16::from(zero.class == tops[zero.image]);
            }
        }
        Ok(())
    }
}
