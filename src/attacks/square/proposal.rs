//! What the next query looks at.

use super::frame::{Frame, Patch};
use super::schedule::side;
use super::windows::{Move, PowerNorm};
use super::{SquareConfig, stripes, windows};
use crate::attacks::Norm;

/// The norm of the moves of [`windows`], none for those of [`stripes`].
fn power_norm(config: &SquareConfig) -> Option<PowerNorm> {
    match config.norm {
        Norm::Linf => None,
        Norm::L2 => Some(PowerNorm::L2),
        Norm::L1 => Some(PowerNorm::L1),
    }
}

/// How many uniform numbers query `query` needs for one image.
pub(super) fn numbers_needed(config: &SquareConfig, frame: &Frame, query: u16) -> usize {
    match (power_norm(config), query) {
        (None, 0) => stripes::start_numbers(frame),
        (None, _) => 2 + frame.channels,
        (Some(_), 0) => windows::start_numbers(frame),
        (Some(_), _) => 5 + frame.channels,
    }
}

/// The image that query `query` looks at, made of the `clean` one and the `best` so far with the uniform
/// `numbers` that [`SquareSource::fill`](super::SquareSource::fill) describes.
pub(super) fn propose(
    config: &SquareConfig,
    frame: &Frame,
    query: u16,
    clean: &[f64],
    best: &[f64],
    numbers: &[f64],
) -> Vec<f64> {
    let norm = power_norm(config);
    if query == 0 {
        return match norm {
            None => stripes::start(frame, config.eps, clean, numbers),
            Some(norm) => windows::start(norm, frame, config.eps, clean, numbers),
        };
    }
    let side = side(config, query, frame.height, frame.width);
    let patch = |row: f64, column: f64| Patch::placed(frame, side, [row, column], config.compat);
    match (norm, numbers) {
        (
            Some(norm),
            &[
                row,
                column,
                emptied_row,
                emptied_column,
                orientation,
                ref signs @ ..,
            ],
        ) => {
            let step = Move {
                grown: patch(row, column),
                emptied: patch(emptied_row, emptied_column),
                transposed: orientation > 0.5,
            };
            windows::step(norm, frame, config.eps, clean, best, &step, signs)
        }
        (None, &[row, column, ref signs @ ..]) => {
            stripes::step(frame, config.eps, clean, best, patch(row, column), signs)
        }
        // As many numbers are given as are needed.
        _ => best.to_vec(),
    }
}
