//! The epilogues of convolutions with fixed weights against the CPU: ReLU, its mask of one bit an element, which the
//! next layer's gradient is cut with, and the shortcut.

use super::conv2d_tiles::ALL;
use super::on_device::{demand_same_as_cpu, open};
use crossmax::Result;
use crossmax::autograd::Var;
use crossmax::ops::{Conv2d, FixedEpilogue, Precision};
use crossmax::tensor::Tensor;
use crossmax::testing::formula::unit;
use crossmax::testing::{Case, Operation, Place};

/// Integers of at most `most`: small enough that every precision holds the sums of two layers.
fn integers(name: &str, shape: &[usize], most: f64) -> Tensor<f64> {
    Tensor::from_fn(shape, |i| ((2.0 * most + 1.0) * unit(name, i)).floor() - most)
}

/// Pictures [N,H,W,C], the window's side, options; as many channels out as in.
type Layer = ([usize; 4], usize, Conv2d);

/// Channels of one word and two, full and not, and so few that the direct gradient serves; tiles in several
/// columns; phases.
fn cases_of(precisions: &[Precision]) -> Result<Vec<Case>> {
    let layers = [
        ([2, 5, 7, 8], 3, Conv2d::square(1, 1)),
        ([1, 7, 6, 20], 3, Conv2d::square(2, 1)),
        ([1, 3, 5, 36], 1, Conv2d::square(1, 0)),
        ([3, 7, 7, 32], 1, Conv2d::square(2, 0)),
        ([2, 4, 3, 4], 3, Conv2d::square(1, 1)),
        ([1, 3, 3, 68], 1, Conv2d::square(1, 0)),
    ];
    layers_in(&layers, precisions)
}

/// Cases of these layers in these precisions.
pub fn layers_in(layers: &[Layer], precisions: &[Precision]) -> Result<Vec<Case>> {
    let pairs = precisions
        .iter()
        .flat_map(|&precision| layers.iter().map(move |&layer| (layer, precision)));
    let case = |((x, side, options), precision): (Layer, Precision)| {
        let channels = x[3];
        let name = format!("convolutions of {x:?}, {side}x{side}, {options:?}, {precision:?}");
        let operation = Operation::RectifiedConvs {
            options: options.with_precision(precision),
            weight: integers("w", &[channels, side, side, channels], 1.0),
            bias: integers("bias", &[channels], 2.0),
        };
        let mut case = super::operands::case(&name, operation, &[("x", &x)])?;
        case.inputs[0].value = integers("x", &x, 1.0);
        case.cotangent = integers("dz", case.cotangent.dims(), 1.0);
        case.tolerance.single = 0.0;
        Ok(case)
    };
    pairs.map(case).collect()
}

/// Stems of networks for pictures of any size.
pub fn stem_cases() -> Result<Vec<Case>> {
    let layers: [([usize; 4], usize, usize); 2] = [([2, 9, 8, 3], 20, 7), ([1, 12, 11, 4], 36, 3)];
    let case = |(x, channels, side): ([usize; 4], usize, usize)| {
        let operation = Operation::Stem {
            options: Conv2d::square(2, side / 2),
            weight: integers("w", &[channels, side, side, x[3]], 1.0),
            bias: integers("bias", &[channels], 2.0),
        };
        let name = format!("stem of {x:?}, {channels} {side}x{side}");
        let mut case = super::operands::case(&name, operation, &[("x", &x)])?;
        case.inputs[0].value = integers("x", &x, 1.0);
        case.cotangent = integers("dz", case.cotangent.dims(), 2.0);
        case.tolerance.single = 0.0;
        Ok(case)
    };
    layers.into_iter().map(case).collect()
}

#[test]
fn stems_are_exact() -> Result<()> {
    demand_same_as_cpu(&stem_cases()?)
}

/// Cases in f32.
pub fn f32_cases() -> Result<Vec<Case>> {
    cases_of(&[Precision::F32])
}

/// Cases on the tensor cores.
pub fn tensor_core_cases() -> Result<Vec<Case>> {
    cases_of(&[Precision::Tf32, Precision::F16])
}

#[test]
fn rectified_convolutions_are_exact_in_every_precision() -> Result<()> {
    demand_same_as_cpu(&cases_of(&ALL)?)
}

/// What else uses the rectified output gives its gradient unmasked, before or after the convolution or pool on the tape.
#[test]
fn other_users_of_a_rectified_output_are_cut_too() -> Result<()> {
    let shape = [2, 3, 4, 8];
    let weight = integers("w", &[8, 3, 3, 8], 1.0);
    let bias = integers("bias", &[8], 2.0);
    let gradient = |place: &Place, reversed: bool, pools: bool| -> Result<Vec<f32>> {
        let (weight, bias) = (place.put(&weight)?, place.put(&bias)?);
        let epilogue = FixedEpilogue {
            bias: &bias,
            residual: None,
            relu: true,
        };
        let x = Var::leaf(place.put(&integers("x", &shape, 1.0))?);
        let y = x.conv2d_fixed(&weight, epilogue, Conv2d::square(1, 1))?;
        let use_it = || match pools {
            false => y.conv2d_fixed(&weight, epilogue, Conv2d::square(1, 1)),
            true => y.max_pool2d(3, 1, 1),
        };
        let sum = match reversed {
            false => use_it()?.add(&y)?,
            true => {
                let doubled = y.add(&y)?;
                doubled.add(&use_it()?)?
            }
        };
        let seed = place.put(&integers("dz", &shape, 2.0))?;
        let dx = sum.backward(Some(seed))?.take(&x);
        dx.map_or_else(|| Ok(Vec::new()), |dx| dx.to_vec())
    };
    let device = Place::Accelerator(open(1));
    for (reversed, pools) in [(false, false), (true, false), (false, true), (true, true)] {
        let expected = gradient(&Place::Cpu, reversed, pools)?;
        assert!(expected.iter().any(|&dx| dx != 0.0));
        let found = gradient(&device, reversed, pools)?;
        assert_eq!(found, expected, "reversed: {reversed}, pools: {pools}");
    }
    Ok(())
}

/// The graph keeps one bit for each element of a rectified output.
#[test]
fn a_rectified_output_is_not_kept() -> Result<()> {
    let device = open(1);
    let place = Place::Accelerator(device.clone());
    let (pixels, channels, layers) = (64 * 64, 32, 8);
    let weight = place.put::<f32>(&integers("w", &[channels, 1, 1, channels], 1.0))?;
    let bias = place.put(&integers("bias", &[channels], 2.0))?;
    let epilogue = FixedEpilogue {
        bias: &bias,
        residual: None,
        relu: true,
    };
    let before = device.memory().live;
    let mut y = Var::leaf(place.put(&integers("x", &[1, 64, 64, channels], 1.0))?);
    for _ in 0..layers {
        y = y.conv2d_fixed(&weight, epilogue, Conv2d::square(1, 0))?;
    }
    let activation = pixels * channels * size_of::<f32>();
    // The last layer's output and a 32nd of each; what classes of sizes add is less than a tenth.
    let most = activation + activation / 10 + layers * activation / 32;
    let kept = device.memory().live - before;
    assert!(kept <= most, "{kept} bytes, expected at most {most}");
    y.backward_keeping(Some(place.put(&integers("dz", &[1, 64, 64, channels], 1.0))?))?;
    Ok(())
}
