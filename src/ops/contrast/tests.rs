//! Gradients, the ends of both scales, the bounds, refusals.

use super::GREY_WEIGHTS;
use crate::Result;
use crate::autograd::Var;
use crate::tensor::Tensor;
use crate::testing::assertions::{check_gradients, check_gradients_at_random, refusal, value_and_gradient};
use crate::testing::formula::unit_tensor;

#[test]
fn gradients() -> Result<()> {
    let x = [("x", unit_tensor("pictures", [3, 4, 5, 3]))];
    // Amounts above 1 clip some pixels on either side.
    check_gradients("contrast", &x, |v| v[0].contrast(&[0.6, 1.0, 1.7]))?;
    check_gradients("mix_channels", &x, |v| v[0].mix_channels(&[0.5, 1.3, 0.0]))?;
    check_gradients_at_random("channel_mean", &[("x", &[2, 3, 2, 5])], |v| v[0].channel_mean())
}

#[test]
fn no_contrast_is_the_mean_grey_and_no_colour_the_mean_of_the_channels() -> Result<()> {
    let pixels = [[0.2, 0.4, 0.9], [0.6, 0.0, 0.3]];
    let x = Var::constant(Tensor::from_slice([1, 1, 2, 3], &pixels.concat())?);
    let grey = |pixel: [f64; 3]| (0..3).map(|c| GREY_WEIGHTS[c] * pixel[c]).sum::<f64>();
    let mean = (grey(pixels[0]) + grey(pixels[1])) / 2.0;
    for y in x.contrast(&[0.0])?.value().to_vec()? {
        assert!((y - mean).abs() < 1e-15, "{y} for {mean}");
    }
    let y = x.mix_channels(&[0.0])?.value().to_vec()?;
    for (y, expected) in y.iter().zip([0.5, 0.5, 0.5, 0.3, 0.3, 0.3]) {
        assert!((y - expected).abs() < 1e-15, "{y} for {expected}");
    }
    assert_eq!(x.contrast(&[1.0])?.value().to_vec()?, pixels.concat());
    assert_eq!(x.mix_channels(&[1.0])?.value().to_vec()?, pixels.concat());
    Ok(())
}

#[test]
fn gradients_pass_at_exactly_black_and_white() -> Result<()> {
    let x = Tensor::from_slice([1, 1, 2, 3], &[0.0, 1.0, 0.5, 1.0, 0.0, 0.25])?;
    let (_, dx) = value_and_gradient(x, |x| x.contrast(&[1.0]))?;
    assert_eq!(dx, [1.0; 6]);
    Ok(())
}

#[test]
fn pictures_and_amounts_that_do_not_fit_are_refused() {
    let grey = Var::constant(Tensor::<f64>::zeros([1, 4, 4, 1]));
    let two = Var::constant(Tensor::<f64>::zeros([2, 4, 4, 3]));
    assert_eq!(
        refusal(grey.contrast(&[1.0])),
        "contrast: `self` has shape [1, 4, 4, 1], expected [N, H, W, 3]"
    );
    assert_eq!(
        refusal(two.contrast(&[1.0])),
        "contrast: `amounts` is 1, expected 2 numbers"
    );
    assert_eq!(
        refusal(two.mix_channels(&[1.0, 1.0, 1.0])),
        "mix_channels: `amounts` is 3, expected 2 numbers"
    );
    let flat = Var::constant(Tensor::<f64>::zeros([2, 3]));
    assert_eq!(
        refusal(flat.channel_mean()),
        "channel_mean: `self` has shape [2, 3], expected [N, H, W, C]"
    );
}
