//! `max_pool2d.cu` and `avg_pool2d.cu` against the CPU.

use super::on_device::{demand_same_as_cpu, open};
use super::operands::case;
use crossmax::Result;
use crossmax::autograd::Var;
use crossmax::ops::AvgPool2d;
use crossmax::tensor::Tensor;
use crossmax::testing::{Case, Operation};

/// Windows that overlap, touch, leave gaps, cover all, and reach beyond the picture.
pub fn max_cases() -> Result<Vec<Case>> {
    let shapes: [([usize; 4], [usize; 3]); 6] = [
        ([2, 9, 7, 3], [3, 2, 1]),
        ([1, 6, 8, 5], [2, 2, 0]),
        ([1, 5, 6, 1], [3, 1, 1]),
        ([3, 7, 7, 2], [2, 3, 1]),
        ([1, 4, 4, 33], [4, 1, 0]),
        ([2, 1, 1, 4], [3, 2, 1]),
    ];
    let case = |&(x, [kernel, stride, padding]): &([usize; 4], [usize; 3])| {
        let name = format!("max_pool2d of {x:?}, window {kernel}, stride {stride}, padding {padding}");
        let operation = Operation::MaxPool2d {
            kernel,
            stride,
            padding,
        };
        case(&name, operation, &[("x", &x)])
    };
    shapes.iter().map(case).collect()
}

pub fn avg_cases() -> Result<Vec<Case>> {
    let windows = [
        ([2, 9, 7, 3], [3, 2], [2, 1]),
        ([1, 6, 8, 5], [2, 2], [2, 2]),
        ([1, 7, 5, 1], [2, 1], [3, 2]),
        ([3, 4, 5, 33], [4, 5], [1, 1]),
    ];
    let window = |&(x, kernel, stride): &([usize; 4], [usize; 2], [usize; 2])| {
        let name = format!("avg_pool2d of {x:?}, window {kernel:?}, stride {stride:?}");
        case(
            &name,
            Operation::AvgPool2d(AvgPool2d { kernel, stride }),
            &[("x", &x)],
        )
    };
    let whole = |x: &[usize; 4]| {
        let name = format!("global_avg_pool2d of {x:?}");
        case(&name, Operation::GlobalAvgPool2d, &[("x", x)])
    };
    let mut cases: Vec<Case> = windows.iter().map(window).collect::<Result<_>>()?;
    for x in [[1, 7, 7, 70], [3, 1, 1, 2], [2, 5, 3, 1]] {
        cases.push(whole(&x)?);
    }
    Ok(cases)
}

#[test]
fn maximum_pooling_and_its_gradient_agree() -> Result<()> {
    demand_same_as_cpu(&max_cases()?)
}

#[test]
fn average_pooling_and_its_gradient_agree() -> Result<()> {
    demand_same_as_cpu(&avg_cases()?)
}

#[test]
fn of_equal_maxima_the_first_gets_the_gradient_and_nan_wins() -> Result<()> {
    let accelerator = open(1);
    let nan = f32::NAN;
    let x = [1.0, 2.0, 2.0, 0.0, 2.0, 0.0, nan, 1.0, 1.0, 1.0, 1.0, nan];
    let x = Tensor::from_slice([1, 2, 6, 1], &x)?;
    let run = |x: Tensor<f32>| -> Result<[Vec<f32>; 2]> {
        let x = Var::leaf(x);
        let y = x.max_pool2d(2, 2, 0)?;
        let value = y.value().to_vec()?;
        let seed = Tensor::from_slice([1, 1, 3, 1], &[5.0, 6.0, 7.0])?;
        let seed = match x.value().accelerator() {
            Some(accelerator) => seed.to_device(accelerator)?,
            None => seed,
        };
        let gradient = y.backward(Some(seed))?.take(&x).expect("a gradient");
        Ok([value, gradient.to_vec()?])
    };
    let [value, gradient] = run(x.to_device(&accelerator)?)?;
    assert!(
        value[0].is_nan() && value[1] == 2.0 && value[2].is_nan(),
        "{value:?}"
    );
    let expected = [0.0, 0.0, 6.0, 0.0, 0.0, 0.0, 5.0, 0.0, 0.0, 0.0, 0.0, 7.0];
    assert_eq!(gradient, expected);
    assert_eq!(run(x)?[1], expected);
    Ok(())
}
