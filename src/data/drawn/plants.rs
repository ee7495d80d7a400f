//! Apple, flower, mushroom and tree.

use super::colour::{Colour, Palette};
use super::geometry::{Point, polar};
use super::shape::Shape;
use super::sheet::Sheet;
use super::stream::Stream;

/// Two lobes with a dip above and below, stem, leaf, shade and a highlight.
pub(super) fn apple(sheet: &mut Sheet, stream: &mut Stream, palette: &Palette) {
    let cheek = stream.range(0.92, 1.08);
    let right: [Point; 6] = [
        (0.0, -0.32),
        (0.4, -0.78),
        (cheek, -0.55),
        (cheek, 0.3),
        (0.55, 1.05),
        (0.2, 1.0),
    ];
    let left = right[1..].iter().rev().map(|&(x, y)| (-x, y));
    let body: Vec<Point> = right.into_iter().chain([(0.0, 0.82)]).chain(left).collect();
    let lean = stream.range(0.05, 0.2);
    sheet.line(
        &[(0.0, -0.4), (0.0, -0.7), (lean, -0.98)],
        0.13,
        palette.ink.lighter(0.12),
    );
    if stream.chance(0.75) {
        sheet.part(
            Shape::Petal {
                from: (0.05, -0.66),
                to: (0.72, -0.92),
                width: 0.34,
            },
            palette.third,
        );
    }
    sheet.part(Shape::Smooth(&body), palette.main.darker(0.25));
    let lit: Vec<Point> = body
        .iter()
        .map(|&(x, y)| (x * 0.86 - 0.07, y * 0.9 - 0.05))
        .collect();
    sheet.detail(Shape::Smooth(&lit), palette.main);
    sheet.detail(
        Shape::Ellipse {
            centre: (0.0, -0.46),
            radii: (0.2, 0.08),
        },
        palette.main.darker(0.45),
    );
    let shine = palette.main.lighter(0.55);
    sheet.detail(
        Shape::Petal {
            from: (-0.62, 0.12),
            to: (-0.42, -0.42),
            width: 0.22,
        },
        shine,
    );
}

/// Five to eight petals around a disc, on a stem with two leaves.
pub(super) fn flower(sheet: &mut Sheet, stream: &mut Stream, palette: &Palette) {
    let centre = (0.0, -0.3);
    let sway = stream.within(0.2);
    sheet.line(&[centre, (sway, 0.4), (0.0, 0.98)], 0.13, palette.third);
    let leaf = palette.third.lighter(0.15);
    sheet.part(
        Shape::Petal {
            from: (0.03, 0.82),
            to: (0.62, 0.42),
            width: 0.26,
        },
        leaf,
    );
    sheet.part(
        Shape::Petal {
            from: (-0.03, 0.9),
            to: (-0.6, 0.55),
            width: 0.26,
        },
        leaf,
    );
    let petals = 5 + stream.below(4);
    let width = 2.9 / petals as f32;
    let phase = stream.unit();
    for petal in 0..petals {
        let turns = phase + petal as f32 / petals as f32;
        let shape = Shape::Petal {
            from: polar(centre, 0.12, turns),
            to: polar(centre, 0.74, turns),
            width,
        };
        sheet.part(
            shape,
            if petal % 2 == 0 {
                palette.main
            } else {
                palette.main.lighter(0.12)
            },
        );
    }
    sheet.part(
        Shape::Ellipse {
            centre,
            radii: (0.25, 0.25),
        },
        palette.second,
    );
    let shine = palette.second.lighter(0.4);
    sheet.detail(
        Shape::Ellipse {
            centre: (-0.07, -0.38),
            radii: (0.08, 0.07),
        },
        shine,
    );
}

/// A domed cap with spots on a stout stem.
pub(super) fn mushroom(sheet: &mut Sheet, stream: &mut Stream, palette: &Palette) {
    let girth = stream.range(0.24, 0.36);
    let stem: [Point; 6] = [
        (-girth, -0.1),
        (girth, -0.1),
        (girth * 0.9, 0.5),
        (girth * 1.6, 1.02),
        (-girth * 1.6, 1.02),
        (-girth * 0.9, 0.5),
    ];
    let pale = Colour::WHITE.towards(palette.third, 0.35);
    sheet.part(Shape::Smooth(&stem), pale);
    let rim = stream.range(0.12, 0.28);
    let cap: [Point; 8] = [
        (-0.68, -1.0),
        (0.0, -1.02),
        (0.68, -1.0),
        (1.08, -0.1),
        (0.85, rim),
        (0.0, rim - 0.08),
        (-0.85, rim),
        (-1.08, -0.1),
    ];
    sheet.part(Shape::Smooth(&cap), palette.main);
    if stream.chance(0.8) {
        let spots: [(Point, f32); 4] = [
            ((-0.45, -0.3), 0.17),
            ((0.1, -0.62), 0.18),
            ((0.5, -0.22), 0.17),
            ((0.02, -0.12), 0.11),
        ];
        for (centre, radius) in spots {
            let radius = radius * stream.range(0.75, 1.15);
            sheet.detail(
                Shape::Ellipse {
                    centre,
                    radii: (radius, radius * 0.85),
                },
                palette.second,
            );
        }
    } else {
        let shine = palette.main.lighter(0.45);
        sheet.detail(
            Shape::Petal {
                from: (-0.7, -0.2),
                to: (-0.35, -0.65),
                width: 0.2,
            },
            shine,
        );
    }
    sheet.hairline(
        &[(-girth, 0.14), (0.0, 0.2), (girth, 0.14)],
        0.1,
        pale.darker(0.4),
    );
}

/// A fir of three tiers or a broad crown, on a trunk.
pub(super) fn tree(sheet: &mut Sheet, stream: &mut Stream, palette: &Palette) {
    if stream.chance(0.5) {
        fir(sheet, stream, palette)
    } else {
        broadleaf(sheet, stream, palette)
    }
}

fn trunk(sheet: &mut Sheet, half_width: f32, top: f32, colour: Colour) {
    let corners = [
        (-half_width, top),
        (half_width, top),
        (half_width * 1.4, 0.98),
        (-half_width * 1.4, 0.98),
    ];
    sheet.part(Shape::Polygon(&corners), colour);
}

fn fir(sheet: &mut Sheet, stream: &mut Stream, palette: &Palette) {
    trunk(sheet, 0.13, 0.5, palette.third);
    let snow = stream.chance(0.3);
    let tiers = [(0.72, 0.0, 0.68), (0.58, -0.45, 0.28), (0.42, -0.98, -0.15)];
    for (half_width, top, bottom) in tiers {
        let corners = [
            (0.0, top - 0.12),
            (half_width, bottom),
            (0.0, bottom + 0.1),
            (-half_width, bottom),
        ];
        sheet.part(Shape::Polygon(&corners), palette.main);
        let shade = [(0.0, top - 0.12), (half_width, bottom), (0.0, bottom + 0.1)];
        sheet.detail(Shape::Polygon(&shade), palette.main.darker(0.3));
        if snow {
            let ends = [
                (-half_width * 0.8, bottom - 0.02),
                (half_width * 0.1, bottom + 0.06),
            ];
            sheet.hairline(&ends, 0.1, palette.second);
        }
    }
}

fn broadleaf(sheet: &mut Sheet, stream: &mut Stream, palette: &Palette) {
    trunk(sheet, 0.13, 0.1, palette.third);
    let tufts: [(Point, f32); 5] = [
        ((-0.48, 0.0), 0.38),
        ((0.48, 0.02), 0.38),
        ((-0.34, -0.48), 0.4),
        ((0.36, -0.46), 0.4),
        ((0.0, -0.2), 0.5),
    ];
    let tufts = tufts.map(|(centre, radius)| (centre, radius * stream.range(0.92, 1.1)));
    let shade = palette.main.darker(0.3);
    for (centre, radius) in tufts {
        sheet.part(
            Shape::Ellipse {
                centre,
                radii: (radius, radius),
            },
            shade,
        );
    }
    // Each tuft is lit from above; the lit faces together also hide the outlines inside the crown.
    for ((x, y), radius) in tufts {
        let radii = (radius * 0.92, radius * 0.86);
        sheet.detail(
            Shape::Ellipse {
                centre: (x, y - radius * 0.12),
                radii,
            },
            palette.main,
        );
    }
    let shine = palette.main.lighter(0.3);
    for (x, y) in [(-0.36, -0.58), (0.36, -0.56), (0.0, -0.38)] {
        sheet.detail(
            Shape::Ellipse {
                centre: (x, y),
                radii: (0.2, 0.11),
            },
            shine,
        );
    }
    if stream.chance(0.35) {
        for (x, y) in [(-0.15, -0.3), (0.35, -0.55), (-0.45, 0.15), (0.45, 0.15)] {
            sheet.detail(
                Shape::Ellipse {
                    centre: (x, y),
                    radii: (0.1, 0.1),
                },
                palette.second,
            );
        }
    }
}
