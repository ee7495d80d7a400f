//! Scores, null controls, and what becomes of draws.

use super::{Linear, agreeing, from_clean, images, noisy, quietly, subject};
use crate::Result;
use crate::attacks::{AttackSlot, Classifier, Draw, Oracle, SeededStarts};
use crate::audit::{AuditDraw, Combined, Views, controls, score};
use crate::ensemble::Aggregation;
use crate::testing::assertions::refusal;

/// Predictions that turn around on known draws.
fn turning() -> Linear {
    Linear {
        members: 1,
        rank: 1,
        random: true,
        weight: |_, draw| {
            let turned = match (draw.attack, draw.image) {
                // Re-draws: image 20 on one of five, 21 on three of five, 22 on all.
                (49, 20) => draw.draw == 0,
                (49, 21) => draw.draw < 3,
                (49, 22) => true,
                // The first look at image 23 and the re-check of image 24.
                (8, 23) | (10, 24) => true,
                _ => false,
            };
            if turned { [-1.0, -1.0] } else { [1.0, 1.0] }
        },
        bias: |_, _| 0.0,
    }
}

#[test]
fn every_score_counts_its_own_draws() -> Result<()> {
    let (samples, ensemble) = (images([1.0, 1.0])?, turning());
    let classifier = Combined::new(&ensemble, Aggregation::Mean, Views::Fresh)?;
    let oracle = Oracle::new(&classifier, 4)?;
    let found = score(&oracle, &samples, samples.images(), AttackSlot::PGD, 5)?;
    assert_eq!(found.right_counts, [4, 2, 0, 5, 5, 5]);
    assert_eq!((found.never_broken.count, found.never_broken.of), (4, 6));
    assert_eq!(found.one_redraw.count, 3);
    assert_eq!(found.vote.count, 4);
    assert_eq!(found.worst.count, 3);
    // Mean of 0.8, 0.4, 0, 1, 1, 1; squares of the differences add up to 0.86.
    assert!((found.mean.fraction - 0.7).abs() < 1e-12 && found.mean.of == 6);
    assert!((found.mean.standard_error - (0.86_f64 / 5.0 / 6.0).sqrt()).abs() < 1e-12);
    let (low, high) = found.mean.ci95;
    assert!(0.0 < low && low < 0.7 && 0.7 < high && high < 1.0);
    let message = refusal(score(&oracle, &samples, samples.images(), AttackSlot::PGD, 0));
    assert_eq!(message, "score: `repeats` is 0, expected at least 1");
    Ok(())
}

#[test]
fn differences_are_taken_image_by_image() -> Result<()> {
    let (samples, ensemble) = (images([1.0, 1.0])?, turning());
    let classifier = Combined::new(&ensemble, Aggregation::Mean, Views::Fresh)?;
    let random = score(
        &Oracle::new(&classifier, 4)?,
        &samples,
        samples.images(),
        AttackSlot::PGD,
        5,
    )?;
    let steady = Combined::new(&ensemble, Aggregation::Mean, Views::Frozen)?;
    let steady = score(
        &Oracle::new(&steady, 4)?,
        &samples,
        samples.images(),
        AttackSlot::PGD,
        5,
    )?;
    assert_eq!(steady.right_counts, [5; 6]);
    let difference = steady.minus(&random);
    // 0.2, 0.6, 1, 0, 0, 0.
    assert!((difference.mean - 0.3).abs() < 1e-12);
    assert!((difference.standard_error - (0.86_f64 / 5.0 / 6.0).sqrt()).abs() < 1e-12);
    Ok(())
}

#[test]
fn controls_break_by_chance_alone() -> Result<()> {
    let (samples, starts) = (images([1.0, 1.0])?, SeededStarts::new(5));
    let (chance, sound) = (turning(), agreeing());
    let found = controls::run(
        &subject(&chance, Aggregation::Mean, &samples, &starts),
        &from_clean(0.08),
        &mut quietly,
    )?;
    // Without any perturbation: what the draws do.
    assert_eq!(found.nothing.right_counts, [4, 2, 0, 5, 5, 5]);
    assert_eq!(found.nothing.never_broken.count, 4);
    let found = controls::run(
        &subject(&sound, Aggregation::Mean, &samples, &starts),
        &from_clean(0.08),
        &mut quietly,
    )?;
    assert_eq!(found.nothing.worst.count, 6);
    assert_eq!(found.attack.worst.count, 4);
    assert!(found.noise.worst.count >= 4);
    Ok(())
}

#[test]
fn noise_moves_every_value_by_eps_up_or_down() -> Result<()> {
    let (samples, starts, ensemble) = (images([1.0, 1.0])?, SeededStarts::new(5), agreeing());
    let config = from_clean(0.08);
    let all = controls::noise(&subject(&ensemble, Aggregation::Mean, &samples, &starts), &config)?;
    let (clean, noisy) = (samples.images().to_vec()?, all.to_vec()?);
    let moves: Vec<f32> = noisy
        .iter()
        .zip(&clean)
        .map(|(noisy, clean)| noisy - clean)
        .collect();
    assert!(
        moves.iter().all(|moved| (moved.abs() - 0.08).abs() < 1e-6),
        "{moves:?}"
    );
    let up = moves.iter().filter(|&&moved| moved > 0.0).count();
    assert!((2..=10).contains(&up), "{moves:?}");
    // That of an image does not depend on the others.
    let two = samples.select(&[4, 1])?;
    let own = controls::noise(&subject(&ensemble, Aggregation::Mean, &two, &starts), &config)?;
    assert_eq!(own.to_vec()?, all.select(&[4, 1])?.to_vec()?);
    Ok(())
}

#[test]
fn audits_share_no_draw_with_attacks_and_stages() {
    let audits = [AuditDraw::Probe, AuditDraw::Score, AuditDraw::Frozen];
    let numbers = audits.map(|audit| audit.draw(7, 2).attack);
    // Attacks end at 31, stages of a run at 47; a draw names numbers below 64.
    assert!(numbers.iter().all(|number| (48..64).contains(number)));
    assert!(numbers[0] != numbers[1] && numbers[1] != numbers[2] && numbers[0] != numbers[2]);
}

#[test]
fn views_are_fresh_or_frozen_or_averaged() -> Result<()> {
    let (samples, ensemble) = (images([1.0, 0.3])?, noisy());
    let one = samples.select(&[2])?;
    let logits = |views: Views, draw: u16| {
        let classifier = Combined::new(&ensemble, Aggregation::Mean, views)?;
        let name = Draw {
            image: 22,
            attack: 49,
            draw,
            ..Draw::default()
        };
        classifier.logits(one.images(), &[name])?.to_vec()
    };
    assert_ne!(logits(Views::Fresh, 0)?, logits(Views::Fresh, 1)?);
    assert_eq!(logits(Views::Frozen, 0)?, logits(Views::Frozen, 1)?);
    // Draw 2 of means of three is made of draws 6, 7 and 8.
    let parts = [
        logits(Views::Fresh, 6)?,
        logits(Views::Fresh, 7)?,
        logits(Views::Fresh, 8)?,
    ];
    for (class, found) in logits(Views::Averaged(3), 2)?.into_iter().enumerate() {
        let mean = parts.iter().map(|part| part[class]).sum::<f32>() / 3.0;
        assert!((found - mean).abs() < 1e-6, "{found}, not {mean}");
    }
    let is_random = |views| Combined::new(&ensemble, Aggregation::Mean, views).map(|c| c.is_random());
    assert!(is_random(Views::Averaged(3))? && !is_random(Views::Frozen)?);
    assert_eq!(
        refusal(logits(Views::Averaged(3), 21_845)),
        "Combined: `draw` is 21845, expected below 21845 for means of 3"
    );
    assert_eq!(
        refusal(Combined::new(&ensemble, Aggregation::Mean, Views::Averaged(0)).map(|_| ())),
        "Combined: `views` is 0, expected at least 1 draw"
    );
    Ok(())
}
