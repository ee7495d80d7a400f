//! The same bits as the general product, whatever the shape and the neighbours.

use super::{LANES, OUTPUTS, Panels, add_outer_products, available};
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
fn outer_products_have_the_bits_of_the_general_product() -> Result<()> {
    if !available() {
        return Ok(());
    }
    for (pixels, count) in [(1, 1), (5, 12), (40, LANES), (63, 2 * LANES), (9, 17)] {
        let stride = OUTPUTS + 3;
        let (dy, x) = (numbers("dy", pixels * stride)?, numbers("x", pixels * count)?);
        let mut expected = numbers("sums", OUTPUTS * count)?;
        let mut found = expected.clone();
        // One more pixel outside the picture.
        let places: Vec<Option<usize>> = (0..pixels).map(|i| (i != 3).then_some(i * count)).collect();
        let mut inside = x.clone();
        if pixels > 3 {
            inside[3 * count..4 * count].fill(0.0);
        }
        let left = Left::transposed(&dy, stride);
        gemm([OUTPUTS, count, pixels], left, &inside, &mut expected, true);
        add_outer_products((&dy, stride), (&x, &places), (&mut found, count), count);
        assert_eq!(found, expected, "{pixels} {count}");
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
