//! The walk itself, on operations made up for the test.

use super::Var;
use crate::Result;
use crate::tensor::Tensor;

/// y = k · x, as an operation.
fn scaled(x: &Var<f64>, k: f64) -> Var<f64> {
    let value = Tensor::from_fn(*x.shape(), |i| k * x.value().to_vec().unwrap_or_default()[i]);
    Var::from_op("scaled", &[x], value, || {
        move |dy: Tensor<f64>, needs| {
            Ok(vec![needs.gradient(0, || {
                let dy = dy.to_vec()?;
                Ok(Tensor::from_fn([dy.len()], |i| k * dy[i]))
            })?])
        }
    })
}

fn sum2(a: &Var<f64>, b: &Var<f64>) -> Var<f64> {
    let (x, y) = (
        a.value().to_vec().unwrap_or_default(),
        b.value().to_vec().unwrap_or_default(),
    );
    let value = Tensor::from_fn(*a.shape(), |i| x[i] + y[i]);
    Var::from_op("sum2", &[a, b], value, || {
        |dy: Tensor<f64>, _| Ok(vec![Some(dy.clone()), Some(dy)])
    })
}

#[test]
fn gradients_of_all_uses_add_up() -> Result<()> {
    let x = Var::leaf(Tensor::from_slice([2], &[1.0, -2.0])?);
    // 3x + (x + 5x): every path counts, the shared gradient of `sum2` is not overwritten.
    let y = sum2(&scaled(&x, 3.0), &sum2(&x, &scaled(&x, 5.0)));
    let gradients = y.backward(Some(Tensor::from_slice([2], &[1.0, 10.0])?))?;
    assert_eq!(
        gradients.get(&x).map(|g| g.to_vec()).transpose()?,
        Some(vec![9.0, 90.0])
    );
    Ok(())
}

#[test]
fn constants_cost_nothing_and_a_graph_can_be_walked_twice() -> Result<()> {
    let x = Var::leaf(Tensor::from_slice([1], &[2.0])?);
    let c = Var::constant(Tensor::from_slice([1], &[7.0])?);
    assert!(!scaled(&c, 2.0).tracked());
    let y = sum2(&scaled(&x, 2.0), &c);
    for _ in 0..2 {
        let gradients = y.backward_keeping(None)?;
        assert_eq!(gradients.get(&x).map(|g| g.item()).transpose()?, Some(2.0));
        assert!(gradients.get(&c).is_none());
    }
    Ok(())
}

#[test]
fn wrong_seeds_are_refused() -> Result<()> {
    let x = Var::leaf(Tensor::<f64>::zeros([3]));
    let y = scaled(&x, 2.0);
    assert!(y.backward_keeping(None).is_err());
    assert!(y.backward(Some(Tensor::zeros([2]))).is_err());
    Ok(())
}

#[test]
fn a_rule_may_add_to_the_gradient_so_far_once() -> Result<()> {
    // y = 3x whose rule adds in place; further users of x before and after it on the tape.
    let triple = |x: &Var<f64>| -> Result<Var<f64>> {
        let value = x.value().to_vec()?;
        let y = Tensor::from_fn(*x.shape(), |i| 3.0 * value[i]);
        Ok(Var::from_op("triple", &[x], y, || {
            move |dy: Tensor<f64>, mut needs| {
                let gradient = needs.added_gradient(0, |sum, _| {
                    let dy = dy.to_vec()?;
                    let mut dx = Tensor::from_fn([dy.len()], |i| 3.0 * dy[i]);
                    if let Some(sum) = sum {
                        dx.accumulate(&sum)?;
                    }
                    Ok(dx)
                })?;
                Ok(vec![gradient])
            }
        }))
    };
    let x = Var::leaf(Tensor::from_slice([2], &[1.0, 2.0])?);
    let inner = x.add(&x)?;
    let before = inner.add(&inner)?;
    let added = triple(&inner)?;
    let after = inner.add(&added)?;
    let y = before.add(&added)?.add(&after)?;
    // inner counts 2 (before) + 3·2 (added, used twice) + 1 (after), and is 2x.
    let gradient = y.backward(Some(Tensor::full([2], 1.0)))?.take(&x);
    assert_eq!(gradient.map(|g| g.to_vec()).transpose()?, Some(vec![18.0; 2]));
    Ok(())
}
