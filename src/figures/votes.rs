//! The classes that several draws gave one image, as small bars.

use super::names::class_name;
use super::palette::{BLUE, Color, LIGHT_GREY, ORANGE};
use super::sheet::{SMALL, Sheet};
use super::style::Swatch;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Width of the votes over one picture in pixels.
pub(super) const WIDTH: f32 = 200.0;
/// Colours of the bars and their meanings: the true class, the others.
pub(super) const KEY: [(Swatch, &str); 2] = [
    (Swatch::Area(TRUE), "votes for the true class"),
    (Swatch::Area(OTHER), "votes for another class"),
];
const TRUE: Color = BLUE;
const OTHER: Color = ORANGE;
/// Width of the names of classes in pixels.
const NAME: f32 = 100.0;
/// Length of the bar of all votes in pixels.
const BAR: f32 = 60.0;
/// Height of a class in pixels.
const LINE: f32 = 22.0;
/// Classes for which there is room.
const CLASSES: usize = 4;

/// Votes for `label`, then for the other classes, most first. Where there are more than `most`
/// classes, the last entry holds the rest and names none.
pub(super) fn count_votes(votes: &[usize], label: usize, most: usize) -> Vec<(Option<usize>, usize)> {
    let mut counts = BTreeMap::from([(label, 0)]);
    for &class in votes {
        *counts.entry(class).or_insert(0) += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().map(|(c, n)| (Some(c), n)).collect();
    counts.sort_by_key(|&(class, count)| (class != Some(label), Reverse(count), class));
    if counts.len() > most {
        let rest = counts.split_off(most.saturating_sub(1));
        counts.push((None, rest.iter().map(|entry| entry.1).sum()));
    }
    counts
}

/// A bar per class, its length the share of the votes, its count behind it; from `at` downwards.
pub(super) fn draw(sheet: &mut Sheet, votes: &[usize], label: usize, classes: &[&str], at: (f32, f32)) {
    let counts = count_votes(votes, label, CLASSES);
    for (i, (class, count)) in counts.into_iter().enumerate() {
        let top = at.1 + 4.0 + i as f32 * LINE;
        let name = class.map_or("other classes".to_owned(), |c| class_name(classes, c));
        let color = if class == Some(label) { TRUE } else { OTHER };
        let name_at = (at.0, top + 12.5);
        sheet.text(&name, name_at, SMALL, NAME - 6.0);
        let bar = (at.0 + NAME, top);
        let length = BAR * count as f32 / votes.len().max(1) as f32;
        sheet.rectangle(bar, (BAR, 16.0), LIGHT_GREY);
        sheet.rectangle(bar, (length, 16.0), color);
        let count_at = (bar.0 + BAR + 6.0, top + 12.5);
        sheet.text(&count.to_string(), count_at, SMALL, 34.0);
    }
}
