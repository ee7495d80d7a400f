//! Numbers as people read them.

use crate::attacks::statistics::wilson;

/// From so many images on, a per cent is worth two decimals.
const MANY: usize = 1000;

/// Joins a number and its unit on one line.
const NARROW_SPACE: char = '\u{202f}';

/// An accuracy with what it was counted on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accuracy {
    /// The fraction.
    pub fraction: f64,
    /// Its Wilson 95 % interval.
    pub interval: (f64, f64),
    /// Images.
    pub of: usize,
}

impl Accuracy {
    /// A share of `of` images. A mean over draws counts as if it were that many of the images.
    pub fn new(fraction: f64, of: usize) -> Self {
        Self {
            fraction,
            interval: wilson((fraction * of as f64).round() as usize, of),
            of,
        }
    }

    /// In per cent.
    pub fn percent(&self) -> String {
        percent(self.fraction, self.of)
    }

    /// The interval in per cent.
    pub fn interval_text(&self) -> String {
        let digits = digits(self.of);
        let (low, high) = (100.0 * self.interval.0, 100.0 * self.interval.1);
        format!("{low:.digits$} – {high:.digits$}{NARROW_SPACE}%")
    }
}

/// `fraction` of `of` images in per cent, with as many decimals as that number is worth.
pub fn percent(fraction: f64, of: usize) -> String {
    format!("{:.*}{NARROW_SPACE}%", digits(of), 100.0 * fraction)
}

fn digits(of: usize) -> usize {
    if of >= MANY { 2 } else { 1 }
}

/// A duration.
pub fn duration(seconds: f64) -> String {
    if seconds < 60.0 {
        return format!("{seconds:.1}{NARROW_SPACE}s");
    }
    let whole = seconds.round() as u64;
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60);
    match hours {
        0 => format!("{minutes}{NARROW_SPACE}min {rest}{NARROW_SPACE}s"),
        _ => format!("{hours}{NARROW_SPACE}h {minutes}{NARROW_SPACE}min"),
    }
}

/// Things in a row: "32, 16, 8 and 4".
pub fn list<T: ToString>(items: &[T]) -> String {
    let items: Vec<String> = items.iter().map(T::to_string).collect();
    match items.split_last() {
        None => "none".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// A count with its noun: "1 image", "2 images".
pub fn count(n: usize, noun: &str) -> String {
    match n {
        1 => format!("1 {noun}"),
        _ if noun.ends_with("ss") => format!("{n} {noun}es"),
        _ => format!("{n} {noun}s"),
    }
}
