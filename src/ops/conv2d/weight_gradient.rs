//! Gradient of the weights on the CPU: dyᵀ · unrolled x.
//!
//! The output pixels are cut into parts, the parts into tiles, by the shapes alone; the tiles' sums are
//! added up in order, and so are the parts'.

use super::Geometry;
use super::unroll::{starts, unroll};
use crate::Result;
use crate::ops::gemm::{Left, gemm};
use crate::ops::panels::{self, LANES, OUTPUTS};
use crate::ops::parallel::{SERIAL_FLOPS, chunks_if};
use crate::tensor::{Buffer, Element, Tensor};
use rayon::prelude::*;

/// Parts of the output pixels, at most.
const PARTS: usize = 16;

/// Output pixels a part.
fn part_rows(g: &Geometry) -> usize {
    let tile = g.tile_rows();
    g.rows().div_ceil(tile).div_ceil(PARTS).max(1) * tile
}

/// Whether outer products pay: with few input channels a pixel is looked up more often than multiplied.
fn pays(g: &Geometry) -> bool {
    g.c >= 4 * LANES && g.k.is_multiple_of(OUTPUTS) && panels::available()
}

/// The gradient K,R,S,C.
pub(super) fn wgrad<T: Element>(g: &Geometry, dy: &Tensor<T>, x: &Tensor<T>) -> Result<Tensor<T>> {
    let (dy, x) = (dy.host("conv2d")?, x.host("conv2d")?);
    let mut dw = Buffer::filled(g.k * g.depth(), T::zero());
    match (panels::as_f32(dy), panels::as_f32(x), panels::as_f32_mut(&mut dw)) {
        (Some(dy), Some(x), Some(dw)) if pays(g) => {
            by_outer_products(g, dy, x, dw);
        }
        _ => by_products(g, dy, x, &mut dw),
    }
    Tensor::from_buffer([g.k, g.r, g.s, g.c], dw)
}

/// Each job has a few output channels and walks all pixels.
fn by_outer_products(g: &Geometry, dy: &[f32], x: &[f32], dw: &mut [f32]) {
    let (rows, depth, tile) = (g.rows(), g.depth(), g.tile_rows());
    // Channels of a job share the places of the pixels; the more jobs, the better threads share them.
    let groups = (g.k / OUTPUTS).div_ceil(4 * rayon::current_num_threads()).max(1);
    let job = groups * OUTPUTS;
    chunks_if(g.flops() >= SERIAL_FLOPS, dw, job * depth, |number, dw| {
        let mut part = Buffer::dirty(dw.len());
        let mut places = Vec::with_capacity(tile);
        for part_start in (0..rows).step_by(part_rows(g)) {
            part.fill(0.0);
            let end = rows.min(part_start + part_rows(g));
            for first in (part_start..end).step_by(tile) {
                let count = tile.min(end - first);
                for tap in 0..g.r * g.s {
                    starts(g, [tap / g.s, tap % g.s], first..first + count, &mut places);
                    for (group, part) in part.chunks_exact_mut(OUTPUTS * depth).enumerate() {
                        let output = number * job + group * OUTPUTS;
                        let dy = &dy[first * g.k + output..];
                        for c in (0..g.c).step_by(2 * LANES) {
                            let count = (2 * LANES).min(g.c - c);
                            let sums = &mut part[tap * g.c + c..];
                            panels::add_outer_products((dy, g.k), (&x[c..], &places), (sums, depth), count);
                        }
                    }
                }
            }
            for (dw, &part) in dw.iter_mut().zip(part.iter()) {
                *dw += part;
            }
        }
    });
}

/// Each job has a part of the pixels.
fn by_products<T: Element>(g: &Geometry, dy: &[T], x: &[T], dw: &mut [T]) {
    let (rows, depth, tile, part_rows) = (g.rows(), g.depth(), g.tile_rows(), part_rows(g));
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
    for part in &parts {
        for (dw, &part) in dw.iter_mut().zip(part.iter()) {
            *dw += part;
        }
    }
}
