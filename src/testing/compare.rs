//! How far tensors are apart, told so that a person finds the place.

use crate::Result;
use crate::tensor::{Element, Shape, Tensor};
use std::fmt;

/// What an error is measured against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// The largest magnitude expected anywhere in the tensor.
    Tensor,
    /// The largest magnitude expected in the same row of the outermost axis, and at least 1: for
    /// tensors of which some rows are larger than the others by orders of magnitude.
    Row,
}

/// A tensor that is not what it should be.
#[derive(Clone, Debug, PartialEq)]
pub struct Mismatch {
    /// Which case, for example `conv2d/k3_pad1 (F32)`.
    pub case: String,
    /// Which tensor of it, for example `gradient of w`.
    pub tensor: String,
    /// What is wrong with it.
    pub difference: Difference,
}

/// In what way a tensor is wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum Difference {
    /// It has another shape.
    Shape {
        /// The shape it has.
        found: Shape,
        /// The shape it should have.
        expected: Shape,
    },
    /// Elements are too far off; this is the worst.
    Values {
        /// Its position, one index an axis.
        position: Vec<usize>,
        /// Its value.
        found: f64,
        /// The value it should have.
        expected: f64,
        /// |found − expected|/scale.
        error: f64,
        /// The largest error allowed.
        tolerance: f64,
        /// How many elements are off by more than that.
        wrong: usize,
        /// How many were compared.
        compared: usize,
    },
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ", self.case, self.tensor)?;
        match &self.difference {
            Difference::Shape { found, expected } => {
                write!(f, "has shape {found}, expected {expected}")
            }
            Difference::Values {
                position,
                found,
                expected,
                error,
                tolerance,
                wrong,
                compared,
            } => write!(
                f,
                "is off by {error:.2e} of its scale at {position:?} ({found:e}, expected \
                 {expected:e}); allowed are {tolerance:.0e}; {wrong} of {compared} elements are wrong"
            ),
        }
    }
}

/// What a number of comparisons gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// How many tensors were compared.
    pub compared: usize,
    /// Those that are wrong.
    pub mismatches: Vec<Mismatch>,
}

impl Report {
    /// Whether something was compared and nothing is wrong.
    pub fn passed(&self) -> bool {
        self.compared > 0 && self.mismatches.is_empty()
    }

    /// Counts one comparison.
    pub fn record(&mut self, mismatch: Option<Mismatch>) {
        self.compared += 1;
        self.mismatches.extend(mismatch);
    }

    /// Takes over the comparisons of another report.
    pub fn extend(&mut self, other: Report) {
        self.compared += other.compared;
        self.mismatches.extend(other.mismatches);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wrong = self.mismatches.len();
        write!(f, "{wrong} of {} tensors are wrong", self.compared)?;
        for mismatch in &self.mismatches {
            write!(f, "\n  {mismatch}")?;
        }
        Ok(())
    }
}

/// Compares `found` with `expected`: shapes must agree, and every element must be within
/// `tolerance` times the `scale` (times 1 where everything expected is 0). NaN never is.
///
/// # Errors
/// [`crate::Error::Device`] if a copy from a device fails.
pub fn compare<T: Element>(
    case: &str,
    tensor: &str,
    found: &Tensor<T>,
    expected: &Tensor<f64>,
    tolerance: f64,
    scale: Scale,
) -> Result<Option<Mismatch>> {
    let shape = *expected.shape();
    if *found.shape() != shape {
        let found = *found.shape();
        let expected = shape;
        return Ok(Some(Mismatch {
            case: case.to_owned(),
            tensor: tensor.to_owned(),
            difference: Difference::Shape { found, expected },
        }));
    }
    let row = match scale {
        Scale::Tensor => shape.len(),
        Scale::Row => shape.len() / shape.axis(0).max(1),
    };
    let (found, expected) = (found.to_vec()?, expected.to_vec()?);
    let least = match scale {
        Scale::Tensor => 0.0,
        Scale::Row => 1.0,
    };
    let rows = expected.chunks(row.max(1));
    let scales: Vec<f64> = rows.map(|row| magnitude(row).max(least)).collect();
    let pairs = found.iter().zip(&expected).enumerate();
    let pairs = pairs.map(|(i, (&found, &expected))| Pair {
        index: i,
        found: found.as_f64(),
        expected,
        scale: scales[i / row],
    });
    Ok(worst(&shape, pairs, tolerance).map(|difference| Mismatch {
        case: case.to_owned(),
        tensor: tensor.to_owned(),
        difference,
    }))
}

/// The largest magnitude of `values`, or 1 if all are 0.
pub(super) fn magnitude(values: &[f64]) -> f64 {
    match values.iter().fold(0.0, |max, value| value.abs().max(max)) {
        0.0 => 1.0,
        max => max,
    }
}

/// Two numbers that should be the same.
pub(super) struct Pair {
    /// Flat index in the tensor.
    pub index: usize,
    pub found: f64,
    pub expected: f64,
    /// What their difference is divided by.
    pub scale: f64,
}

/// The worst of `pairs`, if it is beyond `tolerance`; `shape` is the whole tensor's.
pub(super) fn worst(shape: &Shape, pairs: impl Iterator<Item = Pair>, tolerance: f64) -> Option<Difference> {
    let (mut compared, mut wrong) = (0, 0);
    let mut worst: Option<(f64, Pair)> = None;
    for pair in pairs {
        compared += 1;
        // Equal infinities have no difference; a NaN has an infinite one.
        let error = match (pair.found - pair.expected).abs() / pair.scale {
            _ if pair.found == pair.expected => 0.0,
            error if error.is_nan() => f64::INFINITY,
            error => error,
        };
        if error > tolerance {
            wrong += 1;
            if worst.as_ref().is_none_or(|(largest, _)| error > *largest) {
                worst = Some((error, pair));
            }
        }
    }
    worst.map(|(error, pair)| Difference::Values {
        position: position(shape, pair.index),
        found: pair.found,
        expected: pair.expected,
        error,
        tolerance,
        wrong,
        compared,
    })
}

/// Indices along every axis of the element at flat `index`.
fn position(shape: &Shape, index: usize) -> Vec<usize> {
    let axes = 0..shape.rank();
    axes.map(|axis| index / shape.around(axis).2 % shape.axis(axis))
        .collect()
}
