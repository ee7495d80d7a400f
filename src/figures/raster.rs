//! Sheets as PNG.

use super::palette::{Color, WHITE};
use super::picture::PlacedPicture;
use super::sheet::{Anchor, Label, Mark, Sheet};
use super::text::Font;
use crate::{Error, Result};
use tiny_skia::{FillRule, Paint, Path, PathBuilder, Pixmap, Rect, Stroke, StrokeDash, Transform};

/// Pixels of the file along one pixel of the sheet.
pub(super) const SCALE: u16 = 2;
/// Pixels of the largest file (0.5 GiB while it is drawn).
const MOST_PIXELS: f32 = (1u32 << 27) as f32;

/// `sheet` with `pictures` on top, at [`SCALE`], or at 1 where that would be too large.
///
/// # Errors
/// When a side is below one pixel or the sheet has more than 2²⁷ pixels.
pub(super) fn png(sheet: &Sheet, pictures: &[PlacedPicture]) -> Result<Vec<u8>> {
    let (width, height) = sheet.size();
    let scale = scale((width, height));
    let side = |length: f32| length * f32::from(scale);
    let blank = (width * height <= MOST_PIXELS)
        .then(|| Pixmap::new(side(width) as u32, side(height) as u32))
        .flatten();
    let pixmap = blank.ok_or_else(|| {
        let found = format!("{width} × {height} pixels");
        Error::argument("figures", "size", "a sheet of 1 to 2²⁷ pixels", found)
    })?;
    let mut raster = Raster {
        pixmap,
        scale: f32::from(scale),
    };
    raster.pixmap.fill(paint_color(WHITE));
    for mark in sheet.marks() {
        raster.draw(mark, sheet.font());
    }
    for picture in pictures {
        raster.draw_picture(picture, usize::from(scale));
    }
    encode(&raster.pixmap)
}

/// Pixels of the file along one pixel of a sheet of `size`.
pub(super) fn scale(size: (f32, f32)) -> u16 {
    let large = f32::from(SCALE).powi(2) * size.0 * size.1 > MOST_PIXELS;
    if large { 1 } else { SCALE }
}

struct Raster {
    pixmap: Pixmap,
    scale: f32,
}

impl Raster {
    fn draw(&mut self, mark: &Mark, font: &Font) {
        let scale = Transform::from_scale(self.scale, self.scale);
        match mark {
            Mark::Text(label) => self.draw_text(label, font),
            Mark::Rectangle { at, size, color } => {
                if let Some(rect) = Rect::from_xywh(at.0, at.1, size.0, size.1) {
                    self.fill(&PathBuilder::from_rect(rect), *color, scale);
                }
            }
            Mark::Disc {
                center,
                radius,
                color,
            } => {
                if let Some(circle) = PathBuilder::from_circle(center.0, center.1, *radius) {
                    self.fill(&circle, *color, scale);
                }
            }
            Mark::Line {
                points,
                width,
                color,
                dash,
            } => {
                let stroke = Stroke {
                    width: *width,
                    dash: StrokeDash::new(dash.to_vec(), 0.0),
                    ..Stroke::default()
                };
                if let Some(path) = polyline(points) {
                    self.pixmap
                        .stroke_path(&path, &paint(*color), &stroke, scale, None);
                }
            }
        }
    }

    fn draw_text(&mut self, label: &Label, font: &Font) {
        let (x, y) = (label.at.0 * self.scale, label.at.1 * self.scale);
        // A baseline on whole pixels keeps small text sharp.
        let place = if label.upwards {
            Transform::from_row(0.0, -1.0, 1.0, 0.0, x.round(), y)
        } else {
            Transform::from_translate(x, y.round())
        };
        let size = label.style.size * self.scale;
        let before = match label.style.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => 0.5,
            Anchor::End => 1.0,
        };
        let shift = -before * font.width(&label.text, size);
        if let Some(outline) = font.outline(&label.text, size) {
            self.fill(&outline, label.style.color, place.pre_translate(shift, 0.0));
        }
    }

    /// A picture centred in its box. Pixels that would fall off the sheet are not drawn.
    fn draw_picture(&mut self, picture: &PlacedPicture, scale: usize) {
        let side = picture.side * scale;
        let shown = picture.pixels.shown(side);
        let left = (picture.at.0 * self.scale) as usize + side.saturating_sub(shown.0) / 2;
        let top = (picture.at.1 * self.scale) as usize + side.saturating_sub(shown.1) / 2;
        let width = self.pixmap.width() as usize;
        let rows = self.pixmap.data_mut().chunks_exact_mut(width * 4);
        for (y, row) in rows.skip(top).take(shown.1).enumerate() {
            for (x, pixel) in row.chunks_exact_mut(4).skip(left).take(shown.0).enumerate() {
                pixel[..3].copy_from_slice(&picture.pixels.sample(x, y, shown));
            }
        }
    }

    fn fill(&mut self, path: &Path, color: Color, transform: Transform) {
        self.pixmap
            .fill_path(path, &paint(color), FillRule::Winding, transform, None);
    }
}

fn polyline(points: &[(f32, f32)]) -> Option<Path> {
    let mut builder = PathBuilder::new();
    let (first, others) = points.split_first()?;
    builder.move_to(first.0, first.1);
    for &(x, y) in others {
        builder.line_to(x, y);
    }
    builder.finish()
}

fn paint_color([r, g, b]: Color) -> tiny_skia::Color {
    tiny_skia::Color::from_rgba8(r, g, b, 255)
}

fn paint(color: Color) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color(paint_color(color));
    paint
}

/// The bytes of an 8-bit RGB file. Sheets are opaque everywhere, so that dropping alpha loses
/// nothing.
fn encode(pixmap: &Pixmap) -> Result<Vec<u8>> {
    let pixels = pixmap.data().chunks_exact(4);
    let rgb: Vec<u8> = pixels.flat_map(|p| [p[0], p[1], p[2]]).collect();
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, pixmap.width(), pixmap.height());
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
