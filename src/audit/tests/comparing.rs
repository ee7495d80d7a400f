//! Comparators, transfer and curves against what can be worked out.

use super::{Linear, agreeing, from_clean, images, quietly, subject};
use crate::Result;
use crate::attacks::SeededStarts;
use crate::audit::{Views, comparators, curves, transfer};
use crate::ensemble::Aggregation;
use crate::testing::assertions::refusal;

#[test]
fn every_comparator_has_its_known_accuracy() -> Result<()> {
    let (samples, starts, ensemble) = (images([1.0, 1.0])?, SeededStarts::new(5), agreeing());
    let subject = subject(&ensemble, Aggregation::CrossMax, &samples, &starts);
    let usual = comparators::usual(&subject, 2);
    let found = comparators::run(&subject, &usual, &from_clean(0.08), &mut quietly)?;
    let rows: Vec<_> = found
        .all
        .iter()
        .map(|c| {
            let right = |scores: &crate::audit::Scores| scores.worst.count;
            (
                c.name.as_str(),
                right(&c.clean),
                right(&c.attacked),
                right(&c.transferred),
            )
        })
        .collect();
    // An attack that finds a gradient takes the two images nearer than 0.08, from the defence too;
    // CrossMax has none. Its top-1 calls every image class 0.
    assert_eq!(
        rows,
        [
            ("CrossMax top-3", 6, 6, 6),
            ("CrossMax top-1", 3, 3, 6),
            ("CrossMax top-2", 6, 6, 6),
            ("CrossMax top-4", 6, 6, 6),
            ("mean", 6, 4, 4),
            ("median", 6, 4, 4),
            ("trimmed mean", 6, 4, 4),
            ("vote", 6, 4, 4),
            ("line 0", 6, 4, 4),
            ("line 1", 6, 4, 4),
            ("line 2", 6, 4, 4),
            ("line 3", 6, 4, 4),
            ("CrossMax top-3, frozen draw", 6, 6, 6),
            ("mean, frozen draw", 6, 4, 4),
            ("line 3, mean of 2 draws", 6, 4, 4),
            ("CrossMax top-3, mean of 2 draws", 6, 6, 6),
        ]
    );
    assert_eq!(found.of(Aggregation::Mean).map(|c| c.name.as_str()), Some("mean"));
    assert!(found.of(Aggregation::Member(4)).is_none());
    let json = serde_json::to_string(&found).unwrap_or_default();
    assert_eq!(
        serde_json::from_str::<comparators::Comparisons>(&json).ok(),
        Some(found)
    );
    Ok(())
}

#[test]
fn usual_comparators_are_those_that_exist() -> Result<()> {
    let (samples, starts) = (images([1.0, 1.0])?, SeededStarts::new(5));
    let two = Linear {
        members: 2,
        rank: 1,
        ..agreeing()
    };
    let found = comparators::usual(&subject(&two, Aggregation::Mean, &samples, &starts), 3);
    assert!(found.iter().all(|c| c.aggregation != Aggregation::TrimmedMean));
    let means = found
        .iter()
        .filter(|c| c.aggregation == Aggregation::Mean && c.views == Views::Fresh);
    assert_eq!(means.count(), 1);
    Ok(())
}

#[test]
fn members_at_right_angles_do_not_share_mistakes() -> Result<()> {
    let (samples, starts) = (images([1.0, 1.0])?, SeededStarts::new(5));
    let apart = Linear {
        members: 2,
        rank: 1,
        weight: |member, _| if member == 0 { [1.0, 0.0] } else { [0.0, 1.0] },
        bias: |_, _| 0.0,
        ..agreeing()
    };
    let subject = subject(&apart, Aggregation::Mean, &samples, &starts);
    let found = transfer::run(&subject, &from_clean(0.08), &mut quietly)?;
    assert_eq!(found.members, ["line 0", "line 1"]);
    let fractions = |row: &[crate::audit::MeanShare]| row.iter().map(|m| m.fraction).collect::<Vec<_>>();
    assert_eq!(fractions(&found.clean), [1.0, 1.0]);
    assert_eq!(fractions(&found.attacked[0]), [4.0 / 6.0, 1.0]);
    assert_eq!(fractions(&found.attacked[1]), [1.0, 4.0 / 6.0]);
    Ok(())
}

#[test]
fn a_sweep_loses_every_image_at_its_own_distance() -> Result<()> {
    let (samples, starts, ensemble) = (images([1.0, 1.0])?, SeededStarts::new(5), agreeing());
    let subject = subject(&ensemble, Aggregation::CrossMax, &samples, &starts);
    let eps = [0.0, 0.04, 0.08, 0.12, 0.16, 0.2, 0.25];
    let sweep = |eps: &[f64]| curves::eps_sweep(&subject, &from_clean(0.1), eps, &mut quietly);
    let found = sweep(&eps)?;
    for (point, left) in found.points.iter().zip([6, 5, 4, 3, 2, 1, 0]) {
        assert_eq!(point.defence.worst.count, left, "eps {}", point.config.eps);
        assert_eq!(point.attacked.fraction, left as f64 / 6.0);
        assert_eq!(point.config.step_size, 0.25 * point.config.eps);
    }
    assert_eq!(found.too_weak(), None);
    let message = sweep(&eps[..6])?.too_weak().unwrap_or_default();
    assert!(
        message
            .starts_with("this attack is too weak: at eps 51.0/255 the accuracy is still 16.7 %, expected 0"),
        "{message}"
    );
    assert_eq!(
        refusal(curves::eps_sweep(&subject, &from_clean(0.0), &eps, &mut quietly)),
        "eps_sweep: `eps` is 0, expected above 0 in `base`"
    );
    Ok(())
}

#[test]
fn a_ladder_gets_as_far_as_its_steps() -> Result<()> {
    let (samples, starts, ensemble) = (images([1.0, 1.0])?, SeededStarts::new(5), agreeing());
    let subject = subject(&ensemble, Aggregation::CrossMax, &samples, &starts);
    // Steps of 0.04 within 0.16.
    let base = from_clean(0.16);
    let found = curves::steps_ladder(&subject, &base, &[0, 1, 2, 3, 4, 9], &mut quietly)?;
    let left: Vec<usize> = found.points.iter().map(|p| p.defence.worst.count).collect();
    assert_eq!(left, [6, 5, 4, 3, 2, 2]);
    let found = curves::eot_ladder(&subject, &base, &[1, 3], &mut quietly)?;
    assert_eq!(found.attacked, Aggregation::CrossMax);
    assert!(found.points.iter().all(|p| p.defence.worst.count == 6));
    assert!(curves::eot_ladder(&subject, &base, &[], &mut quietly).is_err());
    Ok(())
}
