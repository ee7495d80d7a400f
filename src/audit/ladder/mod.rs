//! The adaptive ladder: attacks that know the defence, one rung after the other, and what they leave together.
//!
//! | rung | attacks | on |
//! | --- | --- | --- |
//! | [`RungName::AutoattackRand`] | AutoAttack `rand` as papers quote it, its faults included | images that one draw gets right |
//! | [`RungName::AllImages`] | its attacks, APGD-CE and APGD-DLR, without the faults | all images |
//! | [`RungName::Surrogate`] | PGD and APGD on the mean of the members' logits, nothing subtracted; read by the defence | all images |
//! | [`RungName::Members`] | APGD on every member, and on the mean loss of subsets of layers; read by the defence | all images |
//! | [`RungName::Eot100`] | the surrogate again, gradients over many draws | all images |
//! | [`RungName::WarmStart`] | PGD and APGD on the defence, from the surrogate's result and from the worst image so far | all images |
//! | [`RungName::Restarts`] | for each image the attack that was strongest on it, from more random starts | images that still stand |
//!
//! Every perturbation is measured from the clean image: an image outside its ball ends the ladder with an error, and warm
//! starts move in the ball of the clean image.
//!
//! **How the worst image is chosen.** Each search returns one candidate an image. The defence reads it on *selection draws*
//! ([`AuditDraw::Select`](super::AuditDraw::Select)), and the candidate that it gets right least often replaces the worst one so far, which at first is the
//! clean image; among those right equally often the one of the smallest mean margin does ([`Standing`]). What is chosen is scored on *other* draws
//! ([`AuditDraw::Score`](super::AuditDraw::Score)), which no search and no choice has seen: so the accuracy told is not that of the luckiest candidate.
//!
//! A [`Ladder`] climbs rung by rung, and keeps what its searches find in an [`Archive`], block by block of images, so that a ladder
//! that was cut short goes on to the same bits. What a search finds for an image depends on the image, its label and id, the
//! settings, the starts and the ensemble alone.

mod archive;
mod attack;
mod climb;
mod config;
mod joint;
mod looks;
mod plan;
mod published;
mod report;
mod rung;
mod worst;

pub use archive::{Archive, Forgetful, Found};
pub use climb::Ladder;
pub use config::LadderConfig;
pub use plan::{Attack, Method, Objective, Search, SearchKind, Start};
pub use published::{PUBLISHED, Published};
pub use report::{Fate, LadderReport, RungReport, SearchReport};
pub use rung::RungName;
pub use worst::Standing;
