//! An image gets the same bits alone and in any batch, forward and backward.

use super::{CLASSES, bits, draws, ensemble, images, method};
use crate::Result;
use crate::attacks::{Classifier, Draw};
use crate::ensemble::{Aggregation, BackboneClassifier, BackbonePass, EnsembleClassifier, Method};
use crate::tensor::{Element, Tensor};
use crate::testing::formula::centred;

const IMAGES: usize = 9;

/// Logits and gradient, from one cotangent an image, of the images named by `indices`.
fn evaluate<T: Element>(classifier: &dyn Classifier<T>, indices: &[usize]) -> Result<[Tensor<T>; 2]> {
    let images = images::<T>("batches", IMAGES).select(indices)?;
    let all = draws(IMAGES);
    let draws: Vec<Draw> = indices.iter().map(|&i| all[i]).collect();
    let cotangent = Tensor::from_fn([IMAGES, CLASSES], |i| T::of(centred("cotangent", i))).select(indices)?;
    let linearised = classifier.linearise(&images, &draws)?;
    let gradient = (linearised.pullback)(&cotangent)?;
    let logits = classifier.logits(&images, &draws)?;
    assert_eq!(
        bits(&linearised.logits)?,
        bits(&logits)?,
        "logits with and without a way back"
    );
    Ok([logits, gradient])
}

fn check<T: Element>(what: &str, classifier: &dyn Classifier<T>) -> Result<()> {
    let all: Vec<usize> = (0..IMAGES).collect();
    let together = evaluate(classifier, &all)?;
    assert!(
        together[1].to_vec()?.iter().any(|value| *value != T::zero()),
        "{what}: no gradient"
    );
    let mut compositions: Vec<Vec<usize>> = Vec::new();
    for size in [1, 2, 4] {
        compositions.extend(all.chunks(size).map(<[usize]>::to_vec));
    }
    compositions.push(all.iter().rev().copied().collect());
    compositions.push(vec![5, 5, 0, 8, 5]);
    for indices in compositions {
        for (i, (found, together)) in evaluate(classifier, &indices)?.iter().zip(&together).enumerate() {
            assert_eq!(
                bits(found)?,
                bits(&together.select(&indices)?)?,
                "{what} ({}): {} of images {indices:?}",
                T::NAME,
                ["logits", "gradient"][i],
            );
        }
    }
    Ok(())
}

fn check_all<T: Element>() -> Result<()> {
    for backbone_pass in [BackbonePass::Independent, BackbonePass::Shared] {
        let ensemble = ensemble::<T>(
            Method {
                backbone_pass,
                ..method()
            },
            &[1, 3, 4],
        )?;
        check("backbone", &BackboneClassifier::new(&ensemble.backbone)?)?;
        for aggregation in [
            Aggregation::CrossMax,
            Aggregation::Mean,
            Aggregation::Member(1),
            Aggregation::Median,
            Aggregation::TrimmedMean,
        ] {
            let classifier = EnsembleClassifier::new(&ensemble, aggregation)?;
            check(&format!("{aggregation:?}, {backbone_pass:?}"), &classifier)?;
        }
    }
    Ok(())
}

#[test]
fn predictions_and_gradients_do_not_depend_on_the_batch() -> Result<()> {
    check_all::<f32>()?;
    check_all::<f64>()
}
