//! What a search tells about itself while it runs.

use crate::Result;

/// The state of a search after an iteration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SearchProgress {
    /// The restart, from 0.
    pub restart: u16,
    /// Iterations done.
    pub iteration: u16,
    /// Iterations of the whole search from this start.
    pub iterations: u16,
    /// Images under attack.
    pub images: usize,
    /// Images that were misclassified at an iterate so far.
    pub fooled: usize,
    /// Passes forward and back that the iteration took, over all images and draws.
    pub passes: usize,
}

/// Called after every iteration; an error it returns ends the attack with that error.
pub type OnIteration<'a> = dyn FnMut(&SearchProgress) -> Result<()> + 'a;
