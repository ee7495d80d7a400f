//! The fused operation against the composition of its parts; the plan's and the call's refusals.

use super::{NoiseSource, ViewDraw, ViewStack};
use crate::Result;
use crate::autograd::Var;
use crate::tensor::Tensor;
use crate::testing::Scale;
use crate::testing::assertions::{check_gradients, refusal};
use crate::testing::compare::compare;
use crate::testing::formula::{centred_tensor, unit, unit_tensor};

const MEAN: [f64; 3] = [0.485, 0.456, 0.406];
const STD: [f64; 3] = [0.229, 0.224, 0.225];
const AMPLITUDE: f64 = 0.2;

/// Noise that differs from image to image, view to view, and between the two pictures of a view.
struct NamedNoise;

fn name(what: &str, row: usize, view: usize) -> String {
    format!("{what} of view {view} of image {row}")
}

impl NoiseSource<f64> for NamedNoise {
    fn low(&self, row: usize, view: usize, out: &mut [f64]) {
        let name = name("low noise", row, view);
        out.iter_mut()
            .enumerate()
            .for_each(|(i, out)| *out = unit(&name, i));
    }

    fn full(&self, row: usize, view: usize, out: &mut [f64]) {
        let name = name("full noise", row, view);
        out.iter_mut()
            .enumerate()
            .for_each(|(i, out)| *out = unit(&name, i));
    }
}

/// One noise picture of every image, [N,H,W,3], times the amplitude: the sources count (row,
/// channel, column).
fn noise(what: &str, view: usize, [n, h, w]: [usize; 3]) -> Var<f64> {
    Var::constant(Tensor::from_fn([n, h, w, 3], |i| {
        let (image, row, column, channel) = (i / (3 * w * h), i / (3 * w) % h, i / 3 % w, i % 3);
        AMPLITUDE * unit(&name(what, image, view), (row * 3 + channel) * w + column)
    }))
}

fn draws(count: usize) -> Vec<ViewDraw> {
    let draw = |i: usize| ViewDraw {
        shift: [i as i32 % 7 - 3, 2 - 3 * (i as i32 % 5)],
        contrast: 0.7 + 0.8 * unit("contrast", i),
        colour: 0.5 + unit("colour", i),
    };
    (0..count).map(draw).collect()
}

/// The stack from operations of their own.
fn composed(x: &Var<f64>, resolutions: &[usize], draws: &[ViewDraw]) -> Result<Var<f64>> {
    let &[n, h, w, _] = x.dims() else {
        panic!("not pictures: {x:?}");
    };
    let constant = |f: fn(usize) -> f64| Var::constant(Tensor::from_fn([3], f));
    let (mean, std) = (constant(|c| MEAN[c]), constant(|c| STD[c]));
    let mut views = Vec::new();
    for (view, &r) in resolutions.iter().enumerate() {
        let draws: Vec<_> = (0..n).map(|i| draws[i * resolutions.len() + view]).collect();
        let each = |f: fn(&ViewDraw) -> f64| draws.iter().map(f).collect::<Vec<_>>();
        let shifts: Vec<_> = draws.iter().map(|draw| draw.shift).collect();
        let y = x.contrast(&each(|draw| draw.contrast))?.roll(&shifts)?;
        let y = y.mix_channels(&each(|draw| draw.colour))?;
        let y = y
            .resize_bicubic(r, r)?
            .add(&noise("low noise", view, [n, r, r]))?;
        let y = y
            .resize_bicubic(h, w)?
            .add(&noise("full noise", view, [n, h, w]))?;
        views.push(y.clamp(0.0, 1.0)?.sub(&mean)?.div(&std)?);
    }
    Var::concat(&views.iter().collect::<Vec<_>>())
}

#[test]
fn the_stack_is_the_composition_of_its_parts() -> Result<()> {
    let cases: [([usize; 3], &[usize]); 6] = [
        ([3, 16, 16], &[16, 8, 4]),
        ([2, 9, 14], &[5, 20, 1]), // neither square nor only smaller views
        ([1, 12, 7], &[12, 7]),
        ([35, 6, 6], &[6, 3]), // beyond the images that stay on one thread
        ([2, 1, 5], &[1, 2]),
        ([1, 8, 8], &[8]),
    ];
    for ([n, h, w], resolutions) in cases {
        let case = format!("{n} images of {h}×{w} at {resolutions:?}");
        let plan = ViewStack::new([h, w], resolutions, AMPLITUDE, MEAN, STD)?;
        let draws = draws(n * resolutions.len());
        let x = unit_tensor("pictures", [n, h, w, 3]);
        let outcome = |stack: &dyn Fn(&Var<f64>) -> Result<Var<f64>>| {
            let leaf = Var::leaf(x.clone());
            let y = stack(&leaf)?;
            let value = y.value().clone();
            let seed = centred_tensor("seed", *y.shape());
            let gradient = y.backward(Some(seed))?.take(&leaf);
            Ok::<_, crate::Error>([value, gradient.expect("a gradient of the pictures")])
        };
        let fused = outcome(&|x| x.view_stack(&plan, &draws, &NamedNoise))?;
        let parts = outcome(&|x| composed(x, resolutions, &draws))?;
        for (i, what) in ["output", "gradient"].into_iter().enumerate() {
            let mismatch = compare(&case, what, &fused[i], &parts[i], 1e-12, Scale::Tensor)?;
            assert_eq!(mismatch.map(|mismatch| mismatch.to_string()), None);
        }
    }
    Ok(())
}

#[test]
fn gradients() -> Result<()> {
    let plan = ViewStack::new([5, 6], &[3, 7], AMPLITUDE, MEAN, STD)?;
    let x = [("x", unit_tensor("x", [2, 5, 6, 3]))];
    check_gradients("view_stack", &x, |v| {
        v[0].view_stack(&plan, &draws(4), &NamedNoise)
    })
}

#[test]
fn plans_out_of_range_are_refused() {
    let plan = |size, resolutions: &[usize], noise, std| {
        refusal(ViewStack::<f64>::new(size, resolutions, noise, MEAN, std))
    };
    assert_eq!(
        plan([8, 8], &[], 0.1, STD),
        "view_stack: `resolutions` is 0, expected 1 to 255 of them"
    );
    assert_eq!(
        plan([8, 8], &[1; 256], 0.1, STD),
        "view_stack: `resolutions` is 256, expected 1 to 255 of them"
    );
    for (size, resolution) in [([0, 8], 8), ([8, 8], 0)] {
        assert_eq!(
            plan(size, &[resolution], 0.1, STD),
            "view_stack: `resolution` is 0, expected 1 to 4096 pixels"
        );
    }
    let message = plan([8, 8], &[8], f64::NAN, STD);
    assert!(message.ends_with("expected finite numbers"), "{message}");
    assert_eq!(
        plan([8, 8], &[8], 0.1, [1.0, 0.0, 1.0]),
        "view_stack: `std` is [1.0, 0.0, 1.0], expected positive numbers"
    );
}

#[test]
fn pictures_and_draws_that_do_not_fit_are_refused() -> Result<()> {
    let plan = ViewStack::new([4, 5], &[4, 2], AMPLITUDE, MEAN, STD)?;
    let var = |shape: &[usize]| Var::constant(Tensor::zeros(shape));
    assert_eq!(
        refusal(var(&[2, 5, 4, 3]).view_stack(&plan, &draws(4), &NamedNoise)),
        "view_stack: `self` has shape [2, 5, 4, 3], expected [N, 4, 5, 3]"
    );
    assert_eq!(
        refusal(var(&[2, 4, 5, 3]).view_stack(&plan, &draws(3), &NamedNoise)),
        "view_stack: `draws` is 3, expected 2·2 draws"
    );
    Ok(())
}
