//! Running cases: on the CPU in either number type against stored values, and on an accelerator
//! against stored values or against the CPU.

use super::case::Case;
use super::compare::Report;
use crate::Result;
use crate::device::Accelerator;
use crate::tensor::{Element, Tensor};
use std::sync::Arc;

/// Where operations run.
#[derive(Clone)]
pub enum Place {
    /// On the host.
    Cpu,
    /// On an accelerator.
    Accelerator(Arc<dyn Accelerator>),
}

impl Place {
    /// `values` here, in numbers of type `T`.
    ///
    /// # Errors
    /// [`crate::Error::Device`] if the accelerator has no room.
    pub fn put<T: Element>(&self, values: &Tensor<f64>) -> Result<Tensor<T>> {
        let values = values.cast()?;
        match self {
            Self::Cpu => Ok(values),
            Self::Accelerator(accelerator) => values.to_device(accelerator),
        }
    }
}

/// Runs every case in numbers of type `T` at `place` and compares it with what it expects. The
/// report counts every output and every gradient.
///
/// # Errors
/// Errors of the operations, for example because `place` does not have one.
pub fn run<T: Element>(cases: &[Case], place: &Place) -> Result<Report> {
    let mut report = Report::default();
    for case in cases {
        let found = case.evaluate::<T>(place)?;
        report.extend(case.compare::<T>(&found, &case.expected)?);
    }
    Ok(report)
}

/// Runs every case in numbers of type `T` at `place` and compares it with what the CPU gives in the
/// same numbers.
///
/// # Errors
/// As [`run`].
pub fn compare_places<T: Element>(cases: &[Case], place: &Place) -> Result<Report> {
    let mut report = Report::default();
    for case in cases {
        let found = case.evaluate::<T>(place)?;
        let expected = case.evaluate::<T>(&Place::Cpu)?;
        report.extend(case.compare::<T>(&found, &expected)?);
    }
    Ok(report)
}

/// Runs every case in numbers of type `T` at `place` and compares it with what the CPU gives in f64. For operations on
/// integers, of which `place` gives the exact result, and the CPU's f32 need not (Winograd's transforms round).
///
/// # Errors
/// As [`run`].
pub fn compare_with_f64<T: Element>(cases: &[Case], place: &Place) -> Result<Report> {
    let mut report = Report::default();
    for case in cases {
        let found = case.evaluate::<T>(place)?;
        let expected = case.evaluate::<f64>(&Place::Cpu)?;
        report.extend(case.compare::<T>(&found, &expected)?);
    }
    Ok(report)
}
