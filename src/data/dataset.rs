//! Labelled pictures in memory.

use crate::tensor::{Element, Tensor};
use crate::{Error, Result};
use sha2::{Digest, Sha256};

/// One part of a data set: bytes N,H,W,3 and a label an image. An image's id is its index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    height: usize,
    width: usize,
    pixels: Vec<u8>,
    labels: Vec<u16>,
}

impl Split {
    /// A split of `labels.len()` images of `height`×`width` RGB pixels, N,H,W,3.
    ///
    /// # Errors
    /// [`Error::Argument`] if the number of bytes is not that of the images.
    pub fn new(height: usize, width: usize, pixels: Vec<u8>, labels: Vec<u16>) -> Result<Self> {
        let expected = height * width * 3 * labels.len();
        if pixels.len() != expected || height * width == 0 {
            let expected = format!("{expected} bytes for {} images {height}×{width}×3", labels.len());
            return Err(Error::argument("Split", "pixels", expected, pixels.len()));
        }
        Ok(Self {
            height,
            width,
            pixels,
            labels,
        })
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Height and width in pixels.
    pub fn size(&self) -> [usize; 2] {
        [self.height, self.width]
    }

    /// The label of every image.
    pub fn labels(&self) -> &[u16] {
        &self.labels
    }

    /// The bytes of image `index`, H,W,3; empty if there is no such image.
    pub fn image(&self, index: usize) -> &[u8] {
        let size = self.height * self.width * 3;
        self.pixels
            .get(index * size..(index + 1) * size)
            .unwrap_or_default()
    }

    /// The images named by `indices` as numbers in [0, 1], `[N,H,W,3]`.
    ///
    /// # Errors
    /// [`Error::Argument`] if an index is out of range.
    pub fn batch<T: Element>(&self, indices: &[usize]) -> Result<Tensor<T>> {
        if let Some(index) = indices.iter().find(|&&index| index >= self.len()) {
            let expected = format!("below {}", self.len());
            return Err(Error::argument("Split::batch", "index", expected, index));
        }
        let size = self.height * self.width * 3;
        let mut values = Vec::with_capacity(indices.len() * size);
        for &index in indices {
            // The division, not a multiplication by 1/255: 255 must become exactly 1.
            let scale = T::of(255.0);
            values.extend(
                self.image(index)
                    .iter()
                    .map(|&byte| T::of(f64::from(byte)) / scale),
            );
        }
        Tensor::from_slice([indices.len(), self.height, self.width, 3], &values)
    }

    /// The labels of the images named by `indices` (those that exist).
    pub fn labels_of(&self, indices: &[usize]) -> Vec<usize> {
        indices
            .iter()
            .filter_map(|&i| self.labels.get(i))
            .map(|&l| usize::from(l))
            .collect()
    }

    /// The first `n` images (all, if there are fewer).
    pub fn first(mut self, n: usize) -> Self {
        let n = n.min(self.len());
        self.labels.truncate(n);
        self.pixels.truncate(n * self.height * self.width * 3);
        self
    }

    /// The images in the middle of black ones of `side`×`side` pixels; as they are if they are not smaller.
    pub fn framed(self, side: usize) -> Self {
        if self.height >= side || self.width >= side {
            return self;
        }
        let (top, left) = ((side - self.height) / 2, (side - self.width) / 2);
        let mut pixels = vec![0; self.len() * side * side * 3];
        let rows = self.pixels.chunks_exact(self.width * 3);
        for (number, row) in rows.enumerate() {
            let (image, y) = (number / self.height, number % self.height);
            let first = ((image * side + top + y) * side + left) * 3;
            if let Some(target) = pixels.get_mut(first..first + row.len()) {
                target.copy_from_slice(row);
            }
        }
        Self {
            height: side,
            width: side,
            pixels,
            labels: self.labels,
        }
    }

    /// The images named by `chosen` (those that exist), in that order, each with a label of its own.
    pub(super) fn rearranged(&self, chosen: impl Iterator<Item = (usize, u16)>) -> Self {
        let (mut pixels, mut labels) = (Vec::new(), Vec::new());
        for (index, label) in chosen.filter(|&(index, _)| index < self.len()) {
            pixels.extend_from_slice(self.image(index));
            labels.push(label);
        }
        Self {
            pixels,
            labels,
            ..*self
        }
    }

    /// Whether the images lie class by class, with more than one of some class.
    fn is_sorted(&self) -> bool {
        let several = self.labels.windows(2).any(|pair| pair[0] == pair[1]);
        several && self.labels.is_sorted() && self.labels.first() != self.labels.last()
    }

    /// The images in turn from each class: the first ones are of as many classes as possible. Within a
    /// class the order stays.
    fn interleaved(&self) -> Self {
        let mut turns = std::collections::BTreeMap::<u16, usize>::new();
        let mut order: Vec<(usize, u16, usize)> = Vec::with_capacity(self.len());
        for (index, &label) in self.labels.iter().enumerate() {
            let turn = turns.entry(label).or_default();
            order.push((*turn, label, index));
            *turn += 1;
        }
        order.sort_unstable();
        self.rearranged(order.into_iter().map(|(_, label, index)| (index, label)))
    }

    fn hash_into(&self, hash: &mut Sha256) {
        for number in [self.len(), self.height, self.width] {
            hash.update((number as u64).to_le_bytes());
        }
        hash.update(&self.pixels);
        for label in &self.labels {
            hash.update(label.to_le_bytes());
        }
    }
}

/// A data set with its two splits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    /// What it is, for people and reports.
    pub name: String,
    /// Which layout it was read from, and where, for people: the same images in another layout are the same data set with
    /// another origin.
    pub origin: String,
    /// Names of the classes, index = label.
    pub classes: Vec<String>,
    /// For training.
    pub train: Split,
    /// For measuring.
    pub test: Split,
    /// What its reader noticed that is unusual but usable, a line each; without paths, so that the
    /// same images in another layout have the same warnings.
    pub warnings: Vec<String>,
}

impl Dataset {
    /// Splits that are sorted by class with their images in turn from each.
    pub(super) fn unsorted(mut self) -> Self {
        for (name, split) in [("training", &mut self.train), ("test", &mut self.test)] {
            if split.is_sorted() {
                *split = split.interleaved();
                self.warnings.push(format!(
                    "the {name} images are sorted by class: taken in turn from each"
                ));
            }
        }
        self
    }

    /// SHA-256 of sizes, pixels and labels of both splits, as hexadecimal digits.
    pub fn sha256(&self) -> String {
        let mut hash = Sha256::new();
        self.train.hash_into(&mut hash);
        self.test.hash_into(&mut hash);
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(labels: &[u16]) -> Result<Split> {
        let pixels = (0..labels.len() as u8).flat_map(|i| [i; 3]).collect();
        Split::new(1, 1, pixels, labels.to_vec())
    }

    #[test]
    fn a_frame_is_black_and_the_image_in_its_middle() -> Result<()> {
        let framed = split(&[0, 1, 0])?.framed(4);
        assert_eq!(framed.size(), [4, 4]);
        for index in 0..3 {
            let mut expected = [0; 48];
            expected[(4 + 1) * 3..][..3].fill(index as u8);
            assert_eq!(framed.image(index), expected);
        }
        assert_eq!(framed.clone().framed(3), framed);
        Ok(())
    }

    #[test]
    fn images_sorted_by_class_are_taken_in_turn() -> Result<()> {
        let data = Dataset {
            name: "sorted".into(),
            origin: String::new(),
            classes: ["a", "b", "c"].map(String::from).to_vec(),
            train: split(&[0, 0, 0, 1, 2, 2])?,
            test: split(&[0, 1, 0])?,
            warnings: Vec::new(),
        };
        let turned = data.clone().unsorted();
        assert_eq!(turned.train.labels(), [0, 1, 2, 0, 2, 0]);
        let order: Vec<u8> = (0..6).map(|i| turned.train.image(i)[0]).collect();
        assert_eq!(order, [0, 3, 4, 1, 5, 2]);
        assert_eq!(turned.test, data.test, "these are in no order");
        assert_eq!(turned.warnings.len(), 1);
        for unsorted in [&[0, 0, 0][..], &[0, 1, 2], &[]] {
            assert!(!split(unsorted)?.is_sorted(), "{unsorted:?}");
        }
        Ok(())
    }
}
