//! The kernel of `kernels/column_sums.cu`: sums of the columns of a matrix in f32.

use crate::device::signature::kernel_args;
use crate::device::{DeviceAddress, Kernel, Signature};

kernel_args! {
    /// Sums of columns, of parts of the rows; addresses are of f32.
    pub struct ColumnSumsArgs {
        /// Matrix, `[rows, columns]`.
        pub x: DeviceAddress,
        /// Result, `[parts, columns]`.
        pub sums: DeviceAddress,
        /// Rows.
        pub rows: u64,
        /// Rows of a part, ≥ 1.
        pub part_rows: u64,
        /// Columns.
        pub columns: i32,
        /// Nothing; keeps the size a multiple of 8.
        pub unused: i32,
    }
}

/// Reads `x`; writes `sums`. For the columns, as channels, in parts.
pub const COLUMN_SUMS: Kernel<ColumnSumsArgs> = Kernel::new("column_sums.cu", "column_sums");

pub(super) const SIGNATURES: &[Signature] = &[COLUMN_SUMS.signature()];
