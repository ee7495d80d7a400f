//! Sums over the rows of a matrix on an accelerator: the gradients of biases.

use super::launch::int;
use crate::Result;
use crate::device::kernels::column_sums::{COLUMN_SUMS, ColumnSumsArgs};
use crate::device::{Accelerator, LaunchDims};
use crate::tensor::{Element, Tensor};
use std::sync::Arc;

/// How the rows of a matrix are cut so that the sums of few columns occupy a large device too. A matter of the shape
/// alone, so that every device gives the same sums.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PartsOfRows {
    /// Rows of each but the last, ≥ 1.
    pub rows: usize,
    /// Number of parts, ≥ 1.
    pub count: u32,
}

impl PartsOfRows {
    /// Of a matrix [rows, columns].
    pub fn of(rows: usize, columns: usize) -> Self {
        const COLUMNS_OF_BLOCK: usize = 32;
        const BLOCKS: usize = 512;
        const FEWEST_ROWS: usize = 128;
        let most = BLOCKS / columns.div_ceil(COLUMNS_OF_BLOCK).clamp(1, BLOCKS);
        let rows_of_part = rows.div_ceil(most).max(FEWEST_ROWS);
        Self {
            rows: rows_of_part,
            // At most BLOCKS.
            count: rows.div_ceil(rows_of_part).max(1) as u32,
        }
    }
}

/// The sums over the rows of `x`, whose innermost axis of `columns` elements is a row: `[columns]`.
///
/// # Errors
/// [`crate::Error::Argument`] naming `op` if there are more columns than kernels count; errors of the launch.
pub(crate) fn column_sums<T: Element>(
    device: &Arc<dyn Accelerator>,
    op: &'static str,
    x: &Tensor<T>,
    columns: usize,
) -> Result<Tensor<T>> {
    let rows = x.len() / columns.max(1);
    let parts = PartsOfRows::of(rows, columns);
    let dims = LaunchDims::for_channels(columns);
    let args = ColumnSumsArgs {
        x: x.address(),
        sums: x.address(),
        rows: rows as u64,
        part_rows: parts.rows as u64,
        columns: int(op, columns)?,
        unused: 0,
    };
    let sums_of = |args: ColumnSumsArgs, parts: u32| {
        let sums = Tensor::dirty_on(device, [parts as usize, columns])?;
        let args = ColumnSumsArgs {
            sums: sums.address(),
            ..args
        };
        COLUMN_SUMS.launch(&**device, dims.in_parts(parts), &args)?;
        Ok::<_, crate::Error>(sums)
    };
    let mut sums: Tensor<T> = sums_of(args, parts.count)?;
    if parts.count > 1 {
        // The parts are a matrix of sums, which are added up in the same way.
        let of_parts = ColumnSumsArgs {
            x: sums.address(),
            rows: u64::from(parts.count),
            part_rows: u64::from(parts.count),
            ..args
        };
        sums = sums_of(of_parts, 1)?;
    }
    sums.reshape([columns])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_all_rows_and_occupy_a_large_device() {
        for (rows, columns) in [
            (0, 1),
            (1, 1),
            (128, 64),
            (1_053_696, 64),
            (16_464, 1024),
            (4_116, 2048),
            (5, 1 << 20),
        ] {
            let parts = PartsOfRows::of(rows, columns);
            let covered = parts.rows * parts.count as usize;
            assert!(covered >= rows && parts.count >= 1, "{rows} {columns}: {parts:?}");
            assert!(
                parts.count == 1 || covered - parts.rows < rows,
                "{rows} {columns}: {parts:?}"
            );
            assert!(
                parts.count <= 512 && (rows < 16_000 || parts.count >= 16),
                "{rows} {columns}: {parts:?}"
            );
        }
    }
}
