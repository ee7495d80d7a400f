//! Colours and the choice of those of one image.

use super::stream::Stream;

/// A colour: red, green and blue in sRGB, each in [0, 1].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Colour(pub(super) [f32; 3]);

impl Colour {
    pub(super) const BLACK: Self = Self([0.0; 3]);
    pub(super) const WHITE: Self = Self([1.0; 3]);

    /// The colour with the given hue (in turns, [0, 1)) and saturation in [0, 1] at full value, as
    /// in the HSV hexcone model.
    fn of_hue(hue: f32, saturation: f32) -> Self {
        let channel = |offset: f32| {
            let position = (hue + offset).fract() * 6.0;
            let ramp = ((position - 3.0).abs() - 1.0).clamp(0.0, 1.0);
            1.0 - saturation * (1.0 - ramp)
        };
        Self([channel(0.0), channel(2.0 / 3.0), channel(1.0 / 3.0)])
    }

    /// Relative brightness in [0, 1] by the weights of ITU-R BT.601, applied to sRGB values as the
    /// usual grey conversion of images does.
    pub(super) fn luma(self) -> f32 {
        let [red, green, blue] = self.0;
        0.299 * red + 0.587 * green + 0.114 * blue
    }

    /// This colour moved a share `amount` in [0, 1] of the way to `other`.
    pub(super) fn towards(self, other: Self, amount: f32) -> Self {
        let [red, green, blue] = self.0;
        let blend = |from: f32, to: f32| from + (to - from) * amount;
        Self([
            blend(red, other.0[0]),
            blend(green, other.0[1]),
            blend(blue, other.0[2]),
        ])
    }

    /// This colour moved towards white by `amount` in [0, 1].
    pub(super) fn lighter(self, amount: f32) -> Self {
        self.towards(Self::WHITE, amount)
    }

    /// This colour moved towards black by `amount` in [0, 1].
    pub(super) fn darker(self, amount: f32) -> Self {
        self.towards(Self::BLACK, amount)
    }

    /// The colour of this hue whose luma is `luma`: darkened, or mixed with white.
    fn with_luma(self, luma: f32) -> Self {
        let own = self.luma();
        if own > luma {
            self.darker(1.0 - luma / own)
        } else if own < 1.0 {
            self.lighter((luma - own) / (1.0 - own))
        } else {
            self
        }
    }

    /// A vivid colour of any hue with luma `luma`, in one of four cases nearly grey.
    pub(super) fn vivid(stream: &mut Stream, luma: f32) -> Self {
        let (low, high) = if stream.chance(0.25) {
            (0.0, 0.2)
        } else {
            (0.4, 1.0)
        };
        Self::of_hue(stream.unit(), stream.range(low, high)).with_luma(luma)
    }

    /// A subdued colour of the given hue (in turns, [0, 1)) with luma `luma`.
    pub(super) fn muted(stream: &mut Stream, hue: f32, luma: f32) -> Self {
        Self::of_hue(hue, stream.range(0.05, 0.6)).with_luma(luma)
    }
}

/// A random luma between `low` and `high` that keeps at least `gap` from `other`, spread evenly over
/// what remains of the interval on both sides of `other`. Something remains as long as `gap` is less
/// than half of the interval.
pub(super) fn luma_away_from(stream: &mut Stream, other: f32, gap: f32, low: f32, high: f32) -> f32 {
    let below = (other - gap - low).max(0.0);
    let above = (high - other - gap).max(0.0);
    let at = stream.unit() * (below + above);
    if at < below { low + at } else { high - (at - below) }
}

/// The colours of one object. The hues are independent of the class.
pub(super) struct Palette {
    /// The largest part. Its luma stands clear of the background.
    pub(super) main: Colour,
    /// Further parts and patterns. Its luma stands clear of `main`.
    pub(super) second: Colour,
    /// Small parts.
    pub(super) third: Colour,
    /// Dark features such as eyes, stems and tyres.
    pub(super) ink: Colour,
}

impl Palette {
    /// Chooses the colours of an object in front of a background of luma `background`.
    pub(super) fn random(stream: &mut Stream, background: f32) -> Self {
        let main_luma = luma_away_from(stream, background, 0.3, 0.12, 0.92);
        let second_luma = luma_away_from(stream, main_luma, 0.22, 0.1, 0.95);
        let third_luma = luma_away_from(stream, background, 0.2, 0.1, 0.95);
        Self {
            main: Colour::vivid(stream, main_luma),
            second: Colour::vivid(stream, second_luma),
            third: Colour::vivid(stream, third_luma),
            ink: Colour::vivid(stream, 0.08),
        }
    }
}
