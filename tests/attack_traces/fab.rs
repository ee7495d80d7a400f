//! FAB and FAB-T against searches recorded from AutoAttack's code, iteration by iteration.

use crate::fixture::{Network, Trace, samples};
use crate::{assert_close, assert_same_pictures, assert_within, no_progress};
use crossmax::Result;
use crossmax::attacks::{AttackSlot, Classifier, Fab, FabConfig, Norm, Oracle, StartSource, fab};
use crossmax::tensor::Tensor;
use crossmax::testing::formula::unit;

/// The uniform numbers of the recorded random starts, the same for every search.
struct Recorded;

impl StartSource<f64> for Recorded {
    fn fill(&self, _: AttackSlot, _: u16, image: u32, out: &mut [f64]) -> Result<()> {
        for (i, number) in out.iter_mut().enumerate() {
            *number = unit(&format!("fab.start.{image}"), i);
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
fn follow(case: &str) -> Result<()> {
    let (setup, file) = (Trace::load("network")?, Trace::load("fab")?);
    let (iterations, targets) = (file.count("iterations"), file.count("targets"));
    let trace = file.case(case);
    let norm: Norm = trace.text("norm").parse()?;
    let targeted = trace.switch("targeted");
    let config = FabConfig {
        iterations,
        restarts: trace.count("n_restarts"),
        targets: targeted.then_some(targets),
        compat: true,
        ..FabConfig::new(norm, trace.number("eps"))
    };
    let network = Network::new(&setup)?;
    let oracle = Oracle::new(&network, 5)?;
    let all = samples(&setup)?;
    let rivals = rivals(&network.logits(all.images(), &[])?, all.labels())?;

    let (distances, misclassified) = (trace.reals("distance").to_vec()?, trace.flags("misclassified"));
    let (mut at, mut searched) = (0, trace.integers("searched").into_iter());
    for (number, count) in trace.integers("searches").into_iter().enumerate() {
        let rows: Vec<usize> = searched.by_ref().take(count).collect();
        let chosen = all.select(&rows)?;
        let targets = targeted.then(|| rows.iter().map(|&row| rivals[row][number]).collect());
        let mut start = Tensor::zeros(*chosen.images().shape());
        let image = start.len() / count;
        for (out, &id) in start.make_mut("test")?.chunks_exact_mut(image).zip(chosen.ids()) {
            Recorded.fill(config.slot, 0, id, out)?;
        }
        let start = (!targeted && number > 0).then_some(&start);
        let mut search = Fab::new(&oracle, &chosen, &config, number as u16, targets, start)?;
        while !search.is_finished() {
            search.step()?;
            let what = format!("search {number}, iterate {}", search.progress().iteration);
            let found: Vec<f64> = search.last_looks().map(|(distance, _)| distance).collect();
            assert_close(&what, &found, &distances[at..at + count]);
            let wrong: Vec<bool> = search.last_looks().map(|(_, wrong)| wrong).collect();
            assert_eq!(wrong, misclassified[at..at + count], "{what}");
            at += count;
        }
    }
    assert_eq!((at, searched.next()), (distances.len(), None));

    let found = fab(&oracle, &Recorded, &all, &config, &mut no_progress)?;
    let nearest = trace.reals("nearest").to_vec()?;
    for (i, distance) in found.distances.iter().enumerate() {
        assert_eq!(distance.is_some(), nearest[i].is_finite(), "image {i}");
        if let Some(distance) = distance {
            assert_within(&format!("distance {i}"), &[*distance], &nearest[i..=i], 1e-10);
        }
    }
    assert_same_pictures(
        "adversarial",
        &found.perturbed.images,
        &trace.pictures("adversarial")?,
    )?;
    for (i, (outcome, fooled)) in found
        .perturbed
        .outcomes
        .iter()
        .zip(trace.flags("fooled"))
        .enumerate()
    {
        // Image 0 is wrong as it is.
        assert_eq!(outcome.searched, i > 0);
        assert_eq!(outcome.fooled_at.is_some(), fooled && i > 0, "image {i}");
        assert!(!outcome.zero_gradient);
    }
    Ok(())
}

#[test]
fn fab_follows_the_traces() -> Result<()> {
    for norm in ["linf", "l2", "l1"] {
        follow(norm)?;
    }
    Ok(())
}

#[test]
fn fab_t_follows_the_traces() -> Result<()> {
    for norm in ["linf_t", "l2_t", "l1_t"] {
        follow(norm)?;
    }
    Ok(())
}
