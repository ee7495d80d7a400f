//! Input that no attack can work with gives an error that says so.

use super::{EPS, Toy, quietly, samples};
use crate::attacks::{
    ApgdConfig, AttackKind, AttackLoss, AttackSlot, AutoAttackConfig, Classifier, Draw, LabelledImages,
    Linearised, Oracle, PgdConfig, SeededStarts, autoattack, perturb, pgd,
};
use crate::tensor::Tensor;
use crate::{Error, Result};

/// Two classes whose logits are what the images hold, if anything.
struct Broken(f32);

impl Classifier for Broken {
    fn classes(&self) -> usize {
        2
    }

    fn is_random(&self) -> bool {
        true
    }

    fn logits(&self, images: &Tensor, _: &[Draw]) -> Result<Tensor> {
        Ok(Tensor::full([images.dims()[0], 2], self.0))
    }

    fn linearise<'a>(&'a self, images: &Tensor, _: &[Draw]) -> Result<Linearised<'a>> {
        let gradient = Tensor::full(*images.shape(), self.0);
        Ok(Linearised {
            logits: Tensor::zeros([images.dims()[0], 2]),
            pullback: Box::new(move |_| Ok(gradient.clone())),
        })
    }
}

#[track_caller]
fn assert_refused<R>(result: Result<R>, part: &str) {
    let message = result
        .err()
        .map(|error| error.to_string())
        .unwrap_or_else(|| "accepted".into());
    assert!(message.contains(part), "{message} does not mention {part}");
    assert!(!message.contains('\n'), "more than a line: {message}");
}

fn zeros(n: usize) -> Result<LabelledImages> {
    LabelledImages::new(samples(n)?.images().clone(), vec![0; n], (40..).take(n).collect())
}

#[test]
fn numbers_that_are_not_finite_are_neither_right_nor_wrong() -> Result<()> {
    let images = zeros(3)?;
    let starts = SeededStarts::new(1);
    let config = ApgdConfig::new(EPS, AttackLoss::CrossEntropy);
    for (broken, what) in [
        (f32::NAN, "the logits of image 40"),
        (f32::INFINITY, "the logits of image 40"),
    ] {
        let broken = Broken(broken);
        let oracle = Oracle::new(&broken, 2)?;
        assert_refused(perturb(&oracle, &starts, &images, &config, &mut quietly), what);
        let found = pgd(&oracle, &starts, &images, &PgdConfig::new(EPS, 2), &mut quietly);
        assert_refused(found, "the loss gradient of image");
    }
    Ok(())
}

#[test]
fn dlr_needs_three_classes() -> Result<()> {
    let images = zeros(2)?;
    let oracle = Oracle::new(&Broken(0.0), 2)?;
    let run = |attacks: Vec<AttackKind>| {
        let config = AutoAttackConfig {
            attacks,
            iterations: 2,
            eot: 1,
            ..AutoAttackConfig::rand(EPS)
        };
        let starts = SeededStarts::new(1);
        autoattack(
            &oracle,
            &starts,
            &images,
            &config,
            None,
            &mut |_| Ok(()),
            &mut |_| Ok(()),
        )
    };
    assert_refused(
        run(vec![AttackKind::ApgdCe, AttackKind::ApgdDlr]),
        "at least 3 for the DLR loss",
    );
    assert_refused(run(vec![AttackKind::ApgdCe; 2]), "apgd-ce twice");
    assert_refused(run(vec![]), "at least one");
    assert!(run(vec![AttackKind::ApgdCe]).is_ok());
    Ok(())
}

#[test]
fn settings_out_of_range_are_refused() -> Result<()> {
    let images = samples(2)?;
    let toy = Toy::new(true)?;
    let (oracle, starts) = (Oracle::new(&toy, 2)?, SeededStarts::new(1));
    let attempt = |change: &dyn Fn(&mut ApgdConfig)| {
        let mut config = ApgdConfig::new(EPS, AttackLoss::CrossEntropy);
        change(&mut config);
        perturb(&oracle, &starts, &images, &config, &mut quietly)
    };
    assert_refused(attempt(&|c| c.eps = -0.1), "`eps`");
    assert_refused(attempt(&|c| c.eps = f64::NAN), "`eps`");
    assert_refused(attempt(&|c| c.iterations = 0), "`iterations`");
    assert_refused(attempt(&|c| c.eot = 0), "`eot`");
    assert_refused(attempt(&|c| c.rho = 1.5), "`rho`");
    assert_refused(attempt(&|c| c.restarts = 0), "`restarts`");
    assert_refused(attempt(&|c| c.restarts = 1025), "`restarts`");
    let config = PgdConfig {
        step_size: f64::INFINITY,
        ..PgdConfig::new(EPS, 1)
    };
    assert_refused(
        pgd(&oracle, &starts, &images, &config, &mut quietly),
        "`step_size`",
    );
    assert_refused(Oracle::new(&toy, 0), "`sub_batch`");
    assert_refused(AttackSlot::new(AttackSlot::COUNT), "below 10");
    Ok(())
}

#[test]
fn images_and_labels_are_checked() -> Result<()> {
    let good = samples(2)?;
    let images = good.images().clone();
    let make = |images: Tensor, labels: usize, ids: u32| {
        LabelledImages::new(images, vec![0; labels], (0..ids).collect())
    };
    assert_refused(make(images.clone(), 3, 2), "`labels`");
    assert_refused(make(images.clone(), 2, 1), "`ids`");
    assert_refused(make(images.reshape([2, 16, 3])?, 2, 2), "[N,H,W,C]");
    assert_refused(make(Tensor::zeros([0, 4, 4, 3]), 0, 0), "at least one image");
    for bad in [1.01, -0.01, f32::NAN] {
        assert_refused(make(Tensor::full([1, 2, 2, 3], bad), 1, 1), "in [0,1]");
    }
    assert_refused(good.select(&[2]), "index");
    let labelled = LabelledImages::new(images, vec![0, 5], vec![0, 1])?;
    let toy = Toy::new(true)?;
    let config = PgdConfig::new(EPS, 1);
    let found = pgd(
        &Oracle::new(&toy, 2)?,
        &SeededStarts::new(1),
        &labelled,
        &config,
        &mut quietly,
    );
    assert_refused(found, "below the classifier's 5 classes");
    Ok::<(), Error>(())
}
