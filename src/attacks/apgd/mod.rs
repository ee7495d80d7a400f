//! Auto-PGD (Croce & Hein 2020, arXiv 2003.01690) for L∞.

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
    /// Radius of the L∞ ball, in units of the image range [0, 1].
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
