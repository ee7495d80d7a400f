//! The whole driver against verdicts recorded from AutoAttack's code: 64 images of a plain network and of an adversarially
//! trained one. `tests/reference/golden.md` describes the recordings, and holds the table of what was found.

mod network;
mod numbers;
mod table;

use crate::fixture::Trace;
use crate::no_progress;
use crossmax::Result;
use crossmax::attacks::{
    AttackKind, AttackSource, AutoAttackConfig, AutoAttackState, Oracle, SeededStarts, Version, autoattack,
};
use network::{SmallNetwork, samples};
use numbers::RecordedNumbers;
use table::{Row, Table};

/// Seed of the default mode's numbers.
const SEED: u64 = 0;

/// What a run says of every image.
#[derive(Clone, Debug, PartialEq)]
struct Verdicts {
    /// Whether each image is right, or still so: before the attacks, and after each of them.
    robust: Vec<Vec<bool>>,
    /// The class of each image: that reached when it was broken, else that before the attacks.
    classes: Vec<usize>,
    /// Lengths of the perturbations; 0 where nothing was broken.
    lengths: Vec<f64>,
}

impl Verdicts {
    fn recorded(trace: &Trace, images: usize) -> Result<Self> {
        Ok(Self {
            robust: trace.flags("robust").chunks(images).map(<[bool]>::to_vec).collect(),
            classes: trace.integers("classes"),
            lengths: trace.reals("length").to_vec()?,
        })
    }

    fn of(state: &AutoAttackState<f64>, lengths: Vec<f64>) -> Self {
        let attacks = &state.config().attacks;
        let left = |done: &[AttackKind]| {
            let records = state.records().iter();
            let lost = |by: AttackKind| done.contains(&by);
            records
                .map(|record| record.initially_right() && !record.broken.is_some_and(|broken| lost(broken.by)))
                .collect()
        };
        let classes = state.records().iter();
        Self {
            robust: (0..=attacks.len()).map(|done| left(&attacks[..done])).collect(),
            classes: classes
                .map(|record| record.broken.map_or(record.initial_prediction, |broken| broken.prediction))
                .collect(),
            lengths,
        }
    }

    /// Images of which `flags` says other things than these verdicts.
    fn differing(&self, flags: &[Vec<bool>]) -> Vec<usize> {
        let differs = |i: &usize| self.robust.iter().zip(flags).any(|(a, b)| a[*i] != b[*i]);
        (0..self.classes.len()).filter(differs).collect()
    }

    /// How many images are robust before the attacks, and after each.
    fn counts(&self) -> Vec<usize> {
        let counts = self.robust.iter().map(|flags| flags.iter().filter(|&&flag| flag).count());
        counts.collect()
    }
}

fn settings(trace: &Trace) -> Result<AutoAttackConfig> {
    let (norm, eps) = (trace.text("norm").parse()?, trace.number("eps"));
    let standard = AutoAttackConfig::version(Version::Standard, norm, eps);
    let base = AutoAttackConfig {
        iterations: trace.count("n_iter"),
        targets: trace.count("apgd_targets"),
        fab_targets: trace.count("fab_targets"),
        queries: trace.count("queries"),
        ..standard
    };
    if trace.text("version") == "standard" {
        return Ok(base);
    }
    let attacks: Result<_> = trace.texts("attacks").iter().map(|name| name.parse()).collect();
    Ok(AutoAttackConfig {
        attacks: attacks?,
        restarts: trace.count("restarts"),
        fab_restarts: trace.count("fab_restarts"),
        ..base
    })
}

#[test]
fn verdicts_are_the_recorded_ones() -> Result<()> {
    let all = samples(&Trace::load("golden")?)?;
    let mut table = Table::default();
    let mut failures = Vec::new();
    for case in Trace::load("golden")?.cases() {
        let trace = Trace::load("golden")?.case(&case);
        let network = SmallNetwork::new(&Trace::load("golden")?.case(&trace.text("network")))?;
        let oracle = Oracle::new(&network, 16)?;
        let config = settings(&trace)?;
        let run = |config: &AutoAttackConfig, source: &dyn AttackSource<f64>| -> Result<Verdicts> {
            let state = autoattack(
                &oracle,
                source,
                &all,
                config,
                None,
                &mut no_progress,
                &mut no_progress,
            )?;
            let lengths = crossmax::attacks::distances(config.norm, all.images(), state.adversarial())?;
            Ok(Verdicts::of(&state, lengths))
        };
        let recorded = Verdicts::recorded(&trace, all.len())?;
        let single: Vec<Vec<bool>> = trace
            .flags("robust_in_float32")
            .chunks(all.len())
            .map(<[bool]>::to_vec)
            .collect();
        let unsettled = recorded.differing(&single);
        let compat_config = AutoAttackConfig {
            compat: true,
            ..config.clone()
        };
        let compat = run(&compat_config, &RecordedNumbers(config.norm))?;
        let default = run(&config, &SeededStarts::new(SEED))?;
        let wrong = recorded.differing(&compat.robust);
        let classes: Vec<usize> = (0..64).filter(|&i| recorded.classes[i] != compat.classes[i]).collect();
        let far: Vec<(usize, f64)> = (0..64)
            .map(|i| (i, (recorded.lengths[i] - compat.lengths[i]).abs()))
            .filter(|x| x.1 > 1e-9)
            .collect();
        println!("{case} {:?} {:?} {:?} unsettled {unsettled:?} wrong {wrong:?} classes {classes:?} far {far:?}", recorded.counts(), compat.counts(), default.counts());
        if wrong.iter().any(|i| !unsettled.contains(i)) {
            failures.push(format!("{case}: {wrong:?}"));
        }
    }
    assert!(failures.is_empty(), "{failures:?}");
    Ok(())
}
