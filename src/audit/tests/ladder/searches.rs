//! The searches of the rungs.

use super::{ladder, short};
use crate::Result;
use crate::attacks::{
    Apgd, ApgdConfig, AttackLoss, LinfBall, Oracle, PgdConfig, SeededStarts, linf_distances, pgd_numbered,
};
use crate::audit::tests::{images, noisy, subject};
use crate::audit::{Views, ladder::RungName};
use crate::ensemble::Aggregation;
use crate::tensor::Tensor;
use crate::testing::formula::unit;
use std::collections::BTreeSet;

#[test]
fn rungs_have_their_searches_and_count_their_passes() -> Result<()> {
    let (report, worst) = ladder(&noisy(), &short(0.08))?;
    let names: Vec<&str> = report
        .rungs
        .iter()
        .flat_map(|rung| rung.searches.iter().map(|search| search.name.as_str()))
        .collect();
    // Two classes have no DLR loss; of three members all thirds are single, and the first three are all.
    assert_eq!(
        names,
        [
            "autoattack-rand/autoattack",
            "all-images/apgd-ce",
            "surrogate/apgd-ce",
            "surrogate/pgd",
            "members/line-0",
            "members/line-1",
            "members/line-2",
            "members/first-three",
            "eot-100/apgd-ce",
            "warm-start/surrogate-pgd",
            "warm-start/surrogate-apgd-ce",
            "warm-start/worst-pgd",
            "warm-start/worst-apgd-ce",
            "restarts/0",
            "restarts/1",
        ]
    );
    // Images × (start and 4 iterations) × draws.
    let passes = |rung: RungName| {
        let found = report.rungs.iter().find(|found| found.rung == rung);
        found.map(|found| {
            found
                .searches
                .iter()
                .map(|search| search.passes)
                .collect::<Vec<_>>()
        })
    };
    assert_eq!(passes(RungName::AllImages), Some(vec![6 * 5 * 2]));
    assert_eq!(passes(RungName::Eot100), Some(vec![6 * 5 * 5]));
    // APGD leaves images alone that are wrong on its own look.
    let quoted = &report.rungs[0].searches[0];
    assert!(quoted.passes > 0 && quoted.passes % 10 == 0 && quoted.passes <= quoted.attacked * 5 * 2);
    let samples = images([1.0, 0.3])?;
    LinfBall::new(0.08)?.check(&samples, &worst)?;
    assert_eq!(
        RungName::ALL.map(|rung| rung.name().parse().ok()),
        RungName::ALL.map(Some)
    );
    let json: BTreeSet<String> = RungName::ALL
        .iter()
        .filter_map(|rung| serde_json::to_string(rung).ok())
        .collect();
    assert_eq!(
        json,
        RungName::ALL.iter().map(|rung| format!("\"{rung}\"")).collect()
    );
    Ok(())
}

#[test]
fn the_joint_loss_is_the_mean_of_the_members_losses() -> Result<()> {
    let logits = Tensor::<f64>::from_fn([2, 6], |i| unit("joint", i));
    let labels = [2, 0];
    let (joint, gradient) = AttackLoss::JointCrossEntropy(2).with_gradient(&logits, &labels)?;
    let each = logits.reshape([4, 3])?;
    let (losses, gradients) = AttackLoss::CrossEntropy.with_gradient(&each, &[2, 2, 0, 0])?;
    let losses = losses.to_vec()?;
    let means: Vec<f64> = losses.chunks(2).map(|pair| (pair[0] + pair[1]) / 2.0).collect();
    let halves: Vec<f64> = gradients.to_vec()?.iter().map(|value| value / 2.0).collect();
    for (found, expected) in [(joint.to_vec()?, means), (gradient.to_vec()?, halves)] {
        assert_eq!(found.len(), expected.len());
        let close = found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(close, "{found:?} {expected:?}");
    }
    let refused = AttackLoss::JointCrossEntropy(4).with_gradient(&logits, &labels);
    assert!(refused.is_err());
    Ok(())
}

#[test]
fn warm_starts_stay_in_the_ball_of_the_clean_image() -> Result<()> {
    let (ensemble, samples, starts) = (noisy(), images([1.0, 0.3])?, SeededStarts::new(5));
    let subject = subject(&ensemble, Aggregation::CrossMax, &samples, &starts);
    let mean = subject.combined(Aggregation::Mean, Views::Fresh)?;
    let oracle = Oracle::new(&mean, 4)?;
    // Images that another attack moved by twice as much.
    let far = samples.images().to_vec()?;
    let far: Vec<f32> = far.iter().map(|value| (value + 0.16).min(1.0)).collect();
    let far = Tensor::from_slice(*samples.images().shape(), &far)?;
    let config = PgdConfig::new(0.08, 3);
    let steps = pgd_numbered(&oracle, &starts, &samples, (&config, 7), Some(&far), &mut |_| {
        Ok(())
    })?;
    let config = ApgdConfig {
        iterations: 3,
        ..ApgdConfig::new(0.08, AttackLoss::CrossEntropy)
    };
    let mut search = Apgd::from_images(&oracle, &samples, &config, 7, &far)?;
    let start = linf_distances(samples.images(), search.point())?;
    while !search.is_finished() {
        search.step()?;
    }
    for found in [&steps, search.best(), search.point()] {
        let largest = linf_distances(samples.images(), found)?
            .into_iter()
            .fold(0.0, f64::max);
        assert!(largest <= 0.08 + 1e-6, "{largest}");
    }
    assert!(
        start.iter().all(|distance| (distance - 0.08).abs() < 1e-6),
        "{start:?}"
    );
    // Numbers name draws: another number is another search.
    let config = PgdConfig::new(0.08, 3);
    let other = pgd_numbered(&oracle, &starts, &samples, (&config, 8), None, &mut |_| Ok(()))?;
    let same = pgd_numbered(&oracle, &starts, &samples, (&config, 7), None, &mut |_| Ok(()))?;
    assert_ne!(other.to_vec()?, same.to_vec()?);
    assert!(pgd_numbered(&oracle, &starts, &samples, (&config, 1024), None, &mut |_| Ok(())).is_err());
    Ok(())
}
