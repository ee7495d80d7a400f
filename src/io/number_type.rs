//! The types that numbers have in files, and how they become tensors.

use super::Stored;
use crate::Error;
use crate::tensor::{MAX_RANK, Shape, Tensor};
use std::fmt;

/// Type of the numbers of a tensor in a file; all little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NumberType {
    /// IEEE double precision.
    F64,
    /// IEEE single precision.
    F32,
    /// IEEE half precision.
    F16,
    /// The upper half of a single.
    BF16,
    /// Signed, 8 bytes.
    I64,
    /// Signed, 4 bytes.
    I32,
    /// Signed, 2 bytes.
    I16,
    /// Signed, 1 byte.
    I8,
    /// Unsigned, 1 byte.
    U8,
    /// A byte that is 0 or 1.
    Bool,
}

impl NumberType {
    /// Bytes of one number.
    pub const fn bytes(self) -> usize {
        match self {
            Self::F64 | Self::I64 => 8,
            Self::F32 | Self::I32 => 4,
            Self::F16 | Self::BF16 | Self::I16 => 2,
            Self::I8 | Self::U8 | Self::Bool => 1,
        }
    }

    /// The tensor of this shape with these `bytes`, row-major. Floating-point numbers of 16 bits are widened to f32,
    /// integers to i64; nothing is rounded.
    ///
    /// # Errors
    /// What was found instead of such a tensor, as it goes behind "found": too many axes, or another number of bytes.
    pub(super) fn decode(self, shape: &[usize], bytes: &[u8]) -> Result<Stored, String> {
        if shape.len() > MAX_RANK {
            return Err(format!("{} axes", shape.len()));
        }
        let needed = shape
            .iter()
            .try_fold(self.bytes(), |bytes, &axis| bytes.checked_mul(axis));
        if needed != Some(bytes.len()) {
            return Err(format!("{} bytes for {self} of shape {shape:?}", bytes.len()));
        }
        let shape = Shape::new(shape);
        let told = |error: Error| error.to_string();
        let f32s = |values: Vec<f32>| Tensor::from_slice(shape, &values).map(Stored::F32).map_err(told);
        let integers = |values: Vec<i64>| Ok(Stored::Int(shape, values));
        match self {
            Self::F64 => {
                let values: Vec<f64> = numbers(bytes).map(f64::from_le_bytes).collect();
                Tensor::from_slice(shape, &values).map(Stored::F64).map_err(told)
            }
            Self::F32 => f32s(numbers(bytes).map(f32::from_le_bytes).collect()),
            Self::F16 => f32s(
                numbers(bytes)
                    .map(|b| half::f16::from_le_bytes(b).to_f32())
                    .collect(),
            ),
            Self::BF16 => f32s(
                numbers(bytes)
                    .map(|b| half::bf16::from_le_bytes(b).to_f32())
                    .collect(),
            ),
            Self::I64 => integers(numbers(bytes).map(i64::from_le_bytes).collect()),
            Self::I32 => integers(numbers(bytes).map(|b| i32::from_le_bytes(b).into()).collect()),
            Self::I16 => integers(numbers(bytes).map(|b| i16::from_le_bytes(b).into()).collect()),
            Self::I8 => integers(numbers(bytes).map(|b| i8::from_le_bytes(b).into()).collect()),
            Self::U8 | Self::Bool => integers(bytes.iter().map(|&b| b.into()).collect()),
        }
    }
}

impl fmt::Display for NumberType {
    /// The name that safetensors files use.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::F64 => "F64",
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::BF16 => "BF16",
            Self::I64 => "I64",
            Self::I32 => "I32",
            Self::I16 => "I16",
            Self::I8 => "I8",
            Self::U8 => "U8",
            Self::Bool => "BOOL",
        };
        f.pad(name)
    }
}

/// Groups of N bytes.
fn numbers<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> {
    bytes.as_chunks::<N>().0.iter().copied()
}
