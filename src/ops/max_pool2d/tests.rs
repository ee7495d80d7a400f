//! Gradients, ties, padding, NaN, refusals.

use crate::Result;
use crate::autograd::Var;
use crate::tensor::Tensor;
use crate::testing::assertions::{check_gradients_at_random, refusal, value_and_gradient};

#[test]
fn gradients() -> Result<()> {
    for (shape, [kernel, stride, padding]) in [
        ([2, 7, 5, 3], [3, 2, 1]),
        ([1, 4, 6, 2], [2, 2, 0]),
        ([3, 1, 3, 1], [3, 2, 1]),
        ([1, 5, 5, 2], [4, 3, 2]),
    ] {
        let name = format!("max_pool2d {shape:?} {kernel} {stride} {padding}");
        check_gradients_at_random(&name, &[("x", &shape)], |v| {
            v[0].max_pool2d(kernel, stride, padding)
        })?;
    }
    Ok(())
}

#[test]
fn the_first_of_equal_values_wins() -> Result<()> {
    let x = Tensor::from_slice([1, 2, 3, 1], &[0.0, 7.0, 7.0, 7.0, 1.0, 7.0])?;
    let (y, dx) = value_and_gradient(x, |x| x.max_pool2d(2, 1, 0))?;
    assert_eq!(y, [7.0, 7.0]);
    assert_eq!(dx, [0.0, 2.0, 0.0, 0.0, 0.0, 0.0]);
    Ok(())
}

#[test]
fn padding_is_below_every_value() -> Result<()> {
    let x = Tensor::from_slice([1, 1, 2, 1], &[-3.0, f64::NEG_INFINITY])?;
    let (y, dx) = value_and_gradient(x, |x| x.max_pool2d(2, 2, 1))?;
    // Windows of one pixel and padding: even −∞ gets its gradient.
    assert_eq!(y, [-3.0, f64::NEG_INFINITY]);
    assert_eq!(dx, [1.0, 1.0]);
    Ok(())
}

#[test]
fn nan_is_not_hidden() -> Result<()> {
    let x = Tensor::from_slice([1, 2, 2, 1], &[1.0, f64::NAN, 5.0, 2.0])?;
    let (y, _) = value_and_gradient(x, |x| x.max_pool2d(2, 2, 0))?;
    assert!(y[0].is_nan(), "{y:?}");
    Ok(())
}

#[test]
fn windows_that_do_not_fit_are_refused() {
    let x = Var::constant(Tensor::<f64>::zeros([1, 2, 3, 4]));
    assert_eq!(
        refusal(x.max_pool2d(3, 1, 0)),
        "max_pool2d: `self` has shape [1, 2, 3, 4], expected at least 3×3 pixels after padding 0"
    );
    for [kernel, stride, padding] in [[2, 0, 0], [2, 1, 2]] {
        assert_eq!(
            refusal(x.max_pool2d(kernel, stride, padding)),
            format!(
                "max_pool2d: `window` is kernel {kernel}, stride {stride}, padding {padding}, \
                 expected stride ≥ 1 and padding below the kernel"
            )
        );
    }
    let flat = Var::constant(Tensor::<f64>::zeros([2, 3]));
    assert_eq!(
        refusal(flat.max_pool2d(1, 1, 0)),
        "max_pool2d: `self` has shape [2, 3], expected [N, H, W, C]"
    );
}
