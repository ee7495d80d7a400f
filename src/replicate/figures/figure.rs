//! A finished figure.

use super::canvas::TextStyle;
use super::palette::Color;
use super::{raster, svg};
use crate::Result;

/// One thing drawn. Lengths are pixels from the upper left corner.
pub(super) enum Mark {
    /// One line of text; `at` is its anchor on the baseline, `upwards` turns it to read upwards.
    Text {
        text: String,
        at: (f32, f32),
        upwards: bool,
        style: TextStyle,
    },
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
    /// Straight lines through at least two points, dashed if `dash` has lengths.
    Line {
        points: Vec<(f32, f32)>,
        width: f32,
        color: Color,
        dash: &'static [f32],
    },
    /// Pixels, H×W×3.
    Picture {
        rgb: Vec<u8>,
        at: (usize, usize),
        size: (usize, usize),
    },
}

/// A figure as a list of what is drawn; the last thing lies on top. Made by the functions of this module.
pub struct Figure {
    /// Width and height in pixels.
    pub(super) size: (u32, u32),
    /// What it shows, for those who cannot see it.
    pub(super) title: String,
    /// The line under the title.
    pub(super) explanation: String,
    pub(super) marks: Vec<Mark>,
}

impl Figure {
    pub(super) fn new(size: (u32, u32), title: String, explanation: String, marks: Vec<Mark>) -> Self {
        Self {
            size,
            title,
            explanation,
            marks,
        }
    }

    /// The bytes of an 8-bit RGB PNG file, `scale` times as wide and high as the figure. Pixels of pictures
    /// stay sharp squares.
    ///
    /// # Errors
    /// [`Argument`](crate::Error::Argument) if the scale is 0 or there is no memory for the pixels.
    pub fn png(&self, scale: u32) -> Result<Vec<u8>> {
        raster::png(self, scale)
    }

    /// The text of a self-contained SVG file. Text stays text; pictures are PNG within it.
    ///
    /// Black, grey, light grey and white things carry the classes `ink`, `muted`, `grid` and `paper`, so that a page
    /// that shows the figure within itself can give them other colours.
    ///
    /// # Errors
    /// [`Argument`](crate::Error::Argument) if a picture cannot be encoded.
    pub fn svg(&self) -> Result<String> {
        svg::text(self)
    }
}
