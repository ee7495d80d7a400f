//! The images under attack.

use super::rows::largest_differences;
use crate::autograd::Var;
use crate::device::Device;
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};

/// Images in [0, 1] with their labels and ids; at least one.
#[derive(Clone, Debug)]
pub struct LabelledImages<T: Element = f32> {
    images: Tensor<T>,
    labels: Vec<usize>,
    ids: Vec<u32>,
}

impl<T: Element> LabelledImages<T> {
    /// `images` [N, H, W, C] with their `labels`, and as `ids` their indices in the data set: random
    /// draws are named by them.
    ///
    /// # Errors
    /// [`Error::Shape`] or [`Error::Argument`] if there is no image, the numbers of images, labels
    /// and ids differ, or a pixel lies outside [0, 1]; [`Error::Unsupported`] for f64 on a device.
    pub fn new(images: Tensor<T>, labels: Vec<usize>, ids: Vec<u32>) -> Result<Self> {
        const OP: &str = "LabelledImages";
        let n = images.shape().axis(0);
        if images.shape().rank() != 4 || images.is_empty() {
            let expected = "[N,H,W,C] with at least one image";
            return Err(Error::shape(OP, "images", expected, images.shape()));
        }
        for (name, found) in [("labels", labels.len()), ("ids", ids.len())] {
            if found != n {
                return Err(Error::argument(OP, name, format!("{n}, one an image"), found));
            }
        }
        if !in_range(&images)? {
            let inside = T::zero()..=T::one();
            let pixels = images.to_vec()?;
            let found = pixels.iter().find(|&pixel| !inside.contains(pixel));
            let found = found.map_or("others".to_owned(), T::to_string);
            return Err(Error::argument(OP, "pixel", "in [0,1]", found));
        }
        Ok(Self { images, labels, ids })
    }

    /// The same with the images on `device`.
    ///
    /// # Errors
    /// [`Error::Device`] if the device has no room or a copy fails.
    pub fn on(&self, device: &Device) -> Result<Self> {
        Ok(Self {
            images: self.images.on(device)?,
            ..self.clone()
        })
    }

    /// Number of images.
    #[allow(clippy::len_without_is_empty, reason = "there is always an image")]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// The images [N, H, W, C].
    pub fn images(&self) -> &Tensor<T> {
        &self.images
    }

    /// The labels.
    pub fn labels(&self) -> &[usize] {
        &self.labels
    }

    /// The ids.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// Those at `indices`, in that order.
    ///
    /// # Errors
    /// [`Error::Argument`] if an index is out of range or there is none.
    pub fn select(&self, indices: &[usize]) -> Result<Self> {
        // Checks the indices.
        let images = self.images.select(indices)?;
        let labels = indices.iter().map(|&i| self.labels[i]).collect();
        let ids = indices.iter().map(|&i| self.ids[i]).collect();
        Self::new(images, labels, ids)
    }

    /// The same labels and ids with other images.
    ///
    /// # Errors
    /// [`Error::Shape`] if the shapes differ; as [`LabelledImages::new`].
    pub fn with_images(&self, images: Tensor<T>) -> Result<Self> {
        if images.shape() != self.images.shape() {
            let (expected, found) = (self.images.shape(), images.shape());
            return Err(Error::shape("LabelledImages", "images", expected, found));
        }
        Self::new(images, self.labels.clone(), self.ids.clone())
    }

    /// Refuses labels that a classifier with `classes` classes cannot give.
    ///
    /// # Errors
    /// [`Error::Argument`] naming the first such label.
    pub(super) fn check_labels(&self, classes: usize) -> Result<()> {
        match self.labels.iter().find(|&&label| label >= classes) {
            Some(label) => {
                let expected = format!("below the classifier's {classes} classes");
                Err(Error::argument("attack", "label", expected, label))
            }
            None => Ok(()),
        }
    }
}

/// Whether all pixels lie in [0, 1]: whether clipping them there changes none.
fn in_range<T: Element>(images: &Tensor<T>) -> Result<bool> {
    let clipped = Var::constant(images.clone()).clamp(T::zero(), T::one())?;
    let moved = largest_differences(images, clipped.value())?;
    Ok(moved.iter().all(|distance| distance.is_zero()))
}
