//! Masks of one bit an element, on accelerators: what a ReLU keeps for its gradient.

use super::{DeviceArray, Element, Shape, Tensor};
use crate::device::kernels::elementwise::{MASK, MaskArgs};
use crate::device::{Accelerator, DeviceAddress, LaunchDims};
use crate::{Error, Result};
use std::sync::Arc;

/// Which elements of a tensor in an accelerator's memory a gradient passes. The elements along the innermost axis are
/// packed into words of 32 bits, the first in the lowest bit, every run of them from a word of its own on.
pub struct BitMask {
    words: DeviceArray,
    shape: Shape,
    accelerator: Arc<dyn Accelerator>,
}

impl BitMask {
    /// A mask of a tensor of `shape`, with arbitrary content.
    ///
    /// # Errors
    /// [`Error::Device`] if the device has no room.
    pub(crate) fn dirty_on(accelerator: &Arc<dyn Accelerator>, shape: Shape) -> Result<Self> {
        let channels = channels(&shape);
        let words = shape.len() / channels * channels.div_ceil(u32::BITS as usize);
        Ok(Self {
            words: DeviceArray::dirty::<u32>(&**accelerator, words)?,
            shape,
            accelerator: Arc::clone(accelerator),
        })
    }

    /// Where it begins.
    pub(crate) fn address(&self) -> DeviceAddress {
        self.words.address()
    }

    /// `x` with zeros where the mask has none, written over `x` where its memory is its own.
    ///
    /// # Errors
    /// [`Error::Shape`] if `x` is of another shape; [`Error::Argument`] if it is not in the memory of the mask's
    /// device; those of the launch.
    pub fn apply<T: Element>(&self, x: Tensor<T>) -> Result<Tensor<T>> {
        const OP: &str = "BitMask::apply";
        if *x.shape() != self.shape {
            return Err(Error::shape(OP, "x", self.shape, x.shape()));
        }
        let own = x.accelerator();
        if !own.is_some_and(|own| Arc::ptr_eq(own, &self.accelerator)) {
            let found = x.device().to_string();
            return Err(Error::argument(OP, "x", self.accelerator.name(), found));
        }
        let out = match x.is_alone() {
            true => x.clone(),
            false => Tensor::dirty_on(&self.accelerator, self.shape)?,
        };
        let channels = channels(&self.shape);
        let args = MaskArgs {
            x: x.address(),
            mask: self.address(),
            out: out.address(),
            elements: x.len() as u64,
            channels: i32::try_from(channels)
                .map_err(|_| Error::argument(OP, "x", format!("at most {} channels", i32::MAX), channels))?,
            unused: 0,
        };
        MASK.launch(&*self.accelerator, LaunchDims::for_elements(x.len()), &args)?;
        Ok(out)
    }
}

/// Length of the innermost axis, as a divisor.
fn channels(shape: &Shape) -> usize {
    shape.dims().last().copied().unwrap_or(1).max(1)
}
