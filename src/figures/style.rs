//! How curves look, and the legend that says so.

use super::palette::{Color, SERIES, WHITE};
use super::sheet::{SMALL, Sheet};

/// Height of one line of a legend in pixels.
const LEGEND_LINE: f32 = 20.0;
/// Gap between two entries of a legend in pixels.
const LEGEND_GAP: f32 = 22.0;
/// Strokes and gaps of broken lines.
const DASH: &[f32] = &[6.0, 3.0];
/// Half the width of a marker in pixels.
const MARKER: f32 = 3.5;
/// Half the width of the hole in an open one.
const HOLE: f32 = 1.8;

/// How one curve is drawn. Curves differ in colour and in what is left of it in grey: the shape of
/// the markers, and whether they and the line are open.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    color: Color,
    square: bool,
    open: bool,
}

impl Style {
    /// Style of the series with this number; `open` tells apart two curves of one series.
    pub fn new(series: usize, open: bool) -> Self {
        Self {
            color: SERIES[series % SERIES.len()],
            square: series % 2 == 1,
            open,
        }
    }

    /// An open disc.
    pub fn ring(color: Color) -> Self {
        Self {
            color,
            square: false,
            open: true,
        }
    }

    /// Straight lines through `points`, broken for an open style.
    pub fn line(self, sheet: &mut Sheet, points: &[(f32, f32)]) {
        let dash = if self.open { DASH } else { &[] };
        sheet.line(points, 2.0, self.color, dash);
    }

    /// One marker.
    pub fn marker(self, sheet: &mut Sheet, center: (f32, f32)) {
        let mut shape = |half: f32, color: Color| {
            if self.square {
                let corner = (center.0 - half, center.1 - half);
                sheet.rectangle(corner, (2.0 * half, 2.0 * half), color);
            } else {
                sheet.disc(center, half, color);
            }
        };
        shape(MARKER, self.color);
        if self.open {
            shape(HOLE, WHITE);
        }
    }
}

/// What a legend shows before a name.
#[derive(Debug, Clone, Copy)]
pub(super) enum Swatch {
    /// A piece of the curve.
    Curve(Style),
    /// A marker alone.
    Marker(Style),
    /// A square of the colour of an area.
    Area(Color),
}

impl Swatch {
    fn width(self) -> f32 {
        match self {
            Self::Curve(_) => 30.0,
            Self::Marker(_) | Self::Area(_) => 12.0,
        }
    }

    /// Draws it with the middle of its left side at `at`.
    fn draw(self, sheet: &mut Sheet, at: (f32, f32)) {
        let center = (at.0 + self.width() / 2.0, at.1);
        match self {
            Self::Curve(style) => {
                style.line(sheet, &[at, (at.0 + self.width(), at.1)]);
                style.marker(sheet, center);
            }
            Self::Marker(style) => style.marker(sheet, center),
            Self::Area(color) => sheet.rectangle((at.0, at.1 - 6.0), (12.0, 12.0), color),
        }
    }
}

/// The entries from `at` downwards in columns, as many as fit into `width` pixels and fill their
/// lines best; the height of the lines.
pub(super) fn legend(sheet: &mut Sheet, entries: &[(Swatch, &str)], at: (f32, f32), width: f32) -> f32 {
    let before = |swatch: Swatch| swatch.width() + 6.0;
    let widths = entries
        .iter()
        .map(|&(swatch, name)| before(swatch) + sheet.text_width(name, SMALL));
    let column = widths.fold(0.0, f32::max).min(width);
    let most = ((width + LEGEND_GAP) / (column + LEGEND_GAP)).max(1.0) as usize;
    let lines = entries.len().div_ceil(most);
    let columns = entries.len().div_ceil(lines.max(1)).max(1);
    for (i, &(swatch, name)) in entries.iter().enumerate() {
        let x = at.0 + (i % columns) as f32 * (column + LEGEND_GAP);
        let middle = at.1 + (i / columns) as f32 * LEGEND_LINE + LEGEND_LINE / 2.0;
        swatch.draw(sheet, (x, middle));
        let name_at = (x + before(swatch), middle + 4.5);
        // Half a pixel for the rounding of the widths.
        sheet.text(name, name_at, SMALL, column - before(swatch) + 0.5);
    }
    lines as f32 * LEGEND_LINE
}

/// Each name once, in the order of first appearance: what gives a name its style.
pub(super) fn distinct<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = Vec::new();
    for name in names {
        if !seen.contains(&name) {
            seen.push(name);
        }
    }
    seen
}
