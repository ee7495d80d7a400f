//! Coordinates, angles and poses.
//!
//! Objects are drawn in sketch coordinates: x to the right, y down, the object between −1 and 1 on
//! both axes.

/// A point in sketch coordinates.
pub(super) type Point = (f32, f32);

/// Side of a finished image in pixels.
pub(super) const SIDE: usize = 32;

/// Sine and cosine of an angle given in turns, `turns` between −100 and 100.
///
/// Reduction to an eighth of a turn, then Taylor polynomials, in additions and products only
/// (absolute error below 5·10⁻⁶): the functions of the platform's mathematics library may differ in
/// the last bit from one machine to another.
pub(super) fn sin_cos(turns: f32) -> (f32, f32) {
    let quarter = (turns * 4.0 + 0.5).floor();
    let x = (turns - quarter * 0.25) * core::f32::consts::TAU;
    let square = x * x;
    let sine = x * (1.0 - square * (1.0 / 6.0 - square * (1.0 / 120.0 - square * (1.0 / 5040.0))));
    let cosine = 1.0 - square * (0.5 - square * (1.0 / 24.0 - square * (1.0 / 720.0)));
    match (quarter as i32).rem_euclid(4) {
        0 => (sine, cosine),
        1 => (cosine, -sine),
        2 => (-sine, -cosine),
        _ => (-cosine, sine),
    }
}

/// The point at `radius` from `centre` in the direction `turns`: 0 points up, 0.25 right.
pub(super) fn polar(centre: Point, radius: f32, turns: f32) -> Point {
    let (sine, cosine) = sin_cos(turns);
    (centre.0 + radius * sine, centre.1 - radius * cosine)
}

/// The centre of pixel `index` in coordinates from −1 to 1: x to the right, y down.
pub(super) fn pixel_centre(index: usize) -> Point {
    let to_unit = |place: usize| (2 * place + 1) as f32 / SIDE as f32 - 1.0;
    (to_unit(index % SIDE), to_unit(index / SIDE))
}

/// Where an object stands in the image and how it is distorted.
pub(super) struct Pose {
    /// Distance in image pixels that one unit of the sketch becomes, along x and y.
    pub(super) scale: (f32, f32),
    /// Clockwise rotation in turns.
    pub(super) turns: f32,
    /// Horizontal displacement per unit of height.
    pub(super) shear: f32,
    /// Whether left and right are exchanged.
    pub(super) mirrored: bool,
    /// Centre of the object, in image pixels from the top left corner.
    pub(super) centre: Point,
}

impl Pose {
    /// The pose in which the sketch's square [−1, 1]² is the whole image.
    pub(super) fn whole_image() -> Self {
        let half = SIDE as f32 / 2.0;
        Self {
            scale: (half, half),
            turns: 0.0,
            shear: 0.0,
            mirrored: false,
            centre: (half, half),
        }
    }

    /// The affine map from sketch coordinates to image pixels: (x′, y′) =
    /// (m₀x + m₂y + m₄, m₁x + m₃y + m₅).
    pub(super) fn to_pixels(&self) -> [f32; 6] {
        let (sine, cosine) = sin_cos(self.turns);
        let x_scale = if self.mirrored {
            -self.scale.0
        } else {
            self.scale.0
        };
        let y_scale = self.scale.1;
        let x_from_y = self.shear * y_scale;
        [
            cosine * x_scale,
            sine * x_scale,
            cosine * x_from_y - sine * y_scale,
            sine * x_from_y + cosine * y_scale,
            self.centre.0,
            self.centre.1,
        ]
    }
}
