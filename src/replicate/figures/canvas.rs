//! What figures are drawn on: a list of marks, measured as they are made.

use super::figure::{Figure, Mark};
use super::palette::{BLACK, Color, GREY};
use super::picture::Picture;
use super::text::Font;
use crate::{Error, Result};

/// Distance of everything drawn from the edge of the sheet, in pixels.
pub(super) const MARGIN: f32 = 24.0;
/// Pixels of the largest sheet (2 GiB while it is drawn at twice its size).
const MOST_PIXELS: f32 = (1u32 << 27) as f32;
/// Height that [`Canvas::title`] takes, margin included, in pixels.
pub(super) const TITLE_HEIGHT: f32 = 78.0;

/// How a line of text is set: black and starting at its anchor unless said otherwise.
#[derive(Clone, Copy)]
pub(super) struct TextStyle {
    /// Em size in pixels.
    pub size: f32,
    pub color: Color,
    /// Part of the text's width that lies left of its anchor.
    pub before: f32,
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
            before: 0.0,
        }
    }

    /// In the grey of secondary text.
    pub const fn grey(mut self) -> Self {
        self.color = GREY;
        self
    }

    /// Centred on its anchor.
    pub const fn centered(mut self) -> Self {
        self.before = 0.5;
        self
    }

    /// Ending at its anchor.
    pub const fn ending(mut self) -> Self {
        self.before = 1.0;
        self
    }
}

/// A white sheet; the origin is its upper left corner, lengths are pixels.
pub(super) struct Canvas {
    width: u32,
    height: u32,
    title: String,
    explanation: String,
    marks: Vec<Mark>,
    font: Font,
}

impl Canvas {
    /// A blank sheet of `width` × `height` pixels, rounded up.
    ///
    /// # Errors
    /// When a side is below one pixel or the sheet has more than 2²⁷ pixels.
    pub fn new(width: f32, height: f32) -> Result<Self> {
        let (width, height) = (width.ceil(), height.ceil());
        if !(width >= 1.0 && height >= 1.0 && width * height <= MOST_PIXELS) {
            let found = format!("{width} × {height} pixels");
            return Err(Error::argument(
                "figures",
                "size",
                "a sheet of 1 to 2²⁷ pixels",
                found,
            ));
        }
        Ok(Self {
            width: width as u32,
            height: height as u32,
            title: String::new(),
            explanation: String::new(),
            marks: Vec::new(),
            font: Font::load()?,
        })
    }

    /// Width of the sheet.
    pub fn width(&self) -> f32 {
        self.width as f32
    }

    /// The title line at the top of the sheet with a line of explanation under it.
    pub fn title(&mut self, title: &str, explanation: &str) {
        let room = self.width() - 2.0 * MARGIN;
        self.text(title, (MARGIN, 40.0), TITLE, room);
        self.text(explanation, (MARGIN, 61.0), TEXT.grey(), room);
        title.clone_into(&mut self.title);
        explanation.clone_into(&mut self.explanation);
    }

    /// Width of `text` in pixels.
    pub fn text_width(&self, text: &str, style: TextStyle) -> f32 {
        self.font.width(text, style.size)
    }

    /// One line of text with its baseline at `at`, shortened to `room` pixels.
    pub fn text(&mut self, text: &str, at: (f32, f32), style: TextStyle, room: f32) {
        // A baseline on whole pixels keeps small text sharp.
        self.place_text(text, (at.0, at.1.round()), false, style, room);
    }

    /// One line of text turned to read upwards, its baseline at `at`, shortened to `room` pixels.
    pub fn text_upwards(&mut self, text: &str, at: (f32, f32), style: TextStyle, room: f32) {
        self.place_text(text, (at.0.round(), at.1), true, style, room);
    }

    fn place_text(&mut self, text: &str, at: (f32, f32), upwards: bool, style: TextStyle, room: f32) {
        let text = self.font.shorten(text, style.size, room);
        if !text.is_empty() {
            self.marks.push(Mark::Text {
                text,
                at,
                upwards,
                style,
            });
        }
    }

    /// A filled rectangle; nothing when it has no area.
    pub fn rectangle(&mut self, at: (f32, f32), size: (f32, f32), color: Color) {
        if size.0 > 0.0 && size.1 > 0.0 {
            self.marks.push(Mark::Rectangle { at, size, color });
        }
    }

    /// A filled disc.
    pub fn disc(&mut self, center: (f32, f32), radius: f32, color: Color) {
        self.marks.push(Mark::Disc {
            center,
            radius,
            color,
        });
    }

    /// Straight lines through `points`; `dash` holds the lengths of strokes and gaps in turn,
    /// nothing for a solid line.
    pub fn line(&mut self, points: &[(f32, f32)], width: f32, color: Color, dash: &'static [f32]) {
        if points.len() > 1 {
            self.marks.push(Mark::Line {
                points: points.to_vec(),
                width,
                color,
                dash,
            });
        }
    }

    /// `picture` centred in the square box of `side` pixels at `at` (see [`Picture::shown`]).
    pub fn picture(&mut self, picture: &Picture, at: (f32, f32), side: usize) {
        let shown = picture.shown(side);
        let left = at.0 as usize + (side - shown.0) / 2;
        let top = at.1 as usize + (side - shown.1) / 2;
        let pixels = (0..shown.1).flat_map(|y| (0..shown.0).map(move |x| (x, y)));
        self.marks.push(Mark::Picture {
            rgb: pixels.flat_map(|(x, y)| picture.sample(x, y, shown)).collect(),
            at: (left, top),
            size: shown,
        });
    }

    /// The figure, to be written as PNG or SVG.
    pub fn finish(self) -> Figure {
        Figure::new(
            (self.width, self.height),
            self.title,
            self.explanation,
            self.marks,
        )
    }
}
