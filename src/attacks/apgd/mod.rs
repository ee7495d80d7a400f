//! Auto-PGD (Croce & Hein 2020, arXiv 2003.01690; for L1 2021, arXiv 2103.01208), untargeted and targeted.

mod checkpoints;
mod perturb;
mod search;
mod sparsity;

pub use perturb::{Perturbation, Perturbed, perturb};
pub use search::Apgd;

use super::random_start::check_restarts;
use super::{AttackLoss, AttackSlot, Ball, Norm};
use crate::{Error, Result};

/// Settings of APGD.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ApgdConfig {
    /// The norm of the perturbation.
    pub norm: Norm,
    /// Its bound, in units of the image range [0, 1].
    pub eps: f64,
    /// Number of iterations, at least 1, with larger radii at least 5.
    pub iterations: u16,
    /// Draws of a random classifier over which gradients are averaged (EoT).
    pub eot: u16,
    /// Number of random starts, for every target; at most 1,024 in all.
    pub restarts: u16,
    /// Share of the steps of a period that must raise the loss, or else the step size is halved.
    pub rho: f64,
    /// What is maximised without targets.
    pub loss: AttackLoss,
    /// Target classes (APGD-T): those with the highest logits of the clean image but the label, as many as there are if
    /// fewer, each with searches of its own that go up the targeted DLR loss.
    pub targets: Option<u16>,
    /// Whether a search begins with 3 and 2 times the radius, for 30 % of the iterations each: for L1.
    pub larger_radii: bool,
    /// Whether the reference code's faults are reproduced, see [`Apgd`].
    pub compat: bool,
    /// Names the random draws.
    pub slot: AttackSlot,
}

impl ApgdConfig {
    /// For L∞: 100 iterations, one draw, one start, ρ = 0.75.
    pub fn new(eps: f64, loss: AttackLoss) -> Self {
        Self {
            norm: Norm::Linf,
            targets: None,
            larger_radii: false,
            compat: false,
            eps,
            iterations: 100,
            eot: 1,
            restarts: 1,
            rho: 0.75,
            loss,
            slot: match loss {
                AttackLoss::CrossEntropy | AttackLoss::JointCrossEntropy(_) => AttackSlot::APGD_CE,
                AttackLoss::Dlr => AttackSlot::APGD_DLR,
            },
        }
    }

    /// APGD-T: the same on the targeted DLR loss, towards each of nine classes.
    pub fn targeted(eps: f64) -> Self {
        Self {
            targets: Some(9),
            slot: AttackSlot::APGD_T,
            ..Self::new(eps, AttackLoss::Dlr)
        }
    }

    /// Number of targets with a classifier of `classes` classes; 0 without.
    pub(super) fn target_count(&self, classes: usize) -> u16 {
        let others = u16::try_from(classes.saturating_sub(1)).unwrap_or(u16::MAX);
        self.targets.unwrap_or(0).min(others)
    }

    /// Number of searches with a classifier of `classes` classes.
    pub(in crate::attacks) fn searches(&self, classes: usize) -> u16 {
        // The product fits: it was checked.
        self.restarts.saturating_mul(self.target_count(classes).max(1))
    }

    /// Refuses numbers of classes for which the loss is not defined.
    pub(in crate::attacks) fn check_classes(&self, classes: usize) -> Result<()> {
        match self.targets {
            Some(_) if classes < 4 => {
                let expected = "at least 4 for the targeted DLR loss (attack without targets)";
                Err(Error::argument("apgd", "classes", expected, classes))
            }
            Some(_) => check_restarts(self.searches(classes)),
            None => self.loss.check_classes(classes),
        }
    }

    /// The radii of a search, each with its iterations.
    pub(in crate::attacks) fn phases(&self) -> Vec<(f64, u16)> {
        if !self.larger_radii {
            return vec![(self.eps, self.iterations)];
        }
        let part = (0.3 * f64::from(self.iterations)).ceil() as u16;
        let rest = self.iterations.saturating_sub(2 * part);
        vec![(3.0 * self.eps, part), (2.0 * self.eps, part), (self.eps, rest)]
    }

    pub(in crate::attacks) fn check(&self) -> Result<()> {
        let targets = self.targets.unwrap_or(1);
        for (name, value) in [
            ("iterations", self.iterations),
            ("eot", self.eot),
            ("targets", targets),
        ] {
            if value == 0 {
                return Err(Error::argument("apgd", name, "at least 1", value));
            }
        }
        if !(0.0..=1.0).contains(&self.rho) {
            return Err(Error::argument("apgd", "rho", "in [0,1]", self.rho));
        }
        // The evaluations of three phases are counted in 16 bits.
        const MOST: u16 = u16::MAX - 3;
        if self.iterations > MOST {
            let expected = format!("at most {MOST}");
            return Err(Error::argument("apgd", "iterations", expected, self.iterations));
        }
        Ball::new(self.norm, self.eps)?;
        if self.larger_radii && (self.norm != Norm::L1 || self.iterations < 5) {
            let found = format!("{} with {} iterations", self.norm, self.iterations);
            return Err(Error::argument(
                "apgd",
                "larger_radii",
                "L1 with at least 5 iterations",
                found,
            ));
        }
        check_restarts(self.restarts)
    }
}
