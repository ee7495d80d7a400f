//! The norms in which perturbations are measured.

use crate::{Error, Result};
use std::fmt;
use std::str::FromStr;

/// A norm of a perturbation, over all pixels and channels of an image; named as in AutoAttack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Norm {
    /// The largest absolute value.
    Linf,
    /// The square root of the sum of squares.
    L2,
    /// The sum of absolute values.
    L1,
}

impl fmt::Display for Norm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Linf => "Linf",
            Self::L2 => "L2",
            Self::L1 => "L1",
        })
    }
}

impl FromStr for Norm {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        [Self::Linf, Self::L2, Self::L1]
            .into_iter()
            .find(|norm| norm.to_string().eq_ignore_ascii_case(name))
            .ok_or_else(|| Error::Usage(format!("unknown norm `{name}`; expected Linf, L2 or L1")))
    }
}

#[cfg(test)]
mod tests {
    use super::Norm;
    use crate::Result;

    #[test]
    fn names_are_autoattacks() -> Result<()> {
        for norm in [Norm::Linf, Norm::L2, Norm::L1] {
            assert_eq!(norm.to_string().parse::<Norm>()?, norm);
            assert_eq!(serde_json::to_string(&norm).ok(), Some(format!("\"{norm}\"")));
        }
        assert_eq!("linf".parse::<Norm>()?, Norm::Linf);
        assert!("L3".parse::<Norm>().is_err());
        Ok(())
    }
}
