//! Which layers go this way, and how far the result is from an exact one.

use super::super::{Conv2d, Geometry};
use super::Size;
use crate::Result;
use crate::autograd::Var;
use crate::tensor::{Shape, Tensor};
use crate::testing::assertions::random;

/// [batch, side, input channels, output channels] and padding.
type Layer = ([usize; 4], usize);

fn geometry(([n, side, c, k], padding): Layer) -> Result<Geometry> {
    let options = Conv2d::square(1, padding);
    Geometry::new(
        options,
        &Shape::from([n, side, side, c]),
        &Shape::from([k, 3, 3, c]),
    )
}

#[test]
fn layers_with_enough_channels_and_whole_tiles_go_this_way() -> Result<()> {
    for (layer, expected) in [
        // ResNet152's stages at 224×224, with any batch.
        (([1, 56, 64, 64], 1), Some(Size::Four)),
        (([7, 28, 128, 128], 1), Some(Size::Four)),
        (([2, 14, 256, 256], 1), Some(Size::Two)),
        (([2, 7, 512, 512], 1), None),
        // ResNet-20's, and the gradient of its stem's input.
        (([32, 32, 12, 16], 1), Some(Size::Four)),
        (([32, 32, 16, 12], 1), Some(Size::Four)),
        (([32, 8, 64, 64], 1), Some(Size::Four)),
        // Too few channels; a row of tiles that is mostly outside.
        (([4, 32, 3, 16], 1), None),
        (([4, 5, 16, 16], 1), None),
        (([4, 6, 16, 16], 1), Some(Size::Two)),
    ] {
        assert_eq!(Size::of(&geometry(layer)?), expected, "{layer:?}");
    }
    let strided = Geometry::new(
        Conv2d::square(2, 1),
        &Shape::from([1, 32, 32, 16]),
        &Shape::from([16, 3, 3, 16]),
    )?;
    assert_eq!(Size::of(&strided), None);
    Ok(())
}

/// Output and the gradients of input, weights and bias.
fn all_results<T: crate::tensor::Element>(
    layer: Layer,
    x: &Tensor<f64>,
    w: &Tensor<f64>,
) -> Result<[Vec<f64>; 3]> {
    let ([_, _, _, k], padding) = layer;
    let (x, w) = (Var::leaf(x.cast::<T>()?), Var::leaf(w.cast::<T>()?));
    let bias = Var::constant(random("bias", &[k]).cast::<T>()?);
    let y = x.conv2d(&w, Some(&bias), Conv2d::square(1, padding))?;
    let dy = random("dy", y.dims()).cast::<T>()?;
    let value = y.value().cast::<f64>()?.to_vec()?;
    let gradients = y.backward(Some(dy))?;
    let of = |v: &Var<T>| gradients.get(v).map_or(Ok(vec![]), |g| g.cast::<f64>()?.to_vec());
    Ok([value, of(&x)?, of(&w)?])
}

#[test]
fn results_are_close_to_exact_ones() -> Result<()> {
    // Tiles that end outside, several pictures a job, parts of vectors, panels and blocks.
    for layer in [
        ([3, 8, 16, 16], 1),
        ([2, 7, 24, 40], 1),
        ([5, 4, 64, 64], 1),
        ([2, 9, 12, 16], 2),
        ([2, 10, 16, 9], 0),
        ([9, 16, 32, 32], 1),
        ([2, 14, 160, 136], 1),
        ([2, 6, 33, 47], 1),
    ] {
        let ([n, side, c, k], _) = layer;
        assert!(Size::of(&geometry(layer)?).is_some(), "{layer:?}");
        let (x, w) = (random("x", &[n, side, side, c]), random("w", &[k, 3, 3, c]));
        let (found, exact) = (
            all_results::<f32>(layer, &x, &w)?,
            all_results::<f64>(layer, &x, &w)?,
        );
        for (what, (found, exact)) in ["y", "dx", "dw"].iter().zip(found.iter().zip(&exact)) {
            assert_eq!(found.len(), exact.len());
            let scale = exact.iter().fold(0.0f64, |most, v| most.max(v.abs()));
            let error = found
                .iter()
                .zip(exact)
                .fold(0.0f64, |most, (f, e)| most.max((f - e).abs()));
            assert!(
                error <= 4e-6 * scale,
                "{layer:?} {what}: {error:.1e} of {scale:.1}"
            );
            assert!(error > 0.0, "{layer:?} {what}: not computed in f32");
        }
    }
    Ok(())
}

#[test]
fn a_picture_has_the_same_bits_in_every_batch() -> Result<()> {
    for [side, c, k] in [[8, 16, 16], [16, 32, 48], [14, 144, 160]] {
        let layer = ([5, side, c, k], 1);
        let (x, w) = (random("x", &[5, side, side, c]), random("w", &[k, 3, 3, c]));
        let [y, dx, _] = all_results::<f32>(layer, &x, &w)?;
        let picture = side * side * c;
        let third = Tensor::from_slice([1, side, side, c], &x.to_vec()?[2 * picture..3 * picture])?;
        let w = Var::constant(w.cast::<f32>()?);
        let bias = Var::constant(random("bias", &[k]).cast::<f32>()?);
        let input = Var::leaf(third.cast::<f32>()?);
        let alone = input.conv2d(&w, Some(&bias), Conv2d::square(1, 1))?;
        let part = |all: &[f64], each: usize| all[2 * each..3 * each].to_vec();
        assert_eq!(alone.value().cast::<f64>()?.to_vec()?, part(&y, side * side * k));
        let dy = random("dy", &[5, side, side, k]).to_vec()?;
        let dy = Tensor::from_slice([1, side, side, k], &part(&dy, side * side * k))?.cast::<f32>()?;
        let gradients = alone.backward(Some(dy))?;
        let gradient = gradients
            .get(&input)
            .map_or(Ok(vec![]), |g| g.cast::<f64>()?.to_vec())?;
        assert_eq!(gradient, part(&dx, picture));
    }
    Ok(())
}

#[test]
fn small_tiles_are_exact_on_small_integers() -> Result<()> {
    let layer = ([2, 6, 16, 16], 1);
    assert_eq!(Size::of(&geometry(layer)?), Some(Size::Two));
    let x = Tensor::from_fn([2, 6, 6, 16], |i| ((i * 7 + i / 13) % 9) as f64 - 4.0);
    let w = Tensor::from_fn([16, 3, 3, 16], |i| ((i * 5 + i / 11) % 7) as f64 - 3.0);
    let options = Conv2d::square(1, 1);
    let exact = Var::constant(x.clone()).conv2d(&Var::constant(w.clone()), None, options)?;
    let (x, w) = (Var::constant(x.cast::<f32>()?), Var::constant(w.cast::<f32>()?));
    let found = x.conv2d(&w, None, options)?;
    assert_eq!(found.value().cast::<f64>()?.to_vec()?, exact.value().to_vec()?);
    Ok(())
}
