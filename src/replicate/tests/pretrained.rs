//! What of a network comes from a file, and what is new.

use crate::Result;
use crate::device::Device;
use crate::io::{TensorFile, load_module, save_module};
use crate::models::{ResNet, ResNetConfig};
use crate::nn::{Init, Module};
use crate::replicate::pretrained::{Replaced, check_weights, transplant};
use crate::replicate::{Config, Silent, run};
use crate::testing::assertions::refusal;
use std::collections::BTreeMap;
use std::path::Path;

type Tensors = BTreeMap<String, Vec<f32>>;

fn tensors(net: &mut ResNet) -> Result<Tensors> {
    let mut all = Tensors::new();
    net.visit("", &mut |slot| {
        all.insert(slot.name, slot.parameter.value.to_vec()?);
        Ok(())
    })?;
    Ok(all)
}

/// A file with a network on 3 channels and 7 classes, all of whose tensors, running statistics included, differ from
/// initial ones.
fn published(path: &Path) -> Result<Tensors> {
    let mut net = ResNet::new(ResNetConfig::cifar(1, 3, 7), &mut Init::new(9))?;
    let mut number = 0.0;
    net.visit("", &mut |slot| {
        for value in slot.parameter.value.make_mut("test")? {
            number += 1.0;
            *value += 0.5 + number / 1e6;
        }
        Ok(())
    })?;
    save_module(&mut net, path, BTreeMap::new())?;
    tensors(&mut net)
}

#[test]
fn all_but_stem_and_classifier_comes_from_the_file() -> Result<()> {
    let folder = tempfile::tempdir().map_err(|e| crate::Error::io("test", "make a folder", e))?;
    let path = folder.path().join("weights.safetensors");
    let file = published(&path)?;
    let cases = [
        (
            Replaced::StemAndClassifier,
            12,
            &["conv1.weight", "fc.weight", "fc.bias"][..],
        ),
        (Replaced::Classifier, 3, &["fc.weight", "fc.bias"]),
    ];
    for (replaced, channels, new) in cases {
        let mut net = ResNet::new(ResNetConfig::cifar(1, channels, 10), &mut Init::new(1))?;
        let drawn = tensors(&mut net)?;
        transplant(&mut net, &path, replaced, &mut Init::new(2))?;
        for (name, values) in tensors(&mut net)? {
            if !new.contains(&name.as_str()) {
                assert!(values == file[&name], "{name} is not the file's");
                continue;
            }
            assert!(values != drawn[&name], "{name} is not new");
            // kaiming-uniform with a = √5: ±1/√fan_in, and all of that range.
            let fan_in: usize = if name.starts_with("fc") { 64 } else { channels * 9 };
            let bound = 1.0 / (fan_in as f32).sqrt();
            let largest = values.iter().fold(0.0_f32, |most, v| most.max(v.abs()));
            let least = if name == "fc.bias" { 0.5 } else { 0.95 };
            assert!(
                largest <= bound && largest > least * bound,
                "{name}: {largest} of {bound}"
            );
        }
    }
    Ok(())
}

#[test]
fn weights_that_do_not_fit_or_are_not_there_are_refused() -> Result<()> {
    let folder = tempfile::tempdir().map_err(|e| crate::Error::io("test", "make a folder", e))?;
    let path = folder.path().join("weights.safetensors");
    published(&path)?;
    let mut deeper = ResNet::new(ResNetConfig::cifar(2, 12, 10), &mut Init::new(1))?;
    let before = tensors(&mut deeper)?;
    let refused = transplant(&mut deeper, &path, Replaced::StemAndClassifier, &mut Init::new(2));
    let line = refusal(refused);
    assert!(line.contains("missing (layer1.1.conv1.weight"), "{line}");
    assert!(tensors(&mut deeper)? == before, "half of it was set");
    let line = refusal(check_weights(Path::new("absent.pth")));
    assert!(line.contains("resnet152-v2"), "{line}");
    // A run that lacks its weights leaves no folder behind.
    let mut config = Config::preset("pocket")?;
    config.backbone.weights = Some("absent.safetensors".into());
    let out = folder.path().join("run");
    let ran = run(&config, &out, false, &Device::Cpu, &Silent);
    assert!(ran.is_err() && !out.exists());
    Ok(())
}

#[test]
fn a_run_needs_its_weights_only_until_it_has_learned() -> Result<()> {
    let folder = tempfile::tempdir().map_err(|e| crate::Error::io("test", "make a folder", e))?;
    let path = folder.path().join("weights.safetensors");
    published(&path)?;
    let mut config = Config::preset("pocket")?;
    config.data.train_images = 32;
    config.data.test_images = 12;
    config.backbone.weights = Some(path.display().to_string());
    config.backbone.stem_stride = 1;
    config.backbone.blocks = vec![1; 3];
    config.backbone.epochs = 1;
    config.backbone.batch = 16;
    config.backbone.lr = 1e-9;
    config.heads.layers = vec![4, 5];
    config.attack.images = 2;
    config.attack.iterations = 1;
    config.attack.eot = 1;
    config.attack.reevaluations = 1;
    config.figures.prototypes_per_class = 1;
    config.figures.prototype_steps = 1;
    config.figures.votes = 1;
    let out = folder.path().join("run");
    let (device, reporter) = (Device::Cpu, Silent);
    let first = run(&config, &out, false, &device, &reporter)?;
    // It learned from the file's weights, not from random ones.
    let mut trained = ResNet::new(config.network(12, 12), &mut Init::new(3))?;
    let file = TensorFile::load(&out.join("backbone.safetensors"))?;
    load_module(&mut trained, &file, &out, "")?;
    let mut given = ResNet::new(ResNetConfig::cifar(1, 3, 7), &mut Init::new(3))?;
    load_module(&mut given, &TensorFile::load(&path)?, &path, "")?;
    let (trained, given) = (tensors(&mut trained)?, tensors(&mut given)?);
    for (a, b) in trained["layer2.0.conv1.weight"]
        .iter()
        .zip(&given["layer2.0.conv1.weight"])
    {
        assert!((a - b).abs() < 1e-6, "{a} {b}");
    }
    // Other weights under the same name are noticed, wherever the run is; none are missed once it has learned.
    let bytes = crate::io::atomic::read(&path)?;
    let mut other = bytes.clone();
    if let Some(last) = other.last_mut() {
        *last ^= 1;
    }
    crate::io::atomic::write(&path, &other)?;
    let line = refusal(run(&config, &out, true, &device, &reporter));
    assert!(line.contains("the weights the run began with"), "{line}");
    std::fs::remove_file(&path).map_err(|e| crate::Error::io(&path, "remove it", e))?;
    let again = run(&config, &out, true, &device, &reporter)?;
    assert_eq!(again.summary["clean_accuracy"], first.summary["clean_accuracy"]);
    Ok(())
}
