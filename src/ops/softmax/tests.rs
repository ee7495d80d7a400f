//! Gradients, sums of one, large inputs, impossible classes.

use crate::Result;
use crate::autograd::Var;
use crate::tensor::Tensor;
use crate::testing::assertions::{check_gradients_at_random, random, value_and_gradient};

#[test]
fn gradients() -> Result<()> {
    for shape in [&[3, 5][..], &[2, 3, 4], &[2, 1], &[6]] {
        check_gradients_at_random("softmax", &[("x", shape)], |v| v[0].softmax())?;
        check_gradients_at_random("log_softmax", &[("x", shape)], |v| v[0].log_softmax())?;
    }
    Ok(())
}

#[test]
fn rows_sum_to_one_and_the_logarithm_is_the_logarithm() -> Result<()> {
    let x = Var::constant(random("x", &[4, 7]));
    let (p, log_p) = (x.softmax()?.value().to_vec()?, x.log_softmax()?.value().to_vec()?);
    for row in p.chunks(7) {
        assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-15, "{row:?}");
    }
    for (p, log_p) in p.iter().zip(log_p) {
        assert!((p.ln() - log_p).abs() < 1e-14, "ln {p} is not {log_p}");
    }
    Ok(())
}

#[test]
fn huge_inputs_do_not_overflow() -> Result<()> {
    let x = Tensor::from_slice([1, 3], &[1e308, 0.0, -1e308])?;
    let (p, dx) = value_and_gradient(x.clone(), |x| x.softmax())?;
    assert_eq!((p, dx), (vec![1.0, 0.0, 0.0], vec![0.0; 3]));
    let (log_p, dx) = value_and_gradient(x, |x| x.log_softmax())?;
    assert_eq!((log_p[0], log_p[1]), (0.0, -1e308));
    assert_eq!(dx, [-2.0, 1.0, 1.0]);
    Ok(())
}

#[test]
fn an_input_of_minus_infinity_is_impossible() -> Result<()> {
    let x = Tensor::from_slice([1, 3], &[0.0, f64::NEG_INFINITY, 0.0])?;
    let (p, dx) = value_and_gradient(x, |x| x.softmax())?;
    assert_eq!((p, dx), (vec![0.5, 0.0, 0.5], vec![0.0; 3]));
    Ok(())
}
