//! Folded networks and training on the device in every precision, against the CPU in f32.

use super::on_device::open;
use crossmax::Result;
use crossmax::autograd::Var;
use crossmax::device::Accelerator;
use crossmax::models::{BlockKind, ResNet, ResNetConfig, Stem};
use crossmax::nn::{Init, Module, Pass};
use crossmax::ops::Precision;
use crossmax::optim::{Optimiser, Sgd};
use crossmax::tensor::Tensor;
use crossmax::testing::formula::{centred, unit};
use std::sync::Arc;

/// How far a value may be from the CPU's, as a part of the whole's length: some units of the last bit of
/// each format, after some ten layers.
const TOLERANCES: [(Precision, f64); 4] = [
    (Precision::F32, 1e-5),
    (Precision::Tf32, 0.02),
    (Precision::F16, 0.02),
    (Precision::Bf16, 0.08),
];

/// Wide enough for the tiled kernels in all layers but the stem.
fn network(block: BlockKind) -> Result<ResNet> {
    let config = ResNetConfig {
        stem: Stem::cifar(3, 8),
        block,
        widths: vec![8, 12],
        blocks: vec![1, 1],
        classes: 8,
    };
    let mut net = ResNet::new(config, &mut Init::new(3))?;
    net.visit("", &mut |slot| {
        let name = slot.name.as_str();
        let value = |i: usize| match name.rsplit('.').next() {
            Some("running_mean") => 0.3 * centred(name, i),
            Some("running_var") => 0.5 + unit(name, i),
            _ => [-1.0, 1.0][i % 2] * (0.7 + 0.3 * unit(name, i)),
        };
        if slot.parameter.value.shape().rank() == 1 && !name.ends_with("bias") {
            let shape = *slot.parameter.value.shape();
            slot.parameter.value = Tensor::from_fn(shape, |i| value(i) as f32);
        }
        Ok(())
    })?;
    Ok(net)
}

fn images(count: usize) -> Tensor {
    Tensor::from_fn([count, 6, 6, 3], |i| centred("images", i) as f32)
}

fn move_to(module: &mut dyn Module, device: &Arc<dyn Accelerator>) -> Result<()> {
    module.visit("", &mut |slot| {
        slot.parameter.value = slot.parameter.value.to_device(device)?;
        Ok(())
    })
}

/// |found − expected| / |expected|, Euclidean.
fn distance(found: &[f32], expected: &[f32]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let square = |x: f32| f64::from(x).powi(2);
    let error: f64 = found.iter().zip(expected).map(|(a, b)| square(a - b)).sum();
    (error / expected.iter().map(|x| square(*x)).sum::<f64>()).sqrt()
}

/// Logits and the gradient of the images.
fn evaluate(net: &ResNet, images: Tensor, cotangent: Tensor, precision: Precision) -> Result<[Vec<f32>; 2]> {
    let x = Var::leaf(images);
    let logits = net.folded()?.with_precision(precision).forward(&x)?;
    let values = logits.value().to_vec()?;
    let gradient = logits.backward(Some(cotangent))?.take(&x);
    let gradient = gradient.map(|gradient| gradient.to_vec()).transpose()?;
    Ok([values, gradient.unwrap_or_default()])
}

#[test]
fn a_folded_network_agrees_with_the_cpu() -> Result<()> {
    let cotangent = Tensor::from_fn([2, 8], |i| centred("cotangent", i) as f32);
    for block in [BlockKind::Basic, BlockKind::Bottleneck] {
        let here = network(block)?;
        let expected = evaluate(&here, images(2), cotangent.clone(), Precision::F32)?;
        let device = open(1);
        let mut there = here.clone();
        move_to(&mut there, &device)?;
        let mut in_f32 = None;
        for (precision, tolerance) in TOLERANCES {
            let (images, cotangent) = (images(2).to_device(&device)?, cotangent.to_device(&device)?);
            let found = evaluate(&there, images, cotangent, precision)?;
            let rounds = precision != Precision::F32;
            let logits = distance(&found[0], &expected[0]);
            assert!(logits <= tolerance, "{block:?} {precision}: logits {logits}");
            // A ReLU that rounding turns makes the gradient jump.
            let tolerance = if rounds { 0.2 } else { tolerance };
            let gradient = distance(&found[1], &expected[1]);
            assert!(
                gradient <= tolerance,
                "{block:?} {precision}: gradient {gradient}"
            );
            let in_f32 = in_f32.get_or_insert_with(|| found.clone());
            assert_eq!(found != *in_f32, rounds, "{block:?} {precision}: rounded nothing");
        }
    }
    Ok(())
}

/// All weights, one after the other.
fn weights(net: &mut ResNet) -> Result<Vec<f32>> {
    let mut all = Vec::new();
    net.visit("", &mut |slot| {
        all.extend(slot.parameter.value.to_vec()?);
        Ok(())
    })?;
    Ok(all)
}

/// Three steps of SGD; weights before and after.
fn train(device: Option<Arc<dyn Accelerator>>, precision: Precision, rate: f64) -> Result<[Vec<f32>; 2]> {
    let mut net = network(BlockKind::Basic)?;
    let mut batch = images(4);
    if let Some(device) = &device {
        move_to(&mut net, device)?;
        batch = batch.to_device(device)?;
    }
    let before = weights(&mut net)?;
    let mut sgd = Sgd::new(rate, 0.9, 0.0);
    for _ in 0..3 {
        let mut pass = Pass::train().with_precision(precision);
        let logits = net.forward(&Var::constant(batch.clone()), &mut pass)?;
        let loss = logits.cross_entropy(&[0, 3, 5, 7])?.mean_all()?;
        let gradients = pass.parameter_gradients(loss.backward(None)?);
        sgd.step(&mut net, &gradients)?;
        pass.commit(&mut net)?;
    }
    Ok([before, weights(&mut net)?])
}

fn steps([before, after]: &[Vec<f32>; 2]) -> Vec<f32> {
    before
        .iter()
        .zip(after)
        .map(|(before, after)| after - before)
        .collect()
}

#[test]
fn training_stays_near_f32() -> Result<()> {
    let expected = steps(&train(None, Precision::F32, 0.01)?);
    for (precision, tolerance) in TOLERANCES {
        let found = steps(&train(Some(open(1)), precision, 0.01)?);
        let distance = distance(&found, &expected);
        assert!(distance <= 2.0 * tolerance, "{precision}: {distance}");
        assert!(
            precision == Precision::F32 || distance > 1e-5,
            "{precision} rounds nothing"
        );
    }
    Ok(())
}

/// Steps far below a unit of the last place of bf16, 2⁻⁸ of a weight, are not lost.
#[test]
fn master_weights_are_f32() -> Result<()> {
    let trained = train(Some(open(1)), Precision::Bf16, 1e-4)?;
    let small =
        |(before, after): &(&f32, &f32)| before != after && (*after - *before).abs() < before.abs() / 1024.0;
    let moved = trained[0].iter().zip(&trained[1]).filter(small).count();
    assert!(moved > trained[0].len() / 2, "{moved} of {}", trained[0].len());
    Ok(())
}
