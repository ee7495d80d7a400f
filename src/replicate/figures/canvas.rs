//! The sheet that figures are drawn on, and its way to PNG.

use super::palette::{BLACK, Color, GREY};
use super::picture::Picture;
use super::text::Font;
use crate::{Error, Result};
use tiny_skia::{
    Color as SkiaColor, FillRule, Paint, Path, PathBuilder, Pixmap, Rect, Stroke, StrokeDash, Transform,
};

/// Distance of everything drawn from the edge of the sheet, in pixels.
pub(super) const MARGIN: f32 = 24.0;
/// Pixels of the largest sheet (0.5 GiB while it is drawn).
const MOST_PIXELS: f32 = (1u32 << 27) as f32;
/// Height that [`Canvas::title`] takes, margin included, in pixels.
pub(super) const TITLE_HEIGHT: f32 = 78.0;

/// How a line of text is set: black and starting at its anchor unless said otherwise.
#[derive(Clone, Copy)]
pub(super) struct TextStyle {
    /// Em size in pixels.
    size: f32,
    color: Color,
    /// Part of the text's width that lies left of its anchor.
    before: f32,
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
    pixmap: Pixmap,
    font: Font,
}

impl Canvas {
    /// A blank sheet of `width` × `height` pixels, rounded up.
    ///
    /// # Errors
    /// When a side is below one pixel or the sheet has more than 2²⁷ pixels.
    pub fn new(width: f32, height: f32) -> Result<Self> {
        let (width, height) = (width.ceil(), height.ceil());
        let blank = (width * height <= MOST_PIXELS)
            .then(|| Pixmap::new(width as u32, height as u32))
            .flatten();
        let mut pixmap = blank.ok_or_else(|| {
            let found = format!("{width} × {height} pixels");
            Error::argument("figures", "size", "a sheet of 1 to 2²⁷ pixels", found)
        })?;
        pixmap.fill(SkiaColor::WHITE);
        let font = Font::load()?;
        Ok(Self { pixmap, font })
    }

    /// Width of the sheet.
    pub fn width(&self) -> f32 {
        self.pixmap.width() as f32
    }

    /// The title line at the top of the sheet with a line of explanation under it.
    pub fn title(&mut self, title: &str, explanation: &str) {
        let room = self.width() - 2.0 * MARGIN;
        self.text(title, (MARGIN, 40.0), TITLE, room);
        self.text(explanation, (MARGIN, 61.0), TEXT.grey(), room);
    }

    /// Width of `text` in pixels.
    pub fn text_width(&self, text: &str, style: TextStyle) -> f32 {
        self.font.width(text, style.size)
    }

    /// One line of text with its baseline at `at`, shortened to `room` pixels.
    pub fn text(&mut self, text: &str, at: (f32, f32), style: TextStyle, room: f32) {
        // A baseline on whole pixels keeps small text sharp.
        let place = Transform::from_translate(at.0, at.1.round());
        self.place_text(text, place, style, room);
    }

    /// One line of text turned to read upwards, its baseline at `at`, shortened to `room` pixels.
    pub fn text_upwards(&mut self, text: &str, at: (f32, f32), style: TextStyle, room: f32) {
        let place = Transform::from_row(0.0, -1.0, 1.0, 0.0, at.0.round(), at.1);
        self.place_text(text, place, style, room);
    }

    fn place_text(&mut self, text: &str, place: Transform, style: TextStyle, room: f32) {
        let text = self.font.shorten(text, style.size, room);
        let before = self.font.width(&text, style.size) * style.before;
        if let Some(outline) = self.font.outline(&text, style.size) {
            self.fill(&outline, style.color, place.pre_translate(-before, 0.0));
        }
    }

    /// A filled rectangle; nothing when it has no area.
    pub fn rectangle(&mut self, at: (f32, f32), size: (f32, f32), color: Color) {
        if let Some(rect) = Rect::from_xywh(at.0, at.1, size.0, size.1) {
            self.fill(&PathBuilder::from_rect(rect), color, Transform::identity());
        }
    }

    /// A filled disc.
    pub fn disc(&mut self, center: (f32, f32), radius: f32, color: Color) {
        if let Some(circle) = PathBuilder::from_circle(center.0, center.1, radius) {
            self.fill(&circle, color, Transform::identity());
        }
    }

    /// Straight lines through `points`; `dash` holds the lengths of strokes and gaps in turn,
    /// nothing for a solid line.
    pub fn line(&mut self, points: &[(f32, f32)], width: f32, color: Color, dash: &[f32]) {
        let mut builder = PathBuilder::new();
        for (i, &(x, y)) in points.iter().enumerate() {
            if i == 0 {
                builder.move_to(x, y);
            } else {
                builder.line_to(x, y);
            }
        }
        let stroke = Stroke {
            width,
            dash: StrokeDash::new(dash.to_vec(), 0.0),
            ..Stroke::default()
        };
        if let Some(path) = builder.finish() {
            let paint = paint(color);
            self.pixmap
                .stroke_path(&path, &paint, &stroke, Transform::identity(), None);
        }
    }

    /// `picture` centred in the square box of `side` pixels at `at` (see [`Picture::shown`]).
    /// Pixels that would fall off the sheet are not drawn.
    pub fn picture(&mut self, picture: &Picture, at: (f32, f32), side: usize) {
        let shown = picture.shown(side);
        let left = at.0 as usize + (side - shown.0) / 2;
        let top = at.1 as usize + (side - shown.1) / 2;
        let sheet_width = self.pixmap.width() as usize;
        let data = self.pixmap.data_mut();
        for y in 0..shown.1 {
            for x in 0..shown.0 {
                let pixel = ((top + y) * sheet_width + left + x) * 4;
                if left + x < sheet_width && pixel + 3 < data.len() {
                    data[pixel..pixel + 3].copy_from_slice(&picture.sample(x, y, shown));
                }
            }
        }
    }

    fn fill(&mut self, path: &Path, color: Color, transform: Transform) {
        self.pixmap
            .fill_path(path, &paint(color), FillRule::Winding, transform, None);
    }

    /// The sheet as the bytes of an 8-bit RGB PNG file.
    pub fn into_png(self) -> Result<Vec<u8>> {
        // The sheet is opaque everywhere, so that dropping alpha loses nothing.
        let pixels = self.pixmap.data().chunks_exact(4);
        let rgb: Vec<u8> = pixels.flat_map(|p| [p[0], p[1], p[2]]).collect();
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, self.pixmap.width(), self.pixmap.height());
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder
            .write_header()
            .and_then(|mut writer| {
                writer.write_image_data(&rgb)?;
                writer.finish()
            })
            .map_err(|e| Error::argument("figures", "sheet", "pixels that PNG can hold", e))?;
        Ok(file)
    }
}

fn paint(color: Color) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color_rgba8(color[0], color[1], color[2], 255);
    paint
}
