//! `conv2d_warpgroup.cu` against the CPU, with integers, of which it gives the exact results.

use super::conv2d_tiles::{Layer, case_of, exact};
use super::emulated::Emulated;
use super::mutations::WARPGROUPS;
use super::on_device::{open_for, skips_emulator};
use super::operands::SEEDS;
use super::rectified_convs::layers_in;
use crossmax::Result;
use crossmax::autograd::Var;
use crossmax::device::Accelerator;
use crossmax::ops::conv2d::infer;
use crossmax::ops::{Conv2d, Conv2dEpilogue, FixedEpilogue, Precision};
use crossmax::tensor::Tensor;
use crossmax::testing::conformance::compare_with_f64;
use crossmax::testing::formula::unit;
use crossmax::testing::{Case, Place};
use std::sync::Arc;

const PRECISIONS: [Precision; 2] = [Precision::F16, Precision::Bf16];

/// ResNet152's windows and strides in small: tiles of all widths, full and not, several each way; channels that end
/// within a box; boxes that reach over rows, pictures and the last picture's end.
fn layers() -> [Layer; 7] {
    [
        ([2, 14, 14, 64], [64, 3, 3], Conv2d::square(1, 1)),
        ([3, 7, 7, 128], [512, 1, 1], Conv2d::square(1, 0)),
        ([1, 14, 13, 64], [128, 3, 3], Conv2d::square(2, 1)),
        ([2, 9, 8, 128], [256, 1, 1], Conv2d::square(2, 0)),
        ([1, 7, 7, 72], [136, 3, 3], Conv2d::square(1, 1)),
        ([5, 6, 6, 264], [72, 1, 1], Conv2d::square(1, 0)),
        ([1, 6, 7, 40], [40, 3, 3], Conv2d::square(1, 0)),
    ]
}

/// Layers alone, and pairs of them with bias, ReLU, its mask, and a shortcut.
pub fn cases() -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for precision in PRECISIONS {
        for layer in layers() {
            cases.push(case_of(layer, precision)?);
        }
    }
    let rectified = [
        ([2, 5, 7, 64], 3, Conv2d::square(1, 1)),
        ([1, 12, 12, 72], 1, Conv2d::square(1, 0)),
        ([1, 5, 6, 136], 1, Conv2d::square(1, 0)),
    ];
    let mut cases = exact(cases);
    cases.extend(layers_in(&rectified, &PRECISIONS)?);
    Ok(cases)
}

/// What the device's own comparison of these kernels with the f32 ones finds wrong.
pub fn complaint(device: &Arc<dyn Accelerator>) -> Result<Option<String>> {
    let x = Tensor::<f32>::zeros([1, 2, 2, 64]).to_device(device)?;
    let w = Tensor::zeros([64, 1, 1, 64]).to_device(device)?;
    let options = Conv2d::square(1, 0).with_precision(Precision::F16);
    infer(&x, &w, Conv2dEpilogue::default(), options)?;
    let agreement = device.warpgroups();
    Ok(agreement.and_then(|agreement| agreement.complaint().map(str::to_owned)))
}

/// What differs from the CPU in the gradient of two layers without a shortcut, whose second one alone applies the
/// first one's mask; or the device's complaint.
pub fn difference(device: &Arc<dyn Accelerator>) -> Result<Option<String>> {
    let complaint = complaint(device)?;
    if complaint.is_some() {
        return Ok(complaint);
    }
    let integers =
        |name: &str, shape: &[usize]| Tensor::<f64>::from_fn(shape, |i| (unit(name, i) * 3.0).floor() - 1.0);
    let shape = [2, 5, 4, 72];
    let gradient = |place: &Place| -> Result<Vec<f32>> {
        let weight = place.put(&integers("w", &[72, 1, 1, 72]))?;
        let bias = place.put(&integers("bias", &[72]))?;
        let epilogue = FixedEpilogue {
            bias: &bias,
            residual: None,
            relu: true,
        };
        let options = Conv2d::square(1, 0).with_precision(Precision::F16);
        let x = Var::leaf(place.put(&integers("x", &shape))?);
        let y = x.conv2d_fixed(&weight, epilogue, options)?;
        let z = y.conv2d_fixed(&weight, epilogue, options)?;
        let dx = z.backward(Some(place.put(&integers("dz", &shape))?))?.take(&x);
        dx.map_or_else(|| Ok(Vec::new()), |dx| dx.to_vec())
    };
    let (expected, found) = (
        gradient(&Place::Cpu)?,
        gradient(&Place::Accelerator(Arc::clone(device)))?,
    );
    let mut pairs = expected.iter().zip(&found).enumerate();
    let wrong = pairs.find(|(_, (expected, found))| expected != found);
    Ok(wrong.map(|(i, (expected, found))| format!("gradient {i} is {found}, expected {expected}")))
}

#[test]
fn layers_of_resnet152_are_exact_with_all_that_follows_them() -> Result<()> {
    let cases = cases()?;
    for seed in SEEDS {
        let device = open_for(WARPGROUPS, seed);
        assert_eq!(difference(&device)?, None);
        let report = compare_with_f64::<f32>(&cases, &Place::Accelerator(device))?;
        assert!(report.passed(), "seed {seed}: {report}");
    }
    Ok(())
}

/// A device whose kernels are wrong is served by the others.
#[test]
fn a_device_that_disagrees_falls_back() -> Result<()> {
    if skips_emulator() {
        return Ok(());
    }
    let device = Emulated::hopper(1, "half_of_the_rows");
    let complaint = complaint(&device)?.unwrap_or_default();
    assert!(complaint.contains("expected"), "{complaint}");
    let place = Place::Accelerator(device);
    let cases = exact(vec![case_of(layers()[0], Precision::F16)?]);
    let report = compare_with_f64::<f32>(&cases, &place)?;
    assert!(report.passed(), "{report}");
    Ok(())
}

#[test]
fn an_image_does_not_depend_on_its_batch() -> Result<()> {
    let place = Place::Accelerator(open_for(WARPGROUPS, 2));
    let (images, shape) = (3, [7, 6, 64]);
    let numbers = |name: &'static str, shape: &[usize]| Tensor::from_fn(shape, |i| unit(name, i) - 0.5);
    let [h, w, c] = shape;
    let x: Tensor<f64> = numbers("x", &[images, h, w, c]);
    let weights = place.put::<f32>(&numbers("w", &[72, 3, 3, c]))?;
    for stride in [1, 2] {
        let options = Conv2d::square(stride, 1).with_precision(Precision::F16);
        let run =
            |x: &Tensor<f64>| infer(&place.put(x)?, &weights, Conv2dEpilogue::default(), options)?.to_vec();
        let together = run(&x)?;
        for image in 0..images {
            let alone = run(&x.rows(image, 1)?)?;
            let part = &together[image * alone.len()..(image + 1) * alone.len()];
            assert_eq!(part, alone, "stride {stride}, image {image}");
        }
    }
    Ok(())
}
