//! Cup, house and star.

use super::colour::{Colour, Palette};
use super::geometry::{Point, polar};
use super::shape::Shape;
use super::sheet::Sheet;
use super::stream::Stream;

/// A mug with a handle and a drink in it, at times with a band or steam.
pub(super) fn cup(sheet: &mut Sheet, stream: &mut Stream, palette: &Palette) {
    let foot = stream.range(0.38, 0.58);
    let (left, right) = (-0.88, 0.42);
    let middle = (left + right) / 2.0;
    let handle: [Point; 6] = [
        (right - 0.08, -0.32),
        (0.8, -0.5),
        (1.02, -0.1),
        (0.9, 0.4),
        (0.6, 0.5),
        (right - 0.14, 0.42),
    ];
    sheet.line(&handle, 0.17, palette.main.darker(0.15));
    let body: [Point; 8] = [
        (left, -0.6),
        (right, -0.6),
        (middle + foot * 1.05, 0.7),
        (middle + foot * 0.85, 0.9),
        (middle + foot * 0.3, 0.98),
        (middle - foot * 0.3, 0.98),
        (middle - foot * 0.85, 0.9),
        (middle - foot * 1.05, 0.7),
    ];
    sheet.part(Shape::Polygon(&body), palette.main);
    if stream.chance(0.5) {
        let level = stream.range(0.0, 0.25);
        let inset = 0.05 + (0.65 - foot) * (level + 0.6) / 1.3;
        let band = [
            (left + inset, level),
            (middle, level + 0.1),
            (right - inset, level),
        ];
        sheet.hairline(&band, 0.2, palette.second);
    }
    sheet.hairline(
        &[(left + 0.2, -0.25), (left + 0.28, 0.55)],
        0.11,
        palette.main.lighter(0.45),
    );
    let rim = |rx: f32, ry: f32| Shape::Ellipse {
        centre: (middle, -0.6),
        radii: (rx, ry),
    };
    sheet.part(rim(0.66, 0.25), palette.main.lighter(0.25));
    sheet.detail(rim(0.53, 0.16), palette.ink.towards(palette.third, 0.3));
}

/// Walls, a gable roof, a door and windows, at times a chimney.
pub(super) fn house(sheet: &mut Sheet, stream: &mut Stream, palette: &Palette) {
    let eaves = stream.range(-0.22, 0.0);
    let half_width = stream.range(0.66, 0.78);
    if stream.chance(0.7) {
        let chimney = [(0.36, -0.9), (0.62, -0.9), (0.62, -0.2), (0.36, -0.2)];
        sheet.part(Shape::Polygon(&chimney), palette.second);
    }
    let walls = [
        (-half_width, eaves),
        (half_width, eaves),
        (half_width, 0.95),
        (-half_width, 0.95),
    ];
    sheet.part(Shape::Polygon(&walls), palette.main);
    let shade = [
        (-half_width, eaves),
        (half_width, eaves),
        (half_width, eaves + 0.16),
        (-half_width, eaves + 0.16),
    ];
    sheet.detail(Shape::Polygon(&shade), palette.main.darker(0.35));
    let roof = [
        (0.0, -0.98),
        (half_width + 0.24, eaves + 0.06),
        (-half_width - 0.24, eaves + 0.06),
    ];
    sheet.part(Shape::Polygon(&roof), palette.third);
    let door_at = if stream.chance(0.5) { -0.3 } else { 0.0 };
    let door = [
        (door_at - 0.17, 0.95),
        (door_at - 0.17, 0.35),
        (door_at + 0.17, 0.35),
        (door_at + 0.17, 0.95),
    ];
    sheet.detail(Shape::Polygon(&door), palette.ink);
    let glass = if palette.main.luma() > 0.6 {
        palette.ink.lighter(0.25)
    } else {
        Colour([1.0, 0.95, 0.7])
    };
    let windows: &[f32] = if door_at == 0.0 { &[-0.43, 0.43] } else { &[0.32] };
    let half = if door_at == 0.0 { 0.13 } else { 0.2 };
    for &x in windows {
        let (top, bottom) = (0.5 - half, 0.5 + half);
        let frame = [
            (x - half, top),
            (x + half, top),
            (x + half, bottom),
            (x - half, bottom),
        ];
        sheet.detail(Shape::Polygon(&frame), glass);
    }
}

/// A five-pointed star, plain or faceted as if folded.
pub(super) fn star(sheet: &mut Sheet, stream: &mut Stream, palette: &Palette) {
    let centre = (0.0, 0.06);
    let inner = stream.range(0.4, 0.5);
    let corners: [Point; 10] = core::array::from_fn(|corner| {
        let radius = if corner % 2 == 0 { 1.02 } else { inner };
        polar(centre, radius, corner as f32 / 10.0)
    });
    sheet.part(Shape::Polygon(&corners), palette.main);
    match stream.below(3) {
        0 => {
            let shade = palette.main.darker(0.35);
            for tip in (0..10).step_by(2) {
                sheet.detail(Shape::Polygon(&[centre, corners[tip], corners[tip + 1]]), shade);
            }
        }
        1 => {
            let smaller = corners.map(|(x, y)| (x * 0.55, centre.1 + (y - centre.1) * 0.55));
            sheet.detail(Shape::Polygon(&smaller), palette.second);
        }
        _ => {
            let shine = palette.main.lighter(0.5);
            sheet.detail(
                Shape::Petal {
                    from: (-0.3, 0.0),
                    to: (-0.06, -0.4),
                    width: 0.2,
                },
                shine,
            );
        }
    }
}
