//! Networks with pre-activation, read from the names and shapes that the reference has, and a checkpoint that PyTorch
//! wrote: logits and input gradients.

use super::models::digest;
use crossmax::Result;
use crossmax::attacks::Classifier;
use crossmax::autograd::Var;
use crossmax::io::{Stored, TensorFile, set_module};
use crossmax::models::{
    Activation, Architecture, Colours, Naming, PlainClassifier, Untraced, examine_weights, load_network,
};
use crossmax::ops::Precision;
use crossmax::tensor::{Element, Tensor};
use crossmax::testing::Report;
use crossmax::testing::Scale;
use crossmax::testing::compare::compare;
use crossmax::testing::fixtures::{FixtureCase, FixtureFile, StoredLayout, package_folder};
use crossmax::testing::formula::{centred, centred_tensor, unit_tensor};
use std::collections::BTreeMap;
use std::path::Path;

const F64_TOLERANCE: f64 = 1e-7;
const F32_TOLERANCE: f64 = 1e-4;
/// Shape of the pictures, as stored.
const PICTURES: [usize; 4] = [2, 3, 32, 32];

/// Every tensor of the case with the value that the formula has for its name.
fn file_of(case: &FixtureCase<'_>) -> Result<TensorFile> {
    let shapes: BTreeMap<String, Vec<usize>> = case.config("shapes")?;
    let tensor = |(name, shape): (String, Vec<usize>)| {
        let fan_in = shape[1..].iter().product::<usize>() as f64;
        let values = Tensor::from_fn(&shape[..], |i| {
            let v = centred(&name, i);
            match name.rsplit('.').next() {
                Some("running_var") => 1.0 + 0.5 * v.abs(),
                Some("running_mean" | "bias") => 0.2 * v,
                _ if shape.len() == 1 => 1.0 + 0.2 * v,
                _ => (2.0 * (3.0 / fan_in).sqrt()) * v,
            }
        });
        (name, Stored::F64(values))
    };
    Ok(TensorFile {
        tensors: shapes.into_iter().map(tensor).collect(),
        ..TensorFile::default()
    })
}

fn check<T: Element>(case: &FixtureCase<'_>, tolerance: f64, report: &mut Report) -> Result<()> {
    let file = file_of(case)?;
    let told = Untraced {
        activation: Some(case.config::<Activation>("activation")?),
        ..Untraced::default()
    };
    let architecture = Architecture::infer(&file, Path::new(case.name()), told)?;
    let mut network = architecture.blank::<T>()?;
    let misfits = set_module(network.as_mut(), &file.tensors, "")?;
    assert!(misfits.is_clean(), "{}: {misfits}", case.name());
    let x = Var::<T>::leaf(unit_tensor("x", PICTURES).nchw_to_nhwc()?.cast()?);
    let logits = network.evaluation_form()?.logits(&x, Precision::F32)?;
    let cotangent = centred_tensor("dy", *logits.shape()).cast()?;
    let value = logits.value().cast()?;
    let gradient = logits.backward(Some(cotangent))?.take(&x);
    let gradient = gradient.expect("a gradient of the input").nhwc_to_nchw()?;
    let label = format!("{} ({})", case.full_name(), T::NAME);
    for (name, found) in [("logits", value), ("dx", digest(&gradient, "dx")?)] {
        let expected = case.tensor(name, StoredLayout::Same)?;
        let scale = Scale::Tensor;
        report.record(compare(&label, name, &found, &expected, tolerance, scale)?);
    }
    Ok(())
}

#[test]
fn families_agree_with_the_reference() -> Result<()> {
    let file = FixtureFile::load(&package_folder().join("families/preactivation.safetensors"))?;
    let mut report = Report::default();
    for case in file.cases()? {
        check::<f64>(&case, F64_TOLERANCE, &mut report)?;
        check::<f32>(&case, F32_TOLERANCE, &mut report)?;
    }
    assert!(report.passed(), "{report}");
    assert!(file.unread().is_empty(), "nothing tests {:?}", file.unread());
    Ok(())
}

/// `module.` before the names, weights in an entry, colours and an unused block among them.
#[test]
fn a_checkpoint_of_a_training_is_read_and_classifies() -> Result<()> {
    let path = package_folder().join("families/checkpoint.pth");
    let examined = examine_weights(&path)?;
    let network = examined.network?;
    assert_eq!(examined.naming, Naming::RobustBench);
    assert!(network.misfits.is_clean(), "{}", network.misfits);
    let loaded = load_network(&path, Untraced::default())?;
    assert_eq!(loaded.network.architecture(), network.architecture);
    let Colours { mean, std } = loaded.colours;
    assert_eq!(mean, [0.5, 0.4, 0.3].map(|mean: f32| f64::from(mean)));
    let classifier = PlainClassifier::new(loaded.network.as_ref(), mean, std)?;
    let images = unit_tensor("x", PICTURES).nchw_to_nhwc()?.cast()?;
    let found: Tensor<f64> = classifier.logits(&images, &[])?.cast()?;
    let file = FixtureFile::load(&package_folder().join("families/checkpoint.safetensors"))?;
    let mut report = Report::default();
    for case in file.cases()? {
        let expected = case.tensor("logits", StoredLayout::Same)?;
        let scale = Scale::Tensor;
        report.record(compare("checkpoint", "logits", &found, &expected, 1e-5, scale)?);
    }
    assert!(report.passed(), "{report}");
    Ok(())
}
