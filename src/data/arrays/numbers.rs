//! Arrays of numbers as files hold them.

use std::borrow::Cow;

/// The types of numbers that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F16,
    F32,
    F64,
}

impl Kind {
    /// Bytes a number takes.
    pub fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 | Self::F16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }

    /// Whether the numbers are floating-point.
    pub fn is_float(self) -> bool {
        matches!(self, Self::F16 | Self::F32 | Self::F64)
    }
}

/// A type of numbers and the order of their bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Type {
    pub kind: Kind,
    /// Whether the highest byte is the first one.
    pub is_big_endian: bool,
}

/// An array.
pub(super) struct Array<'a> {
    pub kind: Type,
    /// Lengths of the axes; their product is the number of numbers.
    pub shape: Vec<usize>,
    /// The numbers, the last axis the fastest.
    pub bytes: Cow<'a, [u8]>,
}

impl Array<'_> {
    /// The numbers, if they are floating-point.
    pub fn floats(&self) -> Option<impl Iterator<Item = f64>> {
        let kind = self.kind.kind;
        let read: fn([u8; 8]) -> f64 = match kind {
            Kind::F16 => |b| half::f16::from_le_bytes([b[0], b[1]]).to_f64(),
            Kind::F32 => |b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]).into(),
            Kind::F64 => f64::from_le_bytes,
            _ => return None,
        };
        Some(self.little_endian().map(read))
    }

    /// The numbers, if they are whole.
    pub fn integers(&self) -> Option<impl Iterator<Item = i128>> {
        let kind = self.kind.kind;
        if kind.is_float() {
            return None;
        }
        let is_signed = matches!(kind, Kind::I8 | Kind::I16 | Kind::I32 | Kind::I64);
        let unused = 64 - 8 * kind.bytes() as u32;
        Some(self.little_endian().map(move |bytes| {
            if is_signed {
                // The sign is the highest bit of the bytes that are used.
                (i64::from_le_bytes(bytes) << unused >> unused).into()
            } else {
                u64::from_le_bytes(bytes).into()
            }
        }))
    }

    /// The bytes of each number, the lowest first, filled up with zeros.
    fn little_endian(&self) -> impl Iterator<Item = [u8; 8]> {
        let (width, is_big_endian) = (self.kind.kind.bytes(), self.kind.is_big_endian);
        self.bytes.chunks_exact(width).map(move |number| {
            let mut bytes = [0; 8];
            bytes[..width].copy_from_slice(number);
            if is_big_endian {
                bytes[..width].reverse();
            }
            bytes
        })
    }
}
