//! Tensor maps: what the copies of a tensor's boxes to shared memory are told (TMA, from compute capability 9.0 on).

use super::DeviceAddress;
use crate::{Error, Result};
use bytemuck::{Pod, Zeroable};

/// A tensor map as a device encoded it, a field of an argument struct; made by
/// [`Accelerator::tensor_map`](super::Accelerator::tensor_map).
///
/// It holds the tensor's address: it is made anew for every launch, and lives no longer than the tensor.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C, align(64))]
pub struct TensorMap(pub [u64; 16]);

/// 16-bit formats of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HalfFormat {
    /// IEEE binary16.
    F16,
    /// The upper half of an f32.
    Bf16,
}

/// A contiguous tensor of 16-bit numbers, and which boxes of it are copied. Rows of a box are 128 bytes long, and
/// what a box has outside the tensor becomes zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TensorBoxes {
    /// Where the tensor begins; a multiple of 16.
    pub address: DeviceAddress,
    /// Of its numbers.
    pub format: HalfFormat,
    /// Its shape and the boxes'.
    pub kind: BoxKind,
}

/// Kinds of boxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BoxKind {
    /// `rows` neighbours along the outermost of three axes, one along the middle one.
    Tile {
        /// Outermost, middle, innermost; the innermost a multiple of 8.
        shape: [usize; 3],
        /// At most 256, a multiple of 8.
        rows: usize,
    },
    /// As many pixels, each under one tap of a window that walks over a padded picture.
    Im2col {
        /// N, H, W, C; C a multiple of 8.
        shape: [usize; 4],
        /// Rows, columns of the window.
        window: [usize; 2],
        /// Rows, columns between windows; at most 8.
        stride: [usize; 2],
        /// Rows, columns of zeros above and left of the picture.
        before: [i32; 2],
        /// Rows, columns of zeros below and right of it.
        after: [i32; 2],
        /// At most 256, a multiple of 8.
        pixels: usize,
    },
}

/// Elements of a box's row: 128 bytes.
pub const BOX_DEPTH: usize = 64;

/// A map in the terms of the driver's encode calls; axes from the innermost on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodedFields {
    /// How many of the axes there are.
    pub axes: usize,
    /// Elements along each axis; 1 where there is none.
    pub extents: [u64; 4],
    /// Bytes between neighbours along all axes but the innermost.
    pub strides: [u64; 3],
    /// Elements of a box along each axis; 1 where there is none. Of im2col: channels and pixels.
    pub window: [u32; 4],
    /// Of im2col, columns then rows: first places of a window, from the first pixel on.
    pub lower: [i32; 2],
    /// Last places of a window, from the last pixel on.
    pub upper: [i32; 2],
    /// Elements between those that are taken, along each axis.
    pub step: [u32; 4],
}

impl TensorBoxes {
    /// The driver's terms, checked against its rules (CUDA driver API, `cuTensorMapEncodeTiled` and
    /// `cuTensorMapEncodeIm2col`).
    ///
    /// # Errors
    /// [`Error::Argument`] if the driver would refuse them.
    pub fn encoded(&self) -> Result<EncodedFields> {
        let refused = |expected: &str| {
            let found = format!("{self:?}");
            Err(Error::argument("a tensor map", "boxes", expected, found))
        };
        if !self.address.0.is_multiple_of(16) {
            return refused("an address that is a multiple of 16");
        }
        let fields = self.kind.fields();
        let counts = fields.window.map(|count| (1..=MOST_OF_BOX).contains(&count));
        if counts.contains(&false) || !(fields.window[1] * fields.window[2]).is_multiple_of(8) {
            return refused("8, 16, ... 256 rows of a box");
        }
        let extents = fields
            .extents
            .map(|extent| (1..=u64::from(u32::MAX)).contains(&extent));
        if extents.contains(&false) || fields.strides.iter().any(|&stride| stride >= MOST_STRIDE) {
            return refused("1 to 2^32 - 1 elements along each axis, 2^40 bytes at most between neighbours");
        }
        if !fields.extents[0].is_multiple_of(8) {
            return refused("a multiple of 8 elements along the innermost axis");
        }
        let corners = fields.lower.iter().chain(&fields.upper);
        if corners.into_iter().any(|corner| !CORNERS.contains(corner)) {
            return refused("corners from -128 to 127");
        }
        if fields.step.iter().any(|step| !(1..=8).contains(step)) {
            return refused("strides from 1 to 8");
        }
        Ok(fields)
    }
}

const MOST_OF_BOX: u32 = 256;
const MOST_STRIDE: u64 = 1 << 40;
const CORNERS: std::ops::RangeInclusive<i32> = -128..=127;

impl BoxKind {
    fn fields(&self) -> EncodedFields {
        let bytes = |elements: usize| 2 * elements as u64;
        match *self {
            Self::Tile {
                shape: [outer, middle, inner],
                rows,
            } => EncodedFields {
                axes: 3,
                extents: [inner as u64, middle as u64, outer as u64, 1],
                strides: [bytes(inner), bytes(inner * middle), bytes(inner * middle * outer)],
                window: [BOX_DEPTH as u32, 1, narrowed(rows), 1],
                lower: [0; 2],
                upper: [0; 2],
                step: [1; 4],
            },
            Self::Im2col {
                shape: [n, h, w, c],
                window: [r, s],
                stride: [down, right],
                before,
                after,
                pixels,
            } => {
                let last = |after: i32, length: usize| {
                    after.saturating_sub_unsigned(narrowed(length).saturating_sub(1))
                };
                EncodedFields {
                    axes: 4,
                    extents: [c as u64, w as u64, h as u64, n as u64],
                    strides: [bytes(c), bytes(c * w), bytes(c * w * h)],
                    window: [BOX_DEPTH as u32, narrowed(pixels), 1, 1],
                    lower: [before[1].saturating_neg(), before[0].saturating_neg()],
                    upper: [last(after[1], s), last(after[0], r)],
                    step: [1, narrowed(right), narrowed(down), 1],
                }
            }
        }
    }
}

/// The count, or one that is beyond every limit.
fn narrowed(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn im2col(shape: [usize; 4], window: [usize; 2], stride: [usize; 2], padding: i32) -> TensorBoxes {
        let (before, after) = ([padding; 2], [padding; 2]);
        TensorBoxes {
            address: DeviceAddress(1 << 20),
            format: HalfFormat::F16,
            kind: BoxKind::Im2col {
                shape,
                window,
                stride,
                before,
                after,
                pixels: 128,
            },
        }
    }

    #[test]
    fn windows_begin_between_the_corners() {
        let fields = im2col([2, 14, 28, 64], [3, 3], [2, 1], 1).encoded().unwrap();
        assert_eq!(fields.extents, [64, 28, 14, 2]);
        assert_eq!(fields.strides, [128, 128 * 28, 128 * 28 * 14]);
        assert_eq!((fields.lower, fields.upper), ([-1; 2], [-1; 2]));
        assert_eq!(fields.step, [1, 1, 2, 1]);
        let plain = im2col([1, 8, 8, 8], [1, 1], [1, 1], 0).encoded().unwrap();
        assert_eq!((plain.lower, plain.upper), ([0; 2], [0; 2]));
    }

    #[test]
    fn what_the_driver_would_refuse_is_refused_in_one_line() {
        let fine = im2col([1, 8, 8, 64], [3, 3], [1, 1], 1);
        let unaligned = TensorBoxes {
            address: DeviceAddress(8),
            ..fine
        };
        let tile = |rows| TensorBoxes {
            kind: BoxKind::Tile {
                shape: [8, 9, 64],
                rows,
            },
            ..fine
        };
        assert!(tile(128).encoded().is_ok());
        for (boxes, expected) in [
            (unaligned, "multiple of 16"),
            (tile(0), "256 rows"),
            (tile(12), "256 rows"),
            (tile(264), "256 rows"),
            (im2col([1, 8, 8, 12], [3, 3], [1, 1], 1), "multiple of 8 elements"),
            (im2col([0, 8, 8, 64], [3, 3], [1, 1], 1), "1 to 2^32"),
            (im2col([1, 8, 8, 64], [3, 3], [1, 1], 129), "corners"),
            (im2col([1, 8, 8, 64], [0, usize::MAX], [1, 1], 1), "corners"),
            (im2col([1, 8, 8, 64], [3, 3], [9, 1], 1), "strides"),
        ] {
            let message = boxes.encoded().unwrap_err().to_string();
            assert!(message.contains(expected) && !message.contains('\n'), "{message}");
        }
    }
}
