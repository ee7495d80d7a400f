//! AutoAttack's driver.

use super::{EPS, Toy, samples};
use crate::attacks::{
    AttackKind, AutoAttackConfig, AutoAttackReport, AutoAttackState, Classifier, Draw, LabelledImages,
    Linearised, Oracle, SeededStarts, autoattack, linf_distances,
};
use crate::tensor::Tensor;
use crate::{Error, Result};
use std::collections::HashSet;

fn config() -> AutoAttackConfig {
    AutoAttackConfig {
        iterations: 10,
        eot: 3,
        block: 4,
        ..AutoAttackConfig::rand(EPS)
    }
}

fn run(
    classifier: &dyn Classifier,
    samples: &LabelledImages,
    config: &AutoAttackConfig,
) -> Result<AutoAttackState> {
    let oracle = Oracle::new(classifier, 16)?;
    autoattack(
        &oracle,
        &SeededStarts::new(5),
        samples,
        config,
        None,
        &mut |_| Ok(()),
        &mut |_| Ok(()),
    )
}

#[test]
fn no_draw_is_used_twice() -> Result<()> {
    let toy = Toy::new(true)?;
    let config = AutoAttackConfig {
        restarts: 2,
        ..config()
    };
    run(&toy, &samples(9)?, &config)?;
    let asked = toy.take_asked();
    assert_eq!(asked.iter().collect::<HashSet<_>>().len(), asked.len());
    assert!(
        asked.iter().all(|draw| (1..32).contains(&draw.attack)),
        "numbers from 32 are the caller's"
    );
    Ok(())
}

#[test]
fn the_ledger_agrees_with_the_images() -> Result<()> {
    let samples = samples(40)?;
    let toy = Toy::new(true)?;
    let state = run(&toy, &samples, &config())?;
    let distances = linf_distances(samples.images(), state.adversarial())?;
    for (record, &distance) in state.records().iter().zip(&distances) {
        let perturbed = record.broken.is_some_and(|broken| broken.iterate.is_some());
        assert_eq!(distance > 0.0, perturbed, "{record:?}");
        assert!(distance <= EPS + 1e-6);
        assert!(record.initially_right() || record.broken.is_none(), "{record:?}");
    }
    let report = AutoAttackReport::new(&state, true);
    let broken = state
        .records()
        .iter()
        .filter(|record| record.broken.is_some())
        .count();
    assert_eq!(report.initial.count - broken, report.robust.count);
    assert_eq!(report.robust.count, state.robust_count());
    assert!(
        report.after[0].1.count > report.after[1].1.count,
        "DLR breaks nothing: the test shows little"
    );
    assert!(report.robust.count > 0 && report.initial.count < 40);
    assert!(report.warnings.is_empty(), "{:?}", report.warnings);
    Ok(())
}

#[test]
fn images_that_are_wrong_already_are_not_attacked() -> Result<()> {
    let samples = samples(5)?;
    let labels: Vec<usize> = samples
        .labels()
        .iter()
        .map(|label| (label + 2) % super::CLASSES)
        .collect();
    let wrong = LabelledImages::new(samples.images().clone(), labels, samples.ids().to_vec())?;
    let toy = Toy::new(false)?;
    let state = run(&toy, &wrong, &config())?;
    assert_eq!(
        toy.take_asked().len(),
        2 * 5,
        "the initial predictions, and another draw of each"
    );
    super::assert_same_bits(state.adversarial(), wrong.images());
    let report = AutoAttackReport::new(&state, false);
    assert_eq!((report.initial.count, report.robust.count), (0, 0));
    assert!(
        report.warnings[0].contains("deterministic"),
        "{:?}",
        report.warnings
    );
    Ok(())
}

#[test]
fn a_classifier_that_hides_its_draws_is_refused() -> Result<()> {
    let samples = samples(3)?;
    let toy = Toy {
        random: false,
        ..Toy::noisy()?
    };
    let error = run(&toy, &samples, &config())
        .err()
        .map(|error| error.to_string());
    assert!(
        error.as_deref().is_some_and(|told| told.contains("is_random")),
        "{error:?}"
    );
    Ok(())
}

#[test]
fn without_room_only_chance_breaks_images() -> Result<()> {
    let samples = samples(12)?;
    let config = AutoAttackConfig { eps: 0.0, ..config() };
    let state = run(&Toy::new(false)?, &samples, &config)?;
    super::assert_same_bits(state.adversarial(), samples.images());
    let report = AutoAttackReport::new(&state, false);
    assert_eq!(report.robust.count, report.initial.count);
    assert!(report.robust.count > 0);
    Ok(())
}

#[test]
fn progress_counts_and_can_end_the_run() -> Result<()> {
    let samples = samples(9)?;
    let toy = Toy::new(true)?;
    let oracle = Oracle::new(&toy, 16)?;
    let mut seen = Vec::new();
    let starts = SeededStarts::new(5);
    let ended = autoattack(
        &oracle,
        &starts,
        &samples,
        &config(),
        None,
        &mut |_| Ok(()),
        &mut |progress| {
            seen.push((progress.block, progress.search.iteration));
            assert_eq!((progress.attack, progress.blocks), (AttackKind::ApgdCe, 3));
            match seen.len() {
                13 => Err(Error::Interrupted {
                    advice: "go on".into(),
                }),
                _ => Ok(()),
            }
        },
    );
    assert!(matches!(ended, Err(Error::Interrupted { .. })));
    assert_eq!(seen[9..], [(0, 10), (1, 1), (1, 2), (1, 3)]);
    Ok(())
}

/// Says the same for all images, as probabilities.
struct Constant;

impl Classifier for Constant {
    fn classes(&self) -> usize {
        3
    }

    fn is_random(&self) -> bool {
        true
    }

    fn logits(&self, images: &Tensor, _: &[Draw]) -> Result<Tensor> {
        Ok(Tensor::from_fn([images.dims()[0], 3], |i| {
            [0.5, 0.25, 0.25][i % 3]
        }))
    }

    fn linearise<'a>(&'a self, images: &Tensor, draws: &[Draw]) -> Result<Linearised<'a>> {
        let shape = *images.shape();
        Ok(Linearised {
            logits: self.logits(images, draws)?,
            pullback: Box::new(move |_| Ok(Tensor::zeros(shape))),
        })
    }
}

#[test]
fn suspicious_classifiers_are_pointed_out() -> Result<()> {
    let samples = samples(4)?;
    let zeros = LabelledImages::new(samples.images().clone(), vec![0; 4], samples.ids().to_vec())?;
    let report = AutoAttackReport::new(&run(&Constant, &zeros, &config())?, true);
    assert_eq!(report.robust.count, 4);
    for (warning, part) in report
        .warnings
        .iter()
        .zip(["probabilities", "apgd-ce", "apgd-dlr"])
    {
        assert!(warning.contains(part), "{warning}");
    }
    assert_eq!(report.warnings.len(), 3);
    assert!(report.warnings[2].contains("4 images"));
    Ok(())
}
