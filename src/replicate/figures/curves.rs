//! Training curves.

use super::canvas::{Canvas, MARGIN, SMALL, TITLE_HEIGHT};
use super::figure::Figure;
use super::plot::{AXIS_BELOW, AXIS_LEFT, Axes, LEGEND_LINE, Style, distinct, legend};
use super::ticks::Ticks;
use crate::Result;

/// Width and height of each of two plots side by side in pixels.
const PLOT: (f32, f32) = (440.0, 300.0);
/// Width and height of a plot that stands alone, narrow enough for the screen of a phone.
const NARROW_PLOT: (f32, f32) = (290.0, 220.0);
/// The line under the titles.
const EXPLANATION: &str = "one point after each epoch";

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
    let epochs = epochs(all());
    let top = TITLE_HEIGHT + legend_height(losses.len().max(accuracies.len()));
    let pitch = AXIS_LEFT + PLOT.0 + MARGIN;

    let mut canvas = Canvas::new(MARGIN + 2.0 * pitch, top + PLOT.1 + AXIS_BELOW + MARGIN)?;
    canvas.title(title, &format!("loss and accuracy, {EXPLANATION}"));
    let place = |column: f32| Place {
        at: (MARGIN + AXIS_LEFT + column * pitch, top),
        size: PLOT,
        epochs,
    };
    Panel::of_losses(place(0.0), losses).draw(&mut canvas, losses, &names);
    Panel::of_accuracies(place(1.0), accuracies).draw(&mut canvas, accuracies, &names);
    Ok(canvas.finish())
}

/// Losses (nats) per epoch alone, narrow.
///
/// # Errors
/// When the sheet cannot be held in memory.
pub fn loss_curve(losses: &[Curve]) -> Result<Figure> {
    alone("Loss", losses, Panel::of_losses)
}

/// Accuracies (fractions) per epoch alone, narrow.
///
/// # Errors
/// When the sheet cannot be held in memory.
pub fn accuracy_curve(accuracies: &[Curve]) -> Result<Figure> {
    alone("Accuracy", accuracies, Panel::of_accuracies)
}

/// A figure of one plot.
fn alone(title: &str, curves: &[Curve], panel: fn(Place, &[Curve]) -> Panel) -> Result<Figure> {
    let top = TITLE_HEIGHT + legend_height(curves.len());
    let width = MARGIN + AXIS_LEFT + NARROW_PLOT.0 + MARGIN;
    let mut canvas = Canvas::new(width, top + NARROW_PLOT.1 + AXIS_BELOW + MARGIN)?;
    canvas.title(title, EXPLANATION);
    let place = Place {
        at: (MARGIN + AXIS_LEFT, top),
        size: NARROW_PLOT,
        epochs: epochs(curves.iter()),
    };
    let names = distinct(curves.iter().map(|curve| curve.name));
    panel(place, curves).draw(&mut canvas, curves, &names);
    Ok(canvas.finish())
}

/// Height of a legend of `entries` curves and of the gap below it, in pixels.
fn legend_height(entries: usize) -> f32 {
    entries.div_ceil(2) as f32 * LEGEND_LINE + 10.0
}

/// Epochs of the longest curve.
fn epochs<'a>(curves: impl Iterator<Item = &'a Curve<'a>>) -> usize {
    curves.map(|curve| curve.values.len()).max().unwrap_or(0)
}

/// Largest finite value above 0.
fn largest(curves: &[Curve]) -> Option<f32> {
    let values = curves.iter().flat_map(|curve| curve.values).copied();
    values.filter(|v| v.is_finite() && *v > 0.0).reduce(f32::max)
}

/// Where a plot stands.
struct Place {
    /// Upper left corner of the plot in pixels.
    at: (f32, f32),
    /// Width and height of the plot in pixels.
    size: (f32, f32),
    /// Length of the horizontal axis.
    epochs: usize,
}

/// One plot with its legend above it.
struct Panel {
    place: Place,
    /// Label of the vertical axis.
    label: &'static str,
    /// What one unit of that axis is worth in units of the curves.
    unit: f32,
    y_ticks: Ticks,
}

impl Panel {
    fn of_losses(place: Place, losses: &[Curve]) -> Self {
        Self {
            place,
            label: "loss (nats)",
            unit: 1.0,
            y_ticks: Ticks::covering(largest(losses).unwrap_or(1.0), 5),
        }
    }

    fn of_accuracies(place: Place, accuracies: &[Curve]) -> Self {
        let largest = largest(accuracies).unwrap_or(1.0);
        Self {
            place,
            label: "accuracy (%)",
            unit: 0.01,
            y_ticks: Ticks::covering((largest * 100.0).clamp(5.0, 100.0), 5),
        }
    }

    /// Draws `curves`, each in the style that belongs to the place of its name in `names`.
    fn draw(&self, canvas: &mut Canvas, curves: &[Curve], names: &[&str]) {
        let axes = Axes {
            at: self.place.at,
            size: self.place.size,
            x: (0.5, self.place.epochs.max(1) as f32 + 0.5),
            y: (0.0, self.y_ticks.last()),
        };
        axes.draw_x(canvas, &Ticks::whole(axes.x.0, axes.x.1, 8), "epoch");
        axes.draw_y(canvas, &self.y_ticks, self.label);
        let style = |name| Style::number(names.iter().position(|&n| n == name).unwrap_or(0));
        let entries: Vec<_> = curves.iter().map(|c| (c.name, style(c.name))).collect();
        let ((left, top), (width, height)) = (self.place.at, self.place.size);
        legend(canvas, &entries, (left, TITLE_HEIGHT), width);
        for curve in curves {
            let values = curve.values.iter().map(|value| value / self.unit);
            let points: Vec<_> = (1..).map(|epoch| epoch as f32).zip(values).collect();
            axes.draw_curve(canvas, &points, style(curve.name));
        }
        if !curves.iter().any(|c| c.values.iter().any(|v| v.is_finite())) {
            let middle = (left + width / 2.0, top + height / 2.0);
            canvas.text("no finite values", middle, SMALL.grey().centered(), width);
        }
        axes.draw_frame(canvas);
    }
}
