//! Random starts of FAB.

use crate::attacks::Norm;
use crate::attacks::length::length;
use std::f64::consts::TAU;

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

/// Normal numbers, each pair from a pair of uniform ones (Box & Muller 1958); a last one without partner takes the
/// first for it.
fn normals(uniforms: &[f64]) -> Vec<f64> {
    let first = uniforms.first().copied().unwrap_or(0.0);
    let pairs = uniforms.chunks(2).flat_map(|pair| {
        // In (0, 1]: the logarithm must be finite.
        let radius = (-2.0 * (1.0 - pair[0]).ln()).sqrt();
        let angle = TAU * pair.get(1).copied().unwrap_or(first);
        [radius * angle.cos(), radius * angle.sin()]
    });
    pairs.take(uniforms.len()).collect()
}

#[cfg(test)]
mod tests {
    use super::{normals, random_start};
    use crate::attacks::Norm;
    use crate::attacks::length::distance;
    use crate::attacks::statistics::mean_and_std;
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

    #[test]
    fn normals_are_normal() {
        let uniforms: Vec<f64> = Philox::new(2, Purpose::Test).uniform(Counter::default(), 9_999);
        let values = normals(&uniforms);
        let (mean, std) = mean_and_std(&values);
        assert_eq!(values.len(), 9_999);
        assert!(mean.abs() < 0.05 && (std - 1.0).abs() < 0.05, "{mean} {std}");
        let within = values.iter().filter(|value| value.abs() < 1.0).count();
        assert!((6_500..7_150).contains(&within), "{within}");
    }
}
