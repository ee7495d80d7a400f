//! Lengths of vectors in the norms of attacks.

use super::Norm;

/// The length of a vector with these entries, 0 without any. Sums are taken in the order of the entries.
pub(super) fn length(norm: Norm, entries: impl Iterator<Item = f64>) -> f64 {
    match norm {
        Norm::Linf => entries.fold(0.0, |most: f64, entry| most.max(entry.abs())),
        Norm::L2 => entries.map(|entry| entry * entry).sum::<f64>().sqrt(),
        Norm::L1 => entries.map(f64::abs).sum(),
    }
}

/// The distance of two vectors.
pub(super) fn distance(norm: Norm, a: &[f64], b: &[f64]) -> f64 {
    length(norm, a.iter().zip(b).map(|(a, b)| a - b))
}
