//! Where the random starts of attacks come from.

use super::rows::row_len;
use super::{AttackSlot, LabelledImages, SquareSource};
use crate::tensor::{Buffer, Counter, Element, Philox, Purpose, Tensor};
use crate::{Error, Result};
use std::f64::consts::TAU;

/// A source of uniform numbers for the random starts of attacks.
pub trait StartSource<T: Element = f32>: Sync {
    /// Fills `out` (one image, H,W,C) with uniform numbers in [0, 1) for restart `restart` of the
    /// attack in `slot` on `image`. They may depend on nothing else.
    ///
    /// # Errors
    /// If the source has no numbers for this start.
    fn fill(&self, slot: AttackSlot, restart: u16, image: u32, out: &mut [T]) -> Result<()>;
}

/// All random numbers of a run of several attacks.
pub trait AttackSource<T: Element = f32>: StartSource<T> + SquareSource {}

impl<T: Element, S: StartSource<T> + SquareSource> AttackSource<T> for S {}

/// Starts and squares from a seed, by [`Philox`] in the stream of [`Purpose::Attack`]: every image has its own.
#[derive(Clone, Copy, Debug)]
pub struct SeededStarts {
    philox: Philox,
}

impl SeededStarts {
    /// The numbers of `seed`.
    pub fn new(seed: u64) -> Self {
        Self {
            philox: Philox::new(seed, Purpose::Attack),
        }
    }
}

impl<T: Element> StartSource<T> for SeededStarts {
    fn fill(&self, slot: AttackSlot, restart: u16, image: u32, out: &mut [T]) -> Result<()> {
        let counter = Counter {
            image,
            attack: slot.search(image, restart, 0, 0).attack,
            restart,
            ..Counter::default()
        };
        self.philox.fill_uniform(counter, 0, out);
        Ok(())
    }
}

impl SquareSource for SeededStarts {
    fn fill(&self, slot: AttackSlot, restart: u16, query: u16, image: u32, out: &mut [f64]) -> Result<()> {
        let counter = Counter {
            image,
            attack: slot.search(image, restart, query, 0).attack,
            restart,
            iteration: query,
            ..Counter::default()
        };
        self.philox.fill_uniform(counter, 0, out);
        Ok(())
    }
}

/// The uniform numbers of restart `restart` for all `samples`, [N, H, W, C].
pub(crate) fn uniforms<T: Element>(
    starts: &dyn StartSource<T>,
    slot: AttackSlot,
    restart: u16,
    samples: &LabelledImages<T>,
) -> Result<Tensor<T>> {
    let images = samples.images();
    let mut buffer = Buffer::filled(images.len(), T::zero());
    let rows = buffer.chunks_exact_mut(row_len(images));
    for (out, &id) in rows.zip(samples.ids()) {
        starts.fill(slot, restart, id, out)?;
    }
    Tensor::from_buffer(*images.shape(), buffer)
}

/// Normal numbers, each pair from a pair of uniform ones (Box & Muller 1958); a last one without partner takes the
/// first for it.
pub(super) fn normals(uniforms: &[f64]) -> Vec<f64> {
    let first = uniforms.first().copied().unwrap_or(0.0);
    let pairs = uniforms.chunks(2).flat_map(|pair| {
        // In (0, 1]: the logarithm must be finite.
        let radius = (-2.0 * (1.0 - pair[0]).ln()).sqrt();
        let angle = TAU * pair.get(1).copied().unwrap_or(first);
        [radius * angle.cos(), radius * angle.sin()]
    });
    pairs.take(uniforms.len()).collect()
}

/// Refuses a number of restarts that draws cannot name.
pub(super) fn check_restarts(restarts: u16) -> Result<()> {
    if (1..=1024).contains(&restarts) {
        return Ok(());
    }
    Err(Error::argument("attack", "restarts", "in 1..=1024", restarts))
}

#[cfg(test)]
mod tests {
    use super::normals;
    use crate::attacks::statistics::mean_and_std;
    use crate::tensor::{Counter, Philox, Purpose};

    #[test]
    fn normals_are_normal() {
        let uniforms: Vec<f64> = Philox::new(2, Purpose::Test).uniform(Counter::default(), 9_999);
        let values = normals(&uniforms);
        let (mean, std) = mean_and_std(&values);
        assert_eq!(values.len(), 9_999);
        assert!(mean.abs() < 0.05 && (std - 1.0).abs() < 0.05, "{mean} {std}");
        let within = values.iter().filter(|value| value.abs() < 1.0).count();
        assert!((6_500..7_150).contains(&within), "{within}");
    }
}
