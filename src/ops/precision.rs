//! In which format the tensor cores multiply.

use crate::device::Accelerator;

/// Format that the operands of a convolution's products are rounded to on an accelerator. Tensors
/// stay f32 and sums are f32 in each; the CPU always computes in the tensors' own type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Precision {
    /// No rounding.
    #[default]
    F32,
    /// 8 bits of exponent, 10 of fraction. Needs compute capability 8.0.
    Tf32,
    /// 8 bits of exponent, 7 of fraction. Needs compute capability 8.0.
    Bf16,
    /// 5 bits of exponent, 10 of fraction, in the forward pass; gradients, which may be too small
    /// for that exponent, in `Bf16` (in `F16` below compute capability 8.0). Numbers beyond 65,504
    /// become infinite. Needs compute capability 7.5.
    F16,
}

impl Precision {
    /// This precision if `accelerator` has it, else `F32`. An operation refuses a precision that its
    /// device lacks; whoever chooses one asks here first, and tells the user what it became.
    pub fn or_f32(self, accelerator: &dyn Accelerator) -> Self {
        if self.least_capability() <= accelerator.compute_capability() {
            self
        } else {
            Self::F32
        }
    }

    /// The format of gradients on a device of this compute capability.
    pub(crate) fn backward(self, capability: (u32, u32)) -> Self {
        match self {
            Self::F16 if capability >= Self::Bf16.least_capability() => Self::Bf16,
            other => other,
        }
    }

    /// The first compute capability with this precision.
    pub(crate) fn least_capability(self) -> (u32, u32) {
        match self {
            Self::F32 => (0, 0),
            Self::F16 => (7, 5),
            Self::Tf32 | Self::Bf16 => (8, 0),
        }
    }
}
