//! Gradients, unused borders, refusals.

use super::AvgPool2d;
use crate::Result;
use crate::autograd::Var;
use crate::tensor::Tensor;
use crate::testing::assertions::{check_gradients_at_random, refusal, value_and_gradient};

#[test]
fn gradients() -> Result<()> {
    for (shape, kernel, stride) in [
        ([2, 5, 7, 3], [2, 3], [1, 2]),
        ([1, 5, 4, 2], [2, 2], [3, 3]),
        ([3, 2, 2, 1], [2, 2], [1, 1]),
        ([2, 4, 3, 5], [1, 1], [2, 1]),
    ] {
        let options = AvgPool2d { kernel, stride };
        let name = format!("avg_pool2d {shape:?} {options:?}");
        check_gradients_at_random(&name, &[("x", &shape)], |v| v[0].avg_pool2d(options))?;
        check_gradients_at_random(&name, &[("x", &shape)], |v| v[0].global_avg_pool2d())?;
    }
    Ok(())
}

#[test]
fn pixels_beyond_the_last_window_do_not_count() -> Result<()> {
    let x = Tensor::from_fn([1, 2, 3, 1], |i| i as f64);
    let options = AvgPool2d {
        kernel: [2, 2],
        stride: [2, 2],
    };
    let (y, dx) = value_and_gradient(x.clone(), |x| x.avg_pool2d(options))?;
    assert_eq!(y, [2.0]);
    assert_eq!(dx, [0.25, 0.25, 0.0, 0.25, 0.25, 0.0]);
    let pooled = Var::constant(x).global_avg_pool2d()?;
    assert_eq!(
        (pooled.dims(), pooled.value().to_vec()?),
        (&[1, 1, 1, 1][..], vec![2.5])
    );
    Ok(())
}

#[test]
fn windows_that_do_not_fit_are_refused() {
    let x = Var::constant(Tensor::<f64>::zeros([1, 2, 3, 4]));
    let pool = |kernel, stride| refusal(x.avg_pool2d(AvgPool2d { kernel, stride }));
    assert_eq!(
        pool([3, 3], [1, 1]),
        "avg_pool2d: `self` has shape [1, 2, 3, 4], expected at least 3×3 pixels"
    );
    let message = pool([2, 2], [1, 0]);
    assert!(message.ends_with("expected lengths ≥ 1"), "{message}");
    let flat = Var::constant(Tensor::<f64>::zeros([2, 3]));
    assert_eq!(
        refusal(flat.global_avg_pool2d()),
        "avg_pool2d: `self` has shape [2, 3], expected [N, H, W, C]"
    );
}
