//! Gradients, sizes beyond one block, refusals, and what is kept.

use crate::Result;
use crate::autograd::Var;
use crate::tensor::Tensor;
use crate::testing::assertions::{check_gradients_at_random, keeps, random, refusal};
use crate::testing::{Scale, compare::compare};

#[test]
fn gradients() -> Result<()> {
    for [n, inputs, outputs] in [[3, 7, 5], [1, 4, 3], [2, 1, 1], [70, 3, 2]] {
        let shapes: [(&str, &[usize]); 3] =
            [("x", &[n, inputs]), ("w", &[outputs, inputs]), ("b", &[outputs])];
        let name = format!("linear {n}×{inputs} to {outputs}");
        check_gradients_at_random(&name, &shapes, |v| v[0].linear(&v[1], Some(&v[2])))?;
        check_gradients_at_random(&name, &shapes[..2], |v| v[0].linear(&v[1], None))?;
        let shapes: [(&str, &[usize]); 2] = [("a", &[n, inputs]), ("b", &[inputs, outputs])];
        check_gradients_at_random("matmul", &shapes, |v| v[0].matmul(&v[1]))?;
    }
    Ok(())
}

/// Rows, columns and terms beyond what one call of the library gets.
#[test]
fn products_of_several_blocks_are_sums_of_products() -> Result<()> {
    let [m, k, n] = [131, 1100, 67];
    let (a, b) = (random("a", &[m, k]), random("b", &[k, n]));
    let (left, right) = (a.to_vec()?, b.to_vec()?);
    let expected = Tensor::from_fn([m, n], |i| {
        (0..k).map(|j| left[i / n * k + j] * right[j * n + i % n]).sum()
    });
    let product = Var::constant(a.clone()).matmul(&Var::constant(b.clone()))?;
    let mismatch = compare(
        "matmul",
        "output",
        product.value(),
        &expected,
        1e-13,
        Scale::Tensor,
    )?;
    assert_eq!(mismatch, None);
    let linear = Var::constant(a).linear(&Var::constant(b.permute(&[1, 0])?), None)?;
    let mismatch = compare(
        "linear",
        "output",
        linear.value(),
        &expected,
        1e-13,
        Scale::Tensor,
    )?;
    assert_eq!(mismatch, None);
    Ok(())
}

#[test]
fn no_rows_give_no_rows() -> Result<()> {
    let (x, w) = (
        Var::leaf(Tensor::<f64>::zeros([0, 3])),
        Var::leaf(random("w", &[2, 3])),
    );
    let y = x.linear(&w, None)?;
    assert_eq!(y.dims(), [0, 2]);
    let gradients = y.backward(Some(Tensor::zeros([0, 2])))?;
    assert_eq!(
        gradients.get(&w).map(Tensor::to_vec).transpose()?,
        Some(vec![0.0; 6])
    );
    Ok(())
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let var = |shape: &[usize]| Var::constant(Tensor::<f64>::zeros(shape));
    let x = var(&[2, 3]);
    assert_eq!(
        refusal(var(&[2, 3, 1]).linear(&x, None)),
        "linear: `self` has shape [2, 3, 1], expected two axes"
    );
    assert_eq!(
        refusal(x.linear(&var(&[5, 4]), None)),
        "linear: `weight` has shape [5, 4], expected [out, 3]"
    );
    assert_eq!(
        refusal(x.linear(&var(&[5, 3]), Some(&var(&[5, 1])))),
        "linear: `bias` has shape [5, 1], expected [5]"
    );
    assert_eq!(
        refusal(x.matmul(&var(&[2, 3]))),
        "matmul: `other` has shape [2, 3], expected [3, n]"
    );
}

#[test]
fn an_operand_is_kept_only_for_the_others_gradient() -> Result<()> {
    let (x, w) = (random("x", &[2, 3]), random("w", &[5, 3]));
    let constant = Var::constant(w.clone());
    assert!(!keeps(|x| x.linear(&constant, None), &x)?);
    let tracked = Var::leaf(w);
    assert!(keeps(|x| x.linear(&tracked, None), &x)?);
    Ok(())
}
