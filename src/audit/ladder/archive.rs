//! What searches found, and where it is kept.

use super::Standing;
use crate::Result;
use crate::attacks::Tape;
use crate::tensor::{Element, Tensor};

/// What a search found for the first of the images.
#[derive(Clone, Debug)]
pub struct Found<T: Element = f32> {
    /// One candidate an image, [K, H, W, C]; nothing for none.
    pub images: Option<Tensor<T>>,
    /// How each does on the selection draws.
    pub standings: Vec<Standing>,
    /// For AutoAttack whether each image was never broken in its own sense.
    pub flags: Option<Vec<bool>>,
    /// How many of the images were searched.
    pub attacked: u64,
    /// Passes forward and back.
    pub passes: u64,
}

impl<T: Element> Default for Found<T> {
    fn default() -> Self {
        Self {
            images: None,
            standings: Vec::new(),
            flags: None,
            attacked: 0,
            passes: 0,
        }
    }
}

impl<T: Element> Found<T> {
    /// Adds what was found for the next images.
    pub(super) fn append(&mut self, next: Self) -> Result<()> {
        self.images = match (self.images.take(), next.images) {
            (Some(before), Some(next)) => Some(Tensor::stack_rows(&[before, next])?),
            (before, next) => before.or(next),
        };
        self.standings.extend(next.standings);
        self.flags = match (self.flags.take(), next.flags) {
            (Some(mut before), Some(next)) => {
                before.extend(next);
                Some(before)
            }
            (before, next) => before.or(next),
        };
        self.attacked += next.attacked;
        self.passes += next.passes;
        Ok(())
    }
}

/// Keeps what searches found, so that a ladder that was cut short goes on.
pub trait Archive<T: Element = f32> {
    /// What the search called `name` found before, for the first images, if anything.
    ///
    /// # Errors
    /// If it is there but cannot be read.
    fn found(&mut self, name: &str) -> Result<Option<Found<T>>>;

    /// Keeps what the search called `name` found for the first images so far.
    ///
    /// # Errors
    /// If it cannot be written.
    fn keep(&mut self, name: &str, found: &Found<T>) -> Result<()>;

    /// A tape for the answers of the classifier that the search called `name` asks; cleared after each block.
    ///
    /// # Errors
    /// If it cannot be opened.
    fn tape(&mut self, name: &str) -> Result<Option<Tape>>;
}

/// Keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Forgetful;

impl<T: Element> Archive<T> for Forgetful {
    fn found(&mut self, _: &str) -> Result<Option<Found<T>>> {
        Ok(None)
    }

    fn keep(&mut self, _: &str, _: &Found<T>) -> Result<()> {
        Ok(())
    }

    fn tape(&mut self, _: &str) -> Result<Option<Tape>> {
        Ok(None)
    }
}
