//! Gradients under broadcasting, the rules at kinks, refusals, and that nothing shared is
//! overwritten.

use crate::Result;
use crate::autograd::Var;
use crate::tensor::Tensor;
use crate::testing::assertions::{check_gradients, random, refusal, value_and_gradient};

type Arithmetic = fn(&Var<f64>, &Var<f64>) -> Result<Var<f64>>;

#[test]
fn gradients_of_arithmetic() -> Result<()> {
    let operations: [(&str, Arithmetic); 4] = [
        ("add", |a, b| a.add(b)),
        ("sub", |a, b| a.sub(b)),
        ("mul", |a, b| a.mul(b)),
        ("div", |a, b| a.div(b)),
    ];
    let shapes: [[&[usize]; 2]; 8] = [
        [&[2, 3, 5], &[2, 3, 5]],
        [&[2, 3, 4, 5], &[5]],
        [&[2, 3, 4, 5], &[2, 1, 1, 1]],
        [&[3, 4], &[]],
        [&[], &[3, 4]],
        [&[3, 1], &[1, 4]],
        [&[4, 1, 2], &[3, 1]],
        [&[1], &[1, 1]],
    ];
    for (name, operation) in operations {
        for [a, b] in shapes {
            let case = format!("{name} of {a:?} and {b:?}");
            // Divisors stay away from 0.
            let divisor = random("b", b);
            let divisor = Tensor::from_fn(b, |i| divisor.to_vec().unwrap_or_default()[i] + 2.0);
            let inputs = [("a", random("a", a)), ("b", divisor)];
            check_gradients(&case, &inputs, |v| operation(&v[0], &v[1]))?;
        }
    }
    Ok(())
}

#[test]
fn gradients_of_functions() -> Result<()> {
    let x = [("x", random("x", &[3, 5, 7]))];
    check_gradients("relu", &x, |v| v[0].relu())?;
    check_gradients("silu", &x, |v| v[0].silu())?;
    check_gradients("tanh", &x, |v| v[0].tanh())?;
    check_gradients("clamp", &x, |v| v[0].clamp(-0.4, 0.3))?;
    check_gradients("affine", &x, |v| v[0].affine(-2.5, 0.75))?;
    check_gradients("x·x + x", &x, |v| v[0].mul(&v[0])?.add(&v[0]))
}

#[test]
fn broadcasting_repeats_axes_of_length_one_and_missing_ones() -> Result<()> {
    let a = Var::constant(Tensor::from_slice([2, 1], &[10.0, 20.0])?);
    let b = Var::constant(Tensor::from_slice([3], &[1.0, 2.0, 3.0])?);
    for (sum, expected) in [(a.add(&b)?, 1.0), (b.sub(&a)?, -1.0)] {
        assert_eq!(sum.dims(), [2, 3]);
        let values = [10.0, 10.0, 10.0, 20.0, 20.0, 20.0];
        let expected: Vec<f64> = (0..6)
            .map(|i| expected * values[i] + (i % 3 + 1) as f64)
            .collect();
        assert_eq!(sum.value().to_vec()?, expected);
    }
    Ok(())
}

#[test]
fn relu_is_flat_at_zero() -> Result<()> {
    let x = Tensor::from_slice([5], &[-1.0, -0.0, 0.0, f64::MIN_POSITIVE, 2.0])?;
    let (y, dx) = value_and_gradient(x, |x| x.relu())?;
    assert_eq!(y, [0.0, 0.0, 0.0, f64::MIN_POSITIVE, 2.0]);
    assert_eq!(dx, [0.0, 0.0, 0.0, 1.0, 1.0]);
    Ok(())
}

/// The exponential of a large number is infinite; the function and its slope are not.
#[test]
fn silu_is_finite_far_from_zero() -> Result<()> {
    let x = Tensor::from_slice([4], &[-1e4, -2e3, 2e3, 1e4])?;
    let (y, dx) = value_and_gradient(x, |x| x.silu())?;
    assert_eq!(y, [0.0, 0.0, 2e3, 1e4]);
    assert_eq!(dx, [0.0, 0.0, 1.0, 1.0]);
    Ok(())
}

#[test]
fn clamp_passes_gradients_at_exactly_its_bounds() -> Result<()> {
    let (below, above) = (-f64::EPSILON, 1.0 + f64::EPSILON);
    let x = Tensor::from_slice([6], &[below, 0.0, 0.5, 1.0, above, -0.0])?;
    let (y, dx) = value_and_gradient(x, |x| x.clamp(0.0, 1.0))?;
    assert_eq!(y, [0.0, 0.0, 0.5, 1.0, 1.0, 0.0]);
    assert_eq!(dx, [0.0, 1.0, 1.0, 1.0, 0.0, 1.0]);
    Ok(())
}

#[test]
fn shapes_that_do_not_broadcast_are_refused() {
    let var = |shape: &[usize]| Var::constant(Tensor::<f64>::zeros(shape));
    let (a, b) = (var(&[2, 3]), var(&[2]));
    for (name, result) in [
        ("add", a.add(&b)),
        ("sub", a.sub(&b)),
        ("mul", a.mul(&b)),
        ("div", a.div(&b)),
    ] {
        assert_eq!(
            refusal(result),
            format!("{name}: `other` has shape [2], expected broadcastable with [2, 3]")
        );
    }
}

/// Rules may write into the gradient they are given; the caller's tensors must not change.
#[test]
fn shared_gradients_are_not_overwritten() -> Result<()> {
    let x = Var::leaf(random("x", &[4]));
    let y = x.relu()?.tanh()?.clamp(-0.5, 0.5)?;
    let seed = Tensor::full([4], 3.0);
    let value = y.value().to_vec()?;
    let mut gradients = Vec::new();
    for _ in 0..2 {
        let found = y.backward_keeping(Some(seed.clone()))?;
        gradients.push(found.get(&x).map(Tensor::to_vec).transpose()?);
    }
    assert_eq!(gradients[0], gradients[1]);
    assert_eq!(seed.to_vec()?, [3.0; 4]);
    assert_eq!(y.value().to_vec()?, value);
    Ok(())
}
