//! The moves for L2 and L1: the perturbation of one window goes into another one.

use super::frame::{Frame, Patch};
use super::pattern::window;
use super::sign;
use crate::attacks::Norm;
use crate::attacks::length::length;
use crate::attacks::threat::l1_projection;

/// The norms of a window's pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PowerNorm {
    L2,
    L1,
}

/// Keeps divisors from 0, as in the reference.
const TINY: f64 = 1e-12;

impl PowerNorm {
    /// The length of a vector with these entries.
    pub fn length(self, entries: impl Iterator<Item = f64>) -> f64 {
        match self {
            Self::L2 => length(Norm::L2, entries),
            Self::L1 => length(Norm::L1, entries),
        }
    }

    /// The `clean` image with the perturbation that is admissible and made of `delta`: for L2 scaled to
    /// length `eps` and clipped, for L1 projected.
    fn apply(self, eps: f64, clean: &[f64], mut delta: Vec<f64>) -> Vec<f64> {
        match self {
            Self::L2 => {
                let scale = self.length(delta.iter().copied()) + TINY;
                delta.iter_mut().for_each(|d| *d = *d / scale * eps);
            }
            // The reference stays this much inside the ball.
            Self::L1 => l1_projection::project(clean, &mut delta, eps * (1.0 - 1e-6)),
        }
        let moved = clean.iter().zip(&delta).map(|(x, d)| x + d);
        moved.map(|x| x.clamp(0.0, 1.0)).collect()
    }

    /// The length that a channel's new window gets: that of the windows it replaces, `replaced`, and a share of
    /// what the whole perturbation, of length `used`, leaves of `eps`.
    fn budget(self, eps: f64, used: f64, replaced: f64, channels: f64) -> f64 {
        match self {
            Self::L2 => ((eps * eps - used * used).max(0.0) / channels + replaced * replaced).sqrt(),
            Self::L1 => ((eps - used).max(0.0) / channels + replaced) * channels,
        }
    }
}

/// The tiles of the start: squares of a fifth of the height, side by side.
fn tiles(frame: &Frame) -> impl Iterator<Item = Patch> + use<> {
    let side = (frame.height / 5).max(1);
    let margin = frame.height.saturating_sub(5 * side) / 2;
    let (rows, columns) = (frame.height / side, frame.width / side);
    (0..rows * columns).map(move |tile| Patch {
        row: margin + tile / columns * side,
        column: margin + tile % columns * side,
        side,
    })
}

/// Numbers that a start needs.
pub(super) fn start_numbers(frame: &Frame) -> usize {
    tiles(frame).count() * (1 + frame.channels)
}

/// The `clean` image with a window in every tile.
pub(super) fn start(norm: PowerNorm, frame: &Frame, eps: f64, clean: &[f64], numbers: &[f64]) -> Vec<f64> {
    let mut delta = vec![0.0; clean.len()];
    for (tile, numbers) in tiles(frame).zip(numbers.chunks_exact(1 + frame.channels)) {
        let pattern = window(norm, tile.side, numbers[0] > 0.5);
        for (row, column, pixel) in tile.pixels(frame) {
            for (channel, &number) in numbers[1..].iter().enumerate() {
                delta[frame.index(row, column, channel)] += pattern[pixel] * sign(number);
            }
        }
    }
    norm.apply(eps, clean, delta)
}

/// Where a step takes the perturbation from and where it puts it.
pub(super) struct Move {
    pub grown: Patch,
    pub emptied: Patch,
    /// Whether the pattern's halves are left and right.
    pub transposed: bool,
}

/// The `clean` image with the perturbation of the `best` one after a move: in the grown window it becomes the
/// sum of its direction and the pattern's, with all the length that both windows had and that was left of ε; the
/// emptied window loses it. `signs` are the pattern's, one a channel.
pub(super) fn step(
    norm: PowerNorm,
    frame: &Frame,
    eps: f64,
    clean: &[f64],
    best: &[f64],
    step: &Move,
    signs: &[f64],
) -> Vec<f64> {
    let mut delta: Vec<f64> = best.iter().zip(clean).map(|(best, clean)| best - clean).collect();
    let used = norm.length(delta.iter().copied());
    let pattern = window(norm, step.grown.side, step.transposed);
    for (channel, &number) in signs.iter().enumerate() {
        let old: Vec<f64> = step
            .grown
            .pixels(frame)
            .map(|(row, column, _)| delta[frame.index(row, column, channel)])
            .collect();
        let only_emptied = step
            .emptied
            .pixels(frame)
            .filter(|&(row, column, _)| !step.grown.contains(row, column))
            .map(|(row, column, _)| delta[frame.index(row, column, channel)]);
        let replaced = norm.length(old.iter().copied().chain(only_emptied));
        let own = TINY + norm.length(old.iter().copied());
        let direction = old
            .iter()
            .zip(&pattern)
            .map(|(old, eta)| eta * sign(number) + old / own);
        let mut new: Vec<f64> = direction.collect();
        let scale = TINY + norm.length(new.iter().copied());
        let budget = norm.budget(eps, used, replaced, frame.channels as f64);
        new.iter_mut().for_each(|value| *value = *value / scale * budget);
        for (row, column, _) in step.emptied.pixels(frame) {
            delta[frame.index(row, column, channel)] = 0.0;
        }
        for (row, column, pixel) in step.grown.pixels(frame) {
            delta[frame.index(row, column, channel)] = new[pixel];
        }
    }
    norm.apply(eps, clean, delta)
}
