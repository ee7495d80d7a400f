//! The gradient of the whole ensemble with respect to the image, in f64, with the draws held fixed.

use super::{CLASSES, draws, ensemble, images, method};
use crate::Result;
use crate::attacks::Classifier;
use crate::ensemble::{Aggregation, BackbonePass, EnsembleClassifier, Method};
use crate::tensor::Tensor;
use crate::testing::formula::centred_tensor;

/// Half the distance of the two evaluations: so small that hardly a ReLU of the network changes
/// sides between them.
const STEP: f64 = 1e-6;
/// The largest error relative to the largest derivative.
const TOLERANCE: f64 = 1e-6;
/// Every so many elements of the image one is checked.
const STRIDE: usize = 17;

fn check(method: Method) -> Result<()> {
    let ensemble = ensemble::<f64>(method.clone(), &[1, 2, 4])?;
    let surrogate = EnsembleClassifier::new(&ensemble, Aggregation::Mean)?;
    let (image, draw) = (images::<f64>("differences", 1), draws(1));
    let cotangent = centred_tensor("cotangent", [1, CLASSES]);
    let linearised = surrogate.linearise(&image, &draw)?;
    let gradient = (linearised.pullback)(&cotangent)?.to_vec()?;
    let weights = cotangent.to_vec()?;
    let at = |element: usize, change: f64| -> Result<f64> {
        let mut image: Tensor<f64> = image.clone();
        image.make_mut("test")?[element] += change;
        let logits = surrogate.logits(&image, &draw)?.to_vec()?;
        Ok(logits
            .iter()
            .zip(&weights)
            .map(|(logit, weight)| logit * weight)
            .sum())
    };
    let scale = gradient
        .iter()
        .fold(0.0, |largest: f64, value| largest.max(value.abs()));
    assert!(scale > 1e-3, "no gradient to speak of: {scale}");
    for element in (0..gradient.len()).step_by(STRIDE) {
        let expected = (at(element, STEP)? - at(element, -STEP)?) / (2.0 * STEP);
        let error = (gradient[element] - expected).abs() / scale;
        assert!(
            error < TOLERANCE,
            "{method:?}, element {element}: {}, not {expected}",
            gradient[element]
        );
    }
    Ok(())
}

#[test]
fn the_surrogates_gradient_is_that_of_finite_differences() -> Result<()> {
    check(method())?;
    check(Method {
        backbone_pass: BackbonePass::Shared,
        noise: 0.05,
        ..method()
    })
}
