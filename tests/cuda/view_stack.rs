//! The view stack on the device.

use super::on_device::{demand_same_as_cpu, demand_same_bits, open};
use super::operands::case;
use crossmax::Result;
use crossmax::autograd::Var;
use crossmax::ensemble::{NoiseKind, PhiloxNoise};
use crossmax::ops::{ViewDraw, ViewStack};
use crossmax::tensor::{Counter, Philox, Purpose, Tensor};
use crossmax::testing::formula::{FormulaNoise, unit};
use crossmax::testing::{Case, Operation, Views};

fn draws(count: usize) -> Vec<ViewDraw> {
    let draw = |i: usize| ViewDraw {
        shift: [3 * i as i32 - 5, 4 - 2 * i as i32],
        contrast: 0.7 + 0.8 * unit("contrast", i),
        colour: 0.5 + 0.5 * unit("colour", i),
    };
    (0..count).map(draw).collect()
}

/// One image and several, views that shrink, enlarge and keep the size, one view, pictures that are
/// not square.
pub fn cases() -> Result<Vec<Case>> {
    let shapes: [([usize; 3], &[usize]); 4] = [
        ([1, 6, 6], &[6]),
        ([2, 8, 8], &[8, 5, 2]),
        ([1, 5, 7], &[5, 7, 1]),
        ([3, 4, 4], &[9, 3]),
    ];
    let case = |&([n, h, w], resolutions): &([usize; 3], &[usize])| {
        let views = Views {
            resolutions: resolutions.to_vec(),
            amplitude: 0.2,
            mean: [0.485, 0.456, 0.406],
            std: [0.229, 0.224, 0.225],
            draws: draws(n * resolutions.len()),
            noise: FormulaNoise {
                name: "views".to_owned(),
                width: w,
                resolutions: resolutions.to_vec(),
            },
        };
        let name = format!("views {resolutions:?} of {n} images {h}x{w}");
        case(&name, Operation::ViewStack(views), &[("x", &[n, h, w, 3])])
    };
    shapes.iter().map(case).collect()
}

#[test]
fn views_and_their_gradient_agree() -> Result<()> {
    demand_same_as_cpu(&cases()?)
}

/// Streams whose counters have something in every field.
fn counters(count: u32) -> Vec<Counter> {
    let counter = |i| Counter {
        image: 70_000 + i,
        attack: 37,
        restart: 515,
        iteration: 40_001,
        draw: 19,
        pass: 3,
        view: 0,
    };
    (0..count).map(counter).collect()
}

/// The stack of black images that are not resampled: the noise alone.
fn noise_alone(black: &Tensor, kind: NoiseKind) -> Result<Tensor> {
    let plan = ViewStack::new([7, 7], &[7, 7, 7], 0.25, [0.0; 3], [1.0; 3])?;
    let unchanged = ViewDraw {
        shift: [0, 0],
        contrast: 1.0,
        colour: 1.0,
    };
    let source = PhiloxNoise {
        philox: Philox::new(11, Purpose::Views),
        counters: &counters(2),
        kind,
    };
    let views = Var::constant(black.clone()).view_stack(&plan, &[unchanged; 6], &source)?;
    Ok(views.into_value())
}

#[test]
fn the_device_draws_the_uniform_noise_of_the_host_to_the_bit() -> Result<()> {
    demand_same_bits("uniform noise", &[Tensor::zeros([2, 7, 7, 3])], |inputs| {
        Ok(vec![noise_alone(&inputs[0], NoiseKind::Uniform)?])
    })
}

#[test]
fn the_device_draws_the_gaussian_noise_of_the_host() -> Result<()> {
    let black = Tensor::zeros([2, 7, 7, 3]);
    let found = noise_alone(&black.to_device(&open(4))?, NoiseKind::Gaussian)?.to_vec()?;
    let expected = noise_alone(&black, NoiseKind::Gaussian)?.to_vec()?;
    assert!(expected.iter().filter(|&&x| x > 0.0 && x < 1.0).count() > expected.len() / 4);
    for (found, expected) in found.iter().zip(&expected) {
        assert!((found - expected).abs() <= 1e-6, "{found}, expected {expected}");
    }
    Ok(())
}
