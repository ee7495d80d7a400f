//! Torchvision's ResNets, and ResNet152 with twelve input channels: logits and all gradients, with the running
//! statistics and with a batch's.
//!
//! In f64 they are PyTorch's. In f32 the yardstick is PyTorch's own f32: where rounding turns the decision of a ReLU, a
//! gradient jumps, and which decisions turn is a matter of luck in both.

use super::models::{digest, to_stored};
use crossmax::Result;
use crossmax::autograd::Var;
use crossmax::models::{ResNet, ResNetConfig};
use crossmax::nn::{Init, Mode, Module, Pass, SlotKind};
use crossmax::tensor::{Element, Tensor};
use crossmax::testing::fixtures::{FixtureCase, FixtureFile, StoredLayout, package_folder};
use crossmax::testing::formula::{centred, centred_tensor, unit, unit_tensor};
use std::collections::BTreeMap;

/// What f64 results may be off by: of the largest logit; of a gradient's norm, and as much for each
/// unit of the vectors that it is projected on.
const F64_TOLERANCE: f64 = 1e-7;
/// What f32 logits may be off by, of the largest.
const F32_LOGITS: f64 = 1e-4;
/// How much larger the error of an f32 gradient may be than PyTorch's.
const YARDSTICK: f64 = 3.0;
/// Errors of PyTorch below this are luck: a few roundings.
const ROUNDING: f64 = 1e-6;
/// The same for all weights together, which one turned ReLU can move by this much (seen: 4e-5).
const ONE_RELU: f64 = 2e-5;

/// Gradients by name, the input's under `x`, as the reference stores them.
struct Evaluated<T: Element> {
    logits: Tensor<T>,
    gradients: BTreeMap<String, Tensor<T>>,
}

fn check(name: &str, side: usize) -> Result<()> {
    let path = package_folder().join(format!("resnets/{name}_{side}.safetensors"));
    let file = FixtureFile::load(&path)?;
    let depth = name.trim_start_matches("resnet").trim_end_matches("_12");
    for case in file.cases()? {
        let mode = if case.name() == "train" {
            Mode::Train
        } else {
            Mode::Eval
        };
        let [images, channels, height, width]: [usize; 4] = case.config("input")?;
        let expected_logits = case.tensor("logits", StoredLayout::Same)?;
        let classes = expected_logits.dims()[1];
        let config = ResNetConfig::torchvision(depth.parse().unwrap(), channels, classes)?;
        let input = [images, channels, height, width];
        let label = format!("{name} at {side} in {mode:?}");

        let exact = evaluate::<f64>(&config, mode, input)?;
        let off = distance(&exact.logits, &expected_logits)?;
        assert!(off <= F64_TOLERANCE, "{label}: f64 logits are off by {off:e}");
        compare_digests(&label, &case, &exact.gradients)?;

        let single = evaluate::<f32>(&config, mode, input)?;
        let off = distance(&single.logits.cast()?, &exact.logits)?;
        assert!(off <= F32_LOGITS, "{label}: f32 logits are off by {off:e}");
        compare_errors(&label, &case, &single.gradients, &exact.gradients)?;
    }
    assert!(file.unread().is_empty(), "nothing tests {:?}", file.unread());
    Ok(())
}

/// Gives every tensor the value that the formula has for its name.
fn fill<T: Element>(net: &mut ResNet<T>) -> Result<()> {
    let last_norm = match net.config().block {
        crossmax::models::BlockKind::Basic => ".bn2.weight",
        crossmax::models::BlockKind::Bottleneck => ".bn3.weight",
    };
    net.visit("", &mut |slot| {
        let stored = to_stored(slot.layout, &slot.parameter.value)?;
        let (name, fan_in) = (slot.name.as_str(), stored.dims()[1..].iter().product::<usize>());
        let values = Tensor::from_fn(*stored.shape(), |i| {
            let v = centred(name, i);
            match name.rsplit('.').next() {
                Some("running_var") => 1.0 + 0.5 * v.abs(),
                Some("running_mean" | "bias") => 0.2 * v,
                _ if name.ends_with(last_norm) => 0.2 * unit(name, i),
                _ if stored.dims().len() == 1 => 1.0 + 0.2 * v,
                _ => (2.0 * (3.0 / fan_in as f64).sqrt()) * v,
            }
        });
        let values = if values.dims().len() == 4 {
            values.nchw_to_nhwc()?
        } else {
            values
        };
        slot.parameter.value = values.cast()?;
        Ok(())
    })
}

fn evaluate<T: Element>(config: &ResNetConfig, mode: Mode, input: [usize; 4]) -> Result<Evaluated<T>> {
    let mut net = ResNet::<T>::new(config.clone(), &mut Init::new(0))?;
    fill(&mut net)?;
    let x = Var::<T>::leaf(unit_tensor("x", input).nchw_to_nhwc()?.cast()?);
    let mut pass = Pass::new(mode, true);
    let logits = net.forward(&x, &mut pass)?;
    let cotangent = centred_tensor("dy", *logits.shape()).cast()?;
    let value = logits.value().clone();
    let mut all = logits.backward(Some(cotangent))?;
    let mut gradients = BTreeMap::new();
    let of_input = all.take(&x).expect("a gradient of the input");
    gradients.insert("x".to_owned(), of_input.nhwc_to_nchw()?);
    let of_parameters = pass.parameter_gradients(all);
    net.visit("", &mut |slot| {
        if slot.kind == SlotKind::Parameter {
            let gradient = to_stored(slot.layout, &of_parameters[&slot.parameter.id()])?;
            gradients.insert(slot.name, gradient);
        }
        Ok(())
    })?;
    Ok(Evaluated {
        logits: value,
        gradients,
    })
}

/// Largest difference, of the largest number expected.
fn distance(found: &Tensor<f64>, expected: &Tensor<f64>) -> Result<f64> {
    assert_eq!(found.dims(), expected.dims());
    let (found, expected) = (found.to_vec()?, expected.to_vec()?);
    let largest = expected.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
    let off = found
        .iter()
        .zip(&expected)
        .fold(0.0_f64, |most, (a, b)| most.max((a - b).abs()));
    Ok(off / largest)
}

fn compare_digests(
    label: &str,
    case: &FixtureCase<'_>,
    gradients: &BTreeMap<String, Tensor<f64>>,
) -> Result<()> {
    let names: Vec<String> = case.config("gradients")?;
    assert_eq!(names.len(), gradients.len(), "{label}");
    let rows = case.tensor("digests", StoredLayout::Same)?;
    let width = rows.dims()[1];
    for (name, row) in names.iter().zip(rows.to_vec()?.chunks_exact(width)) {
        let gradient = &gradients[name];
        let found = digest(gradient, name)?.to_vec()?;
        let norm = row[0];
        // A projection sums as many products with numbers of root mean square 1/√12.
        let projected = norm * (gradient.shape().len() as f64 / 12.0).sqrt();
        for (i, (found, expected)) in found.iter().zip(row).enumerate() {
            let scale = if i == 1 || i == 2 { projected } else { norm };
            let off = (found - expected).abs() / scale;
            assert!(
                off <= F64_TOLERANCE,
                "{label}: {name}, entry {i} of the digest is off by {off:e}"
            );
        }
    }
    Ok(())
}

/// Demands that f32 gradients are nearly as close to the f64 ones as PyTorch's: the input's, the weights' together,
/// and the median weight's. A single weight's says little, since one ReLU that turns shows in it alone.
fn compare_errors(
    label: &str,
    case: &FixtureCase<'_>,
    single: &BTreeMap<String, Tensor<f32>>,
    exact: &BTreeMap<String, Tensor<f64>>,
) -> Result<()> {
    let (mut of_input, mut each, mut together) = (0.0, Vec::new(), [0.0, 0.0]);
    for (name, exact) in exact {
        let (mut off, mut norm) = (0.0, 0.0);
        for (&found, expected) in single[name].to_vec()?.iter().zip(&exact.to_vec()?) {
            off += (f64::from(found) - expected).powi(2);
            norm += expected * expected;
        }
        if name == "x" {
            of_input = (off / norm).sqrt();
        } else {
            each.push((off / norm).sqrt());
            together = [together[0] + off, together[1] + norm];
        }
    }
    each.sort_by(f64::total_cmp);
    let ours = [
        of_input,
        (together[0] / together[1]).sqrt(),
        each[(each.len() - 1) / 2],
    ];
    // The first of PyTorch's is the logits'.
    let theirs = case.tensor("float32_error", StoredLayout::Same)?.to_vec()?;
    let floors = [
        ("the input", ROUNDING),
        ("all weights", ONE_RELU),
        ("the median weight", ROUNDING),
    ];
    for (((name, floor), off), theirs) in floors.iter().zip(ours).zip(&theirs[1..]) {
        println!("{label}: f32 gradient of {name} off by {off:.1e}, PyTorch's by {theirs:.1e}");
        assert!(off <= YARDSTICK * theirs.max(*floor), "{label}: {name} {off:e}");
    }
    Ok(())
}

macro_rules! networks {
    ($($network:ident)*) => {
        mod at_64 {
            $(#[test] fn $network() -> crossmax::Result<()> { super::check(stringify!($network), 64) })*
        }
        mod at_224 {
            $(#[test] #[ignore = "takes minutes"] fn $network() -> crossmax::Result<()> { super::check(stringify!($network), 224) })*
        }
    };
}

networks! { resnet18 resnet34 resnet50 resnet101 resnet152 resnet152_12 }
