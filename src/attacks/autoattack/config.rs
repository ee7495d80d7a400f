//! Settings of the driver.

use crate::attacks::{ApgdConfig, AttackLoss};
use crate::{Error, Result};
use std::fmt;

/// An attack that the driver can run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum AttackKind {
    /// APGD on the cross-entropy.
    #[serde(rename = "apgd-ce")]
    ApgdCe,
    /// APGD on the difference-of-logits ratio.
    #[serde(rename = "apgd-dlr")]
    ApgdDlr,
}

impl AttackKind {
    /// Its name in AutoAttack: `apgd-ce`, `apgd-dlr`.
    pub fn name(self) -> &'static str {
        match self {
            Self::ApgdCe => "apgd-ce",
            Self::ApgdDlr => "apgd-dlr",
        }
    }

    /// What it maximises.
    pub fn loss(self) -> AttackLoss {
        match self {
            Self::ApgdCe => AttackLoss::CrossEntropy,
            Self::ApgdDlr => AttackLoss::Dlr,
        }
    }
}

impl fmt::Display for AttackKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Settings of AutoAttack for L∞.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct AutoAttackConfig {
    /// Radius of the L∞ ball, in units of the image range [0, 1].
    pub eps: f64,
    /// The attacks in their order, each at most once.
    pub attacks: Vec<AttackKind>,
    /// Iterations of APGD.
    pub iterations: u16,
    /// Draws of a random classifier over which gradients are averaged (EoT).
    pub eot: u16,
    /// Random starts of APGD.
    pub restarts: u16,
    /// APGD's ρ, see [`ApgdConfig::rho`].
    pub rho: f64,
    /// Images that are attacked together; the state can be saved between two blocks.
    pub block: usize,
}

impl AutoAttackConfig {
    /// The version `rand`, for random classifiers: APGD-CE and APGD-DLR, 100 iterations, 20 draws,
    /// one start; blocks of 16 images.
    pub fn rand(eps: f64) -> Self {
        Self {
            eps,
            attacks: vec![AttackKind::ApgdCe, AttackKind::ApgdDlr],
            iterations: 100,
            eot: 20,
            restarts: 1,
            rho: 0.75,
            block: 16,
        }
    }

    /// The settings of one of the attacks.
    pub(super) fn apgd(&self, attack: AttackKind) -> ApgdConfig {
        ApgdConfig {
            iterations: self.iterations,
            eot: self.eot,
            restarts: self.restarts,
            rho: self.rho,
            ..ApgdConfig::new(self.eps, attack.loss())
        }
    }

    pub(super) fn check(&self, classes: usize) -> Result<()> {
        const OP: &str = "AutoAttack";
        if self.block == 0 {
            return Err(Error::argument(OP, "block", "at least 1", self.block));
        }
        if self.attacks.is_empty() {
            return Err(Error::argument(OP, "attacks", "at least one", "none"));
        }
        for (i, &attack) in self.attacks.iter().enumerate() {
            if self.attacks[..i].contains(&attack) {
                return Err(Error::argument(
                    OP,
                    "attacks",
                    "each at most once",
                    format!("{attack} twice"),
                ));
            }
            attack.loss().check_classes(classes)?;
            self.apgd(attack).check()?;
        }
        Ok(())
    }
}
