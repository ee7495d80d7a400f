//! The searches: edge cases, restarts, interruption.

use super::{EPS, Toy, assert_same_bits, quietly, samples};
use crate::attacks::{
    ApgdConfig, AttackLoss, AttackSlot, Classifier, Draw, Evaluation, FgsmConfig, Keep, Linearised, Oracle,
    PgdConfig, SeededStarts, fgsm, linearise, perturb, pgd, redrawn_accuracy,
};
use crate::autograd::Var;
use crate::tensor::Tensor;
use crate::{Error, Result};

fn apgd(loss: AttackLoss, eot: u16) -> ApgdConfig {
    ApgdConfig {
        iterations: 8,
        eot,
        ..ApgdConfig::new(EPS, loss)
    }
}

#[test]
fn without_room_every_attack_returns_the_clean_image() -> Result<()> {
    let samples = samples(6)?;
    let toy = Toy::new(true)?;
    let (oracle, starts) = (Oracle::new(&toy, 32)?, SeededStarts::new(1));
    let config = ApgdConfig {
        eps: 0.0,
        ..apgd(AttackLoss::CrossEntropy, 2)
    };
    let found = perturb(&oracle, &starts, &samples, &config, &mut quietly)?;
    assert_same_bits(&found.images, samples.images());
    let config = PgdConfig::new(0.0, 4);
    assert_same_bits(
        &pgd(&oracle, &starts, &samples, &config, &mut quietly)?,
        samples.images(),
    );
    assert_same_bits(
        &fgsm(&oracle, &starts, &samples, &FgsmConfig::new(0.0))?,
        samples.images(),
    );
    Ok(())
}

#[test]
fn a_deterministic_classifier_is_asked_once_an_iterate() -> Result<()> {
    let samples = samples(5)?;
    let toy = Toy::new(false)?;
    let (oracle, starts) = (Oracle::new(&toy, 32)?, SeededStarts::new(1));
    let once = perturb(
        &oracle,
        &starts,
        &samples,
        &apgd(AttackLoss::Dlr, 1),
        &mut quietly,
    )?;
    let asked = toy.take_asked().len();
    let often = perturb(
        &oracle,
        &starts,
        &samples,
        &apgd(AttackLoss::Dlr, 20),
        &mut quietly,
    )?;
    assert_same_bits(&once.images, &often.images);
    assert_eq!(toy.take_asked().len(), asked);
    let searched = once.outcomes.iter().filter(|outcome| outcome.searched).count();
    assert_eq!(asked, 5 + 9 * searched);
    Ok(())
}

#[test]
fn further_starts_are_new_and_spent_on_what_is_left() -> Result<()> {
    let samples = samples(12)?;
    let toy = Toy::new(true)?;
    let (oracle, starts) = (Oracle::new(&toy, 32)?, SeededStarts::new(1));
    let one = perturb(
        &oracle,
        &starts,
        &samples,
        &apgd(AttackLoss::CrossEntropy, 2),
        &mut quietly,
    )?;
    toy.take_asked();
    let config = ApgdConfig {
        restarts: 2,
        ..apgd(AttackLoss::CrossEntropy, 2)
    };
    let two = perturb(&oracle, &starts, &samples, &config, &mut quietly)?;
    let second: Vec<u32> = toy
        .take_asked()
        .iter()
        .filter(|draw| draw.restart == 1)
        .map(|draw| draw.image)
        .collect();
    for (i, (one, two)) in one.outcomes.iter().zip(&two.outcomes).enumerate() {
        if one.fooled_at.is_some() {
            assert_eq!(one, two);
        }
        let left = one.searched && one.fooled_at.is_none();
        assert_eq!(second.contains(&samples.ids()[i]), left, "image {i}");
    }
    assert!(!second.is_empty());
    Ok(())
}

#[test]
fn highest_loss_is_at_least_that_of_every_iterate() -> Result<()> {
    let samples = samples(8)?;
    let toy = Toy::new(false)?;
    let (oracle, starts) = (Oracle::new(&toy, 32)?, SeededStarts::new(1));
    let loss_of = |steps: u16, keep: Keep| {
        let config = PgdConfig {
            step_size: EPS,
            keep,
            ..PgdConfig::new(EPS, steps)
        };
        let images = pgd(&oracle, &starts, &samples, &config, &mut quietly)?;
        let at = oracle.appraise(&images, samples.labels(), config.loss, 1, &|_, _| Draw::default())?;
        Ok::<_, Error>(at.last_loss)
    };
    let highest = loss_of(6, Keep::HighestLoss)?;
    let iterates = (0..=6)
        .map(|steps| loss_of(steps, Keep::Last))
        .collect::<Result<Vec<_>>>()?;
    for (i, &highest) in highest.iter().enumerate() {
        let expected = iterates.iter().map(|losses| losses[i]).fold(f32::MIN, f32::max);
        assert_eq!(highest, expected, "image {i}");
    }
    assert_ne!(
        highest, iterates[6],
        "the last is always the best: the test shows little"
    );
    Ok(())
}

#[test]
fn a_callback_can_end_a_search() -> Result<()> {
    let samples = samples(4)?;
    let toy = Toy::new(true)?;
    let (oracle, starts) = (Oracle::new(&toy, 32)?, SeededStarts::new(1));
    let mut seen = Vec::new();
    let ended = perturb(
        &oracle,
        &starts,
        &samples,
        &apgd(AttackLoss::CrossEntropy, 2),
        &mut |progress| {
            seen.push((progress.iteration, progress.iterations, progress.passes));
            match progress.iteration {
                3 => Err(Error::Interrupted {
                    advice: "go on".into(),
                }),
                _ => Ok(()),
            }
        },
    );
    assert!(matches!(ended, Err(Error::Interrupted { .. })));
    let searched = seen[0].2 / 2;
    assert_eq!(
        seen,
        [(1, 8, 2 * searched), (2, 8, 2 * searched), (3, 8, 2 * searched)]
    );
    Ok(())
}

#[test]
fn accuracy_is_drawn_anew_in_every_repeat() -> Result<()> {
    let samples = samples(30)?;
    let toy = Toy::new(true)?;
    let found = redrawn_accuracy(&Oracle::new(&toy, 8)?, &samples, Evaluation::AfterAutoAttack, 5)?;
    assert_eq!(toy.take_asked().len(), 150);
    let counted: u16 = found.right_counts.iter().sum();
    assert!((found.mean - f64::from(counted) / 150.0).abs() < 1e-12);
    assert!(
        found.right_counts.iter().any(|count| (1..5).contains(count)),
        "{found:?}"
    );
    let toy = Toy::new(false)?;
    let found = redrawn_accuracy(&Oracle::new(&toy, 8)?, &samples, Evaluation::Initial, 5)?;
    assert_eq!(toy.take_asked().len(), 30);
    assert_eq!((found.repeats, found.mean, found.std), (vec![0.8; 5], 0.8, 0.0));
    assert!(found.right_counts.iter().all(|&count| count == 0 || count == 5));
    Ok(())
}

/// Gradients are the search's, verdicts the classifier's.
#[test]
fn a_search_in_another_precision_decides_nothing() -> Result<()> {
    let (judge, search) = (Toy::new(false)?, Toy::new(false)?);
    let oracle = Oracle::new(&judge, 8)?.searching(&search)?;
    let samples = samples(2)?;
    let draw = |i: usize, draw: u16| AttackSlot::PGD.search(samples.ids()[i], 0, 0, draw);
    oracle.appraise(
        samples.images(),
        samples.labels(),
        AttackLoss::CrossEntropy,
        1,
        &draw,
    )?;
    assert!(judge.take_asked().is_empty());
    assert_eq!(search.take_asked().len(), 2);
    oracle.predictions(samples.images(), &[Draw::default(); 2])?;
    assert_eq!(judge.take_asked().len(), 2);
    assert!(search.take_asked().is_empty());
    Ok(())
}

/// The toy as far as the second iterate of every search; then its logits are constant.
struct FlatAfterTwo(Toy);

impl Classifier for FlatAfterTwo {
    fn classes(&self) -> usize {
        self.0.classes()
    }

    fn is_random(&self) -> bool {
        true
    }

    fn logits(&self, images: &Tensor, draws: &[Draw]) -> Result<Tensor> {
        self.0.logits(images, draws)
    }

    fn linearise<'a>(&'a self, images: &Tensor, draws: &[Draw]) -> Result<Linearised<'a>> {
        let flat = draws.iter().all(|draw| draw.iteration >= 2);
        let logits = self.0.logits(images, draws)?;
        match flat {
            true => linearise(images, |_| Ok(Var::constant(logits))),
            false => self.0.linearise(images, draws),
        }
    }
}

#[test]
fn gradients_that_vanish_on_the_way_are_noted() -> Result<()> {
    let samples = samples(4)?;
    let model = FlatAfterTwo(Toy::new(false)?);
    let oracle = Oracle::new(&model, 8)?;
    for compat in [false, true] {
        let config = ApgdConfig {
            iterations: 5,
            compat,
            ..ApgdConfig::new(EPS, AttackLoss::CrossEntropy)
        };
        let found = perturb(&oracle, &SeededStarts::new(3), &samples, &config, &mut quietly)?;
        let searched = found.outcomes.iter().filter(|outcome| outcome.searched);
        let noted = searched.filter(|outcome| outcome.zero_gradient).count();
        assert_eq!(noted, if compat { 0 } else { 4 });
    }
    Ok(())
}
