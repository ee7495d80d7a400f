//! The statistics that batch normalisation leaves behind, on a device as on the CPU.

use super::on_device::open;
use crossmax::Result;
use crossmax::autograd::Var;
use crossmax::nn::{BatchNorm, Module, Pass};
use crossmax::tensor::Tensor;
use crossmax::testing::formula::centred;

/// The running statistics after two training passes, at the place of `to`.
fn after_training(to: impl Fn(Tensor<f32>) -> Result<Tensor<f32>>) -> Result<Vec<Vec<f32>>> {
    let mut layer = BatchNorm::<f32>::new(3);
    let mut place = |slot: crossmax::nn::Slot<'_, f32>| {
        slot.parameter.value = to(slot.parameter.value.clone())?;
        Ok(())
    };
    layer.visit("", &mut place)?;
    for batch in ["first", "second"] {
        let x = to(Tensor::from_fn([7, 3], |i| centred(batch, i) as f32 + 0.25))?;
        let mut pass = Pass::train();
        layer.forward(&Var::constant(x), &mut pass)?;
        pass.commit(&mut layer)?;
    }
    let mut values = Vec::new();
    layer.visit("", &mut |slot| {
        values.push(slot.parameter.value.to_vec()?);
        Ok(())
    })?;
    Ok(values)
}

#[test]
fn running_statistics_move_as_on_the_cpu() -> Result<()> {
    let accelerator = open(1);
    let expected = after_training(Ok)?;
    let found = after_training(|tensor| tensor.to_device(&accelerator))?;
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
        assert!((found - expected).abs() < 1e-6, "{found}, expected {expected}");
    }
    Ok(())
}
