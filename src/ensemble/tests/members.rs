//! Who the members of a self-ensemble are, in which order, and what each of them sees.

use super::{CLASSES, SIDE, bits, draws, ensemble, images, method, network};
use crate::Result;
use crate::autograd::Var;
use crate::ensemble::multi_resolution::{BACKBONE_PASS, HEADS_PASS};
use crate::ensemble::{
    Aggregation, BackbonePass, EnsembleClassifier, FoldedSelfEnsemble, Method, MultiResolution, SelfEnsemble,
};
use crate::models::{NOTEBOOK_LAYERS, default_head_layers};
use crate::nn::{Init, Pass};
use crate::tensor::Tensor;
use crate::testing::assertions::{check_gradients, random, refusal, value_and_gradient};

fn with_pass(backbone_pass: BackbonePass) -> Method {
    Method {
        backbone_pass,
        ..method()
    }
}

#[test]
fn heads_come_by_layer_and_the_backbone_last() -> Result<()> {
    let ensemble = ensemble::<f32>(method(), &[4, 1, 3])?;
    assert_eq!(ensemble.layers(), [1, 3, 4]);
    assert_eq!(ensemble.members(), 4);
    let pictures: Vec<[usize; 3]> = ensemble.heads.iter().map(|head| head.picture()).collect();
    assert_eq!(pictures, [[SIDE, SIDE, 4], [SIDE / 2, SIDE / 2, 8], [1, 1, 8]]);

    let (images, draws) = (Var::constant(images("members", 3)), draws(3));
    let all = ensemble.member_logits(&images, &draws, &mut Pass::eval())?;
    assert_eq!(all.dims(), [3, 4, CLASSES]);
    let layers = ensemble.layers();
    let taps = ensemble
        .backbone
        .forward(&images, &draws, HEADS_PASS, &mut Pass::eval(), &layers, false)?;
    for (i, (head, features)) in ensemble.heads.iter().zip(&taps.layers).enumerate() {
        let expected = head.forward(features, &mut Pass::eval())?;
        let found = Aggregation::Member(i).apply(&all, 3)?;
        assert_eq!(bits(found.value())?, bits(expected.value())?, "head {i}");
    }
    Ok(())
}

#[test]
fn the_backbone_sees_the_heads_draw_only_when_it_shares_their_pass() -> Result<()> {
    let (images, draws) = (Var::constant(images("passes", 3)), draws(3));
    for (backbone_pass, own, other) in [
        (BackbonePass::Independent, BACKBONE_PASS, HEADS_PASS),
        (BackbonePass::Shared, HEADS_PASS, BACKBONE_PASS),
    ] {
        let ensemble = ensemble::<f32>(with_pass(backbone_pass), &[1, 3])?;
        let all = ensemble.member_logits(&images, &draws, &mut Pass::eval())?;
        let found = bits(Aggregation::Member(2).apply(&all, 3)?.value())?;
        let of_pass = |pass| {
            bits(
                ensemble
                    .backbone
                    .logits(&images, &draws, pass, &mut Pass::eval())?
                    .value(),
            )
        };
        assert_eq!(found, of_pass(own)?, "{backbone_pass:?}");
        assert_ne!(found, of_pass(other)?, "{backbone_pass:?}");
    }
    Ok(())
}

#[test]
fn the_folded_ensemble_is_its_eval_pass() -> Result<()> {
    for backbone_pass in [BackbonePass::Independent, BackbonePass::Shared] {
        let ensemble = ensemble::<f64>(with_pass(backbone_pass), &[1, 3, 4])?;
        let draws = draws(3);
        let member_logits = |folded: bool| -> Result<(Vec<f64>, Vec<f64>)> {
            value_and_gradient(images("folded", 3), |images| match folded {
                true => FoldedSelfEnsemble::new(&ensemble)?.member_logits(images, &draws),
                false => ensemble.member_logits(images, &draws, &mut Pass::eval()),
            })
        };
        let (found, expected) = (member_logits(true)?, member_logits(false)?);
        for (found, expected) in [(&found.0, &expected.0), (&found.1, &expected.1)] {
            assert_eq!(found.len(), expected.len());
            let largest = expected
                .iter()
                .fold(0.0, |most: f64, value| most.max(value.abs()));
            for (found, expected) in found.iter().zip(expected) {
                assert!(
                    (found - expected).abs() <= 1e-11 * largest,
                    "{found}, not {expected}"
                );
            }
        }
    }
    Ok(())
}

#[test]
fn aggregations_are_of_all_members_or_of_one() -> Result<()> {
    let z = Var::constant(Tensor::from_slice([1, 3, 2], &[1.0, 2.0, 3.0, 5.0, 8.0, 2.0])?);
    let apply = |aggregation: Aggregation| aggregation.apply(&z, 2)?.value().to_vec();
    assert_eq!(apply(Aggregation::Mean)?, [4.0, 3.0]);
    assert_eq!(apply(Aggregation::Member(1))?, [3.0, 5.0]);
    // Less each member's largest: [-1, 0], [-2, 0], [0, -6]; less each class's: the same.
    assert_eq!(apply(Aggregation::CrossMax)?, [-1.0, 0.0]);

    let ensemble = ensemble::<f32>(method(), &[1, 3])?;
    assert!(EnsembleClassifier::new(&ensemble, Aggregation::Member(2)).is_ok());
    assert_eq!(
        refusal(EnsembleClassifier::new(&ensemble, Aggregation::Member(3))),
        "Aggregation: `member` is 3, expected below 3"
    );
    Ok(())
}

#[test]
fn medians_trimmed_means_and_votes_are_of_all_members() -> Result<()> {
    let four = [
        [1.0, 2.0, 0.0],
        [3.0, 5.0, 0.0],
        [8.0, 2.0, 0.0],
        [7.0, -4.0, 7.0],
    ]
    .concat();
    let apply = |members: usize, aggregation: Aggregation| {
        let z = Var::constant(Tensor::from_slice([1, members, 3], &four[..3 * members])?);
        aggregation.apply(&z, 2)?.value().to_vec()
    };
    assert_eq!(apply(3, Aggregation::Median)?, [3.0, 2.0, 0.0]);
    assert_eq!(apply(4, Aggregation::Median)?, [5.0, 2.0, 0.0]);
    assert_eq!(apply(3, Aggregation::TrimmedMean)?, [3.0, 2.0, 0.0]);
    assert_eq!(apply(4, Aggregation::TrimmedMean)?, [5.0, 2.0, 0.0]);
    // Classes 1, 1, 0, and of the tie between 0 and 2 the lower.
    assert_eq!(apply(4, Aggregation::Vote)?, [2.0, 2.0, 0.0]);
    assert_eq!(apply(4, Aggregation::TopK(2))?, apply(4, Aggregation::CrossMax)?);
    assert_ne!(apply(4, Aggregation::TopK(3))?, apply(4, Aggregation::CrossMax)?);
    assert!(apply(2, Aggregation::TrimmedMean).is_err() && apply(2, Aggregation::TopK(3)).is_err());
    Ok(())
}

#[test]
fn gradients_of_medians_and_trimmed_means_are_those_of_finite_differences() -> Result<()> {
    let z = random("aggregations", &[3, 4, 5]);
    for aggregation in [
        Aggregation::Median,
        Aggregation::TrimmedMean,
        Aggregation::TopK(2),
    ] {
        check_gradients(&aggregation.to_string(), &[("z", z.clone())], |v| {
            aggregation.apply(&v[0], 3)
        })?;
    }
    Ok(())
}

#[test]
fn resizing_to_the_network_is_the_view_stacks_own_resize() -> Result<()> {
    // Weights of a resize sum to 1: normalising before it and after it is the same.
    let plain = MultiResolution::<f64>::new(network(2)?, method(), SIDE, SIDE, 7)?;
    let resized = MultiResolution::<f64>::new(network(2)?, method(), SIDE, 12, 7)?;
    assert_eq!([plain.input_size(), resized.input_size()], [SIDE, 12]);
    let (images, draws) = (Var::constant(images("resized", 2)), draws(2));
    let expected = plain.views(&images, &draws, 0)?.resize_bicubic(12, 12)?;
    let found = resized.views(&images, &draws, 0)?;
    assert_eq!(found.dims(), [2, 12, 12, 6]);
    for (found, expected) in found
        .value()
        .to_vec()?
        .into_iter()
        .zip(expected.value().to_vec()?)
    {
        assert!((found - expected).abs() < 1e-12, "{found}, not {expected}");
    }
    Ok(())
}

#[test]
fn another_seed_draws_other_views() -> Result<()> {
    let mut model = MultiResolution::<f32>::new(network(2)?, method(), SIDE, SIDE, 7)?;
    let (images, draws) = (Var::constant(images("seeds", 1)), draws(1));
    let first = bits(model.views(&images, &draws, 0)?.value())?;
    model.set_seed(8);
    assert_ne!(bits(model.views(&images, &draws, 0)?.value())?, first);
    model.set_seed(7);
    assert_eq!(bits(model.views(&images, &draws, 0)?.value())?, first);
    Ok(())
}

#[test]
fn default_heads_are_the_notebooks_at_the_same_depth() {
    assert_eq!(default_head_layers(50), NOTEBOOK_LAYERS);
    assert_eq!(default_head_layers(16), [7, 11, 13, 14, 16, 17, 18]);
    // The pocket network, and one with fewer layers than the notebook has heads.
    assert_eq!(default_head_layers(6), [2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(default_head_layers(2), [1, 2, 3, 4]);
    for blocks in 0..60 {
        let layers = default_head_layers(blocks);
        assert!(layers.is_sorted_by(|a, b| a < b), "{blocks} blocks: {layers:?}");
        assert!(
            layers.last() == Some(&(blocks + 2)) && !layers.contains(&0),
            "{blocks} blocks: {layers:?}"
        );
    }
}

#[test]
fn what_makes_no_ensemble_is_refused() -> Result<()> {
    let backbone = || MultiResolution::<f32>::new(network(2)?, method(), SIDE, SIDE, 7);
    let refuse = |layers: &[usize]| {
        Ok::<_, crate::Error>(refusal(SelfEnsemble::new(backbone()?, layers, &mut Init::new(2))))
    };
    assert_eq!(
        refuse(&[3, 1, 3])?,
        "SelfEnsemble: `layers` is 3, expected distinct layers"
    );
    assert_eq!(
        refuse(&[3])?,
        "SelfEnsemble: `layers` is 1, expected at least 2 heads for the 3-th highest of all members"
    );
    assert_eq!(refuse(&[1, 6])?, "ResNet: `layer` is 6, expected 0..=5");
    assert_eq!(
        refusal(MultiResolution::<f32>::new(network(1)?, method(), SIDE, SIDE, 7)),
        "MultiResolution: `net` has shape 3, expected 6 input channels for 2 views"
    );
    let (model, two) = (backbone()?, Var::constant(images("two", 2)));
    assert!(
        refusal(model.views(&two, &draws(1), 0)).starts_with("view_stack: `draws` is 2, expected 2·2 draws")
    );
    let bad = |change: &dyn Fn(&mut Method)| {
        let mut method = method();
        change(&mut method);
        refusal(method.check())
    };
    assert_eq!(bad(&|m| m.noise = f64::NAN), "noise is NaN, expected 0 to 10");
    assert_eq!(
        bad(&|m| m.jitter = 5000),
        "jitter is 5000 pixels, expected at most 4096"
    );
    assert_eq!(bad(&|m| m.top_k = 0), "top_k is 0, expected at least 1");
    assert_eq!(bad(&|m| m.resolutions.clear()), "0 resolutions, expected 1 to 64");
    assert_eq!(
        bad(&|m| m.resolutions.push(0)),
        "resolution 0, expected 1 to 4096 pixels"
    );
    Ok(())
}
