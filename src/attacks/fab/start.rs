//! Random starts of FAB.

use crate::attacks::Norm;
use crate::attacks::length::length;
use crate::attacks::random_start::normals;

/// A start at distance `radius` from the `clean` image in `norm`, then clipped to [0, 1]: for L∞ in the direction
/// of numbers uniform in [−1, 1), for L2 and L1 of normal ones. `uniforms` in [0, 1), one a value, are what
/// both are made of.
pub(super) fn random_start(norm: Norm, radius: f64, clean: &[f64], uniforms: &[f64]) -> Vec<f64> {
    let direction: Vec<f64> = match norm {
        Norm::Linf => uniforms.iter().map(|u| 2.0 * u - 1.0).collect(),
        Norm::L2 | Norm::L1 => normals(uniforms),
    };
    let scale = length(norm, direction.iter().copied());
    // Numbers that are all 0 have no direction.
    let scale = if scale > 0.0 { radius / scale } else { 0.0 };
    let moved = clean.iter().zip(direction).map(|(x, d)| x + d * scale);
    moved.map(|x| x.clamp(0.0, 1.0)).collect()
}

#[cfg(test)]
mod tests {
    use super::random_start;
    use crate::attacks::Norm;
    use crate::attacks::length::distance;
    use crate::tensor::{Counter, Philox, Purpose};

    #[test]
    fn starts_are_as_far_as_told() {
        let uniforms: Vec<f64> = Philox::new(2, Purpose::Test).uniform(Counter::default(), 51);
        let clean = [0.5; 51];
        for norm in [Norm::Linf, Norm::L2, Norm::L1] {
            let start = random_start(norm, 0.25, &clean, &uniforms);
            assert!((distance(norm, &start, &clean) - 0.25).abs() < 1e-12, "{norm}");
            let start = random_start(norm, 100.0, &clean, &uniforms);
            assert!(start.iter().all(|x| (0.0..=1.0).contains(x)));
        }
    }
}
