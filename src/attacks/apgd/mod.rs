//! Auto-PGD (Croce & Hein 2020, arXiv 2003.01690) for L∞, as AutoAttack's reference code runs it.
//!
//! Where the code goes beyond the paper or differs from it, this module follows the code
//! (fra31/auto-attack at a392200):
//!
//! * The random start is scaled to distance exactly ε before it is clipped to [0,1].
//! * With several draws (EoT) the gradient is their mean, but loss, prediction and all decisions
//!   use the last draw alone.
//! * The first checkpoint compares the loss after the first step with 0 instead of the loss before
//!   it: the code's index −1 reads the last, still empty, row of its history.
//! * The rule "no improvement since the last checkpoint" is off at the first one.
//! * When a step size is halved the search goes back to the best point, but the momentum keeps the
//!   previous iterate, so that the next step jumps.
//! * The best point is that of the highest loss; the adversarial image is another one: the last
//!   iterate that was misclassified.

mod checkpoints;
mod perturb;
mod search;

pub use perturb::{Perturbation, Perturbed, perturb};
pub use search::Apgd;

use super::random_start::check_restarts;
use super::{AttackLoss, AttackSlot, LinfBall};
use crate::{Error, Result};

/// Settings of APGD.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ApgdConfig {
    /// Radius of the L∞ ball, in units of the image range [0,1].
    pub eps: f64,
    /// Number of iterations, at least 1.
    pub iterations: u16,
    /// Draws of a random classifier over which gradients are averaged (EoT).
    pub eot: u16,
    /// Number of random starts, at most 1,024.
    pub restarts: u16,
    /// Share of the steps of a period that must raise the loss, or else the step size is halved.
    pub rho: f64,
    /// What is maximised.
    pub loss: AttackLoss,
    /// Names the random draws.
    pub slot: AttackSlot,
}

impl ApgdConfig {
    /// 100 iterations, one draw, one start, ρ = 0.75.
    pub fn new(eps: f64, loss: AttackLoss) -> Self {
        Self {
            eps,
            iterations: 100,
            eot: 1,
            restarts: 1,
            rho: 0.75,
            loss,
            slot: match loss {
                AttackLoss::CrossEntropy => AttackSlot::APGD_CE,
                AttackLoss::Dlr => AttackSlot::APGD_DLR,
            },
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        for (name, value) in [("iterations", self.iterations), ("eot", self.eot)] {
            if value == 0 {
                return Err(Error::argument("apgd", name, "at least 1", value));
            }
        }
        if !(0.0..=1.0).contains(&self.rho) {
            return Err(Error::argument("apgd", "rho", "in [0,1]", self.rho));
        }
        LinfBall::<f64>::new(self.eps)?;
        check_restarts(self.restarts)
    }
}
