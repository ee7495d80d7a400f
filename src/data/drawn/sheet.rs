//! The sheet on which shapes are drawn.
//!
//! Only opaque plain colours, straight lines and quadratic curves are used: for these the rasteriser
//! needs nothing beyond integers and correctly rounded additions, products, quotients and square
//! roots, hence gives the same bits on every machine. (Gradients and stroked cubic curves would bring
//! in approximate reciprocals and library functions such as `acos`.)

use tiny_skia::{FillRule, LineCap, LineJoin, Paint, Path, PixmapMut, Stroke, Transform};

use super::colour::Colour;
use super::geometry::{Point, Pose, SIDE};
use super::shape::{Shape, open_curve};

/// Drawing happens at this many sheet pixels per image pixel along each axis, on top of the
/// rasteriser's own anti-aliasing.
const OVERSAMPLING: usize = 2;

/// Side of the sheet in sheet pixels.
const SHEET_SIDE: usize = SIDE * OVERSAMPLING;

/// An image in the making: a colour for each pixel in row-major order.
pub(super) type Picture = Vec<Colour>;

/// The outline pen: its colour and its width in units of the sketch.
#[derive(Clone, Copy)]
pub(super) struct Pen {
    pub(super) colour: Colour,
    pub(super) width: f32,
}

/// A transparent sheet of 64×64 pixels, drawn on in sketch coordinates.
pub(super) struct Sheet {
    /// H×W×RGBA, 8 bits a channel, colour multiplied by opacity.
    pixels: Vec<u8>,
    to_sheet: Transform,
    pen: Option<Pen>,
}

impl Sheet {
    /// An empty sheet. With a `pen`, every part gets an outline.
    pub(super) fn new(pose: &Pose, pen: Option<Pen>) -> Self {
        let pixels = vec![0; SHEET_SIDE * SHEET_SIDE * 4];
        let [x_from_x, y_from_x, x_from_y, y_from_y, x, y] =
            pose.to_pixels().map(|entry| entry * OVERSAMPLING as f32);
        let to_sheet = Transform::from_row(x_from_x, y_from_x, x_from_y, y_from_y, x, y);
        Self {
            pixels,
            to_sheet,
            pen,
        }
    }

    /// Fills `shape`, with an outline if the sheet has a pen.
    pub(super) fn part(&mut self, shape: Shape, colour: Colour) {
        let Some(path) = shape.path() else { return };
        if let Some(pen) = self.pen {
            self.stroke(&path, pen.width, pen.colour);
        }
        self.fill(&path, colour);
    }

    /// Fills `shape` without an outline.
    pub(super) fn detail(&mut self, shape: Shape, colour: Colour) {
        if let Some(path) = shape.path() {
            self.fill(&path, colour);
        }
    }

    /// Draws a line with round ends that starts at the first point, ends at the last and bends
    /// towards those between; with an outline if the sheet has a pen.
    pub(super) fn line(&mut self, points: &[Point], width: f32, colour: Colour) {
        let Some(path) = open_curve(points) else {
            return;
        };
        if let Some(pen) = self.pen {
            self.stroke(&path, width + pen.width, pen.colour);
        }
        self.stroke(&path, width, colour);
    }

    /// As [`Sheet::line`], without an outline.
    pub(super) fn hairline(&mut self, points: &[Point], width: f32, colour: Colour) {
        if let Some(path) = open_curve(points) {
            self.stroke(&path, width, colour);
        }
    }

    fn fill(&mut self, path: &Path, colour: Colour) {
        let transform = self.to_sheet;
        if let Some(mut target) = self.target() {
            target.fill_path(path, &paint(colour), FillRule::Winding, transform, None);
        }
    }

    fn stroke(&mut self, path: &Path, width: f32, colour: Colour) {
        let transform = self.to_sheet;
        let stroke = Stroke {
            width,
            line_cap: LineCap::Round,
            line_join: LineJoin::Round,
            ..Stroke::default()
        };
        if let Some(mut target) = self.target() {
            target.stroke_path(path, &paint(colour), &stroke, transform, None);
        }
    }

    /// The rasteriser's view of the sheet; always there, as the buffer has the size that it wants.
    fn target(&mut self) -> Option<PixmapMut<'_>> {
        PixmapMut::from_bytes(&mut self.pixels, SHEET_SIDE as u32, SHEET_SIDE as u32)
    }

    /// Averages the sheet down to the image: for each pixel in row-major order the colour,
    /// multiplied by the opacity, and the opacity, all in [0, 1].
    pub(super) fn averaged(&self) -> impl Iterator<Item = ([f32; 3], f32)> + '_ {
        (0..SIDE * SIDE).map(|pixel| {
            let (row, column) = (pixel / SIDE * OVERSAMPLING, pixel % SIDE * OVERSAMPLING);
            let mut sums = [0u32; 4];
            for y in row..row + OVERSAMPLING {
                let start = (y * SHEET_SIDE + column) * 4;
                for (place, &value) in self.pixels[start..start + OVERSAMPLING * 4].iter().enumerate() {
                    sums[place % 4] += u32::from(value);
                }
            }
            let [red, green, blue, opacity] =
                sums.map(|sum| sum as f32 / (255 * OVERSAMPLING * OVERSAMPLING) as f32);
            ([red, green, blue], opacity)
        })
    }

    /// Puts the sheet on top of `picture`.
    pub(super) fn lay_over(&self, picture: &mut Picture) {
        for (below, (above, opacity)) in picture.iter_mut().zip(self.averaged()) {
            for (below, above) in below.0.iter_mut().zip(above) {
                *below = *below * (1.0 - opacity) + above;
            }
        }
    }
}

fn paint(colour: Colour) -> Paint<'static> {
    let [red, green, blue] = colour.0.map(|channel| (channel * 255.0 + 0.5) as u8);
    let mut paint = Paint::default();
    paint.set_color_rgba8(red, green, blue, 255);
    paint
}
