//! Where the random starts of attacks come from.

use super::rows::row_len;
use super::{AttackSlot, LabelledImages};
use crate::tensor::{Buffer, Counter, Element, Philox, Purpose, Tensor};
use crate::{Error, Result};

/// A source of uniform numbers for the random starts of attacks.
pub trait StartSource<T: Element = f32>: Sync {
    /// Fills `out` (one image, H,W,C) with uniform numbers in [0, 1) for restart `restart` of the
    /// attack in `slot` on `image`. They may depend on nothing else.
    ///
    /// # Errors
    /// If the source has no numbers for this start.
    fn fill(&self, slot: AttackSlot, restart: u16, image: u32, out: &mut [T]) -> Result<()>;
}

/// Starts from a seed, by [`Philox`] in the stream of [`Purpose::Attack`].
#[derive(Clone, Copy, Debug)]
pub struct SeededStarts {
    philox: Philox,
}

impl SeededStarts {
    /// The starts of `seed`.
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

/// The uniform numbers of restart `restart` for all `samples`, [N, H, W, C].
pub(super) fn uniforms<T: Element>(
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

/// Refuses a number of restarts that draws cannot name.
pub(super) fn check_restarts(restarts: u16) -> Result<()> {
    if (1..=1024).contains(&restarts) {
        return Ok(());
    }
    Err(Error::argument("attack", "restarts", "in 1..=1024", restarts))
}
