//! Light on the finished scene: shading, shadow, brightness and grain.

use super::geometry::{Point, SIDE, pixel_centre, polar};
use super::sheet::{Picture, Sheet};
use super::stream::Stream;

/// Where the light comes from and how strong it is.
pub(super) struct Light {
    /// Unit vector towards the light in the image plane.
    direction: Point,
    /// How much brighter the object is at distance 1 towards the light than in the middle of the
    /// image, as a share.
    shading: f32,
    /// The same for object and background together.
    falloff: f32,
    /// Factor on every pixel.
    brightness: f32,
    /// Darkening of the background in the object's shadow, in [0, 1].
    shadow: f32,
    /// Distance of the shadow in pixels, rightwards and downwards.
    shadow_shift: (isize, isize),
    /// Half-width of the uniform noise on every channel of every pixel.
    grain: f32,
}

impl Light {
    /// Light from above, up to somewhat below the left or the right.
    pub(super) fn random(stream: &mut Stream) -> Self {
        let direction = polar((0.0, 0.0), 1.0, stream.within(0.3));
        let shadow = if stream.chance(0.6) {
            stream.range(0.1, 0.4)
        } else {
            0.0
        };
        Self {
            direction,
            shading: stream.range(0.05, 0.28),
            falloff: stream.range(0.0, 0.15),
            brightness: stream.range(0.85, 1.1),
            shadow,
            shadow_shift: ((-2.5 * direction.0) as isize, 1 + stream.below(2) as isize),
            grain: stream.range(0.0, 0.04),
        }
    }

    /// Puts the object on the background: its shadow, its shading, the light on both, the grain.
    /// Returns H×W×C bytes.
    pub(super) fn compose(
        &self,
        picture: &Picture,
        object: &Sheet,
        stream: &mut Stream,
    ) -> [u8; SIDE * SIDE * 3] {
        let object: Vec<_> = object.averaged().collect();
        let mut image = [0; SIDE * SIDE * 3];
        for (index, pixel) in picture.iter().enumerate() {
            let point = pixel_centre(index);
            let facing = point.0 * self.direction.0 + point.1 * self.direction.1;
            let (colour, opacity) = object[index];
            let lit = self.brightness * (1.0 + self.falloff * facing);
            let on_object = lit * (1.0 + self.shading * facing);
            let on_background = lit * (1.0 - self.shadow * self.cast(&object, index)) * (1.0 - opacity);
            for (channel, (below, above)) in pixel.0.iter().zip(colour).enumerate() {
                let value = below * on_background + above * on_object + stream.within(self.grain);
                image[index * 3 + channel] = (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
            }
        }
        image
    }

    /// How far pixel `index` lies in the shadow, in [0, 1].
    fn cast(&self, object: &[([f32; 3], f32)], index: usize) -> f32 {
        if self.shadow == 0.0 {
            return 0.0;
        }
        let side = SIDE as isize;
        let column = (index % SIDE) as isize - self.shadow_shift.0;
        let row = (index / SIDE) as isize - self.shadow_shift.1;
        if (0..side).contains(&column) && (0..side).contains(&row) {
            object[(row * side + column) as usize].1
        } else {
            0.0
        }
    }
}
