//! What tests of this crate, and of implementations that are added to it, are made of.
//!
//! - [`fixtures`] reads the stored reference values (`tests/fixtures/ops`), in this crate's
//!   layouts, and knows which of them nobody has read.
//! - [`cases`] turns them into [`Case`]s: an [`Operation`], its inputs, a cotangent, and what must
//!   come out forward and backward.
//! - [`conformance`] runs cases in a number type on the CPU or on an accelerator.
//! - [`finite_differences`] checks any function of variables against central differences.
//! - [`compare`] says how far two tensors are apart, and where.
//!
//! ```
//! use crossmax::tensor::Tensor;
//! use crossmax::testing::finite_differences;
//!
//! # fn main() -> crossmax::Result<()> {
//! let x = Tensor::from_slice([2, 2], &[0.5, -1.0, 2.0, 0.25])?;
//! let report = finite_differences::check("tanh of a square", &[("x", x)], |v| v[0].mul(&v[0])?.tanh())?;
//! assert!(report.passed(), "{report}");
//! # Ok(())
//! # }
//! ```

#[cfg(test)]
pub(crate) mod assertions;
mod case;
pub mod cases;
pub mod compare;
pub mod conformance;
pub mod finite_differences;
pub mod fixtures;
pub mod formula;
mod operation;
#[cfg(test)]
mod tests;

pub use case::{Case, Input, Outcome, Tolerance};
pub use compare::{Mismatch, Report, Scale};
pub use conformance::Place;
pub use operation::{Operation, Reduction, Views};
