//! Numbers given by a formula instead of a file, the same to the bit wherever they are computed.
//!
//! `unit(name)[i] = (splitmix64(fnv1a64(name) + i) >> 11) · 2⁻⁵³`, where i is the row-major index
//! in the order in which the reference stores the tensor.

use crate::ops::NoiseSource;
use crate::tensor::{Element, Shape, Tensor};

/// The hash FNV-1a of 64 bits (Fowler, Noll, Vo).
fn fnv1a64(name: &str) -> u64 {
    name.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}

/// The mixing function SplitMix64 (Steele, Lea & Flood 2014).
fn splitmix64(state: u64) -> u64 {
    let z = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Element `index` of the tensor `name`, in [0, 1).
pub fn unit(name: &str, index: usize) -> f64 {
    unit_of(fnv1a64(name), index)
}

/// Element `index` of the tensor whose name hashes to `hash`, in [0, 1).
fn unit_of(hash: u64, index: usize) -> f64 {
    let word = splitmix64(hash.wrapping_add(index as u64));
    (word >> 11) as f64 / (1u64 << 53) as f64
}

/// Element `index` of the tensor `name`, in [-0.5, 0.5).
pub fn centred(name: &str, index: usize) -> f64 {
    unit(name, index) - 0.5
}

/// The tensor `name` of [`unit()`] values.
pub fn unit_tensor(name: &str, shape: impl Into<Shape>) -> Tensor<f64> {
    let hash = fnv1a64(name);
    Tensor::from_fn(shape, |i| unit_of(hash, i))
}

/// The tensor `name` of [`centred`] values.
pub fn centred_tensor(name: &str, shape: impl Into<Shape>) -> Tensor<f64> {
    let hash = fnv1a64(name);
    Tensor::from_fn(shape, |i| unit_of(hash, i) - 0.5)
}

/// Noise of a view stack whose pictures are named `<name>.low_noise.<view>` and
/// `<name>.high_noise.<view>`, the same for every row of a batch.
///
/// The formula counts (channel, row, column), as the reference stores pictures; the view stack asks
/// in the order (row, channel, column).
#[derive(Clone, Debug)]
pub struct FormulaNoise {
    /// First part of the names.
    pub name: String,
    /// Width of the full pictures, in pixels.
    pub width: usize,
    /// Width of each view's low-resolution picture, in pixels.
    pub resolutions: Vec<usize>,
}

fn fill<T: Element>(name: &str, width: usize, out: &mut [T]) {
    let (plane, hash) = (out.len() / 3, fnv1a64(name));
    for (i, value) in out.iter_mut().enumerate() {
        let (row, channel, column) = (i / (3 * width), i / width % 3, i % width);
        *value = T::of(unit_of(hash, channel * plane + row * width + column));
    }
}

impl<T: Element> NoiseSource<T> for FormulaNoise {
    fn low(&self, _row: usize, view: usize, out: &mut [T]) {
        let name = format!("{}.low_noise.{view}", self.name);
        fill(&name, self.resolutions[view], out);
    }

    fn full(&self, _row: usize, view: usize, out: &mut [T]) {
        fill(&format!("{}.high_noise.{view}", self.name), self.width, out);
    }
}
