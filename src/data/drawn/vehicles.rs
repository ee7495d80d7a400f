//! Car and sailboat.

use super::colour::{Colour, Palette};
use super::geometry::Point;
use super::shape::Shape;
use super::sheet::Sheet;
use super::stream::Stream;

/// A car from the side: body, cabin with windows, two wheels, lamps.
pub(super) fn car(sheet: &mut Sheet, stream: &mut Stream, palette: &Palette) {
    let roof = stream.range(-0.72, -0.55);
    let front = stream.range(0.3, 0.5);
    let rear = stream.range(-0.75, -0.5);
    let cabin = [
        (rear - 0.15, -0.08),
        (rear + 0.08, roof),
        (front - 0.12, roof),
        (front + 0.22, -0.08),
    ];
    sheet.part(Shape::Polygon(&cabin), palette.main);
    let glass = Colour::WHITE.towards(palette.second, 0.55);
    let glass = if palette.main.luma() > 0.5 {
        glass.darker(0.65)
    } else {
        glass
    };
    let (top, post) = (roof + 0.12, (rear + front) / 2.0);
    let back_window = [
        (rear + 0.02, -0.08),
        (rear + 0.15, top),
        (post - 0.06, top),
        (post - 0.06, -0.08),
    ];
    sheet.detail(Shape::Polygon(&back_window), glass);
    let windscreen = [
        (post + 0.06, -0.08),
        (post + 0.06, top),
        (front - 0.16, top),
        (front + 0.04, -0.08),
    ];
    sheet.detail(Shape::Polygon(&windscreen), glass);
    let body: [Point; 8] = [
        (-0.97, 0.4),
        (-0.97, 0.02),
        (-0.85, -0.12),
        (0.6, -0.12),
        (0.92, 0.0),
        (0.98, 0.15),
        (0.98, 0.4),
        (0.0, 0.42),
    ];
    sheet.part(Shape::Polygon(&body), palette.main);
    sheet.detail(
        Shape::Polygon(&[(-0.95, 0.26), (0.96, 0.26), (0.96, 0.4), (-0.95, 0.4)]),
        palette.main.darker(0.35),
    );
    if stream.chance(0.4) {
        sheet.hairline(&[(-0.85, 0.1), (0.85, 0.1)], 0.1, palette.second);
    }
    sheet.detail(
        Shape::Ellipse {
            centre: (0.86, 0.12),
            radii: (0.1, 0.09),
        },
        Colour([1.0, 0.95, 0.7]),
    );
    let radius = stream.range(0.24, 0.3);
    for x in [-0.55, 0.55] {
        let disc = |size: f32| Shape::Ellipse {
            centre: (x, 0.42),
            radii: (size, size),
        };
        sheet.part(disc(radius), palette.ink);
        sheet.detail(disc(radius * 0.5), Colour([0.78; 3]));
    }
}

/// A hull, a mast, a large and a small sail, at times a pennant.
pub(super) fn sailboat(sheet: &mut Sheet, stream: &mut Stream, palette: &Palette) {
    let mast = stream.range(-0.12, 0.08);
    let boom = stream.range(0.28, 0.4);
    sheet.line(&[(mast, 0.5), (mast, -0.98)], 0.09, palette.ink.lighter(0.15));
    let large = [(mast + 0.06, -0.95), (mast + 0.06, boom), (0.88, boom)];
    sheet.part(Shape::Polygon(&large), palette.main);
    let jib = [(mast - 0.08, -0.78), (mast - 0.08, boom), (-0.78, boom)];
    sheet.part(Shape::Polygon(&jib), palette.main.towards(palette.second, 0.35));
    if stream.chance(0.4) {
        let height = boom - 0.32;
        let across = 0.82 * (height + 0.95) / (boom + 0.95);
        sheet.hairline(
            &[(mast + 0.1, height), (mast + across, height)],
            0.14,
            palette.second,
        );
    }
    let hull: [Point; 5] = [
        (-0.98, 0.5),
        (0.98, 0.5),
        (0.66, 0.96),
        (-0.6, 0.96),
        (-0.85, 0.75),
    ];
    sheet.part(Shape::Polygon(&hull), palette.third);
    sheet.hairline(&[(-0.85, 0.6), (0.82, 0.6)], 0.09, palette.third.lighter(0.5));
}
