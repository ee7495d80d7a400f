//! The Square attack against searches recorded from AutoAttack's code, query by query.

use crate::fixture::{Network, Trace, samples};
use crate::{TOLERANCE, assert_within, no_progress};
use crossmax::Result;
use crossmax::attacks::{
    AttackSlot, Norm, Oracle, Square, SquareConfig, SquareLoss, SquareSource, predicted_classes, square,
};
use crossmax::testing::formula::unit;

/// How far a search may be from its trace. For L2 and L1 a window without a part in the perturbation gets the
/// length that rounding leaves of ε, and its direction, as noisy as that, is added to the next one.
fn tolerance(norm: Norm) -> f64 {
    match norm {
        Norm::Linf => TOLERANCE,
        Norm::L2 => 1e-5,
        Norm::L1 => 5e-4,
    }
}

const CHANNELS: usize = 3;

/// The numbers that the recorded searches were given: single ones, and for L∞ all signs after the start, are
/// the query's, the same for all images; other signs the image's own.
struct Recorded(Norm);

impl SquareSource for Recorded {
    fn fill(&self, _: AttackSlot, _: u16, query: u16, image: u32, out: &mut [f64]) -> Result<()> {
        let shared = |i: usize| unit(&format!("square.{query}"), i);
        let own = |i: usize| unit(&format!("square.{query}.{image}"), i);
        for (i, number) in out.iter_mut().enumerate() {
            *number = match (self.0, query) {
                (Norm::Linf, 0) => own(i),
                (Norm::Linf, _) => shared(i),
                (_, 0) => match (i / (1 + CHANNELS), i % (1 + CHANNELS)) {
                    (tile, 0) => shared(tile),
                    (tile, sign) => own(CHANNELS * tile + sign - 1),
                },
                _ if i < 5 => shared(i),
                _ => own(i - 5),
            };
        }
        Ok(())
    }
}

/// Follows one recorded search, and then the attack that it is a part of.
fn follow(case: &str) -> Result<()> {
    let (setup, trace) = (Trace::load("network")?, Trace::load("square")?.case(case));
    let norm: Norm = trace.text("norm").parse()?;
    let config = SquareConfig {
        queries: Trace::load("square")?.count("queries"),
        rescale_schedule: trace.switch("resc_schedule"),
        loss: match trace.text("loss").as_str() {
            "ce" => SquareLoss::CrossEntropy,
            _ => SquareLoss::Margin,
        },
        compat: true,
        ..SquareConfig::new(norm, trace.number("eps"))
    };
    let network = Network::new(&setup)?;
    let oracle = Oracle::new(&network, 5)?;
    let all = samples(&setup)?;
    let searched = trace.integers("searched");
    let chosen = all.select(&searched)?;
    let source = Recorded(norm);
    let mut search = Square::new(&oracle, &source, &chosen, &config, 0)?;

    let margins = trace.reals("margin").to_vec()?;
    let losses = match config.loss {
        SquareLoss::Margin => margins.clone(),
        SquareLoss::CrossEntropy => trace.reals("loss").to_vec()?,
    };
    // Recorded one after another: for every query the images whose search went on.
    let mut at = 0;
    let mut accepted = trace.integers("accepted").into_iter();
    loop {
        let query = search.progress().iteration;
        let best_queries: Vec<u16> = search.best_queries().collect();
        for (i, margin, loss) in search.last_looks() {
            let what = format!("query {query} of {i}");
            assert_within(
                &what,
                &[margin, loss],
                &[margins[at], losses[at]],
                tolerance(norm),
            );
            at += 1;
            // A 2 is for images that are nearly the same, or the same to the network.
            let taken = usize::from(best_queries[i] == query);
            if query > 0 && !accepted.next().is_some_and(|flag| flag == taken || flag == 2) {
                panic!("{what}: accepted {taken}, recorded otherwise");
            }
        }
        if search.is_finished() {
            break;
        }
        search.step()?;
    }
    assert_eq!((at, accepted.next()), (margins.len(), None));
    let queries: Vec<usize> = search.last_queries().map(|last| usize::from(last) + 1).collect();
    assert_eq!(queries, trace.integers("queries"));
    if !config.rescale_schedule {
        let (best, expected) = (search.best()?, trace.pictures("best")?);
        assert_within(
            "best",
            best.host("test")?,
            expected.host("test")?,
            tolerance(norm),
        );
    }

    let found = square(&oracle, &source, &all, &config, &mut no_progress)?;
    let predictions =
        predicted_classes(&oracle.logits(&found.images, &vec![Default::default(); all.len()])?)?;
    let fooled: Vec<bool> = predictions
        .iter()
        .zip(all.labels())
        .map(|(p, y)| p != y)
        .collect();
    assert_eq!(fooled, trace.flags("fooled"));
    for (i, outcome) in found.outcomes.iter().enumerate() {
        assert_eq!(outcome.searched, searched.contains(&i));
        assert_eq!(outcome.fooled_at.is_some(), outcome.searched && fooled[i]);
    }
    Ok(())
}

#[test]
fn square_linf_follows_the_traces() -> Result<()> {
    follow("linf")?;
    follow("linf_rescaled")
}

#[test]
fn square_on_the_cross_entropy_follows_the_trace() -> Result<()> {
    follow("linf_ce")
}

#[test]
fn square_l2_follows_the_traces() -> Result<()> {
    follow("l2")?;
    follow("l2_rescaled")
}

#[test]
fn square_l1_follows_the_traces() -> Result<()> {
    follow("l1")?;
    follow("l1_rescaled")
}
