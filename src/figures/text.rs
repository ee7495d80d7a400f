//! Text as outlines: the font, measuring, shortening.

use crate::{Error, Result};
use tiny_skia::{Path, PathBuilder};
use ttf_parser::{Face, OutlineBuilder};

/// DejaVu Sans (the `dejavu` crate carries the file; licence: Bitstream Vera, free).
pub(super) struct Font {
    face: Face<'static>,
}

impl Font {
    /// Reads the tables of the embedded font.
    pub fn load() -> Result<Self> {
        let face = Face::parse(dejavu::sans::regular(), 0)
            .map_err(|reason| Error::argument("figures", "embedded font", "a TrueType face", reason))?;
        Ok(Self { face })
    }

    /// Pixels per font unit at em size `size`.
    fn scale(&self, size: f32) -> f32 {
        size / f32::from(self.face.units_per_em())
    }

    /// Advance of one character in pixels; one that the font lacks counts as its empty box.
    fn advance(&self, character: char, size: f32) -> f32 {
        let glyph = self.face.glyph_index(character).unwrap_or_default();
        f32::from(self.face.glyph_hor_advance(glyph).unwrap_or(0)) * self.scale(size)
    }

    /// Width of `text` in pixels at em size `size`.
    pub fn width(&self, text: &str, size: f32) -> f32 {
        text.chars().map(|c| self.advance(c, size)).sum()
    }

    /// `text` itself when it is at most `room` pixels wide, else its beginning and an ellipsis.
    pub fn shorten(&self, text: &str, size: f32, room: f32) -> String {
        if self.width(text, size) <= room {
            return text.to_owned();
        }
        let mut left = room - self.advance('…', size);
        let mut short: String = text
            .chars()
            .take_while(|&c| {
                left -= self.advance(c, size);
                left >= 0.0
            })
            .collect();
        short.truncate(short.trim_end().len());
        short.push('…');
        short
    }

    /// `text` in lines of at most `room` pixels, broken at spaces; the last of `most` lines takes all
    /// that is left, shortened. No lines for a text without words.
    pub fn wrap(&self, text: &str, size: f32, room: f32, most: usize) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for word in text.split_whitespace() {
            let full = lines.len() >= most;
            match lines.last_mut() {
                Some(line) if full || self.width(&format!("{line} {word}"), size) <= room => {
                    line.push(' ');
                    line.push_str(word);
                }
                _ => lines.push(word.to_owned()),
            }
        }
        lines.iter().map(|line| self.shorten(line, size, room)).collect()
    }

    /// Outline of `text` in pixels, its baseline starting at the origin and y pointing down; `None`
    /// when it has no ink.
    pub fn outline(&self, text: &str, size: f32) -> Option<Path> {
        let mut pen = Pen {
            path: PathBuilder::new(),
            scale: self.scale(size),
            x: 0.0,
        };
        for character in text.chars() {
            let glyph = self.face.glyph_index(character).unwrap_or_default();
            // A glyph without an outline (a space) only advances the pen.
            let _ = self.face.outline_glyph(glyph, &mut pen);
            pen.x += self.advance(character, size);
        }
        pen.path.finish()
    }
}

/// Collects glyph outlines, from font units with y up to pixels with y down.
struct Pen {
    path: PathBuilder,
    scale: f32,
    x: f32,
}

impl Pen {
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        (self.x + x * self.scale, -y * self.scale)
    }
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.at(x1, y1), self.at(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) = (self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}
