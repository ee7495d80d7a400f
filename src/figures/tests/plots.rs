//! Plots as decoded pixels.

use super::*;
use crate::figures::palette::{BLUE, GREEN, SERIES};

/// Rows of a column of the sheet, below the legend, that have this colour.
fn rows(sheet: &Decoded, x: usize, color: Color) -> Vec<usize> {
    (100..sheet.height)
        .filter(|&y| sheet.pixel(x, y) == color)
        .collect()
}

fn bar(accuracy: f32, predictor: Predictor) -> LayerBar<'static> {
    LayerBar {
        name: "bar",
        accuracy,
        interval: (f32::NAN, f32::NAN),
        training: None,
        predictor,
    }
}

#[test]
fn bars_are_as_high_as_the_accuracy() {
    let bars = [bar(1.0, Predictor::Layer), bar(0.25, Predictor::Ensemble)];
    let sheet = Decoded::new(&layers("layers", &bars, f32::NAN, 9).unwrap().png().unwrap());
    assert_eq!(rows(&sheet, 96 + 8 + 34, BLUE).len(), 300);
    assert_eq!(rows(&sheet, 96 + 8 + 68 + 34, GREEN).len(), 75);
}

#[test]
fn whiskers_span_the_interval() {
    let with_interval = LayerBar {
        interval: (0.5, 0.9),
        ..bar(1.0, Predictor::Layer)
    };
    let sheet = layers("layers", &[with_interval], f32::NAN, 9).unwrap();
    let black = rows(&Decoded::new(&sheet.png().unwrap()), 96 + 8 + 34, [0; 3]);
    // Letters and the frame are black too; the whisker is the longest piece.
    let pieces = black.chunk_by(|above, below| above + 1 == *below);
    let height = pieces.map(<[usize]>::len).max().unwrap_or(0);
    // 300 rows are 100 %; the strokes at both ends add one and a half.
    assert!((119..=122).contains(&height), "{height} rows");
}

fn accuracies(values: &[f32]) -> Decoded {
    let curve = Curve {
        name: "backbone",
        subset: Subset::Train,
        values,
    };
    Decoded::new(&accuracy_curve(&[curve]).unwrap().png().unwrap())
}

#[test]
fn curves_pass_through_their_points_and_stop_at_gaps() {
    let whole = accuracies(&[1.0, 1.0, 1.0]);
    let gap = accuracies(&[1.0, f32::NAN, 1.0]);
    // The plot starts at 96; three epochs lie 120 pixels apart.
    let (first, second) = (96 + 60, 96 + 180);
    let [row, ..] = rows(&whole, second, SERIES[0])[..] else {
        panic!("no curve at the second epoch");
    };
    assert!(rows(&gap, first, SERIES[0]).contains(&row));
    let between = first + 10..second + 100;
    assert!(between.clone().all(|x| !rows(&whole, x, SERIES[0]).is_empty()));
    assert!(between.clone().all(|x| rows(&gap, x, SERIES[0]).is_empty()));
}

#[test]
fn long_curves_have_few_markers_and_lone_points_one() {
    let discs = |values: &[f32]| {
        let curve = Curve {
            name: "backbone",
            subset: Subset::Train,
            values,
        };
        let svg = accuracy_curve(&[curve]).unwrap().svg();
        // One of them stands in the legend.
        svg.matches("<circle").count() - 1
    };
    assert_eq!(discs(&[0.5; 40]), 40);
    assert_eq!(discs(&[0.5; 400]), 40);
    let mut lone = [f32::NAN; 400];
    lone[203] = 0.5;
    assert_eq!(discs(&lone), 1);
}

#[test]
fn responses_lie_at_their_accuracies_in_places_equally_far_apart() {
    let points = [(1.0, (f32::NAN, f32::NAN)), (0.25, (f32::NAN, f32::NAN))];
    let curve = Response {
        name: "defence",
        points: &points,
    };
    let at = ["20".to_owned(), "640".to_owned()];
    let sheet = responses("steps", "steps", &at, &[curve]).unwrap();
    let svg = sheet.svg();
    assert!(svg.contains("640") && svg.contains("defence"), "{svg}");
    let sheet = Decoded::new(&sheet.png().unwrap());
    // The plot starts at 96 and its two places are 180 pixels apart; 240 rows are 100 %.
    let middle = |x: usize| {
        let rows = rows(&sheet, x, SERIES[0]);
        rows.iter().sum::<usize>() as f32 / rows.len() as f32
    };
    let apart = middle(96 + 270) - middle(96 + 90);
    assert!((178.0..=182.0).contains(&apart), "{apart}");
}
