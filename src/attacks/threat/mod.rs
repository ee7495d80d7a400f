//! The threat model: what an adversarial image may be.

mod ball;
pub(in crate::attacks) mod l1_projection;
mod l2_projection;
mod linf;

pub use ball::{Ball, distances};
pub(in crate::attacks) use l2_projection::{normalised, project as project_l2};
pub use linf::{LinfBall, linf_distances};
