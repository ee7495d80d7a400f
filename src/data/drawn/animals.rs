//! Butterfly, cat and fish.

use super::colour::{Colour, Palette};
use super::geometry::Point;
use super::shape::Shape;
use super::sheet::Sheet;
use super::stream::Stream;

/// Four wings with spots, a slim body and feelers, seen from above.
pub(super) fn butterfly(sheet: &mut Sheet, stream: &mut Stream, palette: &Palette) {
    let reach = stream.range(0.95, 1.1);
    let tail = stream.range(0.85, 1.05);
    for side in [-1.0, 1.0] {
        let lower: [Point; 5] = [
            (0.0, 0.0),
            (side * 0.75, 0.05),
            (side * 0.85, 0.6),
            (side * 0.45, tail),
            (side * 0.08, 0.5),
        ];
        sheet.part(Shape::Smooth(&lower), palette.main.darker(0.15));
        let upper: [Point; 5] = [
            (0.0, 0.1),
            (side * 0.25, -0.55),
            (side * 0.95, -1.05),
            (side * reach, -0.35),
            (side * 0.7, 0.2),
        ];
        sheet.part(Shape::Smooth(&upper), palette.main);
        let spot = |centre, size: f32| Shape::Ellipse {
            centre,
            radii: (size, size),
        };
        sheet.detail(spot((side * 0.62, -0.42), 0.19), palette.second);
        sheet.detail(spot((side * 0.45, 0.48), 0.15), palette.second);
        sheet.hairline(
            &[(0.0, -0.45), (side * 0.1, -0.8), (side * 0.3, -0.95)],
            0.07,
            palette.ink,
        );
    }
    sheet.part(
        Shape::Petal {
            from: (0.0, 0.7),
            to: (0.0, -0.58),
            width: 0.2,
        },
        palette.ink,
    );
}

/// A cat's face: pointed ears, eyes, nose, mouth and whiskers, at times a striped forehead.
pub(super) fn cat(sheet: &mut Sheet, stream: &mut Stream, palette: &Palette) {
    let ear_tip = stream.range(0.72, 0.9);
    for side in [-1.0, 1.0] {
        let ear = [(side * 0.1, -0.5), (side * ear_tip, -1.0), (side * 0.88, 0.0)];
        sheet.part(Shape::Polygon(&ear), palette.main);
        let inner = [
            (side * 0.35, -0.52),
            (side * (ear_tip - 0.06), -0.8),
            (side * 0.74, -0.3),
        ];
        sheet.detail(Shape::Polygon(&inner), palette.second);
    }
    let head: [Point; 8] = [
        (-0.5, -0.62),
        (0.5, -0.62),
        (1.0, -0.25),
        (1.0, 0.45),
        (0.5, 0.92),
        (-0.5, 0.92),
        (-1.0, 0.45),
        (-1.0, -0.25),
    ];
    sheet.part(Shape::Smooth(&head), palette.main);
    if stream.chance(0.5) {
        for (x, length) in [(-0.24, 0.22), (0.0, 0.3), (0.24, 0.22)] {
            sheet.hairline(&[(x, -0.52), (x * 0.9, -0.52 + length)], 0.1, palette.second);
        }
    }
    let muzzle = palette.main.lighter(0.4);
    sheet.detail(
        Shape::Ellipse {
            centre: (0.0, 0.5),
            radii: (0.4, 0.27),
        },
        muzzle,
    );
    let iris = Colour::WHITE.towards(palette.third, 0.4);
    for side in [-1.0, 1.0] {
        let centre = (side * 0.42, 0.02);
        sheet.detail(
            Shape::Ellipse {
                centre,
                radii: (0.23, 0.2),
            },
            palette.ink,
        );
        sheet.detail(
            Shape::Ellipse {
                centre,
                radii: (0.18, 0.16),
            },
            iris,
        );
        sheet.detail(
            Shape::Ellipse {
                centre,
                radii: (0.08, 0.16),
            },
            palette.ink,
        );
        let whisker = if palette.main.luma() > 0.45 {
            palette.ink
        } else {
            Colour::WHITE
        };
        sheet.hairline(&[(side * 0.38, 0.48), (side * 1.0, 0.36)], 0.05, whisker);
        sheet.hairline(&[(side * 0.38, 0.56), (side * 0.98, 0.64)], 0.05, whisker);
        sheet.hairline(
            &[(0.0, 0.46), (side * 0.08, 0.66), (side * 0.24, 0.6)],
            0.06,
            palette.ink,
        );
    }
    sheet.detail(
        Shape::Polygon(&[(-0.14, 0.3), (0.14, 0.3), (0.0, 0.46)]),
        palette.ink,
    );
}

/// A fish from the side: body, tail, fins, eye and a pattern of bands or none.
pub(super) fn fish(sheet: &mut Sheet, stream: &mut Stream, palette: &Palette) {
    let height = stream.range(0.58, 0.82);
    let fin = palette.main.towards(palette.second, 0.55);
    let tail = [(0.4, 0.0), (0.98, -0.55), (0.85, 0.0), (0.98, 0.55)];
    sheet.part(Shape::Polygon(&tail), fin);
    let back = [
        (-0.4, -0.4 * height),
        (-0.05, -height - 0.2),
        (0.38, -height * 0.8),
        (0.3, -0.2),
    ];
    sheet.part(Shape::Polygon(&back), fin);
    let belly = [(-0.2, 0.5 * height), (0.15, height + 0.1), (0.25, 0.3)];
    sheet.part(Shape::Polygon(&belly), fin);
    let body: [Point; 7] = [
        (-1.1, 0.0),
        (-0.75, -height * 0.85),
        (0.1, -height * 1.05),
        (0.65, -0.12),
        (0.65, 0.12),
        (0.1, height * 1.05),
        (-0.75, height * 0.85),
    ];
    sheet.part(Shape::Smooth(&body), palette.main);
    if stream.chance(0.6) {
        for (x, reach) in [(-0.22, 0.62), (0.12, 0.5)] {
            let reach = reach * height;
            sheet.hairline(&[(x, -reach), (x + 0.14, 0.0), (x, reach)], 0.14, palette.second);
        }
    } else {
        let gill = palette.main.darker(0.4);
        sheet.hairline(&[(-0.42, -0.3), (-0.24, 0.0), (-0.42, 0.3)], 0.08, gill);
        sheet.detail(
            Shape::Petal {
                from: (-0.1, 0.08),
                to: (0.28, 0.2),
                width: 0.2,
            },
            fin,
        );
    }
    let eye = (-0.6, -0.12);
    sheet.detail(
        Shape::Ellipse {
            centre: eye,
            radii: (0.16, 0.16),
        },
        Colour::WHITE,
    );
    sheet.detail(
        Shape::Ellipse {
            centre: eye,
            radii: (0.09, 0.09),
        },
        palette.ink,
    );
}
