//! Settings of FAB.

use crate::attacks::random_start::check_restarts;
use crate::attacks::{AttackSlot, Norm};
use crate::{Error, Result};

/// Settings of FAB.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct FabConfig {
    /// The norm of the perturbation.
    pub norm: Norm,
    /// Its bound, in units of the image range [0, 1]: what counts as success; half of it is the radius of
    /// random starts.
    pub eps: f64,
    /// Number of iterations, at least 1.
    pub iterations: u16,
    /// Searches, for every target: the first from the clean image, the others from random starts.
    pub restarts: u16,
    /// Target classes, those with the highest logits of the clean image after the label; as many as there are if
    /// fewer. `None` looks for the nearest class in every iteration.
    pub targets: Option<u16>,
    /// Largest share of the step from the clean image in an iteration, in [0, 1].
    pub alpha_max: f64,
    /// Factor of steps beyond the boundary, at least 1.
    pub eta: f64,
    /// Share of the perturbation that is kept once an iterate is misclassified, in [0, 1].
    pub beta: f64,
    /// Whether images that are wrong on the attack's first look are left alone, and zero gradients looked for at the start
    /// only, as in the reference code.
    pub compat: bool,
    /// Names the random draws.
    pub slot: AttackSlot,
}

impl FabConfig {
    /// FAB: five searches of 100 iterations for the nearest class, α ≤ 0.1, η = 1.05, β = 0.9.
    pub fn new(norm: Norm, eps: f64) -> Self {
        Self {
            norm,
            eps,
            iterations: 100,
            restarts: 5,
            targets: None,
            alpha_max: 0.1,
            eta: 1.05,
            beta: 0.9,
            compat: false,
            slot: AttackSlot::FAB,
        }
    }

    /// FAB-T: the same, one search for each of nine targets.
    pub fn targeted(norm: Norm, eps: f64) -> Self {
        Self {
            restarts: 1,
            targets: Some(9),
            slot: AttackSlot::FAB_T,
            ..Self::new(norm, eps)
        }
    }

    /// Number of searches with a classifier of `classes` classes.
    pub(in crate::attacks) fn searches(&self, classes: usize) -> u16 {
        // The product fits: it was checked.
        self.restarts.saturating_mul(self.target_count(classes).max(1))
    }

    /// Number of target classes among `classes`; 0 for the nearest class.
    fn target_count(&self, classes: usize) -> u16 {
        let others = u16::try_from(classes.saturating_sub(1)).unwrap_or(u16::MAX);
        self.targets.unwrap_or(0).min(others)
    }

    pub(in crate::attacks) fn check(&self, classes: usize) -> Result<()> {
        const OP: &str = "fab";
        if classes < 2 {
            return Err(Error::argument(OP, "classes", "at least 2", classes));
        }
        if !(self.eps >= 0.0 && self.eps.is_finite()) {
            return Err(Error::argument(OP, "eps", "finite and at least 0", self.eps));
        }
        for (name, value) in [("alpha_max", self.alpha_max), ("beta", self.beta)] {
            if !(0.0..=1.0).contains(&value) {
                return Err(Error::argument(OP, name, "in [0,1]", value));
            }
        }
        if !(self.eta >= 1.0 && self.eta.is_finite()) {
            return Err(Error::argument(OP, "eta", "finite and at least 1", self.eta));
        }
        for (name, value) in [
            ("iterations", self.iterations),
            ("targets", self.targets.unwrap_or(1)),
        ] {
            if value == 0 {
                return Err(Error::argument(OP, name, "at least 1", value));
            }
        }
        check_restarts(self.restarts)?;
        check_restarts(self.searches(classes))
    }
}
