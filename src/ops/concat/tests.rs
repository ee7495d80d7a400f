//! Gradients, order, refusals.

use crate::Result;
use crate::autograd::Var;
use crate::tensor::Tensor;
use crate::testing::assertions::{check_gradients_at_random, refusal};

#[test]
fn gradients() -> Result<()> {
    let concat = |v: &[Var<f64>]| Var::concat(&v.iter().collect::<Vec<_>>());
    let pictures: [(&str, &[usize]); 3] = [("a", &[2, 3, 5, 4]), ("b", &[2, 3, 5, 1]), ("c", &[2, 3, 5, 2])];
    check_gradients_at_random("concat pictures", &pictures, concat)?;
    check_gradients_at_random("concat one", &pictures[..1], concat)?;
    check_gradients_at_random("concat vectors", &[("a", &[3]), ("b", &[2])], concat)?;
    check_gradients_at_random("concat with itself", &[("a", &[2, 3])], |v| {
        Var::concat(&[&v[0], &v[0].tanh()?, &v[0]])
    })
}

#[test]
fn parts_stand_beside_each_other_on_the_last_axis() -> Result<()> {
    let a = Var::constant(Tensor::from_slice([2, 1], &[1.0, 2.0])?);
    let b = Var::constant(Tensor::from_slice([2, 2], &[10.0, 11.0, 20.0, 21.0])?);
    let y = Var::concat(&[&a, &b])?;
    assert_eq!(y.dims(), [2, 3]);
    assert_eq!(y.value().to_vec()?, [1.0, 10.0, 11.0, 2.0, 20.0, 21.0]);
    Ok(())
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    let var = |shape: &[usize]| Var::constant(Tensor::<f64>::zeros(shape));
    let x = var(&[2, 3]);
    for other in [&[3, 3][..], &[2], &[2, 3, 1]] {
        assert_eq!(
            refusal(Var::concat(&[&x, &var(other)])),
            format!("concat: `part` has shape {other:?}, expected [2, 3] but for the last axis")
        );
    }
    assert_eq!(
        refusal(Var::<f64>::concat(&[])),
        "concat: `parts` is 0, expected 1 to 64 parts"
    );
    assert_eq!(
        refusal(Var::concat(&[&x; 65])),
        "concat: `parts` is 65, expected 1 to 64 parts"
    );
    assert_eq!(
        refusal(Var::concat(&[&var(&[])])),
        "concat: `part` has shape [], expected at least one axis"
    );
}
