//! The nearest admissible perturbation for L1.

/// Brings the perturbation `delta` of the `clean` image to the nearest (in L2) one whose L1 norm is at most `eps`
/// and that keeps the image in [0, 1].
///
/// Every entry loses the same amount λ of its size, but none falls below 0 and each keeps at most the room its
/// pixel has. The sum of sizes falls with λ along straight pieces, which are gone through in order.
pub(in crate::attacks) fn project(clean: &[f64], delta: &mut [f64], eps: f64) {
    let room = |x: f64, d: f64| if d > 0.0 { 1.0 - x } else { x };
    // The sum of sizes for λ = 0, and where its slope changes: −1 where an entry begins to shrink, +1 at its end.
    let (mut sum, mut changes) = (0.0, Vec::with_capacity(2 * delta.len()));
    for (&x, &d) in clean.iter().zip(&*delta) {
        let (size, room) = (d.abs(), room(x, d).max(0.0));
        sum += size.min(room);
        if size > 0.0 && room > 0.0 {
            changes.extend([((size - room).max(0.0), -1.0), (size, 1.0)]);
        }
    }
    let mut lambda = 0.0;
    if sum > eps {
        changes.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut slope = 0.0;
        for (at, change) in changes {
            let next = sum + slope * (at - lambda);
            if next <= eps {
                break;
            }
            (sum, lambda) = (next, at);
            slope += change;
        }
        // Rounding may leave the last piece without a slope.
        if slope < 0.0 {
            lambda += (sum - eps) / -slope;
        }
    }
    for (&x, d) in clean.iter().zip(delta) {
        *d = (d.abs() - lambda).max(0.0).min(room(x, *d).max(0.0)).copysign(*d);
    }
}

#[cfg(test)]
mod tests {
    use super::project;
    use crate::tensor::{Counter, Philox, Purpose};

    /// As [`project`], by bisection of λ.
    fn by_bisection(clean: &[f64], delta: &[f64], eps: f64) -> Vec<f64> {
        let at = |lambda: f64| -> Vec<f64> {
            let pairs = clean.iter().zip(delta);
            let kept = pairs.map(|(x, d)| (d.signum() * (d.abs() - lambda).max(0.0) + x).clamp(0.0, 1.0) - x);
            kept.collect()
        };
        let size = |z: &[f64]| z.iter().map(|z| z.abs()).sum::<f64>();
        let (mut low, mut high) = (0.0, 10.0);
        if size(&at(0.0)) <= eps {
            return at(0.0);
        }
        for _ in 0..200 {
            let middle = (low + high) / 2.0;
            if size(&at(middle)) > eps {
                low = middle
            } else {
                high = middle
            }
        }
        at(high)
    }

    #[test]
    fn projections_agree_with_bisection() {
        for case in 0..200u32 {
            let at = Counter {
                image: case,
                ..Counter::default()
            };
            let numbers: Vec<f64> = Philox::new(1, Purpose::Test).uniform(at, 21);
            // Some pixels are 0 or 1, some entries are 0.
            let clean: Vec<f64> = numbers[..10]
                .iter()
                .map(|u| (1.4 * u - 0.2).clamp(0.0, 1.0))
                .collect();
            let mut delta: Vec<f64> = numbers[10..20]
                .iter()
                .map(|u| if *u < 0.1 { 0.0 } else { 3.0 * u - 1.5 })
                .collect();
            let eps = 4.0 * numbers[20];
            let expected = by_bisection(&clean, &delta, eps);
            project(&clean, &mut delta, eps);
            for (found, expected) in delta.iter().zip(&expected) {
                assert!(
                    (found - expected).abs() < 1e-12,
                    "case {case}: {delta:?} {expected:?}"
                );
            }
        }
    }
}
