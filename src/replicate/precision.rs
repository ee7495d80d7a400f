//! In which format a run's layers multiply.

use super::Reporter;
use crate::device::Device;
use crate::ops::Precision;
use serde::{Deserialize, Serialize};

/// Formats of the products of convolutions and linear layers on an accelerator; the CPU computes in f32
/// whatever they are. What decides a number of the summary is always computed in f32: accuracies, and
/// whether an image is broken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Precisions {
    /// Of training, whose weights and optimiser stay f32.
    pub training: Precision,
    /// Of the gradients that attacks follow.
    pub search: Precision,
}

impl Precisions {
    /// The same format for both.
    pub fn both(precision: Precision) -> Self {
        Self {
            training: precision,
            search: precision,
        }
    }

    /// Whether all is f32.
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// What becomes of them on `device`; a line to `reporter` for each that it does not have.
    pub(super) fn on(self, device: &Device, reporter: &dyn Reporter) -> Self {
        let there = |what: &str, asked: Precision| {
            let found = match device {
                Device::Cpu => Precision::F32,
                Device::Accelerator(accelerator) => asked.or_f32(&**accelerator),
            };
            if found != asked {
                reporter.line(&format!(
                    "precision: {device} has no {asked} for {what}; {found} is used"
                ));
            }
            found
        };
        Self {
            training: there("training", self.training),
            search: there("the attacks' search", self.search),
        }
    }
}
