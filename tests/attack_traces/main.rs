//! The attacks against trajectories recorded from AutoAttack's code, in f64 and step by step.
//! `tests/reference/apgd_traces.md` describes the recordings and what they cannot decide.

mod fab;
mod fixture;
mod golden;
mod norms;
mod square;

use crossmax::Result;
use crossmax::attacks::{
    Apgd, ApgdConfig, AttackKind, AttackLoss, AttackSlot, AutoAttackConfig, AutoAttackReport,
    AutoAttackState, Classifier, Draw, Evaluation, FgsmConfig, LabelledImages, Oracle, PgdConfig, autoattack,
    fgsm, perturb, pgd,
};
use crossmax::tensor::Tensor;
use fixture::{Network, Noise, RecordedStarts, Trace, attack_draws, samples};

/// Traces come from another implementation; no decision on their way is closer than this to a tie.
const TOLERANCE: f64 = 1e-10;

fn assert_close(what: &str, found: &[f64], expected: &[f64]) {
    assert_within(what, found, expected, TOLERANCE);
}

fn assert_within(what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let differences = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
    let worst = differences.fold(
        0.0,
        |worst: f64, d| if d > worst || d.is_nan() { d } else { worst },
    );
    assert!(worst <= tolerance, "{what} differs by {worst:e}");
}

fn assert_same_pictures(what: &str, found: &Tensor<f64>, expected: &Tensor<f64>) -> Result<()> {
    assert_eq!(found.dims(), expected.dims(), "{what}");
    assert_close(what, found.host("test")?, expected.host("test")?);
    Ok(())
}

fn no_progress<P>(_: &P) -> Result<()> {
    Ok(())
}

#[test]
fn network_gives_the_recorded_logits() -> Result<()> {
    let trace = Trace::load("network")?;
    let logits = Network::new(&trace)?.logits(samples(&trace)?.images(), &[])?;
    assert_close(
        "logits",
        logits.host("test")?,
        trace.reals("logits").host("test")?,
    );
    Ok(())
}

/// Follows one recorded search of APGD, and then the attack that it is a part of.
fn follow_apgd(name: &str, loss: AttackLoss) -> Result<()> {
    let (setup, trace) = (Trace::load("network")?, Trace::load(name)?);
    let config = ApgdConfig {
        iterations: trace.count("n_iter"),
        eot: trace.count("eot_iter"),
        rho: trace.number("rho"),
        compat: true,
        ..ApgdConfig::new(trace.number("eps"), loss)
    };
    let mut network = Network::new(&setup)?;
    if config.eot > 1 {
        let draws = attack_draws(config.slot, config.iterations, config.eot);
        network.noise = Some(Noise::new(&Trace::load("noise")?, draws.into_iter().enumerate())?);
    }
    let oracle = Oracle::new(&network, 5)?;
    let all = samples(&setup)?;
    let attacked = trace.integers("attacked");
    let chosen = all.select(&attacked)?;
    let uniforms = setup.pictures("start_uniforms")?;
    let mut search = Apgd::new(&oracle, &chosen, &config, 0, None, &uniforms.select(&attacked)?)?;

    let n = attacked.len();
    let (losses, correct, step_sizes) = (
        trace.reals("loss"),
        trace.flags("correct"),
        trace.reals("step_size"),
    );
    let iterates = trace.pictures("iterates")?;
    let recorded = trace.integers("iterate_index");
    for i in 0..=usize::from(config.iterations) {
        if i > 0 {
            search.step()?;
            let sizes: Vec<f64> = search.step_sizes().collect();
            assert_close(
                &format!("step size {i}"),
                &sizes,
                step_sizes.rows(i - 1, 1)?.host("test")?,
            );
        }
        let state = search.appraisal();
        assert_close(
            &format!("loss {i}"),
            &state.last_loss,
            losses.rows(i, 1)?.host("test")?,
        );
        let right: Vec<bool> = state
            .last_prediction
            .iter()
            .zip(chosen.labels())
            .map(|(p, y)| p == y)
            .collect();
        assert_eq!(right, correct[i * n..][..n], "correct {i}");
        if let Some(at) = recorded.iter().position(|&index| index == i) {
            assert_same_pictures(
                &format!("iterate {i}"),
                search.point(),
                &iterates.rows(at * n, n)?,
            )?;
        }
    }
    assert!(search.is_finished() && search.step().is_err());
    assert_same_pictures("x_best", search.best(), &trace.pictures("x_best")?)?;
    let best_losses: Vec<f64> = search.best_losses().collect();
    assert_close("loss_best", &best_losses, trace.reals("loss_best").host("test")?);
    let unbroken: Vec<bool> = search.fooled_at().map(|fooled| fooled.is_none()).collect();
    assert_eq!(unbroken, trace.flags("acc"));
    assert_same_pictures("x_best_adv", search.adversarial(), &trace.pictures("x_best_adv")?)?;

    let found = perturb(
        &oracle,
        &RecordedStarts(uniforms),
        &all,
        &config,
        &mut no_progress,
    )?;
    assert_same_pictures("adversarial", &found.images, &trace.pictures("adversarial")?)?;
    let searched: Vec<usize> = (0..all.len()).filter(|&i| found.outcomes[i].searched).collect();
    assert_eq!(searched, attacked);
    Ok(())
}

#[test]
fn apgd_ce_follows_the_trace() -> Result<()> {
    follow_apgd("apgd_ce", AttackLoss::CrossEntropy)
}

#[test]
fn apgd_dlr_follows_the_trace() -> Result<()> {
    follow_apgd("apgd_dlr", AttackLoss::Dlr)
}

#[test]
fn apgd_ce_with_eot_follows_the_trace() -> Result<()> {
    follow_apgd("apgd_ce_eot", AttackLoss::CrossEntropy)
}

#[test]
fn apgd_dlr_with_eot_follows_the_trace() -> Result<()> {
    follow_apgd("apgd_dlr_eot", AttackLoss::Dlr)
}

/// The recorded calls of the driver as draws: 0 and 1 are checks that are not made here.
fn driver_calls(config: &AutoAttackConfig) -> Vec<(usize, Draw)> {
    let mut draws = vec![Evaluation::Initial.draw(0, 0)];
    for slot in [AttackSlot::APGD_CE, AttackSlot::APGD_DLR] {
        draws.extend(attack_draws(slot, config.iterations, config.eot));
        draws.push(slot.recheck(0));
    }
    (2..).zip(draws).collect()
}

#[test]
fn driver_follows_the_trace() -> Result<()> {
    let (setup, trace) = (Trace::load("network")?, Trace::load("rand")?);
    let config = AutoAttackConfig {
        iterations: trace.count("n_iter"),
        eot: trace.count("eot_iter"),
        block: 4,
        ..AutoAttackConfig::rand(trace.number("eps"))
    };
    let calls = driver_calls(&config);
    assert_eq!(
        calls.last().map(|&(call, _)| call),
        Some(94),
        "the trace has 95 calls"
    );
    let mut network = Network::new(&setup)?;
    network.noise = Some(Noise::new(&trace, calls)?);
    let all = samples(&setup)?;
    let oracle = Oracle::new(&network, 7)?;
    let starts = RecordedStarts(setup.pictures("start_uniforms")?);
    let mut searched = [Vec::new(), Vec::new()];
    let state = autoattack(
        &oracle,
        &starts,
        &all,
        &config,
        None,
        &mut no_progress,
        &mut |progress| {
            if progress.search.iteration == 1 {
                searched[progress.attack_index].push(progress.search.images);
            }
            Ok(())
        },
    )?;

    for (attack, searched) in ["apgd_ce", "apgd_dlr"].iter().zip(searched) {
        let expected = trace.integers(&format!("{attack}.attacked")).len();
        assert_eq!(searched.iter().sum::<usize>(), expected, "{attack}");
    }
    assert_flags(&state, &trace);
    assert_same_pictures("x_adv", state.adversarial(), &trace.pictures("x_adv")?)?;
    for (record, label) in state.records().iter().zip(trace.integers("y_adv")) {
        assert_eq!(
            record.broken.map_or(record.initial_prediction, |b| b.prediction),
            label,
            "{record:?}"
        );
    }
    // Image 1 is right at first, wrong on APGD-CE's own look and lost at the re-check.
    assert_eq!(
        state.records()[1].broken.map(|b| (b.by, b.iterate)),
        Some((AttackKind::ApgdCe, None))
    );
    let report = AutoAttackReport::new(&state, true);
    assert_eq!(report.initial.fraction, trace.number("initial_accuracy"));
    assert_eq!(report.robust.fraction, trace.number("robust_accuracy"));
    assert_eq!(report.after[1].1, report.robust);
    Ok(())
}

fn assert_flags(state: &AutoAttackState<f64>, trace: &Trace) {
    let left = |record: &crossmax::attacks::ImageRecord, done: &[AttackKind]| {
        record.initially_right() && !record.broken.is_some_and(|broken| done.contains(&broken.by))
    };
    for (key, done) in [
        ("robust_initial", &[][..]),
        ("robust_after_apgd_ce", &[AttackKind::ApgdCe]),
        (
            "robust_after_apgd_dlr",
            &[AttackKind::ApgdCe, AttackKind::ApgdDlr],
        ),
    ] {
        let flags: Vec<bool> = state.records().iter().map(|record| left(record, done)).collect();
        assert_eq!(flags, trace.flags(key), "{key}");
    }
}

#[test]
fn pgd_follows_the_trace() -> Result<()> {
    let (setup, trace) = (Trace::load("network")?, Trace::load("pgd")?);
    let (network, all) = (Network::new(&setup)?, samples(&setup)?);
    let oracle = Oracle::new(&network, 4)?;
    let starts = RecordedStarts(setup.pictures("start_uniforms")?);
    let iterates = trace.pictures("iterates")?;
    let losses = trace.reals("loss");
    for (at, &steps) in trace.integers("iterate_index").iter().enumerate() {
        let config = PgdConfig {
            step_size: trace.number("step_size"),
            ..PgdConfig::new(trace.number("eps"), steps as u16)
        };
        let found = pgd(&oracle, &starts, &all, &config, &mut no_progress)?;
        let expected = iterates.rows(at * all.len(), all.len())?;
        assert_same_pictures(&format!("iterate {steps}"), &found, &expected)?;
        assert_close(
            "loss",
            &losses_at(&oracle, &all, &found)?,
            losses.rows(steps, 1)?.host("test")?,
        );
    }
    Ok(())
}

#[test]
fn fgsm_follows_the_trace() -> Result<()> {
    let (setup, trace) = (Trace::load("network")?, Trace::load("fgsm")?);
    let (network, all) = (Network::new(&setup)?, samples(&setup)?);
    let oracle = Oracle::new(&network, 4)?;
    let starts = RecordedStarts(setup.pictures("start_uniforms")?);
    let found = fgsm(&oracle, &starts, &all, &FgsmConfig::new(trace.number("eps")))?;
    assert_same_pictures("x_adv", &found, &trace.pictures("x_adv")?)?;
    assert_close(
        "loss",
        &losses_at(&oracle, &all, &found)?,
        trace.reals("loss").host("test")?,
    );
    Ok(())
}

fn losses_at(oracle: &Oracle<'_, f64>, all: &LabelledImages<f64>, at: &Tensor<f64>) -> Result<Vec<f64>> {
    let loss = AttackLoss::CrossEntropy;
    Ok(oracle
        .appraise(at, all.labels(), loss, 1, &|_, _| Draw::default())?
        .last_loss)
}
