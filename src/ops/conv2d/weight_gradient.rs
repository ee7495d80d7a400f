//! Gradient of the weights on the CPU: dyᵀ · unrolled x.
//!
//! The output pixels are cut into tiles by the shapes alone; the tiles' sums are added up in order.

use super::Geometry;
use super::unroll::unroll;
use super::winograd::{Size, weight_gradient};
use crate::Result;
use crate::ops::gemm::{Left, gemm};
use crate::ops::panels::{COLUMN_ROWS, LANES, add_transposed_product, as_f32, as_f32_mut};
use crate::ops::parallel::{SERIAL_FLOPS, chunks_if};
use crate::tensor::{Buffer, Element, Tensor};
use rayon::prelude::*;

/// Parts of the output pixels, at most.
const PARTS: usize = 16;

/// Most elements of windows that are held at once.
const MOST_HELD: usize = 1 << 20;

/// The gradient K,R,S,C.
pub(super) fn wgrad<T: Element>(g: &Geometry, dy: &Tensor<T>, x: &Tensor<T>) -> Result<Tensor<T>> {
    let (dy, x) = (dy.host("conv2d")?, x.host("conv2d")?);
    let mut dw = Buffer::dirty(g.k * g.depth());
    match (as_f32(dy), as_f32(x), as_f32_mut(&mut dw)) {
        (Some(dy), Some(x), Some(dw)) => match Size::of(g) {
            Some(size) => weight_gradient(g, size, dy, x, dw),
            None if g.k.is_multiple_of(COLUMN_ROWS) => by_rows(g, dy, x, dw),
            None => by_products(g, dy, x, dw),
        },
        _ => by_products(g, dy, x, &mut dw),
    }
    Tensor::from_buffer([g.k, g.r, g.s, g.c], dw)
}

/// Each job has a few rows of the gradient, output channels, and walks all pixels.
fn by_rows(g: &Geometry, dy: &[f32], x: &[f32], dw: &mut [f32]) {
    let (rows, tile) = (g.rows(), g.tile_rows());
    let parallel = g.flops() >= SERIAL_FLOPS;
    // Whole vectors; the input itself where it is the left matrix and made of them.
    let depth = g.depth().next_multiple_of(LANES);
    let direct = g.is_pointwise() && depth == g.depth();
    let held_rows = if direct {
        rows
    } else {
        (MOST_HELD / depth / tile).max(1) * tile
    };
    let mut held = Buffer::dirty(if direct { 0 } else { held_rows.min(rows) * depth });
    let mut sums = Buffer::filled(if depth == g.depth() { 0 } else { g.k * depth }, 0.0);
    let in_place = sums.is_empty();
    if in_place {
        dw.fill(0.0);
    }
    let target = if in_place { &mut *dw } else { &mut sums[..] };
    // A job's inputs pass by once for all its channels.
    let groups = (g.k / COLUMN_ROWS)
        .div_ceil(4 * rayon::current_num_threads())
        .max(1);
    let job = groups * COLUMN_ROWS;
    for first in (0..rows).step_by(held_rows.max(1)) {
        let count = held_rows.min(rows - first);
        if !direct {
            chunks_if(parallel, &mut held[..count * depth], tile * depth, |i, held| {
                for (row, window) in held.chunks_exact_mut(depth).enumerate() {
                    let (window, beyond) = window.split_at_mut(g.depth());
                    unroll(g, x, first + i * tile + row, window);
                    beyond.fill(0.0);
                }
            });
        }
        let windows = if direct { x } else { &held[..count * depth] };
        chunks_if(parallel, target, job * depth, |number, sums| {
            let channels = sums.len() / depth;
            for (i, windows) in windows.chunks(tile * depth).enumerate() {
                let dy = &dy[(first + i * tile) * g.k + number * job..];
                add_transposed_product((dy, g.k), windows, [channels, depth], sums);
            }
        });
    }
    if !in_place {
        for (dw, sums) in dw.chunks_exact_mut(g.depth()).zip(sums.chunks_exact(depth)) {
            dw.copy_from_slice(&sums[..g.depth()]);
        }
    }
}

/// Each job has a part of the pixels; the parts' sums are added up in order.
fn by_products<T: Element>(g: &Geometry, dy: &[T], x: &[T], dw: &mut [T]) {
    let (rows, depth, tile) = (g.rows(), g.depth(), g.tile_rows());
    let part_rows = rows.div_ceil(tile).div_ceil(PARTS).max(1) * tile;
    let parts: Vec<Buffer<T>> = (0..rows.div_ceil(part_rows))
        .into_par_iter()
        .map(|part| {
            let mut sum = Buffer::filled(g.k * depth, T::zero());
            let mut windows = Buffer::dirty(if g.is_pointwise() { 0 } else { tile * depth });
            let end = rows.min((part + 1) * part_rows);
            for first in (part * part_rows..end).step_by(tile) {
                let count = tile.min(end - first);
                let left = Left::transposed(&dy[first * g.k..(first + count) * g.k], g.k);
                let right = if g.is_pointwise() {
                    &x[first * depth..(first + count) * depth]
                } else {
                    unroll(g, x, first, &mut windows[..count * depth]);
                    &windows[..count * depth]
                };
                gemm([g.k, depth, count], left, right, &mut sum, true);
            }
            sum
        })
        .collect();
    dw.fill(T::zero());
    for part in &parts {
        for (dw, &part) in dw.iter_mut().zip(part.iter()) {
            *dw += part;
        }
    }
}
