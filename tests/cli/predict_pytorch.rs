//! `crossmax predict` against PyTorch: the bottleneck network of the model fixtures, through files
//! and the real program.

use crate::program::{folder, run};
use crossmax::Result;
use crossmax::io::{Stored, TensorFile, module_tensors};
use crossmax::models::{BlockKind, ResNet, ResNetConfig, Stem};
use crossmax::nn::Init;
use crossmax::tensor::Tensor;
use crossmax::testing::Scale;
use crossmax::testing::compare::compare;
use crossmax::testing::fixtures::{FixtureFile, StoredLayout};
use crossmax::testing::formula::{centred, unit_tensor};
use std::collections::BTreeMap;
use std::path::Path;

/// A file with these tensors in single precision.
fn save(path: &Path, tensors: impl IntoIterator<Item = (String, Tensor<f64>)>) -> Result<()> {
    let narrow = |(name, tensor): (String, Tensor<f64>)| Ok((name, Stored::F32(tensor.cast()?)));
    let tensors = tensors
        .into_iter()
        .map(narrow)
        .collect::<Result<BTreeMap<_, _>>>()?;
    TensorFile {
        tensors,
        ..TensorFile::default()
    }
    .save(path)
}

/// The value that the fixtures' formula gives the tensor `name`, in the file's layout.
fn formula(name: &str, dims: &[usize]) -> Tensor<f64> {
    let fan_in: usize = dims.iter().skip(1).product();
    Tensor::from_fn(dims, |i| {
        let v = centred(&format!("bottleneck.{name}"), i);
        match name.rsplit('.').next() {
            Some("running_var") => 1.0 + 0.5 * v.abs(),
            Some("running_mean" | "bias") => 0.2 * v,
            _ if dims.len() == 1 => 1.0 + 0.2 * v,
            _ => 2.0 * (3.0 / fan_in as f64).sqrt() * v,
        }
    })
}

#[test]
fn logits_are_pytorchs() -> Result<()> {
    let folder = folder();
    let config = ResNetConfig {
        stem: Stem {
            width: 4,
            ..Stem::imagenet(3)
        },
        block: BlockKind::Bottleneck,
        widths: vec![4, 8, 16, 32],
        blocks: vec![1; 4],
        classes: 7,
    };
    let names = module_tensors(&mut ResNet::<f32>::new(config, &mut Init::new(0))?, "")?;
    let weights = names
        .iter()
        .map(|(name, stored)| (name.clone(), formula(name, stored.shape().dims())));
    save(&folder.path().join("net.safetensors"), weights)?;
    save(
        &folder.path().join("x.safetensors"),
        [("images".to_owned(), unit_tensor("bottleneck.x", [2, 3, 48, 48]))],
    )?;

    let files = "net.safetensors x.safetensors --out y.safetensors";
    let flags = "--mean 0,0,0 --std 1,1,1 --input-gradient --json";
    let ran = run(folder.path(), &format!("predict {files} {flags}"));
    assert_eq!(ran.code, 0, "{}", ran.stderr);

    let file = TensorFile::load(&folder.path().join("y.safetensors"))?;
    let found: Tensor<f64> = file.tensors["logits"].float()?.expect("floating-point logits");
    let fixture = FixtureFile::open("models")?;
    let cases = fixture.cases()?;
    let case = cases
        .iter()
        .find(|case| case.name() == "bottleneck")
        .expect("the case");
    let expected = case.tensor("eval.logits", StoredLayout::Same)?;
    let report = compare("bottleneck", "logits", &found, &expected, 1e-4, Scale::Tensor)?;
    assert!(report.is_none(), "{report:?}");

    let object: serde_json::Value = serde_json::from_str(&ran.stdout).expect("one JSON object");
    let expected = expected.to_vec()?;
    for (i, row) in expected.chunks(7).enumerate() {
        let top = (0..7).max_by(|&a, &b| row[a].total_cmp(&row[b]));
        assert_eq!(
            object["predictions"][i]["class"].as_u64(),
            top.map(|top| top as u64)
        );
    }
    // No labels were given, so the gradient is that of the predicted classes, in planes.
    assert_eq!(object["gradient_labels"], "predicted");
    assert_eq!(file.tensors["gradient"].shape().dims(), [2, 3, 48, 48]);
    Ok(())
}
