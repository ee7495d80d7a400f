//! Gradients, shared memory, refusals.

use crate::Result;
use crate::autograd::Var;
use crate::tensor::Tensor;
use crate::testing::assertions::{check_gradients_at_random, random, refusal};

#[test]
fn gradients() -> Result<()> {
    let x: [(&str, &[usize]); 1] = [("x", &[2, 3, 4])];
    check_gradients_at_random("reshape", &x, |v| v[0].reshape([4, 1, 6]))?;
    check_gradients_at_random("flatten", &x, |v| v[0].flatten())
}

#[test]
fn no_data_moves() -> Result<()> {
    let x = Var::constant(random("x", &[2, 3, 4]));
    let y = x.flatten()?;
    assert_eq!(y.dims(), [2, 12]);
    assert_eq!(y.value().host("test")?.as_ptr(), x.value().host("test")?.as_ptr());
    Ok(())
}

#[test]
fn other_numbers_of_elements_are_refused() {
    let x = Var::constant(Tensor::<f64>::zeros([2, 3]));
    assert_eq!(
        refusal(x.reshape([2, 4])),
        "reshape: `self` has shape [2, 3], expected 8 elements for [2, 4]"
    );
}
