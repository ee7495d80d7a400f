//! Training curves.

use super::plot::{AXIS_BELOW, AXIS_LEFT, Axes};
use super::sheet::{MARGIN, SMALL, Sheet};
use super::style::{Style, Swatch, distinct, legend};
use super::ticks::Ticks;
use crate::Result;

/// Width and height of each of two plots side by side in pixels.
const HALF: (f32, f32) = (440.0, 300.0);
/// Width and height of a plot of its own in pixels: the sheet is 480 wide.
const SINGLE: (f32, f32) = (360.0, 240.0);

/// The images that a curve was measured on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subset {
    /// Training images, on average over an epoch while it trained.
    Train,
    /// Test images, after an epoch.
    Test,
}

/// A quantity over the epochs of a training.
#[derive(Debug, Clone, Copy)]
pub struct Curve<'a> {
    /// What was trained; curves of the same name share colour and markers.
    pub name: &'a str,
    /// On what it was measured: lines of [`Subset::Train`] are solid, of [`Subset::Test`] dashed.
    pub subset: Subset,
    /// One value for each epoch, from epoch 1; those that are not finite leave a gap.
    pub values: &'a [f32],
}

/// Losses (nats) and accuracies (fractions) per epoch, side by side.
///
/// # Errors
/// When the font of the figures cannot be read.
pub fn curves(title: &str, losses: &[Curve], accuracies: &[Curve]) -> Result<Sheet> {
    let pitch = AXIS_LEFT + HALF.0 + MARGIN;
    let explanation = "cross-entropy loss and accuracy per epoch; train: mean over the epoch while it trained; \
                       test: all test images after the epoch";
    let mut sheet = Sheet::new(MARGIN + 2.0 * pitch, title, explanation)?;
    let all = || losses.iter().chain(accuracies);
    let names = distinct(all().map(|curve| curve.name));
    let epochs = all().map(|curve| curve.values.len()).max().unwrap_or(0);
    let panels = [Panel::loss(losses), Panel::accuracy(accuracies)];
    let left = |i: usize| MARGIN + AXIS_LEFT + i as f32 * pitch;

    let mut legends = 0.0f32;
    for (i, panel) in panels.iter().enumerate() {
        let at = (left(i), sheet.top());
        legends = legends.max(panel.draw_legend(&mut sheet, &names, at, HALF.0));
    }
    let top = sheet.top() + legends + 10.0;
    for (i, panel) in panels.iter().enumerate() {
        panel.draw(&mut sheet, &names, epochs, (left(i), top), HALF);
    }
    Ok(sheet.finish(top + HALF.1 + AXIS_BELOW + MARGIN))
}

/// The losses (nats) per epoch alone, on a sheet 480 pixels wide.
///
/// # Errors
/// When the font of the figures cannot be read.
pub fn loss_curve(losses: &[Curve]) -> Result<Sheet> {
    let explanation = "cross-entropy, mean over each epoch while it trained";
    Panel::loss(losses).sheet("Training loss", explanation)
}

/// The accuracies (fractions) per epoch alone, on a sheet 480 pixels wide.
///
/// # Errors
/// When the font of the figures cannot be read.
pub fn accuracy_curve(accuracies: &[Curve]) -> Result<Sheet> {
    let explanation = "train: mean over each epoch; test: all test images after it";
    Panel::accuracy(accuracies).sheet("Accuracy while training", explanation)
}

/// Curves with a vertical axis in common.
struct Panel<'a> {
    curves: &'a [Curve<'a>],
    /// Label of the vertical axis.
    label: &'static str,
    /// What one unit of that axis is worth in units of the curves.
    unit: f32,
    y_ticks: Ticks,
}

impl<'a> Panel<'a> {
    fn loss(curves: &'a [Curve<'a>]) -> Self {
        Self {
            curves,
            label: "loss (nats)",
            unit: 1.0,
            y_ticks: Ticks::covering(largest(curves).unwrap_or(1.0), 5),
        }
    }

    fn accuracy(curves: &'a [Curve<'a>]) -> Self {
        let highest = largest(curves).map_or(100.0, |accuracy| 100.0 * accuracy);
        Self {
            curves,
            label: "accuracy (%)",
            unit: 0.01,
            y_ticks: Ticks::covering(highest.min(100.0), 5),
        }
    }

    /// The panel on a sheet of its own.
    fn sheet(&self, title: &str, explanation: &str) -> Result<Sheet> {
        let mut sheet = Sheet::new(AXIS_LEFT + SINGLE.0 + 2.0 * MARGIN, title, explanation)?;
        let names = distinct(self.curves.iter().map(|curve| curve.name));
        let epochs = self.curves.iter().map(|curve| curve.values.len()).max();
        let left = MARGIN + AXIS_LEFT;
        let at = (left, sheet.top());
        let top = at.1 + self.draw_legend(&mut sheet, &names, at, SINGLE.0) + 10.0;
        self.draw(&mut sheet, &names, epochs.unwrap_or(0), (left, top), SINGLE);
        Ok(sheet.finish(top + SINGLE.1 + AXIS_BELOW + MARGIN))
    }

    /// The legend from `at` downwards; its height.
    fn draw_legend(&self, sheet: &mut Sheet, names: &[&str], at: (f32, f32), width: f32) -> f32 {
        let text = |curve: &Curve| match curve.subset {
            Subset::Train => format!("{}, train", curve.name),
            Subset::Test => format!("{}, test", curve.name),
        };
        let texts: Vec<String> = self.curves.iter().map(text).collect();
        let swatches = self.curves.iter().map(|c| Swatch::Curve(style(c, names)));
        let entries: Vec<_> = swatches.zip(texts.iter().map(String::as_str)).collect();
        legend(sheet, &entries, at, width)
    }

    /// Axes and curves over `epochs` epochs in the rectangle with the upper left corner `at`.
    fn draw(&self, sheet: &mut Sheet, names: &[&str], epochs: usize, at: (f32, f32), size: (f32, f32)) {
        let axes = Axes {
            at,
            size,
            x: (0.5, epochs.max(1) as f32 + 0.5),
            y: (0.0, self.y_ticks.last()),
        };
        axes.draw_x(sheet, &Ticks::whole(axes.x.0, axes.x.1, 8), "epoch");
        axes.draw_y(sheet, &self.y_ticks, self.label);
        for curve in self.curves {
            let values = curve.values.iter().map(|value| value / self.unit);
            let points: Vec<_> = (1..).map(|epoch| epoch as f32).zip(values).collect();
            axes.draw_curve(sheet, &points, style(curve, names));
        }
        let mut values = self.curves.iter().flat_map(|curve| curve.values);
        if !values.any(|value| value.is_finite()) {
            let middle = (at.0 + size.0 / 2.0, at.1 + size.1 / 2.0);
            sheet.text("no finite values", middle, SMALL.grey().centered(), size.0);
        }
        axes.draw_frame(sheet);
    }
}

/// The style that belongs to the place of the curve's name in `names`.
fn style(curve: &Curve, names: &[&str]) -> Style {
    let series = names.iter().position(|&name| name == curve.name);
    Style::new(series.unwrap_or(0), curve.subset == Subset::Test)
}

/// Largest finite value above 0.
fn largest(curves: &[Curve]) -> Option<f32> {
    let values = curves.iter().flat_map(|curve| curve.values).copied();
    values.filter(|v| v.is_finite() && *v > 0.0).reduce(f32::max)
}
