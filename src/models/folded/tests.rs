//! The folded network is the eval pass of the network it was folded from: values and input gradients.

use crate::autograd::Var;
use crate::models::{BlockKind, ResNet, ResNetConfig, Stem, Taps};
use crate::nn::{Init, Module, Pass};
use crate::ops::Precision;
use crate::tensor::{Element, Tensor};
use crate::testing::formula::{centred, centred_tensor, unit};

type TestResult = Result<(), Box<dyn std::error::Error>>;

/// Both kinds of block and of stem, with strides and shortcuts of their own.
fn configurations() -> [ResNetConfig; 3] {
    let of = |block, stem| ResNetConfig {
        stem,
        block,
        widths: vec![4, 6, 8],
        blocks: vec![1, 2, 1],
        classes: 5,
    };
    let mut pooled = Stem::cifar(3, 4);
    pooled.max_pool = true;
    [
        of(BlockKind::Basic, Stem::cifar(3, 4)),
        of(BlockKind::Basic, pooled),
        of(BlockKind::Bottleneck, Stem::imagenet(3)),
    ]
}

/// Statistics as after training, and worse: means and variances far from 0 and 1, factors of both signs
/// and of all sizes down to 0.
fn disturb<T: Element>(net: &mut ResNet<T>) -> crate::Result<()> {
    net.visit("", &mut |slot| {
        let name = slot.name.as_str();
        if name.starts_with("fc") || slot.parameter.value.shape().rank() != 1 {
            return Ok(());
        }
        let value = |i: usize| match name.rsplit('.').next() {
            Some("running_mean") => centred(name, i),
            Some("running_var") => 0.02 + 2.0 * unit(name, i),
            Some("weight") => [0.0, 1e-4, -1.5, 1.0][i % 4] + 0.3 * centred(name, i) * f64::from(i % 4 > 1),
            _ => 0.5 * centred(name, i),
        };
        slot.parameter.value = Tensor::from_fn(*slot.parameter.value.shape(), |i| T::of(value(i)));
        Ok(())
    })
}

fn network<T: Element>(config: &ResNetConfig) -> crate::Result<ResNet<T>> {
    let mut net = ResNet::new(config.clone(), &mut Init::new(4))?;
    disturb(&mut net)?;
    Ok(net)
}

/// Values of all layers, then the gradient of the input when every layer has a cotangent.
fn values_and_gradient<T: Element>(
    forward: impl FnOnce(&Var<T>) -> crate::Result<Taps<T>>,
) -> crate::Result<Vec<Vec<f64>>> {
    let x = Var::leaf(centred_tensor("input", [2, 16, 14, 3]).cast::<T>()?);
    let taps = forward(&x)?;
    let mut found = Vec::new();
    let mut sum: Option<Var<T>> = None;
    for (i, layer) in taps.layers.iter().enumerate() {
        found.push(layer.value().cast::<f64>()?.to_vec()?);
        let cotangent = centred_tensor(&format!("cotangent {i}"), *layer.shape()).cast::<T>()?;
        let part = layer.mul(&Var::constant(cotangent))?.sum_all()?;
        sum = Some(match sum {
            Some(sum) => sum.add(&part)?,
            None => part,
        });
    }
    if let Some(sum) = sum
        && let Some(gradient) = sum.backward(None)?.take(&x)
    {
        found.push(gradient.cast::<f64>()?.to_vec()?);
    }
    Ok(found)
}

/// The largest difference, relative to the largest value.
fn distance(found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let largest = |values: &mut dyn Iterator<Item = f64>| values.fold(0.0, |most: f64, v| most.max(v.abs()));
    largest(&mut found.iter().zip(expected).map(|(a, b)| a - b)) / largest(&mut expected.iter().copied())
}

fn demand_agreement<T: Element>(tolerance: f64) -> TestResult {
    for config in configurations() {
        let net = network::<T>(&config)?;
        let layers: Vec<usize> = (0..=net.pool_layer() + 1).collect();
        let expected = values_and_gradient(|x| net.forward_taps(x, &mut Pass::eval(), &layers, true))?;
        let folded = net.folded()?;
        let found = values_and_gradient(|x| folded.forward_taps(x, &layers, true))?;
        assert_eq!(found.len(), layers.len() + 1);
        assert_eq!(expected.len(), found.len());
        for (i, (found, expected)) in found.iter().zip(&expected).enumerate() {
            let distance = distance(found, expected);
            assert!(distance <= tolerance, "{config:?}: {i} is {distance:e} away");
        }
    }
    Ok(())
}

#[test]
fn all_layers_and_the_input_gradient_are_the_eval_passes() -> TestResult {
    demand_agreement::<f64>(1e-11)?;
    demand_agreement::<f32>(1e-5)
}

#[test]
fn the_network_may_change_after_it_was_folded() -> TestResult {
    let mut net = network::<f64>(&configurations()[0])?;
    let x = Var::constant(centred_tensor("input", [1, 8, 8, 3]));
    let folded = net.folded()?;
    let before = folded.forward(&x)?.value().to_vec()?;
    net.visit("", &mut |slot| {
        slot.parameter.value = Tensor::zeros(*slot.parameter.value.shape());
        Ok(())
    })?;
    assert_eq!(folded.forward(&x)?.value().to_vec()?, before);
    Ok(())
}

#[test]
fn a_precision_rounds_nothing_on_the_host() -> TestResult {
    let net = network::<f32>(&configurations()[2])?;
    let x = Var::constant(centred_tensor("input", [1, 16, 16, 3]).cast()?);
    let folded = net.folded()?;
    let expected = folded.forward(&x)?.value().to_vec()?;
    let rounded = folded.with_precision(Precision::Bf16);
    assert_eq!(rounded.precision(), Precision::Bf16);
    assert_eq!(rounded.forward(&x)?.value().to_vec()?, expected);
    Ok(())
}
