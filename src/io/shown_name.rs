//! Names from files, made fit for messages.

/// Characters of a name that are shown.
const MOST_SHOWN: usize = 64;

/// A name from a file as a message or a table may print it: on one line, without control characters, and short.
pub fn shown_name(name: &str) -> String {
    let mut shown: String = name
        .chars()
        .take(MOST_SHOWN)
        .flat_map(char::escape_debug)
        .collect();
    if name.chars().nth(MOST_SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_and_escaped() {
        assert_eq!(shown_name("conv1.weight"), "conv1.weight");
        assert_eq!(shown_name("a\nb\u{1b}[2J"), "a\\nb\\u{1b}[2J");
        let long = shown_name(&"é".repeat(70_000));
        assert_eq!(long.chars().count(), MOST_SHOWN + 1);
    }
}
