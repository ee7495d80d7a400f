//! The view stack on the CPU, image by image, in a layout where every inner loop runs over the
//! columns of one colour of one row: (row, channel, column).
//!
//! Resampling along rows adds four weighted rows; along columns it is a product with a small
//! dense matrix, which is faster than gathering four pixels each.

use super::plan::{Resampling, ViewStack};
use super::{NoiseSource, ViewDraw};
use crate::Result;
use crate::ops::contrast::GREY_WEIGHTS;
use crate::ops::elementwise::clamped;
use crate::ops::gemm::{Left, gemm};
use crate::ops::parallel::wide;
use crate::tensor::{Buffer, Element, Tensor};
use rayon::prelude::*;

/// Batches up to this many images stay on the calling thread.
const SERIAL_IMAGES: usize = 32;

/// 1 where the gradient passes a clip: after contrast and at the end, each [N, V, H·3·W].
pub(super) struct Masks {
    contrast: Buffer<u8>,
    last: Buffer<u8>,
}

/// Working memory of one image: two pictures and the noise.
struct Scratch<T> {
    image: Buffer<T>,
    between: Buffer<T>,
    noise: Buffer<T>,
}

impl<T: Element> Scratch<T> {
    fn new(plan: &ViewStack<T>) -> Self {
        let [h, w] = plan.size();
        let views = plan.resampling().iter().flatten();
        let largest = views.map(|view| view.resolution).max().unwrap_or(0);
        let len = 3 * h.max(largest) * w.max(largest);
        Self {
            image: Buffer::dirty(len),
            between: Buffer::dirty(len),
            noise: Buffer::dirty(len),
        }
    }
}

/// The stack of every image, and the masks for [`backward`].
pub(super) fn forward<T: Element>(
    plan: &ViewStack<T>,
    x: &Tensor<T>,
    draws: &[ViewDraw],
    noise: &dyn NoiseSource<T>,
) -> Result<(Tensor<T>, Masks)> {
    let [h, w] = plan.size();
    let (n, views, plane) = (x.shape().axis(0), plan.views(), 3 * h * w);
    let stack = views * plane;
    let values = x.host("view_stack")?;
    let mut out = Buffer::dirty(n * stack);
    let mut masks = Masks {
        contrast: Buffer::dirty(n * stack),
        last: Buffer::dirty(n * stack),
    };
    let one = |i: usize, out: &mut [T], first: &mut [u8], last: &mut [u8]| {
        let mut s = Scratch::new(plan);
        let mut image = Buffer::dirty(plane);
        wide(|| to_planes(&values[i * plane..(i + 1) * plane], w, &mut image));
        let grey = wide(|| mean_grey(&image, w));
        for (view, resampling) in plan.resampling().iter().enumerate() {
            let draw = &draws[i * views + view];
            let part = view * plane..(view + 1) * plane;
            wide(|| adjust([h, w], &image, grey, draw, &mut first[part.clone()], &mut s.image));
            let low = resampling.as_ref().map_or(plane, |r| {
                down([h, w], r, &mut s);
                3 * r.resolution * r.resolution
            });
            noise.low(i, view, &mut s.noise[..low]);
            wide(|| add_noise(plan.noise(), &s.noise[..low], &mut s.image));
            if let Some(resampling) = resampling {
                up([h, w], resampling, &mut s);
            }
            noise.full(i, view, &mut s.noise[..plane]);
            wide(|| add_noise(plan.noise(), &s.noise[..plane], &mut s.image));
            wide(|| clip_and_normalise(plan, view, &s.image[..plane], &mut last[part], out));
        }
    };
    let images = out
        .chunks_mut(stack)
        .zip(masks.contrast.chunks_mut(stack).zip(masks.last.chunks_mut(stack)))
        .enumerate();
    if n <= SERIAL_IMAGES {
        images.for_each(|(i, (out, (first, last)))| one(i, out, first, last));
    } else {
        let images: Vec<_> = images.collect();
        images
            .into_par_iter()
            .for_each(|(i, (out, (first, last)))| one(i, out, first, last));
    }
    Ok((Tensor::from_buffer([n, h, w, 3 * views], out)?, masks))
}

/// The gradient with respect to the images. The noise is a constant; the draws are not needed
/// beyond their numbers.
pub(super) fn backward<T: Element>(
    plan: &ViewStack<T>,
    dy: &Tensor<T>,
    draws: &[ViewDraw],
    masks: &Masks,
) -> Result<Tensor<T>> {
    let [h, w] = plan.size();
    let (n, views, plane) = (dy.shape().axis(0), plan.views(), 3 * h * w);
    let stack = views * plane;
    let gradient = dy.host("view_stack")?;
    let mut dx = Buffer::dirty(n * plane);
    let one = |i: usize, dx: &mut [T]| {
        let mut s = Scratch::new(plan);
        let mut sum = Buffer::filled(plane, T::zero());
        let mut grey = T::zero();
        for (view, resampling) in plan.resampling().iter().enumerate() {
            let draw = &draws[i * views + view];
            let part = i * stack + view * plane..i * stack + (view + 1) * plane;
            let dy = &gradient[i * stack..(i + 1) * stack];
            wide(|| unclip(plan, view, dy, &masks.last[part.clone()], &mut s.image));
            if let Some(resampling) = resampling {
                up_adjoint([h, w], resampling, &mut s);
                down_adjoint([h, w], resampling, &mut s);
            }
            let mask = &masks.contrast[part];
            grey += wide(|| adjust_adjoint([h, w], &s.image, draw, mask, &mut sum));
        }
        wide(|| from_planes(&sum, grey / T::of((h * w) as f64), w, dx));
    };
    if n <= SERIAL_IMAGES {
        dx.chunks_mut(plane).enumerate().for_each(|(i, dx)| one(i, dx));
    } else {
        dx.par_chunks_mut(plane)
            .enumerate()
            .for_each(|(i, dx)| one(i, dx));
    }
    Tensor::from_buffer([n, h, w, 3], dx)
}

/// Rows of RGB pixels to rows of three planes.
#[inline(always)]
fn to_planes<T: Element>(image: &[T], w: usize, planes: &mut [T]) {
    for (row, out) in image.chunks_exact(3 * w).zip(planes.chunks_exact_mut(3 * w)) {
        for (c, out) in out.chunks_exact_mut(w).enumerate() {
            for (out, pixel) in out.iter_mut().zip(row.chunks_exact(3)) {
                *out = pixel[c];
            }
        }
    }
}

/// The inverse of [`to_planes`], adding what flows through the mean grey value: `grey` times the
/// weight of the colour.
#[inline(always)]
fn from_planes<T: Element>(planes: &[T], grey: T, w: usize, image: &mut [T]) {
    for (row, from) in image.chunks_exact_mut(3 * w).zip(planes.chunks_exact(3 * w)) {
        for (c, from) in from.chunks_exact(w).enumerate() {
            let grey = grey * T::of(GREY_WEIGHTS[c]);
            for (pixel, &from) in row.chunks_exact_mut(3).zip(from) {
                pixel[c] = from + grey;
            }
        }
    }
}

/// Mean grey value of an image in planes.
#[inline(always)]
fn mean_grey<T: Element>(planes: &[T], w: usize) -> T {
    let mut columns = vec![T::zero(); w];
    for row in planes.chunks_exact(3 * w) {
        for (c, plane) in row.chunks_exact(w).enumerate() {
            let weight = T::of(GREY_WEIGHTS[c]);
            columns
                .iter_mut()
                .zip(plane)
                .for_each(|(sum, &x)| *sum += weight * x);
        }
    }
    columns.iter().copied().sum::<T>() * T::of(3.0 / planes.len() as f64)
}

/// The amounts of a draw as numbers of the element type.
#[inline(always)]
fn amounts<T: Element>(draw: &ViewDraw) -> [T; 4] {
    let (contrast, colour) = (T::of(draw.contrast), T::of(draw.colour));
    [contrast, T::one() - contrast, colour, T::one() - colour]
}

/// Shifts of a draw as non-negative numbers of rows and columns.
#[inline(always)]
fn shifts([h, w]: [usize; 2], draw: &ViewDraw) -> [usize; 2] {
    let wrap = |by: i32, length: usize| i64::from(by).rem_euclid(length as i64) as usize;
    [wrap(draw.shift[0], h), wrap(draw.shift[1], w)]
}

/// Contrast (with its mask, in unrolled positions), colour, roll.
#[inline(always)]
fn adjust<T: Element>(
    [h, w]: [usize; 2],
    image: &[T],
    grey: T,
    draw: &ViewDraw,
    mask: &mut [u8],
    out: &mut [T],
) {
    let [contrast, offset, colour, rest] = amounts::<T>(draw);
    let (offset, third) = (offset * grey, T::of(1.0 / 3.0));
    let [down, right] = shifts([h, w], draw);
    let mut row = vec![T::zero(); 3 * w];
    let rows = image.chunks_exact(3 * w).zip(mask.chunks_exact_mut(3 * w));
    for (y, (from, mask)) in rows.enumerate() {
        for ((row, mask), &x) in row.iter_mut().zip(mask).zip(from) {
            let value = contrast * x + offset;
            *mask = u8::from(value >= T::zero() && value <= T::one());
            *row = clamped(value, T::zero(), T::one());
        }
        let (red, others) = row.split_at_mut(w);
        let (green, blue) = others.split_at_mut(w);
        for ((r, g), b) in red.iter_mut().zip(green).zip(blue) {
            let mean = rest * ((*r + *g + *b) * third);
            *r = colour * *r + mean;
            *g = colour * *g + mean;
            *b = colour * *b + mean;
        }
        let to = (y + down) % h * 3 * w;
        for (c, row) in row.chunks_exact(w).enumerate() {
            let out = &mut out[to + c * w..to + (c + 1) * w];
            out[right..].copy_from_slice(&row[..w - right]);
            out[..right].copy_from_slice(&row[w - right..]);
        }
    }
}

/// Adds the gradient through roll, colour and contrast to `sum`; returns what reaches the mean
/// grey value.
#[inline(always)]
fn adjust_adjoint<T: Element>(
    [h, w]: [usize; 2],
    gradient: &[T],
    draw: &ViewDraw,
    mask: &[u8],
    sum: &mut [T],
) -> T {
    let [contrast, offset, colour, rest] = amounts::<T>(draw);
    let third = T::of(1.0 / 3.0);
    let [down, right] = shifts([h, w], draw);
    let mut row = vec![T::zero(); 3 * w];
    let mut columns = vec![T::zero(); 3 * w];
    let rows = sum.chunks_exact_mut(3 * w).zip(mask.chunks_exact(3 * w));
    for (y, (sum, mask)) in rows.enumerate() {
        let from = (y + down) % h * 3 * w;
        for (c, row) in row.chunks_exact_mut(w).enumerate() {
            let from = &gradient[from + c * w..from + (c + 1) * w];
            row[..w - right].copy_from_slice(&from[right..]);
            row[w - right..].copy_from_slice(&from[..right]);
        }
        let (red, others) = row.split_at_mut(w);
        let (green, blue) = others.split_at_mut(w);
        for ((r, g), b) in red.iter_mut().zip(green).zip(blue) {
            let mean = rest * ((*r + *g + *b) * third);
            *r = colour * *r + mean;
            *g = colour * *g + mean;
            *b = colour * *b + mean;
        }
        for (((sum, column), &mask), &row) in sum.iter_mut().zip(&mut columns).zip(mask).zip(&row) {
            let passed = if mask == 1 { row } else { T::zero() };
            *sum += contrast * passed;
            *column += passed;
        }
    }
    offset * columns.iter().copied().sum::<T>()
}

/// Adds noise of the plan's amplitude to the picture's first elements.
#[inline(always)]
fn add_noise<T: Element>(amplitude: T, noise: &[T], image: &mut [T]) {
    for (x, &u) in image.iter_mut().zip(noise) {
        *x += amplitude * u;
    }
}

/// Full size to the view's resolution: columns, then rows. The result is in `s.image`.
fn down<T: Element>([h, w]: [usize; 2], view: &Resampling<T>, s: &mut Scratch<T>) {
    let r = view.resolution;
    let left = Left::rows(&s.image[..3 * h * w], w);
    gemm([3 * h, r, w], left, &view.columns_down, &mut s.between, false);
    wide(|| {
        view.rows_down
            .apply(&s.between[..3 * h * r], 3 * r, &mut s.image[..3 * r * r])
    });
}

/// The view's resolution to full size: rows, then columns. The result is in `s.image`.
fn up<T: Element>([h, w]: [usize; 2], view: &Resampling<T>, s: &mut Scratch<T>) {
    let r = view.resolution;
    wide(|| {
        view.rows_up
            .apply(&s.image[..3 * r * r], 3 * r, &mut s.between[..3 * h * r])
    });
    let left = Left::rows(&s.between[..3 * h * r], r);
    gemm([3 * h, w, r], left, &view.columns_up, &mut s.image, false);
}

/// The adjoint of [`up`].
fn up_adjoint<T: Element>([h, w]: [usize; 2], view: &Resampling<T>, s: &mut Scratch<T>) {
    let r = view.resolution;
    let left = Left::rows(&s.image[..3 * h * w], w);
    gemm(
        [3 * h, r, w],
        left,
        &view.columns_up_adjoint,
        &mut s.between,
        false,
    );
    wide(|| {
        view.rows_up
            .apply_adjoint(&s.between[..3 * h * r], 3 * r, &mut s.image[..3 * r * r])
    });
}

/// The adjoint of [`down`].
fn down_adjoint<T: Element>([h, w]: [usize; 2], view: &Resampling<T>, s: &mut Scratch<T>) {
    let r = view.resolution;
    wide(|| {
        view.rows_down
            .apply_adjoint(&s.image[..3 * r * r], 3 * r, &mut s.between[..3 * h * r])
    });
    let left = Left::rows(&s.between[..3 * h * r], r);
    gemm(
        [3 * h, w, r],
        left,
        &view.columns_down_adjoint,
        &mut s.image,
        false,
    );
}

/// Clips to [0, 1] (with its mask), normalises, and writes the view's three channels of `out`
/// (pixels of 3·V channels).
#[inline(always)]
fn clip_and_normalise<T: Element>(
    plan: &ViewStack<T>,
    view: usize,
    image: &[T],
    mask: &mut [u8],
    out: &mut [T],
) {
    let w = plan.size()[1];
    let channels = 3 * plan.views();
    let rows = image.chunks_exact(3 * w).zip(mask.chunks_exact_mut(3 * w));
    for (out, (image, mask)) in out.chunks_exact_mut(channels * w).zip(rows) {
        for (c, (scale, shift)) in plan.normalise().into_iter().enumerate() {
            let part = c * w..(c + 1) * w;
            let pixels = out.chunks_exact_mut(channels);
            let values = image[part.clone()].iter().zip(&mut mask[part]);
            for (pixel, (&x, mask)) in pixels.zip(values) {
                *mask = u8::from(x >= T::zero() && x <= T::one());
                pixel[3 * view + c] = clamped(x, T::zero(), T::one()) * scale + shift;
            }
        }
    }
}

/// The adjoint of [`clip_and_normalise`].
#[inline(always)]
fn unclip<T: Element>(plan: &ViewStack<T>, view: usize, dy: &[T], mask: &[u8], image: &mut [T]) {
    let w = plan.size()[1];
    let channels = 3 * plan.views();
    let rows = image.chunks_exact_mut(3 * w).zip(mask.chunks_exact(3 * w));
    for (dy, (image, mask)) in dy.chunks_exact(channels * w).zip(rows) {
        for (c, (scale, _)) in plan.normalise().into_iter().enumerate() {
            let part = c * w..(c + 1) * w;
            let values = image[part.clone()].iter_mut().zip(&mask[part]);
            for (pixel, (x, &mask)) in dy.chunks_exact(channels).zip(values) {
                let passed = if mask == 1 { pixel[3 * view + c] } else { T::zero() };
                *x = passed * scale;
            }
        }
    }
}
