//! Settings of the driver.

use crate::attacks::{ApgdConfig, AttackLoss, AttackSlot, Ball, FabConfig, Norm, SquareConfig};
use crate::{Error, Result};
use std::fmt;
use std::str::FromStr;

/// An attack that the driver can run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttackKind {
    /// APGD on the cross-entropy.
    ApgdCe,
    /// APGD on the difference-of-logits ratio.
    ApgdDlr,
    /// APGD towards several classes, on the targeted difference-of-logits ratio.
    ApgdT,
    /// FAB against the nearest class.
    Fab,
    /// FAB against several classes, one after the other.
    FabT,
    /// Square.
    Square,
}

impl AttackKind {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::ApgdCe,
        Self::ApgdDlr,
        Self::ApgdT,
        Self::Fab,
        Self::FabT,
        Self::Square,
    ];

    /// Its name in AutoAttack: `apgd-ce`, `apgd-dlr`, `apgd-t`, `fab`, `fab-t`, `square`.
    pub fn name(self) -> &'static str {
        match self {
            Self::ApgdCe => "apgd-ce",
            Self::ApgdDlr => "apgd-dlr",
            Self::ApgdT => "apgd-t",
            Self::Fab => "fab",
            Self::FabT => "fab-t",
            Self::Square => "square",
        }
    }

    /// Its slot among the draws.
    pub fn slot(self) -> AttackSlot {
        match self {
            Self::ApgdCe => AttackSlot::APGD_CE,
            Self::ApgdDlr => AttackSlot::APGD_DLR,
            Self::ApgdT => AttackSlot::APGD_T,
            Self::Fab => AttackSlot::FAB,
            Self::FabT => AttackSlot::FAB_T,
            Self::Square => AttackSlot::SQUARE,
        }
    }

    /// Whether it asks for gradients.
    pub fn is_white_box(self) -> bool {
        self != Self::Square
    }
}

impl fmt::Display for AttackKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for AttackKind {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let kind = Self::ALL.into_iter().find(|kind| kind.name() == name);
        kind.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            Error::Usage(format!("unknown attack `{name}`; expected one of {names}"))
        })
    }
}

/// A version of AutoAttack: which attacks, how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Version {
    /// APGD-CE, APGD-T, FAB-T, Square: for deterministic classifiers.
    Standard,
    /// APGD-CE, APGD-DLR, FAB, Square, APGD-T, FAB-T, with more restarts.
    Plus,
    /// APGD-CE and APGD-DLR with 20 draws: for random classifiers.
    Rand,
    /// Attacks of one's own choice, with what the reference code's attacks have before a version changes them.
    Custom,
}

impl Version {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Standard, Self::Plus, Self::Rand, Self::Custom];
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Standard => "standard",
            Self::Plus => "plus",
            Self::Rand => "rand",
            Self::Custom => "custom",
        })
    }
}

impl FromStr for Version {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let version = Self::ALL.into_iter().find(|version| version.to_string() == name);
        version.ok_or_else(|| {
            Error::Usage(format!(
                "unknown version `{name}`; expected standard, plus, rand or custom"
            ))
        })
    }
}

/// Settings of AutoAttack.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct AutoAttackConfig {
    /// The norm of perturbations.
    pub norm: Norm,
    /// Their bound, in units of the image range [0, 1].
    pub eps: f64,
    /// The attacks in their order, each at most once.
    pub attacks: Vec<AttackKind>,
    /// Iterations of APGD and FAB.
    pub iterations: u16,
    /// Draws of a random classifier over which APGD averages gradients (EoT).
    pub eot: u16,
    /// Random starts of APGD-CE and APGD-DLR.
    pub restarts: u16,
    /// APGD's ρ, see [`ApgdConfig::rho`].
    pub rho: f64,
    /// Targets of APGD-T, see [`ApgdConfig::targets`].
    pub targets: u16,
    /// Whether APGD begins with larger radii: for L1, see [`ApgdConfig::larger_radii`].
    pub larger_radii: bool,
    /// Searches of FAB.
    pub fab_restarts: u16,
    /// Targets of FAB-T, one search each.
    pub fab_targets: u16,
    /// Queries of Square.
    pub queries: u16,
    /// Whether the reference code's faults are reproduced: see [`autoattack`](super::autoattack).
    pub compat: bool,
    /// Images that are attacked together; the state can be saved between two blocks.
    pub block: usize,
}

impl AutoAttackConfig {
    /// A version of AutoAttack (fra31/auto-attack at a392200), without its faults; blocks of 16 images. [`Version::Custom`] has all
    /// attacks in the order of `plus`: the caller takes those that it wants.
    pub fn version(version: Version, norm: Norm, eps: f64) -> Self {
        use AttackKind::{ApgdCe, ApgdDlr, ApgdT, Fab, FabT, Square};
        let is_l1 = norm == Norm::L1;
        let base = Self {
            norm,
            eps,
            attacks: vec![ApgdCe, ApgdT, FabT, Square],
            iterations: 100,
            eot: 1,
            restarts: 1,
            rho: 0.75,
            targets: 9,
            larger_radii: false,
            fab_restarts: 5,
            fab_targets: 9,
            queries: 5000,
            compat: false,
            block: 16,
        };
        match version {
            Version::Standard => Self {
                restarts: if is_l1 { 5 } else { 1 },
                targets: if is_l1 { 5 } else { 9 },
                larger_radii: is_l1,
                ..base
            },
            Version::Plus | Version::Custom => Self {
                attacks: vec![ApgdCe, ApgdDlr, Fab, Square, ApgdT, FabT],
                restarts: 5,
                ..base
            },
            Version::Rand => Self {
                attacks: vec![ApgdCe, ApgdDlr],
                eot: 20,
                ..base
            },
        }
    }

    /// The version `rand` for L∞ as the reference code has it, faults included: what papers on random classifiers quote.
    pub fn rand(eps: f64) -> Self {
        Self {
            compat: true,
            ..Self::version(Version::Rand, Norm::Linf, eps)
        }
    }

    /// The settings of one of the attacks.
    pub(super) fn attack(&self, kind: AttackKind) -> Attack {
        let fab = |base: FabConfig| FabConfig {
            iterations: self.iterations,
            compat: self.compat,
            ..base
        };
        let apgd = |base: ApgdConfig| ApgdConfig {
            norm: self.norm,
            iterations: self.iterations,
            eot: self.eot,
            rho: self.rho,
            larger_radii: self.larger_radii,
            compat: self.compat,
            ..base
        };
        match kind {
            AttackKind::ApgdCe | AttackKind::ApgdDlr => {
                let loss = match kind {
                    AttackKind::ApgdCe => AttackLoss::CrossEntropy,
                    _ => AttackLoss::Dlr,
                };
                Attack::Apgd(ApgdConfig {
                    restarts: self.restarts,
                    ..apgd(ApgdConfig::new(self.eps, loss))
                })
            }
            AttackKind::ApgdT => Attack::Apgd(ApgdConfig {
                targets: Some(self.targets),
                ..apgd(ApgdConfig::targeted(self.eps))
            }),
            AttackKind::Fab => Attack::Fab(FabConfig {
                restarts: self.fab_restarts,
                ..fab(FabConfig::new(self.norm, self.eps))
            }),
            AttackKind::FabT => Attack::Fab(FabConfig {
                targets: Some(self.fab_targets),
                ..fab(FabConfig::targeted(self.norm, self.eps))
            }),
            AttackKind::Square => Attack::Square(SquareConfig {
                queries: self.queries,
                compat: self.compat,
                ..SquareConfig::new(self.norm, self.eps)
            }),
        }
    }

    pub(crate) fn check(&self, classes: usize) -> Result<()> {
        const OP: &str = "AutoAttack";
        if self.block == 0 {
            return Err(Error::argument(OP, "block", "at least 1", self.block));
        }
        if self.attacks.is_empty() {
            return Err(Error::argument(OP, "attacks", "at least one", "none"));
        }
        Ball::new(self.norm, self.eps)?;
        for (i, &attack) in self.attacks.iter().enumerate() {
            if self.attacks[..i].contains(&attack) {
                return Err(Error::argument(
                    OP,
                    "attacks",
                    "each at most once",
                    format!("{attack} twice"),
                ));
            }
            self.attack(attack).check(classes)?;
        }
        Ok(())
    }
}

/// The settings of one attack.
pub(super) enum Attack {
    Apgd(ApgdConfig),
    Fab(FabConfig),
    Square(SquareConfig),
}

impl Attack {
    fn check(&self, classes: usize) -> Result<()> {
        match self {
            Self::Apgd(config) => {
                config.check_classes(classes)?;
                config.check()
            }
            Self::Fab(config) => config.check(classes),
            Self::Square(config) => config.check(),
        }
    }
}
