//! Settings of the Square attack.

use crate::attacks::random_start::check_restarts;
use crate::attacks::{AttackSlot, Norm};
use crate::{Error, Result};

/// What the Square attack makes small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SquareLoss {
    /// The margin: the label's logit minus the largest of the others.
    Margin,
    /// The log-probability of the label, the cross-entropy's negative.
    CrossEntropy,
}

/// Settings of the Square attack.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct SquareConfig {
    /// The norm of the perturbation.
    pub norm: Norm,
    /// Its bound, in units of the image range [0, 1].
    pub eps: f64,
    /// Queries after that of the start, at least 1.
    pub queries: u16,
    /// Number of random starts, at most 1,024.
    pub restarts: u16,
    /// Share of the image's pixels in the first squares, in (0, 1].
    pub p_init: f64,
    /// Whether the sizes of squares shrink over all of [`SquareConfig::queries`] as they are meant to over 10,000.
    pub rescale_schedule: bool,
    /// What is made small.
    pub loss: SquareLoss,
    /// Whether the reference code's faults are reproduced (see [`square`](super::square)).
    pub compat: bool,
    /// Names the random draws.
    pub slot: AttackSlot,
}

impl SquareConfig {
    /// As in AutoAttack: 5,000 queries, one start, p = 0.8, sizes by the raw number of the query, the margin;
    /// without the reference's faults.
    pub fn new(norm: Norm, eps: f64) -> Self {
        Self {
            norm,
            eps,
            queries: 5000,
            restarts: 1,
            p_init: 0.8,
            rescale_schedule: false,
            loss: SquareLoss::Margin,
            compat: false,
            slot: AttackSlot::SQUARE,
        }
    }

    pub(in crate::attacks) fn check(&self) -> Result<()> {
        const OP: &str = "square";
        if !(self.eps >= 0.0 && self.eps.is_finite()) {
            return Err(Error::argument(OP, "eps", "finite and at least 0", self.eps));
        }
        if self.queries == 0 {
            return Err(Error::argument(OP, "queries", "at least 1", self.queries));
        }
        if !(self.p_init > 0.0 && self.p_init <= 1.0) {
            return Err(Error::argument(OP, "p_init", "in (0,1]", self.p_init));
        }
        check_restarts(self.restarts)
    }
}
