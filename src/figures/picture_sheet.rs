//! Sheets with pictures on them.

use super::picture::{Picture, PlacedPicture};
use super::raster;
use super::sheet::Sheet;
use crate::Result;

/// A figure with pictures, which are on top of everything else. It has no SVG: its pixels are what
/// it is about.
pub struct PictureSheet {
    /// Titles, captions and frames.
    pub(super) sheet: Sheet,
    pictures: Vec<PlacedPicture>,
}

impl PictureSheet {
    /// See [`Sheet::new`].
    pub(super) fn new(width: f32, title: &str, explanation: &str) -> Result<Self> {
        Ok(Self {
            sheet: Sheet::new(width, title, explanation)?,
            pictures: Vec::new(),
        })
    }

    /// See [`Sheet::finish`].
    pub(super) fn finish(mut self, height: f32) -> Self {
        self.sheet = self.sheet.finish(height);
        self
    }

    /// `picture` centred in the square box of `side` pixels at `at` (see [`Picture::shown`]).
    pub(super) fn picture(&mut self, picture: &Picture, at: (f32, f32), side: usize) {
        self.pictures.push(picture.placed(at, side));
    }

    /// The title of the figure.
    pub fn title(&self) -> &str {
        self.sheet.title()
    }

    /// The sheet as PNG; see [`Sheet::png`]. Every pixel of a picture is a square of pixels.
    ///
    /// # Errors
    /// When the sheet has more pixels than can be held in memory.
    pub fn png(&self) -> Result<Vec<u8>> {
        raster::png(&self.sheet, &self.pictures)
    }
}
