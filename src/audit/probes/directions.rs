//! Angles between gradients.

use crate::Result;
use crate::attacks::statistics::mean_and_std;
use crate::tensor::{Element, Tensor};
use serde::{Deserialize, Serialize};

/// Cosines of the angles between pairs of gradients of the same image.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cosines {
    /// Mean over images of each image's mean over its pairs; nothing if no image has a pair.
    pub mean: Option<f64>,
    /// Its standard error over images.
    pub standard_error: f64,
    /// Images that have a pair.
    pub of: usize,
    /// Pairs in which a gradient is 0, so that there is no angle.
    pub undefined: usize,
}

/// Adds up the cosines of every image.
pub(super) struct PairCosines {
    /// Sum of the cosines and their number, an image.
    sums: Vec<(f64, usize)>,
    undefined: usize,
}

impl PairCosines {
    pub(super) fn new(images: usize) -> Self {
        Self {
            sums: vec![(0.0, 0); images],
            undefined: 0,
        }
    }

    /// A pair of gradients of every image: `a` and `b` hold all images' one after another.
    pub(super) fn add(&mut self, a: &[f64], b: &[f64]) {
        let row = (a.len() / self.sums.len().max(1)).max(1);
        for (sum, (a, b)) in self
            .sums
            .iter_mut()
            .zip(a.chunks_exact(row).zip(b.chunks_exact(row)))
        {
            match cosine(a, b) {
                Some(cosine) => *sum = (sum.0 + cosine, sum.1 + 1),
                None => self.undefined += 1,
            }
        }
    }

    pub(super) fn summary(&self) -> Cosines {
        let pairs = self.sums.iter().filter(|(_, pairs)| *pairs > 0);
        let means: Vec<f64> = pairs.map(|(sum, pairs)| sum / *pairs as f64).collect();
        let (mean, std) = mean_and_std(&means);
        Cosines {
            mean: (!means.is_empty()).then_some(mean),
            standard_error: std / (means.len().max(1) as f64).sqrt(),
            of: means.len(),
            undefined: self.undefined,
        }
    }
}

/// ⟨a, b⟩ / (‖a‖ ‖b‖); nothing if one of them is 0. Both are first divided by their largest entry,
/// for squares of small gradients vanish.
fn cosine(a: &[f64], b: &[f64]) -> Option<f64> {
    let largest = |v: &[f64]| v.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    let (scale_a, scale_b) = (largest(a), largest(b));
    if scale_a == 0.0 || scale_b == 0.0 {
        return None;
    }
    let (mut dot, mut square_a, mut square_b) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (a / scale_a, b / scale_b);
        dot += a * b;
        square_a += a * a;
        square_b += b * b;
    }
    Some(dot / (square_a * square_b).sqrt())
}

/// All elements in f64, on the host.
pub(super) fn in_f64<T: Element>(tensor: &Tensor<T>) -> Result<Vec<f64>> {
    Ok(tensor.to_vec()?.into_iter().map(T::as_f64).collect())
}
