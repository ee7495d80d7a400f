//! `conv2d_gemm.cu` and `conv2d_tensor.cu` against the CPU, in every precision.

use super::emulated::Emulated;
use super::on_device::{demand_same_as_cpu, open, skips_emulator};
use super::operands::case;
use crossmax::Result;
use crossmax::autograd::Var;
use crossmax::ops::conv2d::infer;
use crossmax::ops::{Conv2d, Conv2dEpilogue, Precision};
use crossmax::tensor::Tensor;
use crossmax::testing::conformance::compare_places;
use crossmax::testing::formula::unit;
use crossmax::testing::{Case, Operation, Place};

const TENSOR_CORES: [Precision; 3] = [Precision::Tf32, Precision::Bf16, Precision::F16];
pub const ALL: [Precision; 4] = [Precision::F32, Precision::Tf32, Precision::Bf16, Precision::F16];

/// Picture [N,H,W,C], weights [K,R,S], options.
pub type Layer = ([usize; 4], [usize; 3], Conv2d);

/// Every window and stride of ResNet152, tiles that are not full, several tiles each way, several
/// parts of the weights' gradient; channels that are multiples of 4 and not.
fn layers() -> [Layer; 10] {
    let uneven = Conv2d {
        stride: [1, 2],
        padding: [0, 1],
        precision: Precision::F32,
    };
    let wide_padding = Conv2d {
        padding: [3, 2],
        ..Conv2d::square(1, 0)
    };
    [
        ([1, 5, 7, 8], [9, 1, 1], Conv2d::square(1, 0)),
        ([2, 7, 5, 8], [20, 1, 1], Conv2d::square(2, 0)),
        ([1, 6, 9, 5], [8, 3, 3], Conv2d::square(1, 1)),
        ([2, 9, 6, 4], [68, 3, 3], Conv2d::square(2, 1)),
        ([1, 11, 13, 12], [12, 7, 7], Conv2d::square(2, 3)),
        ([3, 7, 9, 20], [16, 3, 3], Conv2d::square(1, 1)),
        ([1, 9, 8, 1], [10, 7, 7], Conv2d::square(1, 3)),
        ([2, 6, 8, 3], [33, 2, 3], uneven),
        ([1, 2, 3, 8], [8, 3, 3], wide_padding),
        ([1, 4, 4, 8], [132, 1, 1], Conv2d::square(1, 0)),
    ]
}

pub fn case_of((x, [k, r, s], options): Layer, precision: Precision) -> Result<Case> {
    let name = format!("conv2d of {x:?} with {k} {r}x{s}, {options:?}, {precision:?}");
    let inputs: [(&str, &[usize]); 3] = [("x", &x), ("w", &[k, r, s, x[3]]), ("bias", &[k])];
    let operation = Operation::Conv2d(options.with_precision(precision));
    let mut case = case(&name, operation, &inputs)?;
    case.tolerance.single = match precision {
        Precision::F32 => case.tolerance.single,
        Precision::Tf32 => 1e-3,
        // The gradients of F16 are in bf16.
        Precision::Bf16 | Precision::F16 => 8e-3,
    };
    Ok(case)
}

fn cases_of(precisions: &[Precision]) -> Result<Vec<Case>> {
    let layers = layers();
    let pairs = precisions
        .iter()
        .flat_map(|&precision| layers.map(|layer| (layer, precision)));
    pairs
        .map(|(layer, precision)| case_of(layer, precision))
        .collect()
}

/// Integers from -4 to 4, exact in every format and as sums.
fn integers(name: &str, shape: &[usize]) -> Tensor<f64> {
    Tensor::from_fn(shape, |i| (unit(name, i) * 9.0).floor() - 4.0)
}

/// The same cases with integers, of which every precision gives the exact results.
pub fn exact(mut cases: Vec<Case>) -> Vec<Case> {
    for case in &mut cases {
        for input in &mut case.inputs {
            input.value = integers(&format!("{}.{}", case.name, input.name), input.value.dims());
        }
        case.cotangent = integers(&format!("{}.cotangent", case.name), case.cotangent.dims());
        case.tolerance.single = 0.0;
    }
    cases
}

/// Cases in f32, with numbers of any kind.
pub fn f32_cases() -> Result<Vec<Case>> {
    cases_of(&[Precision::F32])
}

/// Exact cases of two precisions, which run all kernels of the tensor cores but the gradients in f16
/// of devices that have nothing else.
pub fn tensor_core_cases() -> Result<Vec<Case>> {
    Ok(exact(cases_of(&[Precision::Tf32, Precision::F16])?))
}

#[test]
fn tiled_convolution_and_its_gradients_agree() -> Result<()> {
    demand_same_as_cpu(&f32_cases()?)
}

#[test]
fn tensor_cores_agree_within_their_rounding() -> Result<()> {
    demand_same_as_cpu(&cases_of(&TENSOR_CORES)?)
}

#[test]
fn integers_are_exact_in_every_precision() -> Result<()> {
    demand_same_as_cpu(&exact(cases_of(&ALL)?))
}

/// Rounding shows: each precision has a kernel of its own.
#[test]
fn precisions_differ_where_numbers_are_not_integers() -> Result<()> {
    let place = Place::Accelerator(open(1));
    let numbers = |name: &'static str, shape: [usize; 4]| Tensor::from_fn(shape, move |i| unit(name, i));
    let x = place.put::<f32>(&numbers("x", [1, 7, 9, 20]))?;
    let w = place.put(&numbers("w", [16, 3, 3, 20]))?;
    let mut found: Vec<Vec<f32>> = Vec::new();
    for precision in ALL {
        let options = Conv2d::square(1, 1).with_precision(precision);
        let y = infer(&x, &w, Conv2dEpilogue::default(), options)?.to_vec()?;
        assert!(!found.contains(&y), "{precision:?}");
        found.push(y);
    }
    Ok(())
}

/// Output and the input's gradient of a batch, one image after the other.
fn forward_and_dgrad(
    place: &Place,
    x: &Tensor<f64>,
    w: &Tensor<f64>,
    seed: &Tensor<f64>,
    options: Conv2d,
) -> Result<[Vec<f32>; 2]> {
    let (x, w) = (Var::leaf(place.put::<f32>(x)?), Var::constant(place.put(w)?));
    let y = x.conv2d(&w, None, options)?;
    let value = y.value().to_vec()?;
    let gradients = y.backward(Some(place.put(seed)?))?;
    let dx = gradients.get(&x).map(Tensor::to_vec).transpose()?;
    Ok([value, dx.unwrap_or_default()])
}

#[test]
fn an_image_does_not_depend_on_its_batch() -> Result<()> {
    let place = Place::Accelerator(open(1));
    let (images, c, k) = (3, 12, 16);
    let numbers =
        |name: &'static str, shape: [usize; 4]| Tensor::from_fn(shape, move |i| unit(name, i) - 0.5);
    let (x, w) = (numbers("x", [images, 9, 7, c]), numbers("w", [k, 3, 3, c]));
    for precision in ALL {
        for stride in [1, 2] {
            let options = Conv2d::square(stride, 1).with_precision(precision);
            let side = |length: usize| length.div_ceil(stride);
            let seed = numbers("dy", [images, side(9), side(7), k]);
            let batch = forward_and_dgrad(&place, &x, &w, &seed, options)?;
            for image in 0..images {
                let one = |of: &Tensor<f64>| of.rows(image, 1);
                let alone = forward_and_dgrad(&place, &one(&x)?, &w, &one(&seed)?, options)?;
                for (together, alone) in batch.iter().zip(&alone) {
                    let part = &together[image * alone.len()..(image + 1) * alone.len()];
                    assert_eq!(part, alone, "{options:?}, image {image}");
                }
            }
        }
    }
    Ok(())
}

#[test]
fn the_epilogue_agrees() -> Result<()> {
    let (x, w) = (integers("x", &[2, 5, 7, 6]), integers("w", &[19, 3, 3, 6]));
    let (bias, residual) = (integers("bias", &[19]), integers("residual", &[2, 5, 7, 19]));
    let run = |place: &Place, [with_bias, with_residual, relu]: [bool; 3], options| -> Result<Vec<f32>> {
        let (bias, residual) = (place.put(&bias)?, place.put(&residual)?);
        let epilogue = Conv2dEpilogue {
            bias: with_bias.then_some(&bias),
            residual: with_residual.then_some(&residual),
            relu,
        };
        infer(&place.put::<f32>(&x)?, &place.put(&w)?, epilogue, options)?.to_vec()
    };
    let device = Place::Accelerator(open(1));
    for precision in ALL {
        let options = Conv2d::square(1, 1).with_precision(precision);
        for flags in [
            [true; 3],
            [false, true, true],
            [true, true, false],
            [false, false, true],
        ] {
            let expected = run(&Place::Cpu, flags, options)?;
            assert_eq!(run(&device, flags, options)?, expected, "{precision:?} {flags:?}");
        }
    }
    Ok(())
}

#[test]
fn an_empty_batch_has_gradients_of_zero() -> Result<()> {
    let place = Place::Accelerator(open(1));
    for precision in ALL {
        let x = Var::leaf(place.put::<f32>(&Tensor::zeros([0, 5, 5, 8]))?);
        let w = Var::leaf(place.put::<f32>(&integers("w", &[9, 3, 3, 8]))?);
        let y = x.conv2d(&w, None, Conv2d::square(1, 1).with_precision(precision))?;
        let gradients = y.backward(Some(place.put(&Tensor::zeros([0, 5, 5, 9]))?))?;
        let dw = gradients.get(&w).map(Tensor::to_vec).transpose()?;
        assert_eq!(dw, Some(vec![0.0; 9 * 3 * 3 * 8]), "{precision:?}");
    }
    Ok(())
}

#[test]
fn devices_before_asynchronous_copies_agree_with_gradients_in_f16() -> Result<()> {
    if skips_emulator() {
        return Ok(());
    }
    let place = Place::Accelerator(Emulated::of_capability(1, 7, 5));
    let report = compare_places::<f32>(&exact(cases_of(&[Precision::F32, Precision::F16])?), &place)?;
    assert!(report.passed(), "{report}");
    Ok(())
}

#[test]
fn a_precision_that_the_device_lacks_is_refused() -> Result<()> {
    if skips_emulator() {
        return Ok(());
    }
    let turing = Emulated::of_capability(1, 7, 5);
    assert_eq!(Precision::F16.or_f32(turing.as_ref()), Precision::F16);
    for precision in [Precision::Tf32, Precision::Bf16] {
        assert_eq!(precision.or_f32(turing.as_ref()), Precision::F32);
        assert_eq!(precision.or_f32(open(1).as_ref()), precision);
        let x = Tensor::<f32>::zeros([1, 4, 4, 8]).to_device(&turing)?;
        let w = Tensor::zeros([8, 1, 1, 8]).to_device(&turing)?;
        let options = Conv2d::square(1, 0).with_precision(precision);
        let refused = infer(&x, &w, Conv2dEpilogue::default(), options);
        let message = refused.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(message.contains(&format!("{precision:?}")), "{message}");
    }
    Ok(())
}
