//! Training curves.

use super::canvas::{Canvas, MARGIN, SMALL, TITLE_HEIGHT};
use super::figure::Figure;
use super::plot::{AXIS_BELOW, AXIS_LEFT, Axes, LEGEND_LINE, Style, distinct, legend};
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
pub fn curves(title: &str, losses: &[Curve], accuracies: &[Curve]) -> Result<Figure> {
    let all = || losses.iter().chain(accuracies);
    let names = distinct(all().map(|curve| curve.name));
    let epochs = all().map(|curve| curve.values.len()).max().unwrap_or(0);
    let legend_lines = losses.len().max(accuracies.len()).div_ceil(2);
    let top = TITLE_HEIGHT + legend_lines as f32 * LEGEND_LINE + 10.0;
    let pitch = AXIS_LEFT + PLOT.0 + MARGIN;

    let mut canvas = Canvas::new(MARGIN + 2.0 * pitch, top + PLOT.1 + AXIS_BELOW + MARGIN)?;
    canvas.title(title, "loss and accuracy, one point after each epoch");
    let mut panel = Panel {
        at: (MARGIN + AXIS_LEFT, top),
        label: "loss (nats)",
        unit: 1.0,
        y_ticks: Ticks::covering(largest(losses).unwrap_or(1.0), 5),
        epochs,
    };
    panel.draw(&mut canvas, losses, &names);
    panel = Panel {
        at: (panel.at.0 + pitch, top),
        label: "accuracy (%)",
        unit: 0.01,
        y_ticks: Ticks::covering((largest(accuracies).unwrap_or(1.0) * 100.0).clamp(5.0, 100.0), 5),
        epochs,
    };
    panel.draw(&mut canvas, accuracies, &names);
    Ok(canvas.finish())
}

/// Largest finite value above 0.
fn largest(curves: &[Curve]) -> Option<f32> {
    let values = curves.iter().flat_map(|curve| curve.values).copied();
    values.filter(|v| v.is_finite() && *v > 0.0).reduce(f32::max)
}

/// One plot with its legend above it.
struct Panel {
    /// Upper left corner of the plot in pixels.
    at: (f32, f32),
    /// Label of the vertical axis.
    label: &'static str,
    /// What one unit of that axis is worth in units of the curves.
    unit: f32,
    y_ticks: Ticks,
    /// Length of the horizontal axis.
    epochs: usize,
}

impl Panel {
    /// Draws `curves`, each in the style that belongs to the place of its name in `names`.
    fn draw(&self, canvas: &mut Canvas, curves: &[Curve], names: &[&str]) {
        let axes = Axes {
            at: self.at,
            size: PLOT,
            x: (0.5, self.epochs.max(1) as f32 + 0.5),
            y: (0.0, self.y_ticks.last()),
        };
        axes.draw_x(canvas, &Ticks::whole(axes.x.0, axes.x.1, 8), "epoch");
        axes.draw_y(canvas, &self.y_ticks, self.label);
        let style = |name| Style::number(names.iter().position(|&n| n == name).unwrap_or(0));
        let entries: Vec<_> = curves.iter().map(|c| (c.name, style(c.name))).collect();
        legend(canvas, &entries, (self.at.0, TITLE_HEIGHT), PLOT.0);
        for curve in curves {
            let values = curve.values.iter().map(|value| value / self.unit);
            let points: Vec<_> = (1..).map(|epoch| epoch as f32).zip(values).collect();
            axes.draw_curve(canvas, &points, style(curve.name));
        }
        if !curves.iter().any(|c| c.values.iter().any(|v| v.is_finite())) {
            let middle = (self.at.0 + PLOT.0 / 2.0, self.at.1 + PLOT.1 / 2.0);
            canvas.text("no finite values", middle, SMALL.grey().centered(), PLOT.0);
        }
        axes.draw_frame(canvas);
    }
}
