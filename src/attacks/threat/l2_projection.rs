//! The L2 ball within the image range, in AutoAttack's arithmetic.

use crate::attacks::Norm;
use crate::attacks::length::{distance, length};

/// What AutoAttack adds to lengths before it divides by them.
const TINY: f64 = 1e-12;

/// `vector` divided by its L2 norm (and 1e-12).
pub(in crate::attacks) fn normalised(vector: &[f64]) -> Vec<f64> {
    let size = length(Norm::L2, vector.iter().copied()) + TINY;
    vector.iter().map(|v| v / size).collect()
}

/// Brings `point` to at most `eps` from the `clean` image, then clips it to [0, 1].
pub(in crate::attacks) fn project(clean: &[f64], point: &mut [f64], eps: f64) {
    let size = distance(Norm::L2, point, clean);
    let most = size.min(eps);
    for (point, clean) in point.iter_mut().zip(clean) {
        let moved = clean + (*point - clean) / (size + TINY) * most;
        *point = moved.clamp(0.0, 1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::{normalised, project};

    #[test]
    fn points_outside_come_to_the_surface_and_others_stay() {
        let clean = [0.5, 0.5];
        let mut inside = [0.5 + 0.03, 0.5 - 0.04];
        project(&clean, &mut inside, 0.1);
        assert!((inside[0] - 0.53).abs() < 1e-12 && (inside[1] - 0.46).abs() < 1e-12);
        let mut outside = [0.5 + 0.3, 0.5 - 0.4];
        project(&clean, &mut outside, 0.1);
        assert!((outside[0] - 0.56).abs() < 1e-12 && (outside[1] - 0.42).abs() < 1e-12);
        // The image range cuts the ball.
        let mut cut = [2.0, 0.5];
        project(&clean, &mut cut, 1.0);
        assert_eq!(cut, [1.0, 0.5]);
    }

    #[test]
    fn a_vector_of_zeros_stays_one() {
        assert_eq!(normalised(&[0.0, 0.0]), [0.0, 0.0]);
        let unit = normalised(&[3.0, -4.0]);
        assert!((unit[0] - 0.6).abs() < 1e-12 && (unit[1] + 0.8).abs() < 1e-12);
    }
}
