//! The moves for L∞: vertical stripes first, then squares of one colour.

use super::frame::{Frame, Patch};
use super::sign;

/// Signs that a start needs.
pub(super) fn start_numbers(frame: &Frame) -> usize {
    frame.channels * frame.width
}

/// The `clean` image with every column of every channel raised or lowered by ε, clipped to [0, 1].
pub(super) fn start(frame: &Frame, eps: f64, clean: &[f64], numbers: &[f64]) -> Vec<f64> {
    let mut out = clean.to_vec();
    for row in 0..frame.height {
        for (i, &number) in numbers.iter().enumerate() {
            let (channel, column) = (i / frame.width, i % frame.width);
            let value = &mut out[frame.index(row, column, channel)];
            *value = (*value + eps * sign(number)).clamp(0.0, 1.0);
        }
    }
    out
}

/// The `best` image with every channel of `patch` raised or lowered by 2ε, then brought within ε of the
/// `clean` image and clipped to [0, 1].
pub(super) fn step(
    frame: &Frame,
    eps: f64,
    clean: &[f64],
    best: &[f64],
    patch: Patch,
    signs: &[f64],
) -> Vec<f64> {
    let mut out = best.to_vec();
    for (row, column, _) in patch.pixels(frame) {
        for (channel, &number) in signs.iter().enumerate() {
            let at = frame.index(row, column, channel);
            let moved = out[at] + 2.0 * eps * sign(number);
            out[at] = moved.max(clean[at] - eps).min(clean[at] + eps).clamp(0.0, 1.0);
        }
    }
    out
}
