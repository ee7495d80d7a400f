//! In which format the tensor cores multiply.

use crate::device::Accelerator;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Format that the operands of a layer's products are rounded to on an accelerator. Tensors stay f32
/// and sums are f32 in each, so that the weights an optimiser moves are f32 too (master weights); the
/// CPU always computes in the tensors' own type. Files and command lines call them `f32`, `tf32`,
/// `bf16`, `f16`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// No rounding.
    #[default]
    F32,
    /// 8 bits of exponent, 10 of fraction. Needs compute capability 8.0.
    Tf32,
    /// 8 bits of exponent, 7 of fraction. Needs compute capability 8.0.
    Bf16,
    /// 5 bits of exponent, 10 of fraction, in the forward pass; gradients, which may be too small
    /// for that exponent, in `Bf16` (in `F16` below compute capability 8.0). Numbers beyond 65,504
    /// become infinite. Needs compute capability 7.5.
    F16,
}

impl Precision {
    /// This precision if `accelerator` has it, else `F32`. An operation refuses a precision that its
    /// device lacks; whoever chooses one asks here first, and tells the user what it became.
    pub fn or_f32(self, accelerator: &dyn Accelerator) -> Self {
        if self.least_capability() <= accelerator.compute_capability() {
            self
        } else {
            Self::F32
        }
    }

    /// The format of gradients on a device of this compute capability.
    pub(crate) fn backward(self, capability: (u32, u32)) -> Self {
        match self {
            Self::F16 if capability >= Self::Bf16.least_capability() => Self::Bf16,
            other => other,
        }
    }

    /// The first compute capability with this precision.
    pub(crate) fn least_capability(self) -> (u32, u32) {
        match self {
            Self::F32 => (0, 0),
            Self::F16 => (7, 5),
            Self::Tf32 | Self::Bf16 => (8, 0),
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::Tf32 => "tf32",
            Self::Bf16 => "bf16",
            Self::F16 => "f16",
        })
    }
}

impl FromStr for Precision {
    type Err = Error;

    /// # Errors
    /// [`Error::Argument`] for another name.
    fn from_str(name: &str) -> Result<Self> {
        match name {
            "f32" => Ok(Self::F32),
            "tf32" => Ok(Self::Tf32),
            "bf16" => Ok(Self::Bf16),
            "f16" => Ok(Self::F16),
            _ => Err(Error::argument(
                "Precision",
                "name",
                "f32, tf32, bf16 or f16",
                name,
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_everywhere() -> std::result::Result<(), Box<dyn std::error::Error>> {
        for (precision, name) in [
            (Precision::F32, "f32"),
            (Precision::Tf32, "tf32"),
            (Precision::Bf16, "bf16"),
            (Precision::F16, "f16"),
        ] {
            assert_eq!(precision.to_string(), name);
            assert_eq!(name.parse::<Precision>()?, precision);
            assert_eq!(serde_json::to_string(&precision)?, format!("\"{name}\""));
        }
        let told = "fp8".parse::<Precision>().err().ok_or("taken")?.to_string();
        assert_eq!(told, "Precision: `name` is fp8, expected f32, tf32, bf16 or f16");
        Ok(())
    }
}
