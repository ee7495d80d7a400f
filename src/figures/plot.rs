//! Axes and what is drawn between them: curves and whiskers.

use super::palette::{BLACK, LIGHT_GREY};
use super::sheet::{SMALL, Sheet, TEXT};
use super::style::Style;
use super::ticks::Ticks;

/// Room that the numbers and the label of a vertical axis take left of a plot, in pixels.
pub(super) const AXIS_LEFT: f32 = 72.0;
/// Room that the numbers and the label of a horizontal axis take below a plot, in pixels.
pub(super) const AXIS_BELOW: f32 = 48.0;
/// Most markers along a curve: more of them would merge.
const MOST_MARKERS: usize = 40;

/// The rectangle of a plot in pixels and the data ranges along its sides.
pub(super) struct Axes {
    /// Upper left corner.
    pub at: (f32, f32),
    /// Width and height.
    pub size: (f32, f32),
    /// Data at the left and the right side.
    pub x: (f32, f32),
    /// Data at the bottom and the top.
    pub y: (f32, f32),
}

impl Axes {
    /// Pixel column of `x`; data outside the range are moved to its border.
    pub fn column(&self, x: f32) -> f32 {
        self.at.0 + fraction(x, self.x) * self.size.0
    }

    /// Pixel row of `y`; data outside the range are moved to its border.
    pub fn row(&self, y: f32) -> f32 {
        self.at.1 + (1.0 - fraction(y, self.y)) * self.size.1
    }

    fn right(&self) -> f32 {
        self.at.0 + self.size.0
    }

    fn bottom(&self) -> f32 {
        self.at.1 + self.size.1
    }

    /// Grid lines, numbers and `label` of the horizontal axis; they take [`AXIS_BELOW`] pixels.
    pub fn draw_x(&self, sheet: &mut Sheet, ticks: &Ticks, label: &str) {
        for &value in &ticks.values {
            let x = self.column(value).round() + 0.5;
            sheet.line(&[(x, self.at.1), (x, self.bottom())], 1.0, LIGHT_GREY, &[]);
            let at = (x, self.bottom() + 18.0);
            sheet.text(&ticks.label(value), at, SMALL.centered(), 80.0);
        }
        let middle = (self.at.0 + self.size.0 / 2.0, self.bottom() + 40.0);
        sheet.text(label, middle, TEXT.centered(), self.size.0);
    }

    /// Grid lines, numbers and `label` of the vertical axis; they take [`AXIS_LEFT`] pixels.
    pub fn draw_y(&self, sheet: &mut Sheet, ticks: &Ticks, label: &str) {
        for &value in &ticks.values {
            let y = self.row(value).round() + 0.5;
            sheet.line(&[(self.at.0, y), (self.right(), y)], 1.0, LIGHT_GREY, &[]);
            let at = (self.at.0 - 7.0, y + 4.0);
            sheet.text(&ticks.label(value), at, SMALL.ending(), 48.0);
        }
        let middle = (self.at.0 - 56.0, self.at.1 + self.size.1 / 2.0);
        sheet.text_upwards(label, middle, TEXT.centered(), self.size.1);
    }

    /// The lines at the left and the bottom, drawn last so that nothing covers them.
    pub fn draw_frame(&self, sheet: &mut Sheet) {
        let (left, bottom) = (self.at.0.round() + 0.5, self.bottom().round() + 0.5);
        let corner = [(left, self.at.1), (left, bottom), (self.right(), bottom)];
        sheet.line(&corner, 1.0, BLACK, &[]);
    }

    /// A curve through `points` (x, y), interrupted where y is not finite, with a marker at every
    /// point or, where they are many, at points equally far apart. A point without neighbours always
    /// has one.
    pub fn draw_curve(&self, sheet: &mut Sheet, points: &[(f32, f32)], style: Style) {
        let every = points.len().div_ceil(MOST_MARKERS).max(1);
        let finite = |i: usize| points.get(i).is_some_and(|point| point.1.is_finite());
        let pixel = |&(x, y): &(f32, f32)| (self.column(x), self.row(y));
        for piece in points.split(|point| !point.1.is_finite()) {
            style.line(sheet, &piece.iter().map(pixel).collect::<Vec<_>>());
        }
        for (i, point) in points.iter().enumerate().filter(|&(i, _)| finite(i)) {
            let alone = !finite(i + 1) && (i == 0 || !finite(i - 1));
            if alone || i % every == 0 {
                style.marker(sheet, pixel(point));
            }
        }
    }

    /// A horizontal whisker from `low` to `high` on the pixel row `y`; nothing unless both are
    /// finite.
    pub fn draw_whisker(&self, sheet: &mut Sheet, (low, high): (f32, f32), y: f32) {
        if !(low.is_finite() && high.is_finite()) {
            return;
        }
        let (left, right) = (self.column(low), self.column(high));
        sheet.line(&[(left, y), (right, y)], 1.5, BLACK, &[]);
        for x in [left, right] {
            sheet.line(&[(x, y - 4.0), (x, y + 4.0)], 1.5, BLACK, &[]);
        }
    }

    /// A vertical whisker from `low` to `high` on the pixel column `x`; nothing unless both are
    /// finite.
    pub fn draw_upright_whisker(&self, sheet: &mut Sheet, (low, high): (f32, f32), x: f32) {
        if !(low.is_finite() && high.is_finite()) {
            return;
        }
        let (bottom, top) = (self.row(low), self.row(high));
        sheet.line(&[(x, bottom), (x, top)], 1.5, BLACK, &[]);
        for y in [bottom, top] {
            sheet.line(&[(x - 4.0, y), (x + 4.0, y)], 1.5, BLACK, &[]);
        }
    }
}

/// Position of `value` in `range` as a fraction in [0, 1]; 0 for NaN or an empty range.
fn fraction(value: f32, range: (f32, f32)) -> f32 {
    // In f64, so that ranges near the largest f32 do not overflow.
    let (low, high) = (f64::from(range.0), f64::from(range.1));
    let part = ((f64::from(value) - low) / (high - low)).clamp(0.0, 1.0) as f32;
    if part.is_nan() { 0.0 } else { part }
}
