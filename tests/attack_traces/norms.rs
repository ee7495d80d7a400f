//! APGD for L2 and L1, and APGD-T, against searches recorded from AutoAttack's code, iteration by iteration.

use crate::fixture::{Network, Trace, samples};
use crate::{assert_close, assert_same_pictures, no_progress};
use crossmax::Result;
use crossmax::attacks::{
    Apgd, ApgdConfig, AttackLoss, AttackSlot, Classifier, Norm, Oracle, StartSource, perturb,
};
use crossmax::tensor::Tensor;
use crossmax::testing::formula::unit;

/// The uniform numbers of the recorded random starts, the same for every search.
struct Recorded;

impl StartSource<f64> for Recorded {
    fn fill(&self, _: AttackSlot, _: u16, image: u32, out: &mut [f64]) -> Result<()> {
        for (i, number) in out.iter_mut().enumerate() {
            *number = unit(&format!("apgd.start.{image}"), i);
        }
        Ok(())
    }
}

/// The classes of every image without its label, the largest logit first.
fn rivals(logits: &Tensor<f64>, labels: &[usize]) -> Result<Vec<Vec<usize>>> {
    let rows = logits.host("test")?.chunks_exact(10).zip(labels);
    Ok(rows
        .map(|(logits, &label)| {
            let mut classes: Vec<usize> = (0..10).filter(|&class| class != label).collect();
            classes.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]));
            classes
        })
        .collect())
}

/// Follows the recorded searches, and then the attack that they are parts of.
fn follow(case: &str, loss: AttackLoss, larger_radii: bool, targets: Option<u16>) -> Result<()> {
    let setup = Trace::load("network")?;
    let trace = Trace::load("apgd_norms")?.case(case);
    let norm: Norm = trace.text("norm").parse()?;
    let eps = trace.number("eps");
    let config = ApgdConfig {
        norm,
        iterations: trace.count("n_iter"),
        larger_radii,
        compat: true,
        ..match targets {
            None => ApgdConfig::new(eps, loss),
            Some(targets) => ApgdConfig {
                targets: Some(targets),
                ..ApgdConfig::targeted(eps)
            },
        }
    };
    let network = Network::new(&setup)?;
    let oracle = Oracle::new(&network, 5)?;
    let all = samples(&setup)?;
    let rivals = rivals(&network.logits(all.images(), &[])?, all.labels())?;

    let (losses, wrong) = (trace.reals("loss").to_vec()?, trace.flags("wrong"));
    let step_sizes = trace.reals("step_size").to_vec()?;
    let (mut at, mut step_at) = (0, 0);
    let mut searched = trace.integers("searched").into_iter();
    let counts = trace.integers("phases");
    let phases = if larger_radii { 3 } else { 1 };
    for (number, counts) in counts.chunks(phases).enumerate() {
        let count = counts[0];
        let rows: Vec<usize> = searched.by_ref().take(count).collect();
        assert!(searched.by_ref().take(count * (phases - 1)).count() == count * (phases - 1));
        let chosen = all.select(&rows)?;
        let targets = targets.map(|_| rows.iter().map(|&row| rivals[row][number]).collect());
        let mut uniforms = Tensor::zeros(*chosen.images().shape());
        let image = uniforms.len() / count;
        for (out, &id) in uniforms
            .make_mut("test")?
            .chunks_exact_mut(image)
            .zip(chosen.ids())
        {
            Recorded.fill(config.slot, 0, id, out)?;
        }
        let mut search = Apgd::new(&oracle, &chosen, &config, number as u16, targets, &uniforms)?;
        for phase in 0..phases {
            let mut iteration = 0;
            loop {
                let what = format!("{case}: search {number}, phase {phase}, iterate {iteration}");
                let state = search.appraisal();
                assert_close(&what, &state.last_loss, &losses[at..at + count]);
                let found: Vec<bool> = state
                    .last_prediction
                    .iter()
                    .zip(chosen.labels())
                    .map(|(p, y)| p != y)
                    .collect();
                assert_eq!(found, wrong[at..at + count], "{what}");
                at += count;
                if search.is_finished() {
                    break;
                }
                search.step()?;
                iteration += 1;
                let sizes: Vec<f64> = search.step_sizes().collect();
                assert_close(&what, &sizes, &step_sizes[step_at..step_at + count]);
                step_at += count;
            }
            match search.next_phase()? {
                Some(next) => search = next,
                None => assert_eq!(phase + 1, phases),
            }
        }
    }
    assert_eq!((at, step_at), (losses.len(), step_sizes.len()));
    assert_eq!(searched.next(), None);

    let found = perturb(&oracle, &Recorded, &all, &config, &mut no_progress)?;
    assert_same_pictures("adversarial", &found.images, &trace.pictures("adversarial")?)?;
    let fooled = trace.flags("fooled");
    for (i, outcome) in found.outcomes.iter().enumerate() {
        let lost = outcome.fooled_at.is_some() || !outcome.searched;
        assert_eq!(lost, fooled[i], "image {i}");
    }
    Ok(())
}

#[test]
fn apgd_for_l2_follows_the_traces() -> Result<()> {
    follow("l2_ce", AttackLoss::CrossEntropy, false, None)?;
    follow("l2_dlr", AttackLoss::Dlr, false, None)
}

#[test]
fn apgd_for_l1_follows_the_traces() -> Result<()> {
    follow("l1_ce", AttackLoss::CrossEntropy, false, None)?;
    follow("l1_large", AttackLoss::CrossEntropy, true, None)
}

#[test]
fn targeted_apgd_follows_the_traces() -> Result<()> {
    follow("linf_t", AttackLoss::Dlr, false, Some(3))?;
    follow("l2_t", AttackLoss::Dlr, false, Some(3))?;
    follow("l1_t", AttackLoss::Dlr, true, Some(2))
}
