//! Gradients in both modes, the statistics, refusals, and what is kept.

use super::BatchNormEpilogue;
use super::BatchNormMode::{self, Eval, Train};
use crate::Result;
use crate::autograd::Var;
use crate::tensor::Tensor;
use crate::testing::assertions::{check_gradients_at_random, keeps, random, refusal};

const EPS: f64 = 1e-5;

/// The output alone.
fn apply(v: &[Var<f64>], mode: BatchNormMode<'_, f64>) -> Result<Var<f64>> {
    Ok(v[0].batch_norm(&v[1], &v[2], mode, EPS)?.0)
}

#[test]
fn gradients() -> Result<()> {
    // The last is summed in several blocks of rows.
    let shapes: [&[usize]; 4] = [&[2, 3, 5, 4], &[5, 3], &[1, 2, 1, 3], &[7, 25, 8, 2]];
    for shape in shapes {
        let channels = shape[shape.len() - 1];
        let mean = random("mean", &[channels]);
        let variance = Tensor::from_fn([channels], |c| 0.3 + c as f64);
        let inputs: [(&str, &[usize]); 3] = [("x", shape), ("w", &[channels]), ("b", &[channels])];
        let name = format!("batch_norm {shape:?}");
        check_gradients_at_random(&name, &inputs, |v| apply(v, Train))?;
        let eval = Eval {
            mean: &mean,
            variance: &variance,
        };
        check_gradients_at_random(&name, &inputs, |v| apply(v, eval))?;
    }
    Ok(())
}

/// Values and gradients of relu(norm(x) + residual): in one pass, or operation by operation.
fn with_epilogue(shape: &[usize], in_one: bool, relu: bool, train: bool) -> Result<Vec<Vec<f32>>> {
    let channels = shape[shape.len() - 1];
    let leaf = |name: &str, shape: &[usize]| Ok(Var::leaf(random(name, shape).cast::<f32>()?));
    let (x, residual) = (leaf("x", shape)?, leaf("residual", shape)?);
    let (weight, bias) = (leaf("w", &[channels])?, leaf("b", &[channels])?);
    let (mean, variance) = (random("mean", &[channels]).cast()?, Tensor::full([channels], 0.7));
    let eval = Eval {
        mean: &mean,
        variance: &variance,
    };
    let mode = if train { Train } else { eval };
    let epilogue = BatchNormEpilogue {
        residual: Some(&residual),
        relu,
    };
    let y = if in_one {
        x.batch_norm_then(&weight, &bias, mode, 1e-5, epilogue)?.0
    } else {
        let y = x.batch_norm(&weight, &bias, mode, 1e-5)?.0.add(&residual)?;
        if relu { y.relu()? } else { y }
    };
    let mut found = vec![y.value().to_vec()?];
    let mut gradients = y.backward(Some(random("dy", shape).cast()?))?;
    for leaf in [&x, &residual, &weight, &bias] {
        found.push(gradients.take(leaf).expect("a gradient").to_vec()?);
    }
    Ok(found)
}

#[test]
fn what_follows_in_the_same_pass_has_the_bits_of_single_operations() -> Result<()> {
    // Several blocks of rows and groups of channels, and enough elements for several threads.
    for shape in [&[2, 3, 5, 4][..], &[9, 3], &[3, 10, 11, 70], &[8, 32, 32, 37]] {
        for (relu, train) in [(true, true), (true, false), (false, true), (false, false)] {
            let [one, single] = [true, false].map(|in_one| with_epilogue(shape, in_one, relu, train));
            assert!(one? == single?, "{shape:?}, ReLU {relu}, training {train}");
        }
    }
    Ok(())
}

#[test]
fn a_residual_of_another_shape_is_refused() {
    let var = |shape: &[usize]| Var::constant(Tensor::<f64>::zeros(shape));
    let (x, c, other) = (var(&[2, 3]), var(&[3]), var(&[3, 3]));
    let epilogue = BatchNormEpilogue {
        residual: Some(&other),
        relu: true,
    };
    assert_eq!(
        refusal(x.batch_norm_then(&c, &c, Train, EPS, epilogue)),
        "batch_norm: `residual` has shape [3, 3], expected [2, 3]"
    );
}

#[test]
fn training_mode_gives_the_statistics_of_the_batch() -> Result<()> {
    let x = Tensor::<f64>::from_slice([2, 2, 1, 2], &[1.0, 10.0, 2.0, 10.0, 3.0, 10.0, 6.0, 10.0])?;
    let weight = Var::constant(Tensor::from_slice([2], &[2.0, 1.0])?);
    let bias = Var::constant(Tensor::from_slice([2], &[5.0, -1.0])?);
    let (y, statistics) = Var::constant(x).batch_norm(&weight, &bias, Train, 0.5)?;
    let statistics = statistics.expect("statistics");
    assert_eq!(statistics.mean.to_vec()?, [3.0, 10.0]);
    // Squared deviations 4 + 1 + 0 + 9 over 4 − 1 values; the output uses 14/4.
    let variance = statistics.unbiased_variance.to_vec()?;
    assert!(
        (variance[0] - 14.0 / 3.0).abs() < 1e-15 && variance[1] == 0.0,
        "{variance:?}"
    );
    let y = y.value().to_vec()?;
    for (y, expected) in y.iter().zip([3.0, -1.0, 4.0, -1.0, 5.0, -1.0, 8.0, -1.0]) {
        assert!((y - expected).abs() < 1e-15, "{y} for {expected}");
    }
    Ok(())
}

#[test]
fn eval_mode_uses_the_given_statistics_and_reports_none() -> Result<()> {
    let x = Var::constant(Tensor::from_slice([1, 2], &[4.0, 1.0])?);
    let (weight, bias) = (
        Var::constant(Tensor::full([2], 3.0)),
        Var::constant(Tensor::zeros([2])),
    );
    let (mean, variance) = (Tensor::full([2], 2.0), Tensor::from_slice([2], &[4.0, 0.25])?);
    let eval = Eval {
        mean: &mean,
        variance: &variance,
    };
    let (y, statistics) = x.batch_norm(&weight, &bias, eval, 0.0)?;
    assert_eq!(y.value().to_vec()?, [3.0, -6.0]);
    assert!(statistics.is_none());
    Ok(())
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let var = |shape: &[usize]| Var::constant(Tensor::<f64>::zeros(shape));
    let (x, c, other) = (var(&[2, 3]), var(&[3]), var(&[2]));
    let refused = |x: &Var<f64>, w, b, mode| refusal(x.batch_norm(w, b, mode, EPS));
    assert_eq!(
        refused(&x, &other, &c, Train),
        "batch_norm: `weight` has shape [2], expected [3]"
    );
    assert_eq!(
        refused(&x, &c, &other, Train),
        "batch_norm: `bias` has shape [2], expected [3]"
    );
    assert_eq!(
        refused(&var(&[1, 3]), &c, &c, Train),
        "batch_norm: `self` has shape [1, 3], expected at least two values a channel in training mode"
    );
    let (three, two) = (Tensor::zeros([3]), Tensor::zeros([2]));
    let eval = Eval {
        mean: &two,
        variance: &three,
    };
    assert_eq!(
        refused(&x, &c, &c, eval),
        "batch_norm: `running mean` has shape [2], expected [3]"
    );
    let eval = Eval {
        mean: &three,
        variance: &two,
    };
    assert_eq!(
        refused(&x, &c, &c, eval),
        "batch_norm: `running variance` has shape [2], expected [3]"
    );
}

#[test]
fn eval_mode_with_constant_weights_keeps_no_activations() -> Result<()> {
    let x = random("x", &[4, 3]);
    let (mean, variance) = (random("mean", &[3]), Tensor::full([3], 1.0));
    let eval = Eval {
        mean: &mean,
        variance: &variance,
    };
    let (constant, leaf) = (Var::constant(mean.clone()), Var::leaf(mean.clone()));
    let with = |weight: &Var<f64>, mode| keeps(|x| Ok(x.batch_norm(weight, &constant, mode, EPS)?.0), &x);
    assert!(!with(&constant, eval)?);
    assert!(with(&leaf, eval)?);
    assert!(with(&constant, Train)?);
    Ok(())
}
