//! Gradients between sizes, constants and same sizes, the weights, refusals.

use super::Taps;
use crate::Result;
use crate::autograd::Var;
use crate::tensor::Tensor;
use crate::testing::assertions::{check_gradients_at_random, random, refusal};

#[test]
fn gradients() -> Result<()> {
    for (shape, [height, width]) in [
        ([2, 5, 7, 3], [7, 5]),
        ([1, 8, 8, 2], [3, 20]),
        ([2, 1, 3, 1], [4, 2]),
        ([1, 6, 4, 1], [1, 1]),
        ([1, 3, 4, 2], [3, 9]),
    ] {
        let name = format!("resize_bicubic {shape:?} to {height}×{width}");
        check_gradients_at_random(&name, &[("x", &shape)], |v| v[0].resize_bicubic(height, width))?;
    }
    Ok(())
}

#[test]
fn the_same_size_is_the_same_tensor() -> Result<()> {
    let x = Var::constant(random("x", &[1, 4, 3, 2]));
    let y = x.resize_bicubic(4, 3)?;
    assert_eq!(y.value().host("test")?.as_ptr(), x.value().host("test")?.as_ptr());
    Ok(())
}

#[test]
fn a_uniform_picture_stays_uniform() -> Result<()> {
    let x = Var::constant(Tensor::<f64>::full([1, 5, 3, 2], 0.7));
    for y in x.resize_bicubic(13, 2)?.value().to_vec()? {
        assert!((y - 0.7).abs() < 1e-15, "{y}");
    }
    Ok(())
}

/// Twice as many positions: source coordinates ±¼ off the pixels, where the cubic kernel with
/// a = −0.75 is −27/256, 225/256, 67/256, −9/256, or the reverse; borders repeat.
#[test]
fn weights_of_doubling() {
    let taps = Taps::<f64>::new(4, 8);
    let mut y = [0.0; 8];
    taps.apply(&[256.0, 0.0, 0.0, 0.0], 1, &mut y);
    assert_eq!(y, [283.0, 198.0, 58.0, -27.0, -9.0, 0.0, 0.0, 0.0]);
    taps.apply(&[0.0, 0.0, 256.0, 0.0], 1, &mut y);
    assert_eq!(y, [0.0, -9.0, -27.0, 67.0, 225.0, 225.0, 67.0, -27.0]);
}

#[test]
fn empty_sizes_are_refused() {
    let var = |shape: &[usize]| Var::constant(Tensor::<f64>::zeros(shape));
    assert_eq!(
        refusal(var(&[1, 2, 2, 3]).resize_bicubic(0, 5)),
        "resize_bicubic: `size` is 0×5, expected at least 1×1"
    );
    assert_eq!(
        refusal(var(&[1, 0, 2, 3]).resize_bicubic(2, 2)),
        "resize_bicubic: `self` has shape [1, 0, 2, 3], expected at least one pixel"
    );
    assert_eq!(
        refusal(var(&[2, 2, 3]).resize_bicubic(2, 2)),
        "resize_bicubic: `self` has shape [2, 2, 3], expected [N, H, W, C]"
    );
}
