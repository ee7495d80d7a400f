//! What the network is given of a 32×32 picture at 224×224 pixels, against PyTorch.

use crate::Result;
use crate::attacks::Draw;
use crate::autograd::Var;
use crate::ensemble::{Method, MultiResolution};
use crate::models::{ResNet, ResNetConfig};
use crate::nn::Init;
use crate::tensor::Tensor;

/// Row, column, channel and value, and below the sums over all: printed by `tests/reference/prepared_input.py`.
const SAMPLES: [(usize, usize, usize, f64); 12] = [
    (0, 223, 0, 2.5080075692942954),
    (61, 186, 1, 1.661001300618306),
    (122, 149, 2, 0.20078534154669672),
    (183, 112, 3, 0.626198021504176),
    (20, 75, 4, 0.20865647067182122),
    (81, 38, 5, 1.5723478530819321),
    (142, 1, 6, -0.01752893688419617),
    (203, 188, 7, 1.2486592222026331),
    (40, 151, 8, 1.236189794080136),
    (101, 114, 9, 0.6218182852937021),
    (162, 77, 10, 1.2581210920967159),
    (223, 40, 11, 1.3168363134823895),
];
const SUM: f64 = 670145.8454687339;
const SQUARES: f64 = 1003063.7373620202;

#[test]
fn four_views_become_224_pixels_and_are_normalised_as_in_the_notebook() -> Result<()> {
    let net = ResNet::<f64>::new(ResNetConfig::cifar(1, 12, 2), &mut Init::new(0))?;
    let backbone = MultiResolution::new(net, Method::default(), 32, 224, 7)?;
    let picture = Tensor::from_fn([1, 32, 32, 3], |i| (i * 37 % 101) as f64 / 100.0);
    let draw = Draw {
        image: 5,
        attack: 32,
        iteration: 2,
        ..Draw::default()
    };
    let prepared = backbone.views(&Var::constant(picture), &[draw], 0)?;
    assert_eq!(prepared.dims(), [1, 224, 224, 12]);
    let values = prepared.value().to_vec()?;
    for (row, column, channel, expected) in SAMPLES {
        let found = values[(row * 224 + column) * 12 + channel];
        assert!(
            (found - expected).abs() < 1e-11,
            "{row}, {column}, {channel}: {found}, not {expected}"
        );
    }
    let sum: f64 = values.iter().sum();
    let squares: f64 = values.iter().map(|value| value * value).sum();
    assert!((sum - SUM).abs() < 1e-11 * SUM, "{sum}");
    assert!((squares - SQUARES).abs() < 1e-11 * SQUARES, "{squares}");
    Ok(())
}
