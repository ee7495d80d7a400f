//! A self-ensemble so small that the emulator is quick with it: everything above the operations, on the device as on
//! the CPU. Each part starts from the CPU's state: whole runs need not agree, since the sign of a gradient amplifies
//! rounding.

use super::on_device::open;
use crossmax::Result;
use crossmax::attacks::{Classifier, Draw};
use crossmax::autograd::Var;
use crossmax::device::Accelerator;
use crossmax::ensemble::{Aggregation, EnsembleClassifier, Method, MultiResolution, SelfEnsemble};
use crossmax::models::{BlockKind, ResNet, ResNetConfig, Stem};
use crossmax::nn::{Init, Module, Pass};
use crossmax::optim::{Optimiser, Sgd};
use crossmax::tensor::Tensor;
use crossmax::testing::formula::centred;
use std::collections::BTreeMap;
use std::sync::Arc;

const SIZE: usize = 8;
const CLASSES: usize = 5;
/// Part of the largest number that the device's and the CPU's results may differ by.
const TOLERANCE: f32 = 2e-4;

/// Views of 8 and 4 pixels, two blocks of 4 and 8 channels, heads on two layers.
pub fn ensemble() -> Result<SelfEnsemble> {
    let method = Method {
        resolutions: vec![SIZE, 4],
        ..Method::default()
    };
    let config = ResNetConfig {
        stem: Stem::cifar(3 * method.resolutions.len(), 4),
        block: BlockKind::Basic,
        widths: vec![4, 8],
        blocks: vec![1, 1],
        classes: CLASSES,
    };
    let mut init = Init::new(7);
    let net = ResNet::new(config, &mut init)?;
    let backbone = MultiResolution::new(net, method, SIZE, SIZE, 7)?;
    SelfEnsemble::new(backbone, &[2, 4], &mut init)
}

pub fn images(count: usize) -> Tensor {
    Tensor::from_fn([count, SIZE, SIZE, 3], |i| {
        0.5 + 0.5 * centred("images", i) as f32
    })
}

fn draws(count: usize) -> Vec<Draw> {
    let draw = |image| Draw {
        image,
        ..Draw::default()
    };
    (0..count as u32).map(draw).collect()
}

/// Moves every parameter and running statistic.
pub fn move_to(module: &mut dyn Module, device: &Arc<dyn Accelerator>) -> Result<()> {
    module.visit("", &mut |slot| {
        slot.parameter.value = slot.parameter.value.to_device(device)?;
        Ok(())
    })
}

/// Every tensor of a module, by name.
fn contents(module: &mut dyn Module) -> Result<BTreeMap<String, Tensor>> {
    let mut found = BTreeMap::new();
    module.visit("", &mut |slot| {
        found.insert(slot.name, slot.parameter.value.clone());
        Ok(())
    })?;
    Ok(found)
}

fn demand_agreement(
    what: &str,
    found: &Tensor,
    expected: &Tensor,
    device: &Arc<dyn Accelerator>,
) -> Result<()> {
    let owner = found.accelerator();
    assert!(
        owner.is_some_and(|owner| Arc::ptr_eq(owner, device)),
        "{what} left the device"
    );
    assert_eq!(found.dims(), expected.dims(), "{what}");
    let (found, expected) = (found.to_vec()?, expected.to_vec()?);
    let largest = expected.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
    for (i, (a, b)) in found.iter().zip(&expected).enumerate() {
        assert!(
            (a - b).abs() <= TOLERANCE * largest,
            "{what}[{i}]: {a} instead of {b} of at most {largest}"
        );
    }
    Ok(())
}

/// Logits and the gradient that an attack takes, of CrossMax and of the surrogate.
#[test]
fn an_attack_sees_the_same_ensemble() -> Result<()> {
    let device = open(1);
    let here = ensemble()?;
    let mut there = here.clone();
    move_to(&mut there, &device)?;
    let cotangent = Tensor::from_fn([3, CLASSES], |i| centred("cotangent", i) as f32);
    for aggregation in [Aggregation::CrossMax, Aggregation::Mean, Aggregation::Member(0)] {
        let expected = EnsembleClassifier::new(&here, aggregation)?;
        let expected = expected.linearise(&images(3), &draws(3))?;
        let found = EnsembleClassifier::new(&there, aggregation)?;
        let found = found.linearise(&images(3).to_device(&device)?, &draws(3))?;
        let what = format!("{aggregation:?}");
        demand_agreement(
            &format!("logits of {what}"),
            &found.logits,
            &expected.logits,
            &device,
        )?;
        let (found, expected) = (
            (found.pullback)(&cotangent.to_device(&device)?)?,
            (expected.pullback)(&cotangent)?,
        );
        demand_agreement(&format!("gradient of {what}"), &found, &expected, &device)?;
    }
    Ok(())
}

/// One step of training; the loss before it.
pub fn training_step(model: &mut MultiResolution, images: Tensor, optimiser: &mut Sgd) -> Result<Tensor> {
    let mut pass = Pass::train();
    let logits = model.logits(&Var::constant(images), &draws(4), 0, &mut pass)?;
    let loss = logits.cross_entropy(&[0, 1, 2, 3])?.mean_all()?;
    let value = loss.value().clone();
    let gradients = pass.parameter_gradients(loss.backward(None)?);
    optimiser.step(model, &gradients)?;
    pass.commit(model)?;
    Ok(value)
}

/// One step of training the backbone: loss, weights and running statistics after it.
#[test]
fn a_training_step_gives_the_same_weights() -> Result<()> {
    // A plain step: Adam's first one is the sign of the gradient, which rounding may turn.
    let step =
        |model: &mut MultiResolution, images| training_step(model, images, &mut Sgd::new(0.1, 0.9, 0.0));
    let device = open(2);
    let mut here = ensemble()?.backbone;
    let mut there = here.clone();
    move_to(&mut there, &device)?;
    let loss = step(&mut there, images(4).to_device(&device)?)?;
    demand_agreement("loss", &loss, &step(&mut here, images(4))?, &device)?;
    let (found, expected) = (contents(&mut there)?, contents(&mut here)?);
    assert_eq!(found.len(), expected.len());
    for (name, expected) in &expected {
        demand_agreement(name, &found[name], expected, &device)?;
    }
    Ok(())
}
