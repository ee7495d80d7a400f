//! Accuracy against what an attack was given: steps, draws, room.

use super::palette::LIGHT_GREY;
use super::plot::{AXIS_BELOW, AXIS_LEFT, Axes};
use super::sheet::{MARGIN, SMALL, Sheet, TEXT};
use super::style::{Style, Swatch, legend};
use super::ticks::Ticks;
use crate::Result;

/// Width and height of the plot in pixels: the sheet is 480 wide.
const SIZE: (f32, f32) = (360.0, 240.0);

/// Accuracies of one reader of the same images.
#[derive(Debug, Clone, Copy)]
pub struct Response<'a> {
    /// Its name.
    pub name: &'a str,
    /// Accuracy (fraction) at every place of the axis, with its 95 % interval, low and high.
    pub points: &'a [(f32, (f32, f32))],
}

/// Curves over the places `at` of a horizontal axis called `axis`, which are equally far apart whatever their numbers.
///
/// # Errors
/// When the font of the figures cannot be read.
pub fn responses(title: &str, axis: &str, at: &[String], curves: &[Response<'_>]) -> Result<Sheet> {
    let explanation = "whiskers: 95 % intervals over images";
    let mut sheet = Sheet::new(AXIS_LEFT + SIZE.0 + 2.0 * MARGIN, title, explanation)?;
    let corner = (MARGIN + AXIS_LEFT, sheet.top());
    let style = |series: usize| Style::new(series, series > 0);
    let entries: Vec<_> = curves
        .iter()
        .enumerate()
        .map(|(i, curve)| (Swatch::Curve(style(i)), curve.name))
        .collect();
    let top = corner.1 + legend(&mut sheet, &entries, corner, SIZE.0) + 10.0;
    let axes = Axes {
        at: (corner.0, top),
        size: SIZE,
        x: (-0.5, at.len().max(1) as f32 - 0.5),
        y: (0.0, 100.0),
    };
    axes.draw_y(&mut sheet, &Ticks::new(0.0, 100.0, 5), "accuracy (%)");
    let bottom = top + SIZE.1;
    for (place, name) in at.iter().enumerate() {
        let x = axes.column(place as f32).round() + 0.5;
        sheet.line(&[(x, top), (x, bottom)], 1.0, LIGHT_GREY, &[]);
        sheet.text(
            name,
            (x, bottom + 18.0),
            SMALL.centered(),
            SIZE.0 / at.len() as f32,
        );
    }
    sheet.text(
        axis,
        (corner.0 + SIZE.0 / 2.0, bottom + 40.0),
        TEXT.centered(),
        SIZE.0,
    );
    for (series, curve) in curves.iter().enumerate() {
        for (place, &(_, (low, high))) in curve.points.iter().enumerate() {
            // Beside one another where curves meet.
            let x = axes.column(place as f32) + 3.0 * series as f32;
            axes.draw_upright_whisker(&mut sheet, (100.0 * low, 100.0 * high), x);
        }
        let points: Vec<_> = curve
            .points
            .iter()
            .enumerate()
            .map(|(place, &(y, _))| (place as f32, 100.0 * y))
            .collect();
        axes.draw_curve(&mut sheet, &points, style(series));
    }
    axes.draw_frame(&mut sheet);
    Ok(sheet.finish(bottom + AXIS_BELOW + MARGIN))
}
