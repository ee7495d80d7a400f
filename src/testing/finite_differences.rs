//! Gradients against central differences, in f64.
//!
//! For a function y of some tensors and a random cotangent c, the derivative of sum(y·c) by every
//! input element x is compared with (sum(y(x + h)·c) − sum(y(x − h)·c))/2h. The function must be
//! smooth around the given values: none may lie within h of a kink.

use super::compare::{Mismatch, Pair, Report, magnitude, worst};
use crate::Result;
use crate::autograd::Var;
use crate::tensor::{Counter, Philox, Purpose, Tensor};

/// Half the distance of the two evaluations, for values of magnitude up to 1; larger ones in
/// proportion. Near the cube root of the machine's precision, where the errors of the formula
/// (h²) and of rounding (ε/h) are alike.
const STEP: f64 = 1e-5;

/// The largest error, relative to the largest derivative by the same input.
const TOLERANCE: f64 = 1e-7;

/// Most elements of one input that are checked; of larger inputs a random choice is.
const MOST_ELEMENTS: usize = 256;

/// Checks the gradients of `function` with respect to all `inputs` (name and value of each). The
/// report counts one comparison an input; an input that no gradient reached counts as gradient 0.
///
/// # Errors
/// Errors of `function` and of its backward rules.
pub fn check(
    case: &str,
    inputs: &[(&str, Tensor<f64>)],
    function: impl Fn(&[Var<f64>]) -> Result<Var<f64>>,
) -> Result<Report> {
    let random = Philox::new(0, Purpose::Test);
    let leaves: Vec<Var<f64>> = inputs.iter().map(|(_, x)| Var::leaf(x.clone())).collect();
    let y = function(&leaves)?;
    let cotangent: Vec<f64> = random.normal(Counter::default(), y.shape().len());
    let seed = Tensor::from_slice(*y.shape(), &cotangent)?;
    let mut gradients = y.backward(Some(seed))?;

    let mut values: Vec<Tensor<f64>> = inputs.iter().map(|(_, x)| x.clone()).collect();
    let mut report = Report::default();
    for (i, (name, x)) in inputs.iter().enumerate() {
        let gradient = match gradients.take(&leaves[i]) {
            Some(gradient) => gradient.to_vec()?,
            None => vec![0.0; x.len()],
        };
        let stream = Counter {
            image: i as u32 + 1,
            ..Counter::default()
        };
        let mut checked = random.permutation(stream, x.len());
        checked.truncate(MOST_ELEMENTS);
        let original = x.to_vec()?;
        let mut differences = Vec::with_capacity(checked.len());
        for index in checked.into_iter().map(|index| index as usize) {
            let mut at = |x: f64| {
                values[i].make_mut("finite differences")?[index] = x;
                let inputs: Vec<_> = values.iter().cloned().map(Var::constant).collect();
                let y = function(&inputs)?.into_value().to_vec()?;
                Ok(y.iter().zip(&cotangent).map(|(y, c)| y * c).sum::<f64>())
            };
            let step = STEP * original[index].abs().max(1.0);
            let (low, high) = (original[index] - step, original[index] + step);
            differences.push((index, (at(high)? - at(low)?) / (high - low)));
            values[i] = x.clone();
        }
        let scale = magnitude(&differences.iter().map(|d| d.1).collect::<Vec<_>>());
        let pairs = differences.iter().map(|&(index, expected)| Pair {
            index,
            found: gradient[index],
            expected,
            scale,
        });
        let difference = worst(x.shape(), pairs, TOLERANCE);
        report.record(difference.map(|difference| Mismatch {
            case: case.to_owned(),
            tensor: format!("gradient of {name} against finite differences"),
            difference,
        }));
    }
    Ok(report)
}
