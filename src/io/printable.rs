//! Names out of files, for people.

/// Letters of a name that are shown.
const MOST_LETTERS: usize = 96;

/// `name` for a terminal: of at most 96 letters, and without those that would steer it, which are written as escapes.
pub fn printable(name: &str) -> String {
    let is_harmless = |letter: char| letter.is_alphanumeric() || letter.is_ascii_graphic() || letter == ' ';
    let mut text = String::new();
    for letter in name.chars().take(MOST_LETTERS) {
        match is_harmless(letter) {
            true => text.push(letter),
            false => text.extend(letter.escape_default()),
        }
    }
    if name.chars().nth(MOST_LETTERS).is_some() {
        text.push('…');
    }
    text
}
