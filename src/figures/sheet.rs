//! Figures as display lists: marks in the order in which they are drawn, later ones on top.
//!
//! A list knows nothing of files: [`super::svg`] and [`super::raster`] write it.

use super::palette::{BLACK, Color, GREY};
use super::text::Font;
use super::{raster, svg};
use crate::Result;

/// Distance of everything drawn from the edge of the sheet, in pixels.
pub(super) const MARGIN: f32 = 24.0;
/// Most lines that a title takes; the rest of a longer one is cut.
const TITLE_LINES: usize = 2;
/// Most lines of the explanation under it.
const EXPLANATION_LINES: usize = 4;

/// Where the anchor of a line of text lies in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a line of text is set: black and starting at its anchor unless said otherwise.
#[derive(Clone, Copy)]
pub(super) struct TextStyle {
    /// Em size in pixels.
    pub size: f32,
    pub color: Color,
    pub anchor: Anchor,
}

/// Headings of parts, labels of axes.
pub(super) const TEXT: TextStyle = TextStyle::new(13.0);
/// Numbers at axes, captions, legends.
pub(super) const SMALL: TextStyle = TextStyle::new(12.0);
const TITLE: TextStyle = TextStyle::new(18.0);

impl TextStyle {
    const fn new(size: f32) -> Self {
        Self {
            size,
            color: BLACK,
            anchor: Anchor::Start,
        }
    }

    /// In the grey of secondary text.
    pub const fn grey(mut self) -> Self {
        self.color = GREY;
        self
    }

    /// Centred on its anchor.
    pub const fn centered(mut self) -> Self {
        self.anchor = Anchor::Middle;
        self
    }

    /// Ending at its anchor.
    pub const fn ending(mut self) -> Self {
        self.anchor = Anchor::End;
        self
    }
}

/// One line of text.
pub(super) struct Label {
    /// What is written.
    pub text: String,
    /// The whole text where `text` had to be shortened.
    pub whole: Option<String>,
    /// Its anchor on the baseline.
    pub at: (f32, f32),
    pub style: TextStyle,
    /// Whether it reads upwards.
    pub upwards: bool,
}

/// One thing drawn on a sheet.
pub(super) enum Mark {
    Text(Label),
    /// A filled rectangle with its upper left corner at `at`.
    Rectangle {
        at: (f32, f32),
        size: (f32, f32),
        color: Color,
    },
    /// A filled disc.
    Disc {
        center: (f32, f32),
        radius: f32,
        color: Color,
    },
    /// Straight lines through at least two points; `dash` holds the lengths of strokes and gaps in
    /// turn, nothing for a solid line.
    Line {
        points: Vec<(f32, f32)>,
        width: f32,
        color: Color,
        dash: &'static [f32],
    },
}

/// A figure of text, lines and areas, that [`Sheet::svg`] and [`Sheet::png`] turn into files.
///
/// The origin is its upper left corner; lengths are pixels of the SVG, half of them a pixel of the
/// PNG.
pub struct Sheet {
    size: (f32, f32),
    top: f32,
    title: String,
    description: String,
    marks: Vec<Mark>,
    font: Font,
}

impl Sheet {
    /// A sheet `width` pixels wide with its title and an explanation at the top. Its height is
    /// given by [`Sheet::finish`].
    pub(super) fn new(width: f32, title: &str, explanation: &str) -> Result<Self> {
        let mut sheet = Self {
            size: (width.ceil(), 0.0),
            top: MARGIN,
            title: title.to_owned(),
            description: explanation.to_owned(),
            marks: Vec::new(),
            font: Font::load()?,
        };
        sheet.paragraph(title, TITLE, 22.0, TITLE_LINES);
        sheet.paragraph(explanation, TEXT.grey(), 18.0, EXPLANATION_LINES);
        sheet.top += 14.0;
        Ok(sheet)
    }

    /// `text` in lines `pitch` pixels apart from the top downwards.
    fn paragraph(&mut self, text: &str, style: TextStyle, pitch: f32, most: usize) {
        let room = self.size.0 - 2.0 * MARGIN;
        for line in self.font.wrap(text, style.size, room, most) {
            self.top += pitch;
            self.text(&line, (MARGIN, self.top - 5.0), style, room);
        }
    }

    /// The sheet, now `height` pixels high.
    pub(super) fn finish(mut self, height: f32) -> Self {
        self.size.1 = height.ceil();
        self
    }

    /// Height that title and explanation take, the margin above and a gap below included.
    pub(super) fn top(&self) -> f32 {
        self.top
    }

    /// Width and height in pixels.
    pub(super) fn size(&self) -> (f32, f32) {
        self.size
    }

    /// The title of the figure.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// What it shows, in a sentence.
    pub fn description(&self) -> &str {
        &self.description
    }

    pub(super) fn marks(&self) -> &[Mark] {
        &self.marks
    }

    pub(super) fn font(&self) -> &Font {
        &self.font
    }

    /// Width of `text` in pixels.
    pub(super) fn text_width(&self, text: &str, style: TextStyle) -> f32 {
        self.font.width(text, style.size)
    }

    /// One line of text with its baseline at `at`, shortened to `room` pixels.
    pub(super) fn text(&mut self, text: &str, at: (f32, f32), style: TextStyle, room: f32) {
        self.label(text, at, style, room, false);
    }

    /// One line of text turned to read upwards, its baseline at `at`, shortened to `room` pixels.
    pub(super) fn text_upwards(&mut self, text: &str, at: (f32, f32), style: TextStyle, room: f32) {
        self.label(text, at, style, room, true);
    }

    fn label(&mut self, text: &str, at: (f32, f32), style: TextStyle, room: f32, upwards: bool) {
        let shown = self.font.shorten(text, style.size, room);
        self.marks.push(Mark::Text(Label {
            whole: (shown != text).then(|| text.to_owned()),
            text: shown,
            at,
            style,
            upwards,
        }));
    }

    /// A filled rectangle; nothing when it has no area.
    pub(super) fn rectangle(&mut self, at: (f32, f32), size: (f32, f32), color: Color) {
        if size.0 > 0.0 && size.1 > 0.0 {
            self.marks.push(Mark::Rectangle { at, size, color });
        }
    }

    /// A filled disc.
    pub(super) fn disc(&mut self, center: (f32, f32), radius: f32, color: Color) {
        self.marks.push(Mark::Disc {
            center,
            radius,
            color,
        });
    }

    /// Straight lines through `points`; nothing for fewer than two.
    pub(super) fn line(&mut self, points: &[(f32, f32)], width: f32, color: Color, dash: &'static [f32]) {
        if points.len() > 1 {
            self.marks.push(Mark::Line {
                points: points.to_vec(),
                width,
                color,
                dash,
            });
        }
    }

    /// The sheet as the bytes of an 8-bit RGB PNG file, two pixels for one of the sheet so that it
    /// is sharp in print.
    ///
    /// # Errors
    /// When the sheet has more pixels than can be held in memory.
    pub fn png(&self) -> Result<Vec<u8>> {
        raster::png(self, &[])
    }

    /// The sheet as a whole SVG file, which also stands as an element in an HTML page.
    ///
    /// Text stays text. What belongs to the theme of a page and not to the data carries a class
    /// beside its colour: `paper` for the background, `ink` for text and lines, `muted` for
    /// secondary text, `grid` for grid lines. Rules of a style sheet win over the colours in the
    /// file: `text.ink, rect.ink, circle.ink { fill: white }`, `polyline.ink { stroke: white }`.
    pub fn svg(&self) -> String {
        svg::write(self)
    }
}
