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

impl Scheme<6, 4> for FourByFour {
    #[inline(always)]
    fn input<S: Simd>(self, s: S, d: [S::f32s; 6]) -> [S::f32s; 6] {
        let times = |factor: f32, v| s.mul_f32s(s.splat_f32s(factor), v);
        // PRODUCT·low − SUM·middle + high
        let end = |low, middle, high| s.add_f32s(s.sub_f32s(times(PRODUCT, low), times(SUM, middle)), high);
        let near = (
            s.sub_f32s(d[4], times(FAR_2, d[2])),
            times(NEAR, s.sub_f32s(d[3], times(FAR_2, d[1]))),
        );
        let far = (
            s.sub_f32s(d[4], times(NEAR_2, d[2])),
            times(FAR, s.sub_f32s(d[3], times(NEAR_2, d[1]))),
        );
        [
            end(d[0], d[2], d[4]),
            s.add_f32s(near.0, near.1),
            s.sub_f32s(near.0, near.1),
            s.add_f32s(far.0, far.1),
            s.sub_f32s(far.0, far.1),
            end(d[1], d[3], d[5]),
        ]
    }

    #[inline(always)]
    fn filter<S: Simd>(self, s: S, [a, b, c]: [S::f32s; 3]) -> [S::f32s; 6] {
        let times = |factor: f32, v| s.mul_f32s(s.splat_f32s(factor), v);
        let pair = |weight: f32, point: f32| {
            let even = times(weight, s.add_f32s(a, times(point * point, c)));
            let odd = times(weight * point, b);
            (s.add_f32s(even, odd), s.sub_f32s(even, odd))
        };
        let (near, far) = (pair(WEIGHT_NEAR, NEAR), pair(WEIGHT_FAR, FAR));
        [times(WEIGHT_0, a), near.0, near.1, far.0, far.1, c]
    }

    #[inline(always)]
    fn output<S: Simd>(self, s: S, m: [S::f32s; 6]) -> [S::f32s; 4] {
        let times = |factor: f32, v| s.mul_f32s(s.splat_f32s(factor), v);
        let (near, far) = (
            (s.add_f32s(m[1], m[2]), s.sub_f32s(m[1], m[2])),
            (s.add_f32s(m[3], m[4]), s.sub_f32s(m[3], m[4])),
        );
        let cubes = s.add_f32s(times(NEAR * NEAR_2, near.1), times(FAR * FAR_2, far.1));
        [
            s.add_f32s(m[0], s.add_f32s(near.0, far.0)),
            s.add_f32s(times(NEAR, near.1), times(FAR, far.1)),
            s.add_f32s(times(NEAR_2, near.0), times(FAR_2, far.0)),
            s.add_f32s(cubes, m[5]),
        ]
    }

    #[inline(always)]
    fn filter_adjoint<S: Simd>(self, s: S, u: [S::f32s; 6]) -> [S::f32s; 3] {
        let times = |factor: f32, v| s.mul_f32s(s.splat_f32s(factor), v);
        let near = (
            times(WEIGHT_NEAR, s.add_f32s(u[1], u[2])),
            times(WEIGHT_NEAR * NEAR, s.sub_f32s(u[1], u[2])),
        );
        let far = (
            times(WEIGHT_FAR, s.add_f32s(u[3], u[4])),
            times(WEIGHT_FAR * FAR, s.sub_f32s(u[3], u[4])),
        );
        let squares = s.add_f32s(times(NEAR_2, near.0), times(FAR_2, far.0));
        [
            s.add_f32s(times(WEIGHT_0, u[0]), s.add_f32s(near.0, far.0)),
            s.add_f32s(near.1, far.1),
            s.add_f32s(squares, u[5]),
        ]
    }

    #[inline(always)]
    fn output_adjoint<S: Simd>(self, s: S, [a, b, c, d]: [S::f32s; 4]) -> [S::f32s; 6] {
        let times = |factor: f32, v| s.mul_f32s(s.splat_f32s(factor), v);
        let pair = |point: f32| {
            let even = s.add_f32s(a, times(point * point, c));
            let odd = s.add_f32s(times(point, b), times(point * point * point, d));
            (s.add_f32s(even, odd), s.sub_f32s(even, odd))
        };
        let (near, far) = (pair(NEAR), pair(FAR));
        [a, near.0, near.1, far.0, far.1, d]
    }
}

/// `f` along both axes of a square: first down its columns, then along its rows.
#[inline(always)]
pub(super) fn both_axes<V: Copy, const FROM: usize, const TO: usize>(
    square: [[V; FROM]; FROM],
    f: impl Fn([V; FROM]) -> [V; TO],
) -> [[V; TO]; TO] {
    let first = square[0][0];
    let mut columns = [[first; FROM]; TO];
    for j in 0..FROM {
        let column = f(std::array::from_fn(|i| square[i][j]));
        for (row, value) in columns.iter_mut().zip(column) {
            row[j] = value;
        }
    }
    let mut out = [[first; TO]; TO];
    for (out, row) in out.iter_mut().zip(columns) {
        *out = f(row);
    }
    out
}

/// A vector of the first elements of `from`; zeros beyond its end.
#[inline(always)]
pub(super) fn load<S: Simd>(simd: S, from: &[f32]) -> S::f32s {
    match S::as_simd_f32s(from).0.first() {
        Some(&whole) => whole,
        None => simd.partial_load_f32s(from),
    }
}

/// As much of `vector` as `to` holds.
#[inline(always)]
pub(super) fn store<S: Simd>(simd: S, to: &mut [f32], vector: S::f32s) {
    if to.len() >= S::F32_LANES {
        if let Some(whole) = S::as_mut_simd_f32s(to).0.first_mut() {
            *whole = vector;
        }
    } else {
        simd.partial_store_f32s(to, vector);
    }
}
