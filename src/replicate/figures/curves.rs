//! Training curves.

use super::canvas::{Canvas, MARGIN, SMALL, TITLE_HEIGHT};
use super::plot::{AXIS_BELOW, AXIS_LEFT, Axes, LEGEND_LINE, Style, legend};
use super::ticks::Ticks;
use crate::Result;

/// Width and height of each of the two plots in pixels.
const PLOT: (f32, f32) = (440.0, 300.0);

/// A quantity over the epochs of a training.
#[derive(Debug, Clone, Copy)]
pub struct Curve<'a> {
    /// Name in the legend; curves of the same name share a colour in both plots.
    pub name: &'a str,
    /// One value after each epoch, from epoch 1; those that are not finite leave a gap.
    pub values: &'a [f32],
}

/// Losses (nats) and accuracies (fractions) per epoch, side by side.
///
/// # Errors
/// When the sheet cannot be held in memory.
pub fn curves(title: &str, losses: &[Curve], accuracies: &[Curve]) -> Result<Vec<u8>> {
    let mut names: Vec<&str> = Vec::new();
    for curve in losses.iter().chain(accuracies) {
        if !names.contains(&curve.name) {
            names.push(curve.name);
        }
    }
    let style = |name| Style::number(names.iter().position(|&n| n == name).unwrap_or(0));
    let epochs = losses
        .iter()
        .chain(accuracies)
        .map(|c| c.values.len())
        .max()
        .unwrap_or(0);

    let legend_lines = losses.len().max(accuracies.len()).div_ceil(2);
    let top = TITLE_HEIGHT + legend_lines as f32 * LEGEND_LINE + 10.0;
    let panel = AXIS_LEFT + PLOT.0 + MARGIN;
    let mut canvas = Canvas::new(MARGIN + 2.0 * panel, top + PLOT.1 + AXIS_BELOW + MARGIN)?;
    canvas.title(
        title,
        "left: loss; right: accuracy; one point after each epoch",
    );

    let percent: Vec<Vec<f32>> = accuracies
        .iter()
        .map(|curve| curve.values.iter().map(|v| v * 100.0).collect())
        .collect();
    let largest_loss = losses
        .iter()
        .flat_map(|curve| curve.values)
        .filter(|v| v.is_finite())
        .fold(0.0f32, |a, &b| a.max(b));
    let loss_top = if largest_loss > 0.0 {
        largest_loss
    } else {
        1.0
    };
    let losses: Vec<_> = losses.iter().map(|c| (c.name, c.values)).collect();
    let accuracies: Vec<_> = accuracies
        .iter()
        .zip(&percent)
        .map(|(c, values)| (c.name, values.as_slice()))
        .collect();

    for (i, (series, label, y_ticks)) in [
        (losses, "loss (nats)", Ticks::covering(loss_top, 5)),
        (accuracies, "accuracy (%)", Ticks::covering(100.0, 5)),
    ]
    .into_iter()
    .enumerate()
    {
        let left = MARGIN + AXIS_LEFT + i as f32 * panel;
        let axes = Axes {
            at: (left, top),
            size: PLOT,
            x: (0.5, epochs.max(1) as f32 + 0.5),
            y: (0.0, y_ticks.last()),
        };
        axes.draw_x(&mut canvas, &Ticks::whole(axes.x.0, axes.x.1, 8), "epoch");
        axes.draw_y(&mut canvas, &y_ticks, label);
        let entries: Vec<_> = series.iter().map(|s| (s.0, style(s.0))).collect();
        legend(&mut canvas, &entries, (left, TITLE_HEIGHT), PLOT.0);
        for (name, values) in &series {
            let points: Vec<_> = (1..)
                .map(|e| e as f32)
                .zip(values.iter().copied())
                .collect();
            axes.draw_curve(&mut canvas, &points, style(name));
        }
        if !series.iter().any(|s| s.1.iter().any(|v| v.is_finite())) {
            let middle = (left + PLOT.0 / 2.0, top + PLOT.1 / 2.0);
            canvas.text("no finite values", middle, SMALL.grey().centered(), PLOT.0);
        }
        axes.draw_frame(&mut canvas);
    }
    canvas.into_png()
}
