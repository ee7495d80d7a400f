//! Reductions on the device.

use super::on_device::{demand_same_as_cpu, demand_same_bits, open};
use super::operands::case;
use crossmax::Result;
use crossmax::autograd::Var;
use crossmax::tensor::Tensor;
use crossmax::testing::formula::centred;
use crossmax::testing::{Case, Operation};

/// Every axis of shapes with odd lengths, one row, one element, more rows than threads of a block.
pub fn cases() -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for shape in [vec![1], vec![7], vec![3, 5, 7], vec![300, 3], vec![1, 4, 1, 6]] {
        for axis in 0..shape.len() {
            let k = shape[axis].min(3);
            for (name, operation) in [
                ("sum", Operation::Sum { axis }),
                ("mean", Operation::Mean { axis }),
                ("max", Operation::Max { axis }),
                ("top_k", Operation::TopK { axis, k }),
            ] {
                let name = format!("{name} of {shape:?} along {axis}");
                cases.push(case(&name, operation, &[("x", &shape)])?);
            }
        }
    }
    // Trees of one part and of several, of terms that lie together and apart.
    for (shape, axis) in [
        (&[2, 1500][..], 1),
        (&[1100, 3], 0),
        (&[40_000], 0),
        (&[16_385, 2], 0),
    ] {
        let name = format!("long sum of {shape:?} along {axis}");
        let mut case = case(&name, Operation::Mean { axis }, &[("x", shape)])?;
        // Shifted, so that the mean of many numbers is not tiny.
        for input in &mut case.inputs {
            let values = input.value.to_vec()?;
            input.value = Tensor::from_fn(shape.to_vec(), |i| 0.5 + values[i]);
        }
        cases.push(case);
    }
    cases.push(case(
        "crossmax",
        Operation::CrossMax { k: 2 },
        &[("z", &[3, 4, 10])],
    )?);
    Ok(cases)
}

#[test]
fn reductions_agree() -> Result<()> {
    demand_same_as_cpu(&cases()?)
}

type Function = fn(&Var) -> Result<Var>;

/// The value of `function`, and its gradient with respect to the first input with the second as seed.
fn value_and_gradient(function: Function, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
    let x = Var::leaf(inputs[0].clone());
    let y = function(&x)?;
    let value = y.value().clone();
    let gradient = y.backward(Some(inputs[1].clone()))?.take(&x);
    Ok([Some(value), gradient].into_iter().flatten().collect())
}

#[test]
fn sums_run_in_the_order_of_the_cpu() -> Result<()> {
    let x = Tensor::from_fn([3, 50, 5], |i| 1e3 * centred("x", i) as f32);
    let seed = Tensor::from_fn([3, 5], |i| centred("seed", i) as f32);
    demand_same_bits("mean", &[x, seed], |inputs| {
        value_and_gradient(|x| x.mean(1), inputs)
    })
}

#[test]
fn a_long_sum_does_not_depend_on_the_other_rows() -> Result<()> {
    const TERMS: usize = 20_000;
    let device = open(2);
    let sums = |rows: usize| -> Result<Vec<f32>> {
        let x = Tensor::from_fn([rows, TERMS], |i| centred("x", i) as f32);
        Var::constant(x.to_device(&device)?).sum(1)?.value().to_vec()
    };
    assert_eq!(sums(1)?, sums(3)?[..1]);
    Ok(())
}

/// A sum in one chain of f32 would be off by about a hundredth of this.
#[test]
fn a_large_tensor_is_summed_accurately() -> Result<()> {
    const COUNT: usize = 1 << 20;
    let device = open(1);
    let x = Tensor::from_fn([1024, COUNT / 1024], |i| 0.7 + 0.1 * centred("x", i) as f32);
    let exact: f64 = x.to_vec()?.iter().copied().map(f64::from).sum();
    let y = Var::constant(x.to_device(&device)?).sum_all()?;
    let found = f64::from(y.value().to_vec()?[0]);
    assert!((found / exact - 1.0).abs() < 3e-7, "{found}, exactly {exact}");
    Ok(())
}

#[test]
fn ties_and_nan_are_picked_as_on_the_cpu() -> Result<()> {
    const NAN: f32 = f32::NAN;
    let rows = [
        [1.0, 3.0, 3.0, 2.0, 3.0, 1.0],
        [0.0, -0.0, 0.0, -0.0, 0.0, -1.0],
        [NAN, 1.0, NAN, 5.0, f32::INFINITY, NAN],
        [f32::NEG_INFINITY, NAN, 2.0, 2.0, -3.0, 2.0],
    ];
    let x = Tensor::from_slice([4, 6], rows.as_flattened())?;
    let functions: [(&str, Function, [usize; 2]); 3] = [
        ("top_k along rows", |x| x.top_k(1, 4), [4, 4]),
        ("top_k along columns", |x| x.top_k(0, 3), [3, 6]),
        ("max", |x| x.max(1)?.reshape([4, 1]), [4, 1]),
    ];
    for (name, function, shape) in functions {
        let seed = Tensor::from_fn(shape, |i| 1.0 + i as f32);
        demand_same_bits(name, &[x.clone(), seed], |inputs| {
            value_and_gradient(function, inputs)
        })?;
    }
    Ok(())
}

#[test]
fn a_picked_index_keeps_its_bits_and_gets_the_whole_gradient() -> Result<()> {
    let functions: [(Function, [usize; 2]); 3] = [
        (|x| x.pick(0, 2), [5, 7]),
        (|x| x.pick(1, 0), [3, 7]),
        (|x| x.pick(2, 6), [3, 5]),
    ];
    for (function, shape) in functions {
        let x = Tensor::from_fn([3, 5, 7], |i| centred("x", i) as f32);
        let seed = Tensor::from_fn(shape, |i| 1.0 + i as f32);
        demand_same_bits("pick", &[x, seed], |inputs| value_and_gradient(function, inputs))?;
    }
    Ok(())
}
