//! Gradients along every axis, ties, scalars, refusals.

use crate::Result;
use crate::autograd::Var;
use crate::tensor::Tensor;
use crate::testing::assertions::{check_gradients_at_random, refusal, value_and_gradient};

#[test]
fn gradients() -> Result<()> {
    let x: [(&str, &[usize]); 1] = [("x", &[3, 4, 5])];
    for axis in 0..3 {
        check_gradients_at_random("sum", &x, |v| v[0].sum(axis))?;
        check_gradients_at_random("mean", &x, |v| v[0].mean(axis))?;
        check_gradients_at_random("max", &x, |v| v[0].max(axis))?;
        check_gradients_at_random("pick", &x, |v| v[0].pick(axis, 1))?;
        for k in 1..=3 {
            check_gradients_at_random("top_k", &x, |v| v[0].top_k(axis, k))?;
        }
    }
    check_gradients_at_random("sum_all", &x, |v| v[0].sum_all())?;
    check_gradients_at_random("mean_all", &x, |v| v[0].mean_all())
}

#[test]
fn the_axis_is_removed_or_shortened() -> Result<()> {
    let x = Var::constant(Tensor::from_slice([2, 3], &[1.0, 5.0, 3.0, 9.0, 7.0, 8.0])?);
    let found = |y: Var<f64>| Ok::<_, crate::Error>((y.dims().to_vec(), y.value().to_vec()?));
    assert_eq!(found(x.sum(0)?)?, (vec![3], vec![10.0, 12.0, 11.0]));
    assert_eq!(found(x.mean(1)?)?, (vec![2], vec![3.0, 8.0]));
    assert_eq!(found(x.max(1)?)?, (vec![2], vec![5.0, 9.0]));
    assert_eq!(found(x.top_k(1, 2)?)?, (vec![2, 2], vec![5.0, 3.0, 9.0, 8.0]));
    assert_eq!(
        found(x.top_k(0, 2)?)?,
        (vec![2, 3], vec![9.0, 7.0, 8.0, 1.0, 5.0, 3.0])
    );
    assert_eq!(found(x.pick(1, 2)?)?, (vec![2], vec![3.0, 8.0]));
    assert_eq!(found(x.sum_all()?)?, (vec![], vec![33.0]));
    assert_eq!(found(x.mean_all()?)?, (vec![], vec![5.5]));
    Ok(())
}

#[test]
fn the_first_of_equal_values_wins() -> Result<()> {
    let x = Tensor::from_slice([5], &[2.0, 7.0, 7.0, 1.0, 7.0])?;
    let (_, dx) = value_and_gradient(x.clone(), |x| x.max(0))?;
    assert_eq!(dx, [0.0, 1.0, 0.0, 0.0, 0.0]);
    let (y, dx) = value_and_gradient(x, |x| {
        // Numbered, so that the order of the picked values shows.
        let numbers = Var::constant(Tensor::from_slice([4], &[1.0, 10.0, 100.0, 1000.0])?);
        x.top_k(0, 4)?.mul(&numbers)
    })?;
    assert_eq!(y, [7.0, 70.0, 700.0, 2000.0]);
    assert_eq!(dx, [1000.0, 1.0, 10.0, 0.0, 100.0]);
    Ok(())
}

#[test]
fn axes_that_do_not_exist_are_refused() {
    let x = Var::constant(Tensor::<f64>::zeros([2, 3]));
    let operations: [(&str, Result<Var<f64>>); 5] = [
        ("sum", x.sum(2)),
        ("mean", x.mean(2)),
        ("max", x.max(2)),
        ("top_k", x.top_k(2, 1)),
        ("pick", x.pick(2, 0)),
    ];
    for (name, result) in operations {
        assert_eq!(
            refusal(result),
            format!("{name}: `axis` is 2, expected a non-empty axis of [2, 3]")
        );
    }
    let scalar = Var::constant(Tensor::<f64>::scalar(1.0));
    assert_eq!(
        refusal(scalar.max(0)),
        "max: `axis` is 0, expected a non-empty axis of []"
    );
    let empty = Var::constant(Tensor::<f64>::zeros([2, 0]));
    assert_eq!(
        refusal(empty.mean(1)),
        "mean: `axis` is 1, expected a non-empty axis of [2, 0]"
    );
    for k in [0, 4] {
        let message = format!("top_k: `k` is {k}, expected 1..=3");
        assert_eq!(refusal(x.top_k(1, k)), message);
    }
    assert_eq!(refusal(x.pick(1, 3)), "pick: `index` is 3, expected below 3");
}

#[test]
fn empty_axes_that_stay_are_no_trouble() -> Result<()> {
    let x = Var::constant(Tensor::<f64>::zeros([2, 3, 0]));
    for y in [x.sum(1)?, x.max(1)?, x.pick(1, 0)?] {
        assert_eq!(y.dims(), [2, 0]);
    }
    Ok(())
}
