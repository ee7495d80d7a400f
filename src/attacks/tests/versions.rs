//! AutoAttack's versions with all their attacks, in every norm.

use super::{CLASSES, Toy, assert_same_bits, samples};
use crate::Result;
use crate::attacks::{
    AttackKind, AutoAttackConfig, AutoAttackReport, AutoAttackState, Ball, Classifier, Draw, LabelledImages,
    Linearised, Norm, Oracle, SeededStarts, Version, autoattack, distances,
};
use crate::autograd::Var;
use crate::tensor::Tensor;

const NORMS: [(Norm, f64); 3] = [(Norm::Linf, 0.03), (Norm::L2, 0.15), (Norm::L1, 0.6)];

/// A version, shortened.
fn short(version: Version, norm: Norm, eps: f64) -> AutoAttackConfig {
    AutoAttackConfig {
        iterations: 10,
        restarts: 2,
        targets: 2,
        fab_restarts: 2,
        fab_targets: 2,
        queries: 60,
        block: 4,
        ..AutoAttackConfig::version(version, norm, eps)
    }
}

fn run(
    classifier: &dyn Classifier,
    samples: &LabelledImages,
    config: &AutoAttackConfig,
    sub_batch: usize,
) -> Result<AutoAttackState> {
    let oracle = Oracle::new(classifier, sub_batch)?;
    let source = SeededStarts::new(5);
    let (on_block, on_progress) = (&mut |_: &_| Ok(()), &mut |_: &_| Ok(()));
    autoattack(&oracle, &source, samples, config, None, on_block, on_progress)
}

#[test]
fn versions_run_the_references_attacks_in_their_order() {
    let names = |version, norm| -> Vec<&str> {
        let config = AutoAttackConfig::version(version, norm, 0.1);
        config.attacks.iter().map(|attack| attack.name()).collect()
    };
    assert_eq!(
        names(Version::Standard, Norm::Linf),
        ["apgd-ce", "apgd-t", "fab-t", "square"]
    );
    assert_eq!(
        names(Version::Plus, Norm::L2),
        ["apgd-ce", "apgd-dlr", "fab", "square", "apgd-t", "fab-t"]
    );
    assert_eq!(names(Version::Rand, Norm::Linf), ["apgd-ce", "apgd-dlr"]);
    let l1 = AutoAttackConfig::version(Version::Standard, Norm::L1, 12.0);
    assert_eq!((l1.restarts, l1.targets, l1.larger_radii), (5, 5, true));
    for kind in AttackKind::ALL {
        assert_eq!(kind.name().parse::<AttackKind>().ok(), Some(kind));
    }
    let custom = AutoAttackConfig::version(Version::Custom, Norm::Linf, 0.1);
    assert_eq!((custom.restarts, custom.eot, custom.fab_restarts), (5, 1, 5));
    for version in Version::ALL {
        assert_eq!(version.to_string().parse::<Version>().ok(), Some(version));
    }
    assert!("apgd".parse::<AttackKind>().is_err() && "best".parse::<Version>().is_err());
}

#[test]
fn every_version_stays_in_the_ball_and_breaks_what_it_says() -> Result<()> {
    let samples = samples(12)?;
    let toy = Toy::new(false)?;
    for (norm, eps) in NORMS {
        for version in [Version::Standard, Version::Plus] {
            let config = short(version, norm, eps);
            let state = run(&toy, &samples, &config, 16)?;
            Ball::new(norm, eps)?.check(&samples, state.adversarial())?;
            let moved = distances(norm, samples.images(), state.adversarial())?;
            let broken = state.records().iter().filter(|record| record.broken.is_some());
            assert!(broken.count() > 2, "{version} {norm}");
            for (record, distance) in state.records().iter().zip(moved) {
                assert_eq!(
                    record.broken.is_some(),
                    distance > 0.0,
                    "{version} {norm} {record:?}"
                );
            }
            let report = AutoAttackReport::new(&state, false);
            assert_eq!(report.after.len(), config.attacks.len());
            assert!(
                report
                    .after
                    .windows(2)
                    .all(|pair| pair[0].1.count >= pair[1].1.count)
            );
        }
    }
    Ok(())
}

#[test]
fn results_do_not_depend_on_the_batch() -> Result<()> {
    let samples = samples(7)?;
    let toy = Toy::new(true)?;
    for (norm, eps) in NORMS {
        let config = short(Version::Plus, norm, eps);
        let together = run(&toy, &samples, &config, 16)?;
        let other = AutoAttackConfig {
            block: 3,
            ..config.clone()
        };
        let apart = run(&toy, &samples, &other, 2)?;
        assert_same_bits(together.adversarial(), apart.adversarial());
        assert_eq!(together.records(), apart.records());
    }
    Ok(())
}

#[test]
fn chance_breaks_images_in_compat_mode_only() -> Result<()> {
    let samples = samples(40)?;
    let toy = Toy::new(true)?;
    let with = |compat| -> Result<usize> {
        let config = AutoAttackConfig {
            eps: 0.0,
            compat,
            ..short(Version::Rand, Norm::Linf, 0.0)
        };
        let state = run(&toy, &samples, &config, 16)?;
        let by_chance = |record: &&crate::attacks::ImageRecord| {
            record.broken.is_some_and(|broken| broken.iterate.is_none())
        };
        Ok(state.records().iter().filter(by_chance).count())
    };
    assert!(with(true)? > 0);
    assert_eq!(with(false)?, 0);
    Ok(())
}

#[test]
fn warnings_name_what_speaks_against_the_numbers() -> Result<()> {
    let samples = samples(4)?;
    let warnings = |random: bool, config: &AutoAttackConfig| -> Result<String> {
        let state = run(&Toy::new(random)?, &samples, config, 16)?;
        Ok(AutoAttackReport::new(&state, random).warnings.join("; "))
    };
    let standard = short(Version::Standard, Norm::Linf, 0.03);
    assert!(warnings(true, &standard)?.contains("use version rand"));
    assert!(!warnings(false, &standard)?.contains("targets asked for"));
    let greedy = AutoAttackConfig {
        targets: CLASSES as u16,
        ..standard.clone()
    };
    assert!(warnings(false, &greedy)?.contains("apgd-t: 5 targets asked for, 4 classes are there"));
    // Gradients that lead away from the boundary: Square finds what they hide.
    let config = AutoAttackConfig {
        attacks: vec![AttackKind::ApgdCe, AttackKind::Square],
        eps: 0.1,
        queries: 300,
        ..standard
    };
    let state = run(&Misleading(Toy::new(false)?), &samples, &config, 16)?;
    let told = AutoAttackReport::new(&state, false).warnings.join("; ");
    assert!(told.contains("square broke"), "{told}");
    let state = run(&Toy::new(false)?, &samples, &config, 16)?;
    assert_eq!(
        AutoAttackReport::new(&state, false).warnings,
        Vec::<String>::new()
    );
    Ok(())
}

/// The toy with gradients of the wrong sign.
struct Misleading(Toy);

impl Classifier for Misleading {
    fn classes(&self) -> usize {
        CLASSES
    }

    fn is_random(&self) -> bool {
        false
    }

    fn logits(&self, images: &Tensor, draws: &[Draw]) -> Result<Tensor> {
        self.0.logits(images, draws)
    }

    fn linearise<'a>(&'a self, images: &Tensor, draws: &[Draw]) -> Result<Linearised<'a>> {
        let honest = self.0.linearise(images, draws)?;
        Ok(Linearised {
            logits: honest.logits,
            pullback: Box::new(move |cotangent| {
                let opposite = Var::constant(cotangent.clone()).affine(-1.0, 0.0)?;
                (honest.pullback)(opposite.value())
            }),
        })
    }
}
