//! What a pass does to a model, and how layers name and start their tensors.

use super::{BatchNorm, Conv, Init, Layout, Linear, Mode, Module, Parameter, Pass, SlotKind};
use crate::Result;
use crate::autograd::Var;
use crate::tensor::Tensor;
use crate::testing::assertions::{random, refusal};

/// Running mean and variance of a layer.
fn running(layer: &mut BatchNorm<f64>) -> Result<[Vec<f64>; 2]> {
    let mut found = [Vec::new(), Vec::new()];
    layer.visit("", &mut |slot| {
        match slot.name.as_str() {
            "running_mean" => found[0] = slot.parameter.value.to_vec()?,
            "running_var" => found[1] = slot.parameter.value.to_vec()?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(found)
}

#[test]
fn committing_moves_running_statistics_a_tenth_for_every_batch_seen() -> Result<()> {
    let mut layer = BatchNorm::<f64>::new(1);
    let batch = |values: &[f64]| {
        let x = Tensor::from_slice([values.len(), 1], values)?;
        Ok::<_, crate::Error>(Var::constant(x))
    };
    let mut pass = Pass::train();
    layer.forward(&batch(&[1.0, 3.0])?, &mut pass)?; // mean 2, unbiased variance 2
    layer.forward(&batch(&[10.0, 10.0, 40.0])?, &mut pass)?; // mean 20, unbiased variance 300
    assert_eq!(running(&mut layer)?, [[0.0], [1.0]], "changed before commit");
    pass.commit(&mut layer)?;
    let [mean, variance] = running(&mut layer)?;
    assert!((mean[0] - (0.9 * 0.2 + 2.0)).abs() < 1e-14, "{mean:?}");
    assert!(
        (variance[0] - (0.9 * (0.9 + 0.2) + 30.0)).abs() < 1e-13,
        "{variance:?}"
    );
    Ok(())
}

#[test]
fn an_eval_pass_uses_stored_statistics_and_changes_nothing() -> Result<()> {
    let mut layer = BatchNorm::<f64>::new(3);
    let x = Var::constant(random("x", &[4, 3]));
    let mut pass = Pass::eval();
    let y = layer.forward(&x, &mut pass)?;
    pass.commit(&mut layer)?;
    assert_eq!(running(&mut layer)?, [[0.0; 3], [1.0; 3]]);
    // Mean 0 and variance 1, but for eps.
    let scale = (1.0 + BatchNorm::<f64>::EPS).sqrt();
    for (y, x) in y.value().to_vec()?.into_iter().zip(x.value().to_vec()?) {
        assert!((y * scale - x).abs() < 1e-15, "{y} from {x}");
    }
    Ok(())
}

#[test]
fn a_parameter_used_twice_is_one_leaf() -> Result<()> {
    let w = Parameter::new(Tensor::from_slice([2], &[3.0, -1.0])?);
    let x = Var::constant(Tensor::from_slice([2], &[10.0, 20.0])?);
    let mut pass = Pass::train();
    let y = pass.var(&w).mul(&x)?.add(&pass.var(&w))?.sum_all()?;
    let gradients = pass.parameter_gradients(y.backward(None)?);
    assert_eq!(gradients.len(), 1);
    assert_eq!(gradients[&w.id()].to_vec()?, [11.0, 21.0]);
    Ok(())
}

#[test]
fn statistics_and_tracking_are_chosen_apart() -> Result<()> {
    let layer = BatchNorm::<f64>::new(2);
    let x = Var::constant(random("x", &[3, 2]));
    for mode in [Mode::Train, Mode::Eval] {
        for track in [true, false] {
            let mut pass = Pass::new(mode, track);
            let y = layer.forward(&x, &mut pass)?;
            assert_eq!((pass.mode(), y.tracked()), (mode, track));
            let mut changed = layer.clone();
            let mut pass = Pass::new(mode, track);
            changed.forward(&x, &mut pass)?;
            pass.commit(&mut changed)?;
            let moved = running(&mut changed)? != [[0.0; 2], [1.0; 2]];
            assert_eq!(moved, mode == Mode::Train, "{mode:?}, tracked: {track}");
        }
    }
    Ok(())
}

#[test]
fn a_clone_is_another_set_of_parameters() -> Result<()> {
    let mut layer = Linear::<f64>::new(&mut Init::new(0), 3, 2)?;
    let mut ids = Vec::new();
    let mut values = Vec::new();
    for layer in [&mut layer.clone(), &mut layer] {
        layer.visit("", &mut |slot| {
            ids.push(slot.parameter.id());
            values.push(slot.parameter.value.to_vec()?);
            Ok(())
        })?;
    }
    assert_eq!(values[..2], values[2..]);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 4);
    Ok(())
}

/// Name, layout in files, and kind of every tensor of a layer.
fn slots(layer: &mut dyn Module<f64>) -> Result<Vec<(String, Layout, SlotKind)>> {
    let mut slots = Vec::new();
    layer.visit("block.0", &mut |slot| {
        slots.push((slot.name, slot.layout, slot.kind));
        Ok(())
    })?;
    Ok(slots)
}

#[test]
fn tensors_have_the_names_and_layouts_of_pytorch() -> Result<()> {
    use SlotKind::{Buffer, Parameter};
    let mut init = Init::new(0);
    let named = |name: &str, layout, kind| (format!("block.0.{name}"), layout, kind);
    assert_eq!(
        slots(&mut Conv::new(&mut init, 3, 4, 3, 1)?)?,
        [named("weight", Layout::Convolution, Parameter)]
    );
    assert_eq!(
        slots(&mut BatchNorm::new(4))?,
        [
            named("weight", Layout::Same, Parameter),
            named("bias", Layout::Same, Parameter),
            named("running_mean", Layout::Same, Buffer),
            named("running_var", Layout::Same, Buffer),
        ]
    );
    assert_eq!(
        slots(&mut Linear::on_picture(&mut init, [2, 3, 4], 5)?)?,
        [
            named("weight", Layout::FlattenedPicture([2, 3, 4]), Parameter),
            named("bias", Layout::Same, Parameter),
        ]
    );
    assert_eq!(
        refusal(Linear::<f64>::on_picture(&mut init, [2, 0, 4], 5)),
        "Linear::on_picture: `picture` is [2, 0, 4], expected pixels"
    );
    Ok(())
}

#[test]
fn initial_values_have_pytorchs_spread_and_come_from_the_seed() -> Result<()> {
    let mut init = Init::new(9);
    let uniform = init.uniform::<f64>(&[50, 40], 16)?.to_vec()?;
    let largest = uniform.iter().fold(0.0f64, |max, value| value.abs().max(max));
    assert!(largest <= 0.25 && largest > 0.24, "{largest}");
    let normal = init.normal_fan_out::<f64>(&[50, 40], 8)?.to_vec()?;
    let variance = normal.iter().map(|value| value * value).sum::<f64>() / 2000.0;
    assert!((variance - 0.25).abs() < 0.04, "{variance}");

    let mut again = Init::new(9);
    assert_eq!(again.uniform::<f64>(&[50, 40], 16)?.to_vec()?, uniform);
    assert_ne!(again.uniform::<f64>(&[50, 40], 16)?.to_vec()?, uniform);
    assert_ne!(Init::new(10).uniform::<f64>(&[50, 40], 16)?.to_vec()?, uniform);
    Ok(())
}
