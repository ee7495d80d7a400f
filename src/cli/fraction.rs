//! Numbers that may be written as fractions.

/// A number, or two with a stroke between them.
pub fn fraction(text: &str) -> Result<f64, String> {
    let number = |part: &str| part.trim().parse::<f64>().map_err(|e| format!("{e}: {part:?}"));
    let value = match text.split_once('/') {
        Some((above, below)) => number(above)? / number(below)?,
        None => number(text)?,
    };
    if value.is_finite() {
        Ok(value)
    } else {
        Err("not a finite number".into())
    }
}
