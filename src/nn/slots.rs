//! Named tensors of a model, and walking over them.

use crate::Result;
use crate::autograd::Var;
use crate::device::Device;
use crate::tensor::{Element, Tensor};
use std::sync::atomic::{AtomicU64, Ordering};

/// How a tensor's axes in memory relate to the file's, which are PyTorch's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// The same in both.
    Same,
    /// Convolution weights: K,R,S,C in memory, O,I,H,W in the file.
    Convolution,
    /// Linear weights on a flattened picture of `[H, W, C]`, or one value for each of its elements:
    /// the innermost axis is in H,W,C order in memory, in C,H,W order in the file.
    FlattenedPicture([usize; 3]),
}

/// What a slot is to training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotKind {
    /// Has a gradient; the optimiser changes it.
    Parameter,
    /// Running statistics; training passes change them.
    Buffer,
}

/// One tensor of a model, as a walk over it shows it.
pub struct Slot<'a, T = f32> {
    /// Full name, as torchvision spells it (`layer1.0.conv1.weight`).
    pub name: String,
    /// Layout in memory against the file's.
    pub layout: Layout,
    /// Parameter or buffer.
    pub kind: SlotKind,
    /// The tensor.
    pub parameter: &'a mut Parameter<T>,
}

/// A tensor with an identity, so that its gradient and its optimiser state can be found again.
pub struct Parameter<T = f32> {
    id: u64,
    /// The value.
    pub value: Tensor<T>,
}

static IDS: AtomicU64 = AtomicU64::new(0);

impl<T: Element> Parameter<T> {
    /// A parameter with this value.
    pub fn new(value: Tensor<T>) -> Self {
        Self {
            id: IDS.fetch_add(1, Ordering::Relaxed),
            value,
        }
    }

    /// Its identity within the process.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The value as a constant.
    pub fn constant(&self) -> Var<T> {
        Var::constant(self.value.clone())
    }
}

impl<T: Element> Clone for Parameter<T> {
    /// A copy is another parameter, with an identity of its own.
    fn clone(&self) -> Self {
        Self::new(self.value.clone())
    }
}

/// Something with named tensors.
pub trait Module<T: Element = f32> {
    /// Shows every tensor, in a fixed order, to `visit`; names begin with `prefix`.
    ///
    /// # Errors
    /// The first error of `visit`, at which the walk ends.
    fn visit(&mut self, prefix: &str, visit: &mut dyn FnMut(Slot<'_, T>) -> Result<()>) -> Result<()>;
}

/// Moves every parameter and running statistic of `module` to `device`.
///
/// # Errors
/// [`Error::Device`](crate::Error::Device) if the device has no room or a copy fails.
pub fn move_module<T: Element>(module: &mut dyn Module<T>, device: &Device) -> Result<()> {
    module.visit("", &mut |slot| {
        slot.parameter.value = slot.parameter.value.on(device)?;
        Ok(())
    })
}

/// `prefix.name`, or `name` alone.
pub(crate) fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() {
        name.to_owned()
    } else {
        format!("{prefix}.{name}")
    }
}
