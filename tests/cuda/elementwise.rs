//! Elementwise operations, accumulation and seeds on the device.

use super::emulated::Emulated;
use super::on_device::{demand_same_as_cpu, demand_same_bits, open};
use super::operands::case;
use crossmax::Result;
use crossmax::autograd::Var;
use crossmax::tensor::Tensor;
use crossmax::testing::formula::centred;
use crossmax::testing::{Case, Operation};

/// Same shapes, channels against pixels, images against pixels, missing and repeated axes on both
/// sides, scalars, six axes, more elements than threads of a block.
pub fn cases() -> Result<Vec<Case>> {
    let shapes: [[&[usize]; 2]; 9] = [
        [&[2, 3, 5], &[2, 3, 5]],
        [&[1, 17, 3, 7], &[7]],
        [&[2, 3, 4, 5], &[2, 1, 1, 1]],
        [&[], &[3, 4]],
        [&[3, 1], &[1, 4]],
        [&[4, 1, 2], &[3, 1]],
        [&[2, 1, 3, 1, 2, 1], &[1, 2, 1, 3, 1, 2]],
        [&[1], &[1, 1]],
        [&[], &[]],
    ];
    let mut cases = Vec::new();
    for [a, b] in shapes {
        for (name, operation) in [
            ("add", Operation::Add),
            ("sub", Operation::Sub),
            ("mul", Operation::Mul),
            ("div", Operation::Div),
        ] {
            let name = format!("{name} of {a:?} and {b:?}");
            cases.push(case(&name, operation, &[("a", a), ("b", b)])?);
        }
    }
    for shape in [vec![1], vec![3, 7, 41]] {
        let (low, high) = (-0.5, 0.25);
        for (name, operation) in [
            ("relu", Operation::Relu),
            ("silu", Operation::Silu),
            ("tanh", Operation::Tanh),
            ("clamp", Operation::Clamp { low, high }),
        ] {
            cases.push(case(
                &format!("{name} of {shape:?}"),
                operation,
                &[("x", &shape)],
            )?);
        }
    }
    Ok(cases)
}

#[test]
fn elementwise_operations_agree() -> Result<()> {
    demand_same_as_cpu(&cases()?)
}

/// Zeros of both signs, the bounds of the clamp and their neighbours, NaN, infinities.
fn special() -> Result<Tensor> {
    let values = [
        0.0,
        -0.0,
        1.0,
        1.0_f32.next_up(),
        -1.0,
        -1.0_f32.next_down(),
        f32::NAN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::MIN_POSITIVE,
    ];
    Tensor::from_slice([values.len()], &values)
}

#[test]
fn kinks_bounds_and_nan_give_the_bits_of_the_cpu() -> Result<()> {
    type Function = fn(&Var) -> Result<Var>;
    let functions: [(&str, Function); 3] = [
        ("relu", |x| x.relu()),
        ("clamp", |x| x.clamp(-1.0, 1.0)),
        ("affine", |x| x.affine(-2.5, 0.75)),
    ];
    for (name, function) in functions {
        let seed = Tensor::from_fn([10], |i| centred("seed", i) as f32);
        demand_same_bits(name, &[special()?, seed], |inputs| {
            let x = Var::leaf(inputs[0].clone());
            let y = function(&x)?;
            let value = y.value().clone();
            let gradient = y.backward(Some(inputs[1].clone()))?.take(&x);
            Ok([Some(value), gradient].into_iter().flatten().collect())
        })?;
    }
    Ok(())
}

#[test]
fn gradients_of_broadcast_operands_are_summed_in_the_order_of_the_cpu() -> Result<()> {
    let numbers = |name: &str, shape: &[usize]| Tensor::from_fn(shape, |i| 1e3 * centred(name, i) as f32);
    let inputs = [
        numbers("x", &[5, 3, 7, 4]),
        numbers("b", &[3, 1, 4]),
        numbers("seed", &[5, 3, 7, 4]),
    ];
    demand_same_bits("gradients of a product", &inputs, |inputs| {
        let [x, b] = [0, 1].map(|i| Var::leaf(inputs[i].clone()));
        let mut gradients = x.mul(&b)?.backward(Some(inputs[2].clone()))?;
        Ok([&x, &b]
            .into_iter()
            .filter_map(|leaf| gradients.take(leaf))
            .collect())
    })
}

#[test]
fn accumulation_is_in_place_and_never_over_shared_memory() -> Result<()> {
    let device = open(5);
    let put = |values: &[f32]| Tensor::from_slice([values.len()], values)?.to_device(&device);
    let mut sum = put(&[1.0, 2.0, 3.0])?;
    let shared = sum.clone();
    sum.accumulate(&put(&[10.0, 20.0, 30.0])?)?;
    assert_eq!(shared.to_vec()?, [1.0, 2.0, 3.0]);
    sum.accumulate(&shared)?;
    assert_eq!(sum.to_vec()?, [12.0, 24.0, 36.0]);
    Ok(())
}

#[test]
fn a_gradient_that_several_users_share_is_not_overwritten() -> Result<()> {
    let device = open(6);
    let x = Var::leaf(Tensor::from_slice([2], &[-1.0_f32, 2.0])?.to_device(&device)?);
    // The gradient of `add` goes to both sides; ReLU's would be written over it.
    let y = x.relu()?.add(&x)?;
    let seed = Tensor::from_slice([2], &[1.0, 1.0])?.to_device(&device)?;
    let gradient = y.backward(Some(seed.clone()))?.take(&x);
    assert_eq!(gradient.map(|g| g.to_vec()).transpose()?, Some(vec![1.0, 2.0]));
    assert_eq!(seed.to_vec()?, [1.0, 1.0]);
    Ok(())
}

#[test]
fn a_scalar_on_the_device_needs_no_seed() -> Result<()> {
    let device = open(7);
    let x = Var::leaf(Tensor::scalar(3.0_f32).to_device(&device)?);
    let gradient = x.mul(&x)?.backward(None)?.take(&x);
    assert_eq!(gradient.map(|g| g.item()).transpose()?, Some(6.0));
    Ok(())
}

#[test]
fn other_numbers_and_other_places_are_refused() -> Result<()> {
    let device = open(8);
    let double = Var::constant(Tensor::<f64>::zeros([2]).to_device(&device)?);
    let here = Var::constant(Tensor::<f32>::zeros([2]));
    let there = Var::constant(Tensor::<f32>::zeros([2]).to_device(&device)?);
    // Of the emulator also where there is a GPU: another device in any case.
    let elsewhere = Var::constant(Tensor::<f32>::zeros([2]).to_device(&Emulated::open(9))?);
    assert!(double.relu().is_err());
    assert!(here.add(&there).is_err());
    assert!(there.add(&elsewhere).is_err());
    assert!(there.value().cast::<f64>().is_err());
    assert_eq!(there.value().cast::<f32>()?.to_vec()?, [0.0; 2]);
    Ok(())
}
