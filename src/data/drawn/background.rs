//! What lies behind the object: a pattern of two colours, mottling and clutter.

use super::colour::Colour;
use super::geometry::{Point, Pose, SIDE, pixel_centre, polar, sin_cos};
use super::shape::Shape;
use super::sheet::{Picture, Sheet};
use super::stream::Stream;

/// How two colours share the background.
enum Pattern {
    /// From one to the other along a direction: an evening sky, a lit wall.
    Gradient { direction: Point },
    /// One above the other with a sharp border at height `level`: sea, field, table.
    Horizon { level: f32, slope: f32 },
    /// Bright in the middle, or the reverse.
    Vignette { centre: Point },
    /// Soft bands, `pitch` per unit: planks, curtains.
    Stripes { direction: Point, pitch: f32 },
    /// Squares, `pitch` per unit: tiles, cloth.
    Checks { direction: Point, pitch: f32 },
}

impl Pattern {
    fn random(stream: &mut Stream) -> Self {
        let (sine, cosine) = sin_cos(stream.unit());
        let direction = (cosine, sine);
        match stream.below(5) {
            0 => Self::Gradient { direction },
            1 => Self::Horizon {
                level: stream.range(-0.3, 0.7),
                slope: stream.within(0.25),
            },
            2 => Self::Vignette {
                centre: (stream.within(0.5), stream.within(0.5)),
            },
            3 => Self::Stripes {
                direction,
                pitch: stream.range(0.8, 3.5),
            },
            _ => Self::Checks {
                direction,
                pitch: stream.range(0.7, 2.5),
            },
        }
    }

    /// The hues of the two colours: a bluish one over a yellow to green one for half of the
    /// horizons, any otherwise.
    fn hues(&self, stream: &mut Stream) -> [f32; 2] {
        if matches!(self, Self::Horizon { .. }) && stream.chance(0.5) {
            [stream.range(0.5, 0.65), stream.range(0.08, 0.4)]
        } else {
            [stream.unit(), stream.unit()]
        }
    }

    /// The share of the second colour at a point, in [0, 1].
    fn share(&self, (x, y): Point) -> f32 {
        // A triangle wave of period 1, turned into steps with soft edges a pixel or so wide.
        let wave = |at: f32, pitch: f32| {
            let triangle = ((at - at.floor()) - 0.5).abs() - 0.25;
            (0.5 + triangle * SIDE as f32 * 0.5 / pitch).clamp(0.0, 1.0)
        };
        match *self {
            Self::Gradient { direction } => (0.5 + 0.4 * (x * direction.0 + y * direction.1)).clamp(0.0, 1.0),
            Self::Horizon { level, slope } => {
                (0.5 + (y - level - slope * x) * SIDE as f32 / 2.0).clamp(0.0, 1.0)
            }
            Self::Vignette { centre } => {
                let (dx, dy) = (x - centre.0, y - centre.1);
                (0.5 * (dx * dx + dy * dy)).min(1.0)
            }
            Self::Stripes { direction, pitch } => wave((x * direction.0 + y * direction.1) * pitch, pitch),
            Self::Checks { direction, pitch } => {
                let across = wave((x * direction.0 + y * direction.1) * pitch, pitch);
                let along = wave((y * direction.0 - x * direction.1) * pitch, pitch);
                across + along - 2.0 * across * along
            }
        }
    }
}

/// Smooth random mottling: values on a coarse lattice with bilinear interpolation between them.
struct Mottle {
    values: [[f32; Self::KNOTS]; Self::KNOTS],
}

impl Mottle {
    const KNOTS: usize = 6;

    fn random(stream: &mut Stream, amplitude: f32) -> Self {
        Self {
            values: [(); Self::KNOTS].map(|()| [(); Self::KNOTS].map(|()| stream.within(amplitude))),
        }
    }

    fn at(&self, (x, y): Point) -> f32 {
        let cells = (Self::KNOTS - 1) as f32;
        let (u, v) = ((x + 1.0) / 2.0 * cells, (y + 1.0) / 2.0 * cells);
        let (column, row) = (u as usize, v as usize);
        let (right, down) = (u - column as f32, v - row as f32);
        let along =
            |row: usize| self.values[row][column] * (1.0 - right) + self.values[row][column + 1] * right;
        along(row) * (1.0 - down) + along(row + 1) * down
    }
}

/// Luma by which the parts of a background may differ from its base, so that the object can stand
/// clear of all of them.
const SPREAD: f32 = 0.12;

/// A luma for one part of a background of base luma `base`.
fn luma_near(stream: &mut Stream, base: f32) -> f32 {
    (base + stream.within(SPREAD)).clamp(0.03, 0.97)
}

/// Draws a background of base luma `base`, in [0, 1].
pub(super) fn background(stream: &mut Stream, base: f32) -> Picture {
    let pattern = Pattern::random(stream);
    let colours = pattern.hues(stream).map(|hue| {
        let luma = luma_near(stream, base);
        Colour::muted(stream, hue, luma)
    });
    let amplitude = stream.range(0.0, 0.08);
    let mottle = Mottle::random(stream, amplitude);
    let mut picture: Picture = (0..SIDE * SIDE)
        .map(|index| {
            let point = pixel_centre(index);
            let Colour(plain) = colours[0].towards(colours[1], pattern.share(point));
            let offset = mottle.at(point);
            Colour(plain.map(|channel| channel + offset))
        })
        .collect();
    clutter(stream, base).lay_over(&mut picture);
    picture
}

/// Up to four discs, bars and triangles in colours close to the background.
fn clutter(stream: &mut Stream, base: f32) -> Sheet {
    let mut sheet = Sheet::new(&Pose::whole_image(), None);
    for _ in 0..stream.below(5) {
        let luma = luma_near(stream, base);
        let hue = stream.unit();
        let colour = Colour::muted(stream, hue, luma);
        let centre = (stream.within(1.1), stream.within(1.1));
        let size = stream.range(0.15, 0.5);
        let turns = stream.unit();
        match stream.below(3) {
            0 => {
                let radii = (size, size * stream.range(0.6, 1.0));
                sheet.detail(Shape::Ellipse { centre, radii }, colour);
            }
            1 => {
                let ends = [
                    polar(centre, size * 1.6, turns),
                    polar(centre, size * 1.6, turns + 0.5),
                ];
                sheet.hairline(&ends, stream.range(0.06, 0.3), colour);
            }
            _ => {
                let corners = [0.0, 0.3, 0.62].map(|share| polar(centre, size, turns + share));
                sheet.detail(Shape::Polygon(&corners), colour);
            }
        }
    }
    sheet
}
