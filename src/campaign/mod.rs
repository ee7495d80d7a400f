//! Attacks on many images, in pieces: a journal with a line an image, shards, merging, stopping once enough is known.
//!
//! A [`Campaign`] runs AutoAttack on images group after group and writes into a folder ([`Files`]): first the group's
//! adversarial images, then a line for each image into the [`Journal`], both only ever appended to. Killed at any moment it goes on
//! where it was: finished groups are in the journal, and of the group under way the classifier's answers are on a
//! [`Tape`](crate::attacks::Tape), so that no more is lost than since the tape was written, and
//! one question. What happens to an image depends on that image, its id, the settings, the seed and the classifier: not on the groups, the
//! [`Shard`] it is in, the threads, or interruptions. So the journals of shards, [`merge`]d, are that of one run, to the bit, and
//! everything that is told about a campaign, a [`Summary`], is made of the journal's lines alone.

mod bisection;
mod control;
mod files;
mod group;
mod journal;
mod merge;
mod order;
mod result;
mod run;
mod summary;
#[cfg(test)]
mod tests;
mod verification;

pub use bisection::SmallestRadius;
pub use files::{Files, Finished};
pub use journal::{Header, Journal};
pub use merge::merge;
pub use order::{Order, Shard, Way};
pub use result::ImageResult;
pub use run::{Campaign, CampaignProgress, OnCampaignProgress, Task, Until};
pub use summary::{Condition, Summary};
pub use verification::{Contradiction, Rounded, rounded_to_8_bits};
