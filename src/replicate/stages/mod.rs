//! The stages of a run, each in its own file.

pub(super) mod attack;
pub(super) mod backbone;
pub(super) mod baseline;
pub(super) mod heads;
pub(super) mod pictures;
pub(super) mod plots;
pub(super) mod prototypes;
pub(super) mod surrogate;
pub(super) mod view_tiles;
pub(super) mod votes;
