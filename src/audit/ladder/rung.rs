//! The names of the rungs.

use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A rung of the ladder; see the table at [`ladder`](super).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RungName {
    /// AutoAttack `rand` as papers quote it.
    AutoattackRand,
    /// Its attacks on every image, without its faults.
    AllImages,
    /// The smooth surrogate.
    Surrogate,
    /// Single members and subsets of layers.
    Members,
    /// The surrogate with many draws a gradient.
    #[serde(rename = "eot-100")]
    Eot100,
    /// The defence itself, from images that are bad for it already.
    WarmStart,
    /// More random starts.
    Restarts,
}

impl RungName {
    /// All of them, lowest first.
    pub const ALL: [Self; 7] = [
        Self::AutoattackRand,
        Self::AllImages,
        Self::Surrogate,
        Self::Members,
        Self::Eot100,
        Self::WarmStart,
        Self::Restarts,
    ];

    /// Its name: `autoattack-rand`, `all-images`, `surrogate`, `members`, `eot-100`, `warm-start`, `restarts`.
    pub fn name(self) -> &'static str {
        match self {
            Self::AutoattackRand => "autoattack-rand",
            Self::AllImages => "all-images",
            Self::Surrogate => "surrogate",
            Self::Members => "members",
            Self::Eot100 => "eot-100",
            Self::WarmStart => "warm-start",
            Self::Restarts => "restarts",
        }
    }

    /// The number of its first search among those of the ladder, which have [`RungName::SEARCHES`] for each rung.
    pub(super) fn first_number(self) -> u16 {
        // The order of declaration is that of the rungs; seven times 128 is below 1,024.
        self as u16 * Self::SEARCHES
    }

    /// Searches that a rung may have.
    pub(super) const SEARCHES: u16 = 128;
}

impl fmt::Display for RungName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for RungName {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let rung = Self::ALL.into_iter().find(|rung| rung.name() == name);
        rung.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            Error::Usage(format!("unknown rung `{name}`; expected one of {names}"))
        })
    }
}
