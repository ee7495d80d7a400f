//! Gradients, direction, shifts beyond the size, refusals.

use crate::Result;
use crate::autograd::Var;
use crate::tensor::Tensor;
use crate::testing::assertions::{check_gradients_at_random, refusal, value_and_gradient};

#[test]
fn gradients() -> Result<()> {
    let shifts = [[0, 0], [2, -1], [-7, 11]];
    check_gradients_at_random("roll", &[("x", &[3, 3, 4, 2])], |v| v[0].roll(&shifts))
}

#[test]
fn pictures_move_down_and_right() -> Result<()> {
    let x = Tensor::from_fn([1, 2, 3, 1], |i| i as f64);
    let (y, _) = value_and_gradient(x.clone(), |x| x.roll(&[[1, 0]]))?;
    assert_eq!(y, [3.0, 4.0, 5.0, 0.0, 1.0, 2.0]);
    let (y, _) = value_and_gradient(x.clone(), |x| x.roll(&[[0, 1]]))?;
    assert_eq!(y, [2.0, 0.0, 1.0, 5.0, 3.0, 4.0]);
    let (y, _) = value_and_gradient(x, |x| x.roll(&[[0, -4]]))?;
    assert_eq!(y, [1.0, 2.0, 0.0, 4.0, 5.0, 3.0]);
    Ok(())
}

#[test]
fn the_most_extreme_shifts_are_circular_too() -> Result<()> {
    // −2³¹ is 1 modulo 3, and 0 modulo 2.
    let x = Tensor::from_fn([1, 2, 3, 1], |i| i as f64);
    let (y, dx) = value_and_gradient(x, |x| x.roll(&[[i32::MIN, i32::MIN]]))?;
    assert_eq!(y, [2.0, 0.0, 1.0, 5.0, 3.0, 4.0]);
    assert_eq!(dx, [1.0; 6]);
    Ok(())
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let x = Var::constant(Tensor::<f64>::zeros([2, 4, 4, 3]));
    assert_eq!(
        refusal(x.roll(&[[0, 0]])),
        "roll: `shifts` is 1, expected 2 pairs"
    );
    let flat = Var::constant(Tensor::<f64>::zeros([2, 3]));
    assert_eq!(
        refusal(flat.roll(&[[0, 0]; 2])),
        "roll: `self` has shape [2, 3], expected [N, H, W, C]"
    );
}
