//! The window that the Square attack adds to images for L2 and L1.

use super::windows::PowerNorm;

/// The window η (Andriushchenko et al. 2020, §3.3): a pyramid in the upper half of a square, its negative in
/// the lower one; [side, side] with length 1 in `norm`. With `transposed` the halves are left and right.
pub(super) fn window(norm: PowerNorm, side: usize, transposed: bool) -> Vec<f64> {
    let upper = side / 2;
    let mut values = pyramid(norm, upper, side);
    values.extend(pyramid(norm, side - upper, side).iter().map(|value| -value));
    let length = norm.length(values.iter().copied());
    values.iter_mut().for_each(|value| *value /= length);
    if transposed {
        values = (0..side * side)
            .map(|i| values[i % side * side + i / side])
            .collect();
    }
    values
}

/// A pyramid on `height` × `width` pixels with length 1 in `norm`: nested rectangles around the middle, the
/// k-th of them, from 1, 1/k² high for L2 and 1/k⁴ for L1.
fn pyramid(norm: PowerNorm, height: usize, width: usize) -> Vec<f64> {
    let (middle_row, middle_column) = (height / 2, width / 2);
    let power = match norm {
        PowerNorm::L2 => 2,
        PowerNorm::L1 => 4,
    };
    let rectangles = middle_row.max(middle_column) + 1;
    let mut values: Vec<f64> = (0..height * width)
        .map(|i| {
            let ring = (i / width)
                .abs_diff(middle_row)
                .max((i % width).abs_diff(middle_column));
            (ring..rectangles)
                .map(|k| 1.0 / ((k + 1) as f64).powi(power))
                .sum()
        })
        .collect();
    let length = norm.length(values.iter().copied());
    values.iter_mut().for_each(|value| *value /= length);
    values
}

#[cfg(test)]
mod tests {
    use super::window;
    use crate::attacks::square::windows::PowerNorm;

    #[test]
    fn small_windows_by_hand() {
        // The pyramid on 1×3 pixels is (1/4, 5/4, 1/4), that on 2×3 has (1/4, 1/4, 1/4) above it.
        let (upper, lower) = (27f64.sqrt() / 4.0, 30f64.sqrt() / 4.0);
        let expected = [
            [0.25, 1.25, 0.25].map(|v: f64| v / upper),
            [-0.25; 3].map(|v: f64| v / lower),
            [-0.25, -1.25, -0.25].map(|v: f64| v / lower),
        ]
        .concat();
        for (i, value) in window(PowerNorm::L2, 3, false).iter().enumerate() {
            assert!((value - expected[i] / 2f64.sqrt()).abs() < 1e-15, "{i}: {value}");
        }
        assert_eq!(window(PowerNorm::L1, 1, true), [-1.0]);
        // 1×2 and 1×2: the left pixel belongs to the second rectangle only.
        let expected = [1.0 / 18.0, 17.0 / 18.0, -1.0 / 18.0, -17.0 / 18.0].map(|v| v / 2.0);
        for (value, expected) in window(PowerNorm::L1, 2, false).iter().zip(expected) {
            assert!((value - expected).abs() < 1e-15, "{value} {expected}");
        }
    }

    #[test]
    fn windows_have_length_1_and_transpose() {
        for norm in [PowerNorm::L2, PowerNorm::L1] {
            for side in 1..20 {
                let (upright, flat) = (window(norm, side, false), window(norm, side, true));
                assert!((norm.length(upright.iter().copied()) - 1.0).abs() < 1e-12);
                for (i, value) in upright.iter().enumerate() {
                    assert_eq!(*value, flat[i % side * side + i / side]);
                }
            }
        }
    }
}
