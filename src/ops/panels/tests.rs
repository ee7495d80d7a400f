//! The same bits as the general product, whatever the shape and the neighbours.

use super::{Panels, RowStride, add_transposed_product, available, multiply_panel, tile_rows};
use crate::Result;
use crate::ops::gemm::{Left, gemm, transpose};
use crate::testing::assertions::random;

fn numbers(name: &str, count: usize) -> Result<Vec<f32>> {
    random(name, &[count]).cast::<f32>()?.to_vec()
}

#[test]
fn products_have_the_bits_of_the_general_product() -> Result<()> {
    if !available() {
        return Ok(());
    }
    // Rows, columns, depth: parts of tiles, groups of tiles, panels and chunks.
    for [rows, columns, depth] in [
        [2, 1, 1],
        [29, 12, 7],
        [28, 16, 144],
        [57, 33, 100],
        [14, 32, 512],
        [15, 64, 513],
        [70, 100, 1100],
    ] {
        let (left, right) = (numbers("left", rows * depth)?, numbers("right", depth * columns)?);
        let start = numbers("start", rows * columns)?;
        let by_rows = Panels::of_rows(depth, columns, |k| &right[k * columns..(k + 1) * columns]);
        let by_columns = Panels::of_columns(&transpose(&right, depth, columns), columns);
        for accumulate in [false, true] {
            let mut expected = start.clone();
            gemm(
                [rows, columns, depth],
                Left::rows(&left, depth),
                &right,
                &mut expected,
                accumulate,
            );
            for panels in [&by_rows, &by_columns] {
                let mut found = start.clone();
                let gather = |row: usize, range: std::ops::Range<usize>, out: &mut [f32]| {
                    out.copy_from_slice(&left[row * depth + range.start..row * depth + range.end]);
                };
                panels.multiply(gather, &mut found, accumulate);
                assert_eq!(found, expected, "{rows} {columns} {depth} {accumulate}");
            }
        }
    }
    Ok(())
}

#[test]
fn products_of_whole_panels_have_the_bits_of_the_general_product() -> Result<()> {
    for [rows, depth, width] in [
        [2, 12, 16],
        [28, 16, 16],
        [14, 24, 32],
        [41, 256, 32],
        [9, 512, 32],
    ] {
        let stride = RowStride::of(depth).unwrap_or(RowStride::For512);
        let padded = rows.next_multiple_of(tile_rows(width));
        let left = numbers("left", padded * stride.elements())?;
        let right = numbers("right", depth * width)?;
        let mut expected = vec![0.0; rows * width];
        let operand = Left {
            values: &left,
            row_stride: stride.elements(),
            k_stride: 1,
        };
        gemm([rows, width, depth], operand, &right, &mut expected, false);
        let mut found = numbers("before", rows * width)?;
        multiply_panel(&left, stride, &right, width, &mut found);
        assert_eq!(found, expected, "{rows} {depth} {width}");
    }
    assert_eq!(RowStride::of(513), None);
    Ok(())
}

#[test]
fn transposed_products_have_the_bits_of_the_general_product() -> Result<()> {
    for [m, n, depth, stride] in [
        [8, 16, 3, 8],
        [16, 32, 40, 21],
        [24, 48, 7, 30],
        [64, 592, 55, 64],
    ] {
        let (left, right) = (numbers("left", depth * stride)?, numbers("right", depth * n)?);
        let mut expected = numbers("sums", m * n)?;
        let mut found = expected.clone();
        let operand = Left::transposed(&left, stride);
        gemm([m, n, depth], operand, &right, &mut expected, true);
        add_transposed_product((&left, stride), &right, [m, n], &mut found);
        assert_eq!(found, expected, "{m} {n} {depth}");
    }
    Ok(())
}

#[test]
fn jobs_share_the_rows_evenly() {
    let panels = Panels::of_columns(&[1.0; 32 * 3], 32);
    assert_eq!((panels.depth(), panels.columns()), (3, 32));
    // 28 tiles on two threads: 14 each, in jobs of two.
    assert_eq!(panels.rows_per_job(392, 2), 28);
    assert_eq!(panels.rows_per_job(6272, 2), 56);
    assert_eq!(panels.rows_per_job(98, 64), 14);
    assert_eq!(panels.rows_per_job(0, 0), 14);
}
