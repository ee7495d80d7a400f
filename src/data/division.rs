//! Dividing pictures without a test split into two.

use std::collections::BTreeMap;

/// For each picture of these labels whether it is kept for testing: of every class the nearest to
/// `share` of its pictures, spread evenly over them; at least one and not all, where the class has two.
pub(super) fn kept_for_testing(labels: &[u16], share: f64) -> Vec<bool> {
    let mut classes = BTreeMap::<u16, Turn>::new();
    for &label in labels {
        classes.entry(label).or_default().pictures += 1;
    }
    for turn in classes.values_mut() {
        let wanted = (turn.pictures as f64 * share).round() as usize;
        turn.kept = wanted.max(1).min(turn.pictures - 1);
    }
    let is_kept = |label| {
        let turn = classes.entry(label).or_default();
        turn.next()
    };
    labels.iter().copied().map(is_kept).collect()
}

/// How far a class has been divided.
#[derive(Default)]
struct Turn {
    pictures: usize,
    /// How many of them are kept.
    kept: usize,
    seen: usize,
}

impl Turn {
    /// Whether the next picture is kept: whenever the even share reaches another whole number.
    fn next(&mut self) -> bool {
        let share = |seen: usize| (seen as u128 * self.kept as u128) / self.pictures.max(1) as u128;
        let kept = share(self.seen + 1) > share(self.seen);
        self.seen += 1;
        kept
    }
}

/// What is said about a data set that was divided so.
pub(super) fn warning(test: usize, total: usize) -> String {
    format!("no test split: {test} of {total} pictures, evenly from every class, are kept for testing")
}

#[cfg(test)]
mod tests {
    use super::kept_for_testing;

    #[test]
    fn an_even_share_of_every_class_is_kept() {
        let labels: Vec<u16> = (0..60).map(|i| i % 2).chain([2, 2, 3]).collect();
        let kept = kept_for_testing(&labels, 1.0 / 6.0);
        let of = |class: u16| -> Vec<usize> {
            let pictures = labels.iter().zip(&kept).filter(|&(&label, _)| label == class);
            let places = pictures.enumerate().filter(|(_, (_, kept))| **kept);
            places.map(|(place, _)| place).collect()
        };
        assert_eq!(of(0), [5, 11, 17, 23, 29]);
        assert_eq!(of(1), of(0));
        assert_eq!(of(2), [1], "one of two, though a sixth is less");
        assert!(of(3).is_empty(), "a single picture is for training");
        let kept = kept_for_testing(&[0, 0, 0, 0], 0.99);
        assert_eq!(kept.iter().filter(|&&kept| kept).count(), 3, "never all");
    }
}
