//! Probes against what can be worked out.

use super::{Linear, agreeing, images, quietly, subject};
use crate::Result;
use crate::attacks::{LabelledImages, SeededStarts};
use crate::audit::probes::{self, Probes};
use crate::ensemble::Aggregation;
use crate::tensor::Tensor;

fn probe(ensemble: &Linear, target: Aggregation, direction: [f32; 2]) -> Result<Probes> {
    let (samples, starts) = (images(direction)?, SeededStarts::new(5));
    probes::run(&subject(ensemble, target, &samples, &starts), 4, &mut quietly)
}

#[test]
fn crossmax_of_members_that_agree_has_no_gradient() -> Result<()> {
    let found = probe(&agreeing(), Aggregation::CrossMax, [1.0, 1.0])?;
    assert_eq!((found.images, found.draws), (6, 4));
    assert_eq!(found.votes_for_top, [0, 0, 0, 0, 24]);
    // The predicted class alone has three votes, in every look.
    assert_eq!(found.ties.fraction, 0.0);
    assert_eq!([found.zero_logits, found.zero_logits_without_gradient], [24, 24]);
    assert_eq!(found.largest_gradient_of_zero_logit, 0.0);
    assert_eq!(found.top_without_gradient.fraction, 1.0);
    assert_eq!(found.loss_without_gradient.fraction, 1.0);
    assert_eq!(
        (found.between_draws.mean, found.between_draws.undefined),
        (None, 18)
    );
    assert_eq!(
        (
            found.surrogate_to_defence.of,
            found.surrogate_to_defence.undefined
        ),
        (0, 24)
    );
    Ok(())
}

#[test]
fn the_mean_of_the_same_members_has_all_its_gradients() -> Result<()> {
    let found = probe(&agreeing(), Aggregation::Mean, [1.0, 1.0])?;
    assert_eq!(found.votes_for_top, [0, 0, 0, 0, 24]);
    assert_eq!((found.ties.fraction, found.zero_logits), (0.0, 0));
    assert_eq!(found.top_without_gradient.fraction, 0.0);
    assert_eq!(found.loss_without_gradient.fraction, 0.0);
    for cosines in [found.between_draws, found.surrogate_to_defence] {
        let mean = cosines.mean.unwrap_or_default();
        assert!((mean - 1.0).abs() < 1e-12 && cosines.of == 6, "{cosines:?}");
    }
    Ok(())
}

#[test]
fn equal_members_tie() -> Result<()> {
    let equal = Linear {
        bias: |_, _| 0.0,
        ..agreeing()
    };
    let found = probe(&equal, Aggregation::CrossMax, [1.0, 1.0])?;
    assert_eq!(found.ties.fraction, 1.0);
    assert_eq!([found.zero_logits, found.zero_logits_without_gradient], [48, 48]);
    // The lowest class is predicted: no member ranks it first in the three images of class 1.
    assert_eq!(found.votes_for_top, [12, 0, 0, 0, 12]);
    Ok(())
}

#[test]
fn a_logit_that_happens_to_be_zero_has_its_gradient() -> Result<()> {
    let plain = Linear {
        bias: |_, _| 0.0,
        ..agreeing()
    };
    let middle = LabelledImages::new(Tensor::full([1, 1, 1, 2], 0.5), vec![0], vec![3])?;
    let starts = SeededStarts::new(5);
    let found = probes::run(
        &subject(&plain, Aggregation::Member(0), &middle, &starts),
        1,
        &mut quietly,
    )?;
    assert_eq!([found.zero_logits, found.zero_logits_without_gradient], [2, 0]);
    assert_eq!(found.largest_gradient_of_zero_logit, 1.0);
    assert_eq!(found.top_without_gradient.fraction, 0.0);
    assert_eq!(found.ties.fraction, 1.0);
    Ok(())
}

#[test]
fn cosines_are_those_of_the_weights() -> Result<()> {
    // Every other draw is at a right angle to the one before.
    let turning = Linear {
        random: true,
        weight: |_, draw| [1.0, if draw.draw % 2 == 0 { 1.0 } else { -1.0 }],
        ..agreeing()
    };
    let found = probe(&turning, Aggregation::Mean, [1.0, 0.0])?;
    assert!(found.between_draws.mean.is_some_and(|mean| mean.abs() < 1e-6));
    // The surrogate's weights are (½, 2), the defence's (1, 0).
    let other = Linear {
        members: 2,
        weight: |member, _| if member == 0 { [0.0, 4.0] } else { [1.0, 0.0] },
        ..agreeing()
    };
    let found = probe(&other, Aggregation::Member(1), [1.0, 1.0])?;
    let mean = found.surrogate_to_defence.mean.unwrap_or_default();
    assert!((mean - 0.5 / 4.25_f64.sqrt()).abs() < 1e-6, "{mean}");
    Ok(())
}
