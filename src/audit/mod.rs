//! Audits that know the inside of an ensemble: is its robustness real, or do its gradients mislead
//! the attacks?
//!
//! A [`Subject`] is what is audited: members whose logits can be seen ([`MemberLogits`]), the
//! aggregation that is defended, labelled images. All audits attack with the same PGD, draw for
//! draw, and score alike ([`Scores`]), so that two numbers differ by what was compared alone:
//!
//! - [`probes`]: votes, exact ties, logits without a gradient, the noise of gradients;
//! - [`comparators`]: other aggregations and views under the same attack, and [`transfer`]: attack
//!   one member, read another;
//! - [`curves`]: accuracy against steps, draws and ε;
//! - [`controls`]: no perturbation, and random noise;
//! - [`black_box`]: an attack that sees no gradients;
//! - [`masking`]: what all of this says about gradient masking;
//! - [`ladder`]: adaptive attacks, rung by rung, and what they leave together.
//!
//! Results depend on images, ids, settings and the ensemble, and on nothing else: not on the
//! sub-batch or the threads.

pub mod black_box;
mod combined;
pub mod comparators;
pub mod controls;
pub mod curves;
mod draws;
pub mod ladder;
pub mod masking;
mod members;
pub mod probes;
mod progress;
mod scores;
mod subject;
#[cfg(test)]
mod tests;
pub mod transfer;

pub use crate::attacks::{MeanShare, PairedDifference, Scores};
pub use combined::{Combined, Views};
pub use draws::AuditDraw;
pub use members::MemberLogits;
pub use progress::{AuditProgress, OnAuditProgress};
pub use scores::score;
pub use subject::Subject;
