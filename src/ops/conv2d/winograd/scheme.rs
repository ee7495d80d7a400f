//! The one-dimensional transforms, for vectors of channels.
//!
//! F(m, 3) makes m outputs of a filter of three taps from m + 2 inputs d with m + 2 products instead of
//! 3m: y = Aᵀ((G·g) ⊙ (Bᵀ·d)) (Winograd 1980; the construction from points in Lavin & Gray, arXiv
//! 1509.09308). Nothing here fuses a multiplication with an addition, so every instruction set gives the
//! same bits.

use pulp::Simd;

/// The matrices Bᵀ, G and Aᵀ of F(`OUT`, 3), with `IN` = `OUT` + 2, and the adjoints of G and Aᵀ.
pub(super) trait Scheme<const IN: usize, const OUT: usize>: Copy + Sync {
    /// Bᵀ·d.
    fn input<S: Simd>(self, simd: S, d: [S::f32s; IN]) -> [S::f32s; IN];
    /// G·g.
    fn filter<S: Simd>(self, simd: S, g: [S::f32s; 3]) -> [S::f32s; IN];
    /// Aᵀ·m.
    fn output<S: Simd>(self, simd: S, m: [S::f32s; IN]) -> [S::f32s; OUT];
    /// Gᵀ·u.
    fn filter_adjoint<S: Simd>(self, simd: S, u: [S::f32s; IN]) -> [S::f32s; 3];
    /// A·y.
    fn output_adjoint<S: Simd>(self, simd: S, y: [S::f32s; OUT]) -> [S::f32s; IN];
}

/// F(2, 3) at the points 0, 1, −1 and ∞. Its error is that of a direct sum.
#[derive(Clone, Copy)]
pub(super) struct TwoByTwo;

impl Scheme<4, 2> for TwoByTwo {
    #[inline(always)]
    fn input<S: Simd>(self, s: S, [a, b, c, d]: [S::f32s; 4]) -> [S::f32s; 4] {
        [
            s.sub_f32s(a, c),
            s.add_f32s(b, c),
            s.sub_f32s(c, b),
            s.sub_f32s(b, d),
        ]
    }

    #[inline(always)]
    fn filter<S: Simd>(self, s: S, [a, b, c]: [S::f32s; 3]) -> [S::f32s; 4] {
        let half = s.splat_f32s(0.5);
        let even = s.add_f32s(a, c);
        [
            a,
            s.mul_f32s(half, s.add_f32s(even, b)),
            s.mul_f32s(half, s.sub_f32s(even, b)),
            c,
        ]
    }

    #[inline(always)]
    fn output<S: Simd>(self, s: S, [a, b, c, d]: [S::f32s; 4]) -> [S::f32s; 2] {
        [s.add_f32s(a, s.add_f32s(b, c)), s.sub_f32s(s.sub_f32s(b, c), d)]
    }

    #[inline(always)]
    fn filter_adjoint<S: Simd>(self, s: S, [a, b, c, d]: [S::f32s; 4]) -> [S::f32s; 3] {
        let half = s.splat_f32s(0.5);
        let even = s.mul_f32s(half, s.add_f32s(b, c));
        [
            s.add_f32s(a, even),
            s.mul_f32s(half, s.sub_f32s(b, c)),
            s.add_f32s(even, d),
        ]
    }

    #[inline(always)]
    fn output_adjoint<S: Simd>(self, s: S, [a, b]: [S::f32s; 2]) -> [S::f32s; 4] {
        [a, s.add_f32s(a, b), s.sub_f32s(a, b), s.neg_f32s(b)]
    }
}

/// F(4, 3) at the points 0, ±[`NEAR`], ±[`FAR`] and ∞. The usual points 0, ±1 and ±2 cost three to eight
/// times the accuracy; these are exact in binary, and the error stays within twice or thrice that of a
/// direct sum.
#[derive(Clone, Copy)]
pub(super) struct FourByFour;

const NEAR: f32 = 0.625;
const FAR: f32 = 1.5;
const NEAR_2: f32 = NEAR * NEAR;
const FAR_2: f32 = FAR * FAR;
/// Coefficients of x(x² − a²)(x² − b²).
const SUM: f32 = NEAR_2 + FAR_2;
const PRODUCT: f32 = NEAR_2 * FAR_2;
/// One over the product of a point's distances to the other points: 0, ±a, ±b.
const WEIGHT_0: f32 = 1.0 / PRODUCT;
const WEIGHT_NEAR: f32 = 1.0 / (2.0 * NEAR_2 * (NEAR_2 - FAR_2));
const WEIGHT_FAR: f32 = 1.0 / (2.0 * FAR_2 * (FAR_2 - NEAR_2));

#[inline(always)]
fn times<S: Simd>(s: S, factor: f32, v: S::f32s) -> S::f32s {
    s.mul_f32s(s.splat_f32s(factor), v)
}

/// The product at 0 or ∞: [`PRODUCT`]·low − [`SUM`]·middle + high.
#[inline(always)]
fn end_point<S: Simd>(s: S, low: S::f32s, middle: S::f32s, high: S::f32s) -> S::f32s {
    s.add_f32s(s.sub_f32s(times(s, PRODUCT, low), times(s, SUM, middle)), high)
}

/// A filter at ±`point`, times the points' weight.
#[inline(always)]
fn filter_at<S: Simd>(s: S, weight: f32, point: f32, [a, b, c]: [S::f32s; 3]) -> (S::f32s, S::f32s) {
    let even = times(s, weight, s.add_f32s(a, times(s, point * point, c)));
    let odd = times(s, weight * point, b);
    (s.add_f32s(even, odd), s.sub_f32s(even, odd))
}

/// The polynomial of four outputs at ±`point`.
#[inline(always)]
fn output_at<S: Simd>(s: S, point: f32, [a, b, c, d]: [S::f32s; 4]) -> (S::f32s, S::f32s) {
    let even = s.add_f32s(a, times(s, point * point, c));
    let odd = s.add_f32s(times(s, point, b), times(s, point * point * point, d));
    (s.add_f32s(even, odd), s.sub_f32s(even, odd))
}

impl Scheme<6, 4> for FourByFour {
    #[inline(always)]
    fn input<S: Simd>(self, s: S, d: [S::f32s; 6]) -> [S::f32s; 6] {
        let near = (
            s.sub_f32s(d[4], times(s, FAR_2, d[2])),
            times(s, NEAR, s.sub_f32s(d[3], times(s, FAR_2, d[1]))),
        );
        let far = (
            s.sub_f32s(d[4], times(s, NEAR_2, d[2])),
            times(s, FAR, s.sub_f32s(d[3], times(s, NEAR_2, d[1]))),
        );
        [
            end_point(s, d[0], d[2], d[4]),
            s.add_f32s(near.0, near.1),
            s.sub_f32s(near.0, near.1),
            s.add_f32s(far.0, far.1),
            s.sub_f32s(far.0, far.1),
            end_point(s, d[1], d[3], d[5]),
        ]
    }

    #[inline(always)]
    fn filter<S: Simd>(self, s: S, [a, b, c]: [S::f32s; 3]) -> [S::f32s; 6] {
        let near = filter_at(s, WEIGHT_NEAR, NEAR, [a, b, c]);
        let far = filter_at(s, WEIGHT_FAR, FAR, [a, b, c]);
        [times(s, WEIGHT_0, a), near.0, near.1, far.0, far.1, c]
    }

    #[inline(always)]
    fn output<S: Simd>(self, s: S, m: [S::f32s; 6]) -> [S::f32s; 4] {
        let (near, far) = (
            (s.add_f32s(m[1], m[2]), s.sub_f32s(m[1], m[2])),
            (s.add_f32s(m[3], m[4]), s.sub_f32s(m[3], m[4])),
        );
        let cubes = s.add_f32s(times(s, NEAR * NEAR_2, near.1), times(s, FAR * FAR_2, far.1));
        [
            s.add_f32s(m[0], s.add_f32s(near.0, far.0)),
            s.add_f32s(times(s, NEAR, near.1), times(s, FAR, far.1)),
            s.add_f32s(times(s, NEAR_2, near.0), times(s, FAR_2, far.0)),
            s.add_f32s(cubes, m[5]),
        ]
    }

    #[inline(always)]
    fn filter_adjoint<S: Simd>(self, s: S, u: [S::f32s; 6]) -> [S::f32s; 3] {
        let near = (
            times(s, WEIGHT_NEAR, s.add_f32s(u[1], u[2])),
            times(s, WEIGHT_NEAR * NEAR, s.sub_f32s(u[1], u[2])),
        );
        let far = (
            times(s, WEIGHT_FAR, s.add_f32s(u[3], u[4])),
            times(s, WEIGHT_FAR * FAR, s.sub_f32s(u[3], u[4])),
        );
        let squares = s.add_f32s(times(s, NEAR_2, near.0), times(s, FAR_2, far.0));
        [
            s.add_f32s(times(s, WEIGHT_0, u[0]), s.add_f32s(near.0, far.0)),
            s.add_f32s(near.1, far.1),
            s.add_f32s(squares, u[5]),
        ]
    }

    #[inline(always)]
    fn output_adjoint<S: Simd>(self, s: S, [a, b, c, d]: [S::f32s; 4]) -> [S::f32s; 6] {
        let (near, far) = (output_at(s, NEAR, [a, b, c, d]), output_at(s, FAR, [a, b, c, d]));
        [a, near.0, near.1, far.0, far.1, d]
    }
}

/// One of a scheme's transforms, from `FROM` to `TO` values.
///
/// A trait and not a closure: the compiler puts a closure's code into a function of its own, without the wide
/// instructions of the caller.
pub(super) trait Transform<const FROM: usize, const TO: usize>: Copy {
    /// Of the values along one axis.
    fn along<S: Simd>(self, simd: S, values: [S::f32s; FROM]) -> [S::f32s; TO];
}

/// Declares a transform: its name and the method of [`Scheme`] that it is.
macro_rules! transforms {
    ($($(#[$doc:meta])* $name:ident: $method:ident, $from:tt to $to:tt;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub(super) struct $name<W, const IN: usize, const OUT: usize>(pub W);

        impl<W: Scheme<IN, OUT>, const IN: usize, const OUT: usize> Transform<$from, $to> for $name<W, IN, OUT> {
            #[inline(always)]
            fn along<S: Simd>(self, simd: S, values: [S::f32s; $from]) -> [S::f32s; $to] {
                self.0.$method(simd, values)
            }
        }
    )*};
}

transforms! {
    /// [`Scheme::input`].
    Input: input, IN to IN;
    /// [`Scheme::filter`].
    Filter: filter, 3 to IN;
    /// [`Scheme::output`].
    Output: output, IN to OUT;
    /// [`Scheme::filter_adjoint`].
    FilterAdjoint: filter_adjoint, IN to 3;
    /// [`Scheme::output_adjoint`].
    OutputAdjoint: output_adjoint, OUT to IN;
}
