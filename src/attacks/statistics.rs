//! Accuracies with their uncertainty.

/// The 97.5 % quantile of the standard normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// Wilson's 95 % score interval (Wilson 1927) of a proportion of which `successes` of `n` trials
/// were seen: (low, high). Without trials (0, 1).
pub fn wilson(successes: usize, n: usize) -> (f64, f64) {
    wilson_of_mean(successes as f64 / n as f64, n)
}

/// The same around the mean `p` of `n` values in [0, 1] that need not be 0 or 1. Their variance is at
/// most that of 0s and 1s with this mean, p·(1 − p): the interval errs on the wide side.
pub fn wilson_of_mean(p: f64, n: usize) -> (f64, f64) {
    if n == 0 {
        return (0.0, 1.0);
    }
    let n = n as f64;
    let centre = p + Z * Z / (2.0 * n);
    let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    // The interval contains p; rounding must not put p a last bit outside.
    let (low, high) = ((centre - half) / scale, (centre + half) / scale);
    (low.max(0.0).min(p), high.min(1.0).max(p))
}

/// Mean and sample standard deviation (n − 1) of `values`; (0, 0) without values, deviation 0 for
/// a single one.
pub fn mean_and_std(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    if values.is_empty() {
        return (0.0, 0.0);
    }
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (n - 1.0).max(1.0)).sqrt())
}

#[cfg(test)]
mod tests {
    use super::{mean_and_std, wilson};

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 5e-4
    }

    #[test]
    fn wilson_agrees_with_published_intervals() {
        // 20 of 32: [45.3, 77.1] %; 0 of 10 and 10 of 10 are one another's mirror.
        let (low, high) = wilson(20, 32);
        assert!(close(low, 0.4526) && close(high, 0.7707), "{low} {high}");
        let (low, high) = wilson(0, 10);
        assert!(low == 0.0 && close(high, 0.2775), "{low} {high}");
        let (low, high) = wilson(10, 10);
        assert!(close(low, 0.7225) && high == 1.0, "{low} {high}");
        assert!(wilson(0, 6).0 == 0.0 && wilson(6, 6).1 == 1.0);
        assert_eq!(wilson(0, 0), (0.0, 1.0));
    }

    #[test]
    fn deviation_is_that_of_a_sample() {
        let (mean, std) = mean_and_std(&[1.0, 2.0, 3.0, 4.0]);
        assert!(mean == 2.5 && close(std, 1.2910), "{mean} {std}");
        assert_eq!(mean_and_std(&[0.25]), (0.25, 0.0));
        assert_eq!(mean_and_std(&[]), (0.0, 0.0));
    }
}
