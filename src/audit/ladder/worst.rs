//! The worst candidate for every image.

use crate::Result;
use crate::tensor::{Element, Tensor};

/// How a candidate does on the selection draws.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
    /// On how many the defence is right about it.
    pub right: u16,
    /// Mean over them of the defence's margin: the label's logit minus the largest of the others.
    pub margin: f32,
}

impl Standing {
    /// The weaker image first: the one right less often, among equals the one of the smaller margin. Counts of a few draws
    /// tie often once little is left; margins tell such candidates apart.
    pub(super) fn order(&self, other: &Self) -> std::cmp::Ordering {
        let margins = || self.margin.total_cmp(&other.margin);
        self.right.cmp(&other.right).then_with(margins)
    }
}

/// The worst candidate for every image so far, chosen by selection draws.
#[derive(Clone)]
pub(super) struct Worst<T: Element> {
    images: Tensor<T>,
    standings: Vec<Standing>,
    by: Vec<Option<usize>>,
}

impl<T: Element> Worst<T> {
    /// `images` [N, H, W, C] with their standings: the candidates of search `by`, or those from before all searches.
    pub fn new(images: Tensor<T>, standings: Vec<Standing>, by: Option<usize>) -> Self {
        Self {
            by: vec![by; standings.len()],
            images,
            standings,
        }
    }

    /// Takes those candidates of `other` that stand worse; among equals what is there stays.
    pub fn offer(&mut self, other: &Self) -> Result<()> {
        let worse = |&i: &usize| other.standings[i].order(&self.standings[i]).is_lt();
        let count = self.standings.len().min(other.standings.len());
        let worse: Vec<usize> = (0..count).filter(worse).collect();
        for &i in &worse {
            self.standings[i] = other.standings[i];
            self.by[i] = other.by[i];
        }
        self.images.replace_rows(&worse, &other.images, &worse)
    }

    /// The images [N, H, W, C].
    pub fn images(&self) -> &Tensor<T> {
        &self.images
    }

    /// How each does on the selection draws.
    pub fn standings(&self) -> &[Standing] {
        &self.standings
    }

    /// The search whose candidate each is; none for those from before all searches.
    pub fn by(&self) -> &[Option<usize>] {
        &self.by
    }
}
