//! Architectures with pre-activation, their names and numbers. Values against PyTorch: `tests/op_fixtures`.

use super::{Activation, Family, PreActivationConfig, PreActivationResNet, ShortcutInput};
use crate::io::{Stored, TensorFile, module_tensors};
use crate::models::{Architecture, BlockKind, Colours, Naming, ResNetConfig, Untraced};
use crate::models::{ResNet, Stem, with_torchvision_names};
use crate::nn::Init;
use crate::tensor::Tensor;
use std::path::Path;

type TestResult = Result<(), Box<dyn std::error::Error>>;

fn file_of(config: &PreActivationConfig) -> crate::Result<TensorFile> {
    let mut net = PreActivationResNet::<f32>::new(config.clone(), &mut Init::blank())?;
    Ok(TensorFile {
        tensors: module_tensors(&mut net, "")?,
        ..TensorFile::default()
    })
}

fn infer(file: &TensorFile, told: Untraced) -> crate::Result<Architecture> {
    Architecture::infer(file, Path::new("net.safetensors"), told)
}

/// One small network of every family, with and without a last normalisation.
fn small() -> Vec<PreActivationConfig> {
    let layers = ResNetConfig {
        stem: Stem::cifar(3, 4),
        block: BlockKind::Basic,
        widths: vec![4, 6, 8],
        blocks: vec![1, 2, 1],
        classes: 5,
    };
    let of = |family, final_norm| PreActivationConfig::usual(family, layers.clone(), final_norm);
    let mut bottleneck = of(Family::PreAct, true);
    bottleneck.layers.block = BlockKind::Bottleneck;
    vec![
        of(Family::Wide, true),
        of(Family::DeepMindWide, true),
        of(Family::PreAct, false),
        of(Family::DeepMindPreAct, true),
        bottleneck,
    ]
}

#[test]
fn architectures_are_read_off_their_tensors() -> TestResult {
    let mut configs = small();
    configs.push(PreActivationConfig::wide(Family::Wide, 16, 2, 100)?);
    configs.push(PreActivationConfig::preact(Family::DeepMindPreAct, 18, 10, true)?);
    for config in configs {
        let found = infer(&file_of(&config)?, Untraced::default())?;
        assert_eq!(found, Architecture::PreActivation(config));
    }
    Ok(())
}

#[test]
fn what_leaves_no_trace_is_as_told() -> TestResult {
    let file = file_of(&small()[2])?;
    let told = Untraced {
        activation: Some(Activation::Silu),
        shortcut: Some(ShortcutInput::Activated),
        ..Untraced::default()
    };
    let Architecture::PreActivation(found) = infer(&file, told)? else {
        return Err("a ResNet".into());
    };
    assert_eq!(
        (found.activation, found.shortcut),
        (Activation::Silu, ShortcutInput::Activated)
    );
    let stem = Untraced {
        stem: Some((1, false)),
        ..Untraced::default()
    };
    let refused = infer(&file, stem).err().ok_or("taken")?.to_string();
    assert!(refused.contains("a stem was told"), "{refused}");
    let mut plain = ResNet::<f32>::new(ResNetConfig::cifar(1, 3, 4), &mut Init::blank())?;
    let plain = TensorFile {
        tensors: module_tensors(&mut plain, "")?,
        ..TensorFile::default()
    };
    let refused = infer(&plain, told).err().ok_or("taken")?.to_string();
    assert!(refused.contains("an activation was told"), "{refused}");
    Ok(())
}

/// Numbers of learned values in the published networks.
#[test]
fn published_networks_have_their_titles_and_sizes() -> TestResult {
    use Family::{DeepMindPreAct, DeepMindWide, PreAct, Wide};
    let wide = PreActivationConfig::wide;
    let preact = PreActivationConfig::preact;
    let known = [
        (wide(Wide, 28, 10, 10)?, "WideResNet-28-10", 36_479_194),
        (wide(Wide, 34, 10, 10)?, "WideResNet-34-10", 46_160_474),
        (
            wide(DeepMindWide, 28, 10, 10)?,
            "DeepMind's WideResNet-28-10",
            36_479_194,
        ),
        (preact(PreAct, 18, 10, false)?, "PreActResNet-18", 11_171_146),
        (preact(PreAct, 18, 10, true)?, "PreActResNet-18", 11_172_170),
        (
            preact(DeepMindPreAct, 18, 10, true)?,
            "DeepMind's PreActResNet-18",
            12_548_426,
        ),
    ];
    for (config, title, count) in known {
        assert_eq!(config.title(), title);
        let file = file_of(&config)?;
        let learned = file.tensors.iter().filter(|(name, _)| !name.contains("running_"));
        let found: usize = learned.map(|(_, tensor)| tensor.shape().len()).sum();
        assert_eq!(found, count, "{title}");
    }
    assert_eq!(
        wide(DeepMindWide, 70, 16, 10)?.title(),
        "DeepMind's WideResNet-70-16"
    );
    assert_eq!(preact(PreAct, 50, 10, true)?.title(), "PreActResNet-50");
    let other = "pre-activation ResNet of [1, 2, 1] basic blocks of widths 4, [4, 6, 8]";
    assert_eq!(small()[2].title(), other);
    Ok(())
}

#[test]
fn configurations_that_make_no_network_are_refused() -> TestResult {
    assert!(PreActivationConfig::wide(Family::Wide, 27, 10, 10).is_err());
    assert!(PreActivationConfig::wide(Family::Wide, 4, 10, 10).is_err());
    assert!(PreActivationConfig::wide(Family::PreAct, 28, 10, 10).is_err());
    assert!(PreActivationConfig::preact(Family::Wide, 18, 10, true).is_err());
    assert!(PreActivationConfig::preact(Family::DeepMindPreAct, 50, 10, true).is_err());
    let mut pooled = small().swap_remove(0);
    pooled.layers.stem.max_pool = true;
    assert!(pooled.check().is_err());
    let mut empty = small().swap_remove(0);
    empty.layers.classes = 0;
    assert!(PreActivationResNet::<f32>::new(empty, &mut Init::blank()).is_err());
    Ok(())
}

#[test]
fn shapes_that_promise_more_than_the_file_holds_are_refused() -> TestResult {
    let mut file = file_of(&small()[1])?;
    let empty = Stored::F32(Tensor::zeros([4096, 0, 3, 3]));
    file.tensors.insert("layer.0.block.0.conv_0.weight".into(), empty);
    let refused = infer(&file, Untraced::default())
        .err()
        .ok_or("taken")?
        .to_string();
    assert!(refused.contains("expected a ResNet of at least"), "{refused}");
    let mut file = file_of(&small()[1])?;
    let flat = Stored::F32(Tensor::zeros([4]));
    file.tensors.insert("init_conv.weight".into(), flat);
    let refused = infer(&file, Untraced::default())
        .err()
        .ok_or("taken")?
        .to_string();
    assert!(
        refused.contains("init_conv.weight missing or with too few axes"),
        "{refused}"
    );
    Ok(())
}

#[test]
fn wrappers_are_taken_off_and_pytorch_cifars_resnets_renamed() -> TestResult {
    let whole = file_of(&small()[0])?;
    let wrapped = |name: &str| format!("module.model.{name}");
    let mut file = TensorFile {
        tensors: whole
            .tensors
            .iter()
            .map(|(name, t)| (wrapped(name), t.clone()))
            .collect(),
        ..TensorFile::default()
    };
    let colours = Stored::F32(Tensor::full([1, 3, 1, 1], 0.25));
    file.tensors.insert("mu".into(), colours.clone());
    file.tensors.insert("sigma".into(), colours);
    let (file, naming) = with_torchvision_names(file);
    assert_eq!(naming, Naming::RobustBench);
    assert!(whole.tensors.keys().all(|name| file.tensors.contains_key(name)));
    let kept = Colours::kept_in(&file)?.ok_or("no colours")?;
    assert_eq!((kept.mean, kept.std), ([0.25; 3], [0.25; 3]));

    let mut net = ResNet::<f32>::new(ResNetConfig::cifar(1, 3, 4), &mut Init::blank())?;
    let tensors = module_tensors(&mut net, "")?;
    let theirs = |name: &str| name.replace("fc.", "linear.").replace("downsample", "shortcut");
    let file = TensorFile {
        tensors: tensors
            .iter()
            .map(|(name, t)| (theirs(name), t.clone()))
            .collect(),
        ..TensorFile::default()
    };
    let (file, naming) = with_torchvision_names(file);
    assert_eq!(naming, Naming::PytorchCifar);
    assert!(file.tensors.keys().eq(tensors.keys()));
    Ok(())
}

#[test]
fn usual_colours_are_those_of_the_publishers() -> TestResult {
    let of = |family, classes| -> crate::Result<Colours> {
        let config = PreActivationConfig::wide(family, 10, 1, classes)?;
        let architecture = Architecture::PreActivation(config);
        Ok(Colours::usual(&architecture, Naming::RobustBench))
    };
    assert_eq!(of(Family::Wide, 10)?, Colours::UNCHANGED);
    assert_eq!(of(Family::DeepMindWide, 10)?, Colours::CIFAR10);
    assert_eq!(of(Family::DeepMindWide, 100)?, Colours::CIFAR100);
    assert_eq!(of(Family::DeepMindWide, 7)?, Colours::UNCHANGED);
    let plain = Architecture::ResNet(ResNetConfig::cifar(1, 3, 4));
    assert_eq!(Colours::usual(&plain, Naming::Torchvision), Colours::IMAGENET);
    assert_eq!(Colours::usual(&plain, Naming::PytorchCifar), Colours::UNCHANGED);
    Ok(())
}
