//! Figures as pixels.

use super::canvas::TextStyle;
use super::figure::{Figure, Mark};
use super::palette::Color;
use super::text::Font;
use crate::{Error, Result};
use tiny_skia::{
    Color as SkiaColor, FillRule, Paint, Path, PathBuilder, Pixmap, Rect, Stroke, StrokeDash, Transform,
};

/// `figure` as the bytes of a PNG file, `scale` times its size.
pub(super) fn png(figure: &Figure, scale: u32) -> Result<Vec<u8>> {
    let [width, height] = [figure.size.0, figure.size.1].map(|side| side.saturating_mul(scale));
    let mut pixmap = Pixmap::new(width, height).ok_or_else(|| {
        let found = format!("{width} × {height} pixels");
        Error::argument("figures", "scale", "a sheet that can be held in memory", found)
    })?;
    pixmap.fill(SkiaColor::WHITE);
    let mut raster = Raster {
        pixmap,
        scale: scale as usize,
        font: Font::load()?,
    };
    figure.marks.iter().for_each(|mark| raster.draw(mark));
    // The sheet is opaque everywhere, so that dropping alpha loses nothing.
    let pixels = raster.pixmap.data().chunks_exact(4);
    let rgb: Vec<u8> = pixels.flat_map(|p| [p[0], p[1], p[2]]).collect();
    encode(&rgb, width, height)
}

/// Pixels H×W×3 as the bytes of an 8-bit RGB PNG file.
///
/// # Errors
/// [`Error::Argument`] if a side is 0 or `rgb` is not as long as the sides say.
pub(crate) fn encode(rgb: &[u8], width: u32, height: u32) -> Result<Vec<u8>> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder
        .write_header()
        .and_then(|mut writer| {
            writer.write_image_data(rgb)?;
            writer.finish()
        })
        .map_err(|e| Error::argument("figures", "picture", "pixels that PNG can hold", e))?;
    Ok(file)
}

struct Raster {
    pixmap: Pixmap,
    scale: usize,
    font: Font,
}

impl Raster {
    fn draw(&mut self, mark: &Mark) {
        match mark {
            Mark::Text {
                text,
                at,
                upwards,
                style,
            } => self.text(text, *at, *upwards, *style),
            Mark::Rectangle { at, size, color } => {
                if let Some(rect) = Rect::from_xywh(at.0, at.1, size.0, size.1) {
                    self.fill(&PathBuilder::from_rect(rect), *color, Transform::identity());
                }
            }
            Mark::Disc {
                center,
                radius,
                color,
            } => {
                if let Some(circle) = PathBuilder::from_circle(center.0, center.1, *radius) {
                    self.fill(&circle, *color, Transform::identity());
                }
            }
            Mark::Line {
                points,
                width,
                color,
                dash,
            } => self.line(points, *width, *color, dash),
            Mark::Picture { rgb, at, size } => self.picture(rgb, *at, *size),
        }
    }

    fn text(&mut self, text: &str, at: (f32, f32), upwards: bool, style: TextStyle) {
        let place = match upwards {
            false => Transform::from_translate(at.0, at.1),
            true => Transform::from_row(0.0, -1.0, 1.0, 0.0, at.0, at.1),
        };
        let before = self.font.width(text, style.size) * style.before;
        if let Some(outline) = self.font.outline(text, style.size) {
            self.fill(&outline, style.color, place.pre_translate(-before, 0.0));
        }
    }

    fn line(&mut self, points: &[(f32, f32)], width: f32, color: Color, dash: &[f32]) {
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
            let scale = self.scaled(Transform::identity());
            self.pixmap
                .stroke_path(&path, &paint(color), &stroke, scale, None);
        }
    }

    /// Every pixel as a square of the scale's side. Pixels that would fall off the sheet are not drawn.
    fn picture(&mut self, rgb: &[u8], at: (usize, usize), size: (usize, usize)) {
        let (scale, sheet_width) = (self.scale, self.pixmap.width() as usize);
        let data = self.pixmap.data_mut();
        for y in 0..size.1 * scale {
            for x in 0..size.0 * scale {
                let from = (y / scale * size.0 + x / scale) * 3;
                let column = at.0 * scale + x;
                let to = ((at.1 * scale + y) * sheet_width + column) * 4;
                if column < sheet_width && to + 3 < data.len() {
                    data[to..to + 3].copy_from_slice(&rgb[from..from + 3]);
                }
            }
        }
    }

    fn fill(&mut self, path: &Path, color: Color, transform: Transform) {
        let transform = self.scaled(transform);
        self.pixmap
            .fill_path(path, &paint(color), FillRule::Winding, transform, None);
    }

    fn scaled(&self, transform: Transform) -> Transform {
        transform.post_scale(self.scale as f32, self.scale as f32)
    }
}

fn paint(color: Color) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color_rgba8(color[0], color[1], color[2], 255);
    paint
}
