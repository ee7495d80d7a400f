//! Architectures, their names and numbers. Values against PyTorch: `tests/op_fixtures`.

use super::{
    BlockKind, NOTEBOOK_LAYERS, PlainClassifier, ResNet, ResNetConfig, Stem, default_head_layers,
    infer_resnet,
};
use crate::attacks::Classifier;
use crate::autograd::Var;
use crate::io::{Stored, TensorFile, module_tensors};
use crate::nn::{Init, Pass};
use crate::tensor::{Counter, Philox, Purpose, Tensor};
use std::path::Path;

type TestResult = Result<(), Box<dyn std::error::Error>>;

fn file_of(config: &ResNetConfig) -> crate::Result<TensorFile> {
    let mut net = ResNet::<f32>::new(config.clone(), &mut Init::new(3))?;
    Ok(TensorFile {
        tensors: module_tensors(&mut net, "")?,
        ..TensorFile::default()
    })
}

fn small(block: BlockKind, stem: Stem) -> ResNetConfig {
    ResNetConfig {
        stem,
        block,
        widths: vec![4, 6, 8],
        blocks: vec![1, 2, 1],
        classes: 5,
    }
}

fn images(shape: [usize; 4]) -> crate::Result<Tensor<f64>> {
    let values = Philox::new(5, Purpose::Init).uniform::<f64>(Counter::default(), shape.iter().product());
    Tensor::from_slice(shape, &values)
}

#[test]
fn architectures_are_read_off_their_tensors() -> TestResult {
    let path = Path::new("net.safetensors");
    let configs = [
        ResNetConfig::torchvision(18, 3, 10)?,
        ResNetConfig::torchvision(50, 3, 7)?,
        ResNetConfig::cifar(3, 12, 100),
        small(BlockKind::Bottleneck, Stem::cifar(3, 4)),
        small(BlockKind::Basic, Stem::imagenet(6)),
    ];
    for config in configs {
        assert_eq!(infer_resnet(&file_of(&config)?, path, None)?, config);
    }
    // The pocket's stem has a stride that only its owner knows.
    let pocket = ResNetConfig::pocket(12, 12);
    assert_eq!(infer_resnet(&file_of(&pocket)?, path, Some((2, false)))?, pocket);
    Ok(())
}

#[test]
fn files_that_are_no_resnet_are_refused() -> TestResult {
    let path = Path::new("net.safetensors");
    let refusal = |file: &TensorFile| -> Result<String, Box<dyn std::error::Error>> {
        Ok(infer_resnet(file, path, None).err().ok_or("taken")?.to_string())
    };
    let whole = file_of(&small(BlockKind::Basic, Stem::cifar(3, 4)))?;
    let mut file = whole.clone();
    file.tensors.remove("fc.weight");
    assert!(refusal(&file)?.starts_with(
        "net.safetensors: expected a ResNet with torchvision's names, found no tensor fc.weight"
    ));
    let mut file = whole.clone();
    file.tensors
        .insert("conv1.weight".into(), Stored::F32(Tensor::zeros([4])));
    assert!(refusal(&file)?.contains("found conv1.weight with too few axes"));
    // Shapes that promise a hundred million, or 38 billion, weights and cost nothing.
    for (width, said) in [
        (4096, "expected a ResNet of at least 15"),
        (65_536, "expected what makes at most 1073741824 weights"),
    ] {
        let mut file = whole.clone();
        let empty = Stored::F32(Tensor::zeros([width, 0, 3, 3]));
        file.tensors.insert("layer1.0.conv1.weight".into(), empty);
        let told = refusal(&file)?;
        assert!(told.contains(said) && told.contains("check"), "{told}");
    }
    Ok(())
}

#[test]
fn relatives_of_resnets_are_refused_by_name() -> TestResult {
    let path = Path::new("net.safetensors");
    let whole = file_of(&small(BlockKind::Bottleneck, Stem::cifar(3, 4)))?;
    let changed = |name: &str, shape: [usize; 4]| {
        let mut file = whole.clone();
        file.tensors
            .insert(name.into(), Stored::F32(Tensor::zeros(shape)));
        file
    };
    let mut deep = changed("conv1.0.weight", [4, 3, 3, 3]);
    deep.tensors.remove("conv1.weight");
    let cases = [
        (changed("layer1.0.conv2.weight", [4, 2, 3, 3]), "ResNeXt"),
        (changed("layer1.0.conv3.weight", [8, 4, 1, 1]), "wide ResNet"),
        (deep, "ResNet-C"),
    ];
    for (file, name) in cases {
        let told = infer_resnet(&file, path, None).err().ok_or("taken")?.to_string();
        assert!(told.contains(name), "{told}");
    }
    Ok(())
}

#[test]
fn networks_have_torchvisions_titles() -> TestResult {
    assert_eq!(ResNetConfig::torchvision(152, 12, 100)?.title(), "ResNet152");
    let pocket = ResNetConfig::pocket(12, 12).title();
    assert_eq!(pocket, "ResNet of [2, 2, 2] basic blocks of widths [16, 32, 64]");
    Ok(())
}

#[test]
fn configurations_that_make_no_network_are_refused() -> TestResult {
    let sound = small(BlockKind::Basic, Stem::cifar(3, 4));
    let broken = [
        ResNetConfig {
            classes: 0,
            ..sound.clone()
        },
        ResNetConfig {
            widths: vec![4, 6],
            ..sound.clone()
        },
        ResNetConfig {
            blocks: vec![1, 0, 1],
            ..sound.clone()
        },
        ResNetConfig {
            stem: Stem {
                kernel: 4,
                ..sound.stem
            },
            ..sound.clone()
        },
        ResNetConfig {
            stem: Stem {
                stride: 0,
                ..sound.stem
            },
            ..sound.clone()
        },
    ];
    assert!(ResNet::<f32>::new(sound, &mut Init::new(0)).is_ok());
    for config in broken {
        assert!(
            ResNet::<f32>::new(config.clone(), &mut Init::new(0)).is_err(),
            "{config:?}"
        );
    }
    assert!(ResNetConfig::torchvision(20, 3, 10).is_err());
    Ok(())
}

#[test]
fn parameter_counts_are_torchvisions() -> TestResult {
    // Trainable parameters of torchvision 0.20 with 1000 classes.
    for (depth, expected) in [(18, 11_689_512), (50, 25_557_032)] {
        let file = file_of(&ResNetConfig::torchvision(depth, 3, 1000)?)?;
        let trained = file.tensors.iter().filter(|(name, _)| !name.contains("running_"));
        assert_eq!(
            trained.map(|(_, tensor)| tensor.shape().len()).sum::<usize>(),
            expected
        );
    }
    Ok(())
}

#[test]
fn head_layers_follow_the_notebook_at_every_depth() {
    assert_eq!(default_head_layers(50), NOTEBOOK_LAYERS, "ResNet152");
    // ⌈L·18/52⌉ of 20, 30, 35, 40, 45, 50, 52 is 7, 11, 13, 14, 16, 18, 18.
    assert_eq!(default_head_layers(16), [7, 11, 13, 14, 16, 17, 18], "ResNet50");
    // ⌈L·8/52⌉ of 20, 30, 35, 40, 45, 50, 52 is 4, 5, 6, 7, 7, 8, 8.
    assert_eq!(default_head_layers(6), [2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(default_head_layers(1), [1, 2, 3]);
    for blocks in 0..200 {
        let layers = default_head_layers(blocks);
        assert!(
            layers.windows(2).all(|pair| pair[0] < pair[1]),
            "{blocks}: {layers:?}"
        );
        assert!(
            layers.first() >= Some(&1) && layers.last() == Some(&(blocks + 2)),
            "{blocks}: {layers:?}"
        );
    }
}

#[test]
fn taps_are_numbered_input_stem_blocks_pool_classes() -> TestResult {
    let net = ResNet::<f64>::new(small(BlockKind::Basic, Stem::cifar(3, 4)), &mut Init::new(1))?;
    assert_eq!(net.pool_layer(), 6);
    let shapes = net.layer_shapes(8, 8, &[0, 1, 2, 3, 4, 5, 6, 7])?;
    let expected = [
        [8, 8, 3],
        [8, 8, 4],
        [8, 8, 4],
        [4, 4, 6],
        [4, 4, 6],
        [2, 2, 8],
        [1, 1, 8],
        [1, 1, 5],
    ];
    assert_eq!(shapes, expected);
    let x = Var::constant(images([2, 8, 8, 3])?);
    let taps = net.forward_taps(&x, &mut Pass::eval(), &[7, 0, 4], true)?;
    assert_eq!(
        taps.layers[1].value().to_vec()?,
        x.value().to_vec()?,
        "in the order asked for"
    );
    let logits = taps.logits.ok_or("no logits")?;
    assert_eq!(taps.layers[0].value().to_vec()?, logits.value().to_vec()?);
    assert_eq!(
        net.forward(&x, &mut Pass::eval())?.value().to_vec()?,
        logits.value().to_vec()?
    );
    let early = net.forward_taps(&x, &mut Pass::eval(), &[4], false)?;
    assert!(early.logits.is_none());
    assert_eq!(
        early.layers[0].value().to_vec()?,
        taps.layers[2].value().to_vec()?
    );
    let told = net
        .forward_taps(&x, &mut Pass::eval(), &[8], false)
        .err()
        .ok_or("there is a layer 8")?;
    assert_eq!(told.to_string(), "ResNet: `layer` is 8, expected 0..=7");
    Ok(())
}

#[test]
fn a_plain_classifier_normalises_each_colour() -> TestResult {
    let net = ResNet::<f64>::new(small(BlockKind::Basic, Stem::cifar(3, 4)), &mut Init::new(1))?;
    let (mean, std) = ([0.5, 0.25, 0.125], [0.5, 2.0, 0.25]);
    let classifier = PlainClassifier::new(&net, mean, std)?;
    let images = images([2, 8, 8, 3])?;
    let pixels = images.to_vec()?;
    let normalised = Tensor::from_fn([2, 8, 8, 3], |i| (pixels[i] - mean[i % 3]) / std[i % 3]);
    let expected = net.folded()?.forward(&Var::constant(normalised))?;
    let logits = classifier.logits(&images, &[])?;
    assert_eq!(logits.to_vec()?, expected.value().to_vec()?);
    assert_eq!((classifier.classes(), classifier.is_random()), (5, false));
    Ok(())
}

#[test]
fn a_plain_classifier_pulls_cotangents_back() -> TestResult {
    let net = ResNet::<f64>::new(small(BlockKind::Bottleneck, Stem::cifar(3, 4)), &mut Init::new(1))?;
    let classifier = PlainClassifier::new(&net, [0.4; 3], [0.3; 3])?;
    let (x, direction) = (images([1, 8, 8, 3])?, images([1, 8, 8, 3])?.to_vec()?);
    let cotangent = Tensor::from_slice([1, 5], &[1.0, -2.0, 0.5, 0.0, 3.0])?;
    let at_x = classifier.linearise(&x, &[])?;
    assert_eq!(at_x.logits.to_vec()?, classifier.logits(&x, &[])?.to_vec()?);
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let slope = dot(&(at_x.pullback)(&cotangent)?.to_vec()?, &direction);
    let pixels = x.to_vec()?;
    let value = |step: f64| -> crate::Result<f64> {
        let moved = Tensor::from_fn([1, 8, 8, 3], |i| pixels[i] + step * direction[i]);
        Ok(dot(
            &classifier.logits(&moved, &[])?.to_vec()?,
            &cotangent.to_vec()?,
        ))
    };
    let difference = (value(1e-6)? - value(-1e-6)?) / 2e-6;
    assert!(
        (slope - difference).abs() <= 1e-6 * difference.abs().max(1.0),
        "{slope} against {difference}"
    );
    // A second pullback is not disturbed by the first.
    assert_eq!(dot(&(at_x.pullback)(&cotangent)?.to_vec()?, &direction), slope);
    Ok(())
}

#[test]
fn a_plain_classifier_needs_three_channels_and_a_deviation() -> TestResult {
    let views = ResNet::<f32>::new(ResNetConfig::pocket(12, 10), &mut Init::new(0))?;
    let told = PlainClassifier::new(&views, [0.0; 3], [1.0; 3])
        .err()
        .ok_or("taken")?;
    assert_eq!(
        told.to_string(),
        "PlainClassifier: `net` has shape 12, expected 3 input channels"
    );
    let plain = ResNet::<f32>::new(ResNetConfig::pocket(3, 10), &mut Init::new(0))?;
    for (mean, std) in [
        ([0.0; 3], [1.0, 0.0, 1.0]),
        ([f64::NAN; 3], [1.0; 3]),
        ([0.0; 3], [f64::INFINITY; 3]),
    ] {
        assert!(
            PlainClassifier::new(&plain, mean, std).is_err(),
            "{mean:?} {std:?}"
        );
    }
    Ok(())
}
