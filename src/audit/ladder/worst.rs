//! The worst candidate for every image.

use crate::Result;
use crate::tensor::{Element, Tensor};

/// The worst candidate for every image so far, chosen by selection draws.
#[derive(Clone)]
pub(super) struct Worst<T: Element> {
    images: Tensor<T>,
    right: Vec<u16>,
    by: Vec<Option<usize>>,
}

impl<T: Element> Worst<T> {
    /// `images` [N, H, W, C] that are right on so many selection draws: the candidates of search `by`, or those from before
    /// all searches.
    pub fn new(images: Tensor<T>, right: Vec<u16>, by: Option<usize>) -> Self {
        Self {
            by: vec![by; right.len()],
            images,
            right,
        }
    }

    /// Takes those candidates of `other` that are right less often; among equals what is there stays.
    pub fn offer(&mut self, other: &Self) -> Result<()> {
        let worse = |&i: &usize| other.right[i] < self.right[i];
        let count = self.right.len().min(other.right.len());
        let worse: Vec<usize> = (0..count).filter(worse).collect();
        for &i in &worse {
            self.right[i] = other.right[i];
            self.by[i] = other.by[i];
        }
        self.images.replace_rows(&worse, &other.images, &worse)
    }

    /// The images [N, H, W, C].
    pub fn images(&self) -> &Tensor<T> {
        &self.images
    }

    /// On how many selection draws each is right.
    pub fn right(&self) -> &[u16] {
        &self.right
    }

    /// The search whose candidate each is; none for those from before all searches.
    pub fn by(&self) -> &[Option<usize>] {
        &self.by
    }
}
