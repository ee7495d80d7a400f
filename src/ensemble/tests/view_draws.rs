//! Random draws of the views: their distributions, and that a counter alone decides them.

use crate::ensemble::{ContrastRule, Method, NoiseKind, PhiloxNoise, Stream, draw_of, view_draws};
use crate::ops::{NoiseSource, ViewDraw};
use crate::tensor::{Counter, Philox, Purpose};
use std::collections::BTreeMap;

/// Counters that the distributions are judged by.
const MANY: u32 = 4000;

fn philox() -> Philox {
    Philox::new(11, Purpose::Views)
}

fn counters(n: u32) -> Vec<Counter> {
    let counter = |image| Counter {
        image,
        ..Counter::default()
    };
    (0..n).map(counter).collect()
}

fn drawn(contrast: ContrastRule, jitter: u32) -> Vec<ViewDraw> {
    let method = Method {
        contrast,
        jitter,
        ..Method::default()
    };
    view_draws(&philox(), &method, &counters(MANY))
}

/// Demands of each of `expected` values to be drawn about equally often: within five standard
/// deviations.
fn assert_uniform<K: Ord + std::fmt::Debug>(what: &str, values: impl Iterator<Item = K>, expected: usize) {
    let mut counts = BTreeMap::<K, usize>::new();
    values.for_each(|value| *counts.entry(value).or_default() += 1);
    assert_eq!(counts.len(), expected, "{what}: {counts:?}");
    let n = counts.values().sum::<usize>() as f64;
    let p = 1.0 / expected as f64;
    let deviation = (n * p * (1.0 - p)).sqrt();
    for (value, count) in counts {
        assert!(
            (count as f64 - n * p).abs() < 5.0 * deviation,
            "{what}: {value:?} is drawn {count} times"
        );
    }
}

/// Position of `value` in the linspace of 100 numbers from `first` to `last`; it must be in it.
fn step(value: f64, first: f64, last: f64) -> i64 {
    let position = (value - first) / (last - first) * 99.0;
    assert!(
        (position - position.round()).abs() < 1e-9,
        "{value} is between two numbers of the linspace"
    );
    position.round() as i64
}

fn correlation(pairs: &[(f64, f64)]) -> f64 {
    let n = pairs.len() as f64;
    let mean = |f: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(f).sum::<f64>() / n;
    let (x, y) = (mean(&|p| p.0), mean(&|p| p.1));
    let covariance = mean(&|p| (p.0 - x) * (p.1 - y));
    covariance / (mean(&|p| (p.0 - x).powi(2)) * mean(&|p| (p.1 - y).powi(2))).sqrt()
}

#[test]
fn shifts_are_uniform_in_both_directions() {
    let all = drawn(ContrastRule::Coupled, 3);
    assert_eq!(all.len(), MANY as usize * 4, "one draw an image and view");
    for axis in [0, 1] {
        assert_uniform("shift", all.iter().map(|draw| draw.shift[axis]), 7);
        assert!(all.iter().all(|draw| draw.shift[axis].abs() <= 3));
    }
    assert_uniform("pair of shifts", all.iter().map(|draw| draw.shift), 49);
    assert!(
        drawn(ContrastRule::Coupled, 0)
            .iter()
            .all(|draw| draw.shift == [0, 0])
    );
}

#[test]
fn contrast_is_the_colour_or_a_draw_of_its_own() {
    let coupled = drawn(ContrastRule::Coupled, 3);
    assert!(coupled.iter().all(|draw| draw.contrast == draw.colour));
    assert_uniform(
        "colour",
        coupled.iter().map(|draw| step(draw.colour, 0.5, 1.0)),
        100,
    );

    let independent = drawn(ContrastRule::Independent, 3);
    assert_uniform(
        "contrast",
        independent.iter().map(|draw| step(draw.contrast, 0.7, 1.5)),
        100,
    );
    let colours = |draws: &[ViewDraw]| draws.iter().map(|draw| draw.colour).collect::<Vec<_>>();
    assert_eq!(colours(&independent), colours(&coupled));
    let pairs: Vec<(f64, f64)> = independent
        .iter()
        .map(|draw| (draw.contrast, draw.colour))
        .collect();
    assert!(correlation(&pairs).abs() < 5.0 / (pairs.len() as f64).sqrt());
}

#[test]
fn views_and_axes_are_drawn_independently() {
    let all = drawn(ContrastRule::Coupled, 3);
    let limit = 5.0 / f64::from(MANY).sqrt();
    for (what, f) in [
        (
            "rows and columns",
            &(|draws: &[ViewDraw]| (draws[0].shift[0].into(), draws[0].shift[1].into()))
                as &dyn Fn(&[ViewDraw]) -> (f64, f64),
        ),
        ("rows of two views", &|draws| {
            (draws[0].shift[0].into(), draws[1].shift[0].into())
        }),
        ("shift and colour", &|draws| {
            (draws[2].shift[1].into(), draws[2].colour)
        }),
        ("colours of two views", &|draws| {
            (draws[2].colour, draws[3].colour)
        }),
    ] {
        let pairs: Vec<(f64, f64)> = all.chunks_exact(4).map(f).collect();
        let found = correlation(&pairs);
        assert!(found.abs() < limit, "{what}: correlation {found}");
    }
}

#[test]
fn a_draw_depends_on_its_counter_and_on_nothing_else() {
    let method = Method::default();
    let all = counters(50);
    let together = view_draws(&philox(), &method, &all);
    for (i, counter) in all.iter().enumerate() {
        assert_eq!(
            view_draws(&philox(), &method, &[*counter]),
            together[4 * i..4 * i + 4]
        );
    }
    let base = draw_of(&Stream::Votes.draw(3, 4, 5), 0);
    let others = [
        draw_of(&Stream::Votes.draw(4, 4, 5), 0),
        draw_of(&Stream::Votes.draw(3, 5, 5), 0),
        draw_of(&Stream::Votes.draw(3, 4, 6), 0),
        draw_of(&Stream::Votes.draw(3, 4, 5), 1),
        draw_of(&Stream::Predict.draw(3, 4, 5), 0),
        Counter { restart: 1, ..base },
    ];
    for other in others {
        assert_ne!(
            view_draws(&philox(), &method, &[other]),
            view_draws(&philox(), &method, &[base]),
            "{other:?}"
        );
    }
    let reseeded = view_draws(&Philox::new(12, Purpose::Views), &method, &[base]);
    assert_ne!(reseeded, view_draws(&philox(), &method, &[base]));
}

/// Noise of view `view` of row `row` at the view's resolution and at full resolution.
fn noise(kind: NoiseKind, counters: &[Counter], row: usize, view: usize) -> [Vec<f64>; 2] {
    let philox = philox();
    let source = PhiloxNoise {
        philox,
        counters,
        kind,
    };
    let mut pictures = [vec![0.0; 30_000], vec![0.0; 40_000]];
    source.low(row, view, &mut pictures[0]);
    source.full(row, view, &mut pictures[1]);
    pictures
}

/// Mean, variance and fourth central moment.
fn moments(values: &[f64]) -> [f64; 3] {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let central = |power| values.iter().map(|value| (value - mean).powi(power)).sum::<f64>() / n;
    [mean, central(2), central(4)]
}

#[test]
fn noise_is_uniform_or_gaussian() {
    let counters = counters(2);
    // Tolerances are five standard deviations of the moments of so many numbers.
    for (kind, expected, tolerances) in [
        (
            NoiseKind::Uniform,
            [0.5, 1.0 / 12.0, 1.0 / 80.0],
            [0.009, 0.0025, 0.0006],
        ),
        (NoiseKind::Gaussian, [0.0, 1.0, 3.0], [0.03, 0.045, 0.3]),
    ] {
        for picture in noise(kind, &counters, 1, 2) {
            let found = moments(&picture);
            for ((found, expected), tolerance) in found.into_iter().zip(expected).zip(tolerances) {
                assert!(
                    (found - expected).abs() < tolerance,
                    "{kind:?}: {found}, not {expected}"
                );
            }
            let within = picture.iter().all(|value| (0.0..1.0).contains(value));
            assert_eq!(within, kind == NoiseKind::Uniform, "{kind:?} in [0, 1)");
        }
    }
}

#[test]
fn noise_depends_on_image_view_and_resolution_only() {
    let all = counters(5);
    for kind in [NoiseKind::Uniform, NoiseKind::Gaussian] {
        let [low, full] = noise(kind, &all, 3, 1);
        assert_eq!(
            noise(kind, &all[3..4], 0, 1),
            [low.clone(), full.clone()],
            "alone or in a batch"
        );
        assert_ne!(low, full[..low.len()], "the two resolutions share their noise");
        assert_ne!(noise(kind, &all, 2, 1)[0], low, "two images share their noise");
        assert_ne!(noise(kind, &all, 3, 0)[0], low, "two views share their noise");
    }
}

#[test]
fn streams_of_a_run_are_apart_from_each_other_and_from_attacks() {
    let streams = [
        Stream::TrainBackbone,
        Stream::TrainHead,
        Stream::EpochTest,
        Stream::CleanTest,
        Stream::Votes,
        Stream::Prototypes,
        Stream::Views,
        Stream::Predict,
    ];
    let numbers: std::collections::BTreeSet<u8> =
        streams.iter().map(|stream| stream.draw(0, 0, 0).attack).collect();
    assert_eq!(numbers.len(), streams.len());
    // 6 bits of the counter; attacks use those below 32.
    assert!(
        numbers.iter().all(|number| (32..64).contains(number)),
        "{numbers:?}"
    );
}
