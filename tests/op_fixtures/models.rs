//! Whole networks: logits, digests of all gradients, and running statistics after one step.

use crossmax::Result;
use crossmax::autograd::Var;
use crossmax::models::{BlockKind, ResNet, ResNetConfig, Stem};
use crossmax::nn::{Init, Layout, Mode, Module, Pass, SlotKind};
use crossmax::tensor::{Element, Tensor};
use crossmax::testing::compare::compare;
use crossmax::testing::fixtures::{FixtureCase, FixtureFile, StoredLayout};
use crossmax::testing::formula::{centred, centred_tensor, unit_tensor};
use crossmax::testing::{Report, Scale};
use std::collections::BTreeMap;

pub const FILES: &[&str] = &["models"];

#[test]
fn models() -> Result<()> {
    let file = FixtureFile::open("models")?;
    let mut report = Report::default();
    for case in file.cases()? {
        for mode in [Mode::Eval, Mode::Train] {
            check::<f64>(&case, mode, 1e-11, &mut report)?;
            check::<f32>(&case, mode, 1e-4, &mut report)?;
        }
    }
    assert!(report.passed(), "{report}");
    let unread = file.unread();
    assert!(unread.is_empty(), "nothing tests {unread:?}");
    Ok(())
}

fn architecture(case: &FixtureCase<'_>) -> Result<ResNetConfig> {
    let stem: serde_json::Value = case.config("stem")?;
    let input: [usize; 4] = case.config("input")?;
    let widths: Vec<usize> = case.config("widths")?;
    let (block, kernel) = (
        case.config::<String>("block")?,
        stem["kernel"].as_u64().unwrap() as usize,
    );
    assert_eq!(stem["padding"], kernel / 2);
    let strides: Vec<usize> = case.config("strides")?;
    assert!(strides[0] == 1 && strides[1..].iter().all(|&stride| stride == 2));
    Ok(ResNetConfig {
        stem: Stem {
            channels: input[1],
            width: widths[0],
            kernel,
            stride: stem["stride"].as_u64().unwrap() as usize,
            max_pool: stem["max_pool"].as_bool().unwrap(),
        },
        block: match block.as_str() {
            "BasicBlock" => BlockKind::Basic,
            "Bottleneck" => BlockKind::Bottleneck,
            other => panic!("a block called {other}"),
        },
        blocks: vec![case.config("blocks")?; widths.len()],
        widths,
        classes: case.config("classes")?,
    })
}

/// Gives every tensor of `model` the value that the formula has for its name.
fn fill<T: Element>(model: &mut ResNet<T>, case: &str) -> Result<()> {
    model.visit("", &mut |slot| {
        let values = to_stored(slot.layout, &slot.parameter.value)?;
        let fan_in: usize = values.dims()[1..].iter().product();
        let key = format!("{case}.{}", slot.name);
        let values = Tensor::from_fn(*values.shape(), |i| {
            let v = centred(&key, i);
            match slot.name.rsplit('.').next() {
                Some("running_var") => 1.0 + 0.5 * v.abs(),
                Some("running_mean" | "bias") => 0.2 * v,
                _ if values.dims().len() == 1 => 1.0 + 0.2 * v,
                _ => (2.0 * (3.0 / fan_in as f64).sqrt()) * v,
            }
        });
        let values = match slot.layout {
            Layout::Convolution => values.nchw_to_nhwc()?,
            _ => values,
        };
        slot.parameter.value = values.cast()?;
        Ok(())
    })
}

/// From memory to the layout that the reference stores; no network has a flattened picture.
pub fn to_stored<T: Element>(layout: Layout, tensor: &Tensor<T>) -> Result<Tensor<T>> {
    match layout {
        Layout::Convolution => tensor.nhwc_to_nchw(),
        _ => Ok(tensor.clone()),
    }
}

/// Norm, two projections and up to sixteen elements of a gradient in the stored layout.
pub fn digest<T: Element>(gradient: &Tensor<T>, name: &str) -> Result<Tensor<f64>> {
    let g = gradient.cast::<f64>()?.to_vec()?;
    let projection = |number: usize| {
        let key = format!("{name}.projection{number}");
        g.iter().enumerate().map(|(i, g)| g * centred(&key, i)).sum()
    };
    let norm = g.iter().map(|g| g * g).sum::<f64>().sqrt();
    let mut digest = vec![norm, projection(0), projection(1)];
    let samples = g.len().min(16);
    digest.extend((0..samples).map(|i| g[i * (g.len() / samples)]));
    Tensor::from_slice([digest.len()], &digest)
}

fn check<T: Element>(case: &FixtureCase<'_>, mode: Mode, tolerance: f64, report: &mut Report) -> Result<()> {
    let mut model = ResNet::<T>::new(architecture(case)?, &mut Init::new(0))?;
    fill(&mut model, case.name())?;
    let dims: [usize; 4] = case.config("input")?;
    let x = unit_tensor(&format!("{}.x", case.name()), dims).nchw_to_nhwc()?;
    let x = Var::<T>::leaf(x.cast()?);
    let mut pass = Pass::new(mode, true);
    let logits = model.forward(&x, &mut pass)?;

    let mut found: BTreeMap<String, Tensor<f64>> = BTreeMap::new();
    found.insert("logits".to_owned(), logits.value().cast()?);
    let dy = centred_tensor(&format!("{}.dy", case.name()), *logits.shape());
    let mut gradients = logits.backward(Some(dy.cast()?))?;
    let dx = gradients
        .take(&x)
        .expect("a gradient of the input")
        .nhwc_to_nchw()?;
    found.insert("dx".to_owned(), digest(&dx, &format!("{}.dx", case.name()))?);
    let gradients = pass.parameter_gradients(gradients);
    pass.commit(&mut model)?;
    model.visit("", &mut |slot| {
        match (slot.kind, mode) {
            (SlotKind::Parameter, _) => {
                let gradient = to_stored(slot.layout, &gradients[&slot.parameter.id()])?;
                let digest = digest(&gradient, &format!("{}.{}", case.name(), slot.name))?;
                found.insert(format!("grad.{}", slot.name), digest);
            }
            (SlotKind::Buffer, Mode::Train) => {
                found.insert(slot.name, slot.parameter.value.cast()?);
            }
            (SlotKind::Buffer, Mode::Eval) => {}
        }
        Ok(())
    })?;

    let prefix = if mode == Mode::Train { "train" } else { "eval" };
    let label = format!("{} ({})", case.full_name(), T::NAME);
    for (name, found) in found {
        let name = format!("{prefix}.{name}");
        let expected = case.tensor(&name, StoredLayout::Same)?;
        report.record(compare(
            &label,
            &name,
            &found,
            &expected,
            tolerance,
            Scale::Tensor,
        )?);
    }
    Ok(())
}
