//! Outlines and lines, in sketch coordinates.
//!
//! Only straight edges and quadratic curves: see [`super::sheet`] for why.

use tiny_skia::{Path, PathBuilder, Rect};

use super::geometry::Point;

/// A closed outline in sketch coordinates.
pub(super) enum Shape<'a> {
    /// Straight edges between the points.
    Polygon(&'a [Point]),
    /// The closed quadratic B-spline of the points: it touches the middle of every edge of the
    /// polygon and stays inside its corners.
    Smooth(&'a [Point]),
    /// An upright ellipse.
    Ellipse { centre: Point, radii: (f32, f32) },
    /// A petal or leaf that starts at one point, ends at the other and is widest past the middle:
    /// about 0.9 of `width` across.
    Petal { from: Point, to: Point, width: f32 },
}

impl Shape<'_> {
    /// The outline, or nothing if it has no extent.
    pub(super) fn path(&self) -> Option<Path> {
        let mut builder = PathBuilder::new();
        match *self {
            Shape::Polygon(points) => {
                let (first, rest) = points.split_first()?;
                builder.move_to(first.0, first.1);
                rest.iter().for_each(|point| builder.line_to(point.0, point.1));
                builder.close();
            }
            Shape::Smooth(points) => smooth_loop(&mut builder, points)?,
            Shape::Ellipse {
                centre: (x, y),
                radii: (rx, ry),
            } => {
                builder.push_oval(Rect::from_ltrb(x - rx, y - ry, x + rx, y + ry)?);
            }
            Shape::Petal { from, to, width } => {
                let along = (to.0 - from.0, to.1 - from.1);
                let length = (along.0 * along.0 + along.1 * along.1).sqrt();
                let side = (-along.1 * width / length, along.0 * width / length);
                let at = |share: f32, offset: f32| {
                    (
                        from.0 + along.0 * share + side.0 * offset,
                        from.1 + along.1 * share + side.1 * offset,
                    )
                };
                let corners = [
                    at(0.0, 0.3),
                    at(0.5, 0.6),
                    at(1.0, 0.45),
                    at(1.0, -0.45),
                    at(0.5, -0.6),
                    at(0.0, -0.3),
                ];
                smooth_loop(&mut builder, &corners)?;
            }
        }
        builder.finish()
    }
}

/// Adds the closed quadratic B-spline of `points` to `builder`.
fn smooth_loop(builder: &mut PathBuilder, points: &[Point]) -> Option<()> {
    let middle = |a: Point, b: Point| ((a.0 + b.0) / 2.0, (a.1 + b.1) / 2.0);
    let start = middle(*points.last()?, *points.first()?);
    builder.move_to(start.0, start.1);
    for (index, &corner) in points.iter().enumerate() {
        let end = middle(corner, points[(index + 1) % points.len()]);
        builder.quad_to(corner.0, corner.1, end.0, end.1);
    }
    builder.close();
    Some(())
}

/// An open curve from the first to the last of `points`.
pub(super) fn open_curve(points: &[Point]) -> Option<Path> {
    let (first, rest) = points.split_first()?;
    let mut builder = PathBuilder::new();
    builder.move_to(first.0, first.1);
    match rest {
        [] => {}
        [end] => builder.line_to(end.0, end.1),
        _ => {
            for (index, corner) in rest[..rest.len() - 1].iter().enumerate() {
                let next = rest[index + 1];
                let end = if index + 2 == rest.len() {
                    next
                } else {
                    ((corner.0 + next.0) / 2.0, (corner.1 + next.1) / 2.0)
                };
                builder.quad_to(corner.0, corner.1, end.0, end.1);
            }
        }
    }
    builder.finish()
}
