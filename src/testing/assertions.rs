//! What the unit tests of operations demand of each of them.

use super::finite_differences;
use super::formula::{centred, centred_tensor};
use crate::Result;
use crate::autograd::Var;
use crate::tensor::Tensor;

/// Numbers in [-1, 1), always the same for a name.
pub(crate) fn random(name: &str, shape: &[usize]) -> Tensor<f64> {
    Tensor::from_fn(shape, |i| 2.0 * centred(name, i))
}

/// Demands of `function` at these inputs that its gradients agree with finite differences and that
/// they are the same to the bit whichever of the inputs are constants.
pub(crate) fn check_gradients(
    case: &str,
    inputs: &[(&str, Tensor<f64>)],
    function: impl Fn(&[Var<f64>]) -> Result<Var<f64>>,
) -> Result<()> {
    let report = finite_differences::check(case, inputs, &function)?;
    assert!(report.passed(), "{report}");

    let gradients = |tracked: usize| -> Result<Vec<Option<Vec<f64>>>> {
        let vars = inputs.iter().enumerate().map(|(i, (_, value))| {
            let make = if tracked >> i & 1 == 1 {
                Var::leaf
            } else {
                Var::constant
            };
            make(value.clone())
        });
        let vars: Vec<_> = vars.collect();
        let y = function(&vars)?;
        assert_eq!(y.tracked(), tracked != 0, "{case}: tracked without need");
        let seed = centred_tensor("seed", *y.shape());
        let found = y.backward(Some(seed))?;
        vars.iter()
            .map(|var| found.get(var).map(Tensor::to_vec).transpose())
            .collect()
    };
    let all = gradients((1 << inputs.len()) - 1)?;
    for tracked in 0..1 << inputs.len() {
        for (i, found) in gradients(tracked)?.into_iter().enumerate() {
            let expected = all[i].clone().filter(|_| tracked >> i & 1 == 1);
            let name = inputs[i].0;
            assert_eq!(
                found, expected,
                "{case}: gradient of {name} with inputs {tracked:b} tracked"
            );
        }
    }
    Ok(())
}

/// [`check_gradients`] at random values of these shapes.
pub(crate) fn check_gradients_at_random(
    case: &str,
    shapes: &[(&str, &[usize])],
    function: impl Fn(&[Var<f64>]) -> Result<Var<f64>>,
) -> Result<()> {
    let value = |&(name, shape): &(_, &[usize])| (name, random(&format!("{case}.{name}"), shape));
    let inputs: Vec<_> = shapes.iter().map(value).collect();
    check_gradients(case, &inputs, function)
}

/// Output and gradient of a function of one tensor, with ones as the output's gradient.
pub(crate) fn value_and_gradient(
    x: Tensor<f64>,
    function: impl FnOnce(&Var<f64>) -> Result<Var<f64>>,
) -> Result<(Vec<f64>, Vec<f64>)> {
    let x = Var::leaf(x);
    let y = function(&x)?;
    let value = y.value().to_vec()?;
    let ones = Tensor::full(*y.shape(), 1.0);
    let gradient = y.backward(Some(ones))?.get(&x).map(Tensor::to_vec).transpose()?;
    Ok((value, gradient.unwrap_or_default()))
}

/// Whether what `function` returns keeps its argument alive, here a copy of `x`.
pub(crate) fn keeps(function: impl FnOnce(Var<f64>) -> Result<Var<f64>>, x: &Tensor<f64>) -> Result<bool> {
    let mut own = Tensor::from_slice(*x.shape(), x.host("keeps")?)?;
    let y = function(Var::leaf(own.clone()))?;
    let before = own.host("keeps")?.as_ptr();
    // Writing copies only what somebody else still holds.
    let shared = own.make_mut("keeps")?.as_ptr() != before;
    drop(y);
    Ok(shared)
}

/// The message of an error.
pub(crate) fn refusal<V>(result: Result<V>) -> String {
    match result {
        Ok(_) => panic!("accepted what must be refused"),
        Err(error) => error.to_string(),
    }
}
