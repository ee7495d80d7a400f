//! Axes and what is drawn between them: curves and whiskers, with labels and a legend.

use super::canvas::{Canvas, SMALL, TEXT};
use super::palette::{BLACK, Color, LIGHT_GREY, SERIES};
use super::ticks::Ticks;

/// Room that the numbers and the label of a vertical axis take left of a plot, in pixels.
pub(super) const AXIS_LEFT: f32 = 72.0;
/// Room that the numbers and the label of a horizontal axis take below a plot, in pixels.
pub(super) const AXIS_BELOW: f32 = 48.0;
/// Height of one line of a legend in pixels.
pub(super) const LEGEND_LINE: f32 = 20.0;
/// Curves with more points than this have no discs at them: they would merge.
const MOST_DISCS: usize = 40;
/// Strokes and gaps that tell apart curves whose colours look alike in print.
const DASHES: [&[f32]; 4] = [&[], &[7.0, 3.0], &[2.0, 2.5], &[8.0, 3.0, 2.0, 3.0]];

/// How one curve is drawn.
#[derive(Clone, Copy)]
pub(super) struct Style {
    color: Color,
    dash: &'static [f32],
}

impl Style {
    /// Style of the curve with this number; they repeat after 28 curves.
    pub fn number(i: usize) -> Self {
        Self {
            color: SERIES[i % SERIES.len()],
            dash: DASHES[i % DASHES.len()],
        }
    }
}

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
    pub fn draw_x(&self, canvas: &mut Canvas, ticks: &Ticks, label: &str) {
        for &value in &ticks.values {
            let x = self.column(value).round() + 0.5;
            canvas.line(&[(x, self.at.1), (x, self.bottom())], 1.0, LIGHT_GREY, &[]);
            let at = (x, self.bottom() + 18.0);
            canvas.text(&ticks.label(value), at, SMALL.centered(), 80.0);
        }
        let middle = (self.at.0 + self.size.0 / 2.0, self.bottom() + 40.0);
        canvas.text(label, middle, TEXT.centered(), self.size.0);
    }

    /// Grid lines, numbers and `label` of the vertical axis; they take [`AXIS_LEFT`] pixels.
    pub fn draw_y(&self, canvas: &mut Canvas, ticks: &Ticks, label: &str) {
        for &value in &ticks.values {
            let y = self.row(value).round() + 0.5;
            canvas.line(&[(self.at.0, y), (self.right(), y)], 1.0, LIGHT_GREY, &[]);
            let at = (self.at.0 - 7.0, y + 4.0);
            canvas.text(&ticks.label(value), at, SMALL.ending(), 48.0);
        }
        let middle = (self.at.0 - 56.0, self.at.1 + self.size.1 / 2.0);
        canvas.text_upwards(label, middle, TEXT.centered(), self.size.1);
    }

    /// The lines at the left and the bottom, drawn last so that nothing covers them.
    pub fn draw_frame(&self, canvas: &mut Canvas) {
        let (left, bottom) = (self.at.0.round() + 0.5, self.bottom().round() + 0.5);
        let corner = [(left, self.at.1), (left, bottom), (self.right(), bottom)];
        canvas.line(&corner, 1.0, BLACK, &[]);
    }

    /// A curve through `points` (x, y), interrupted where y is not finite.
    pub fn draw_curve(&self, canvas: &mut Canvas, points: &[(f32, f32)], style: Style) {
        for piece in points.split(|p| !p.1.is_finite()) {
            let pixels: Vec<_> = piece
                .iter()
                .map(|&(x, y)| (self.column(x), self.row(y)))
                .collect();
            canvas.line(&pixels, 2.0, style.color, style.dash);
            if points.len() <= MOST_DISCS || piece.len() == 1 {
                for &at in &pixels {
                    canvas.disc(at, 3.0, style.color);
                }
            }
        }
    }

    /// A horizontal whisker from `low` to `high` on the pixel row `y`; nothing unless both are
    /// finite.
    pub fn draw_whisker(&self, canvas: &mut Canvas, (low, high): (f32, f32), y: f32) {
        if !(low.is_finite() && high.is_finite()) {
            return;
        }
        let (left, right) = (self.column(low), self.column(high));
        canvas.line(&[(left, y), (right, y)], 1.5, BLACK, &[]);
        for x in [left, right] {
            canvas.line(&[(x, y - 4.0), (x, y + 4.0)], 1.5, BLACK, &[]);
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

/// Each name once, in the order of first appearance: what gives a name its colour.
pub(super) fn distinct<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = Vec::new();
    for name in names {
        if !seen.contains(&name) {
            seen.push(name);
        }
    }
    seen
}

/// One entry of a legend per (name, style), two to a line of `width` pixels, from `at` downwards.
pub(super) fn legend(canvas: &mut Canvas, entries: &[(&str, Style)], at: (f32, f32), width: f32) {
    for (i, &(name, style)) in entries.iter().enumerate() {
        let x = at.0 + (i % 2) as f32 * width / 2.0;
        let y = at.1 + (i / 2) as f32 * LEGEND_LINE + LEGEND_LINE / 2.0;
        canvas.line(&[(x, y), (x + 30.0, y)], 2.0, style.color, style.dash);
        canvas.disc((x + 15.0, y), 3.0, style.color);
        let room = width / 2.0 - 48.0;
        canvas.text(name, (x + 37.0, y + 4.5), SMALL, room);
    }
}

/// Squares of the colours with their meanings in one row; `at` is the baseline of the first.
pub(super) fn color_key(canvas: &mut Canvas, at: (f32, f32), entries: &[(Color, &str)]) {
    let mut x = at.0;
    for &(color, name) in entries {
        canvas.rectangle((x, at.1 - 11.0), (12.0, 12.0), color);
        canvas.text(name, (x + 18.0, at.1), SMALL, 200.0);
        x += 18.0 + canvas.text_width(name, SMALL) + 24.0;
    }
}
