//! One line of the report.

use crossmax::Error;
use serde_json::{Value, json};

/// What was looked for, and what was found.
pub struct Finding {
    /// Name of the thing.
    pub what: String,
    /// Whether it is there and works.
    pub is_there: bool,
    /// What was found, or why nothing was.
    pub text: String,
    /// What to do, if something is to be done.
    pub advice: Option<String>,
    /// The same for programs; null if the text is all.
    pub details: Value,
}

impl Finding {
    /// Something that is there.
    pub fn found(what: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            is_there: true,
            text: text.into(),
            advice: None,
            details: Value::Null,
        }
    }

    /// Something that is not there or does not work.
    pub fn missing(what: impl Into<String>, text: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            is_there: false,
            advice: Some(advice.into()),
            ..Self::found(what, text)
        }
    }

    /// Something that failed with `error`.
    pub fn failed(what: impl Into<String>, error: Error) -> Self {
        match error {
            Error::Device {
                doing,
                reason,
                advice,
                ..
            } => Self::missing(what, format!("{doing} failed: {reason}"), advice),
            other => Self::missing(what, other.to_string(), "correct what the message says"),
        }
    }

    /// The same with `details` for programs.
    pub fn with(self, details: Value) -> Self {
        Self { details, ..self }
    }

    /// The line for people.
    pub fn line(&self) -> String {
        let mark = if self.is_there { "[found]" } else { "[missing]" };
        // Messages of the compiler have several lines.
        let text = self.text.lines().collect::<Vec<_>>().join(" ");
        format!("{mark:<9} {:<13} {text}", self.what)
    }

    /// The line that says what to do, if anything is.
    pub fn advice_line(&self) -> Option<String> {
        let advice = self.advice.as_ref()?;
        Some(format!("  {}: {advice}", self.what))
    }

    /// The object for programs.
    pub fn object(&self) -> Value {
        json!({
            "what": self.what,
            "found": self.is_there,
            "text": self.text,
            "advice": self.advice,
            "details": self.details,
        })
    }
}

/// For people: `1.5 GiB`, `20.0 KiB`.
pub fn in_units(bytes: u64) -> String {
    let mut size = bytes as f64;
    for unit in ["bytes", "KiB", "MiB"] {
        if size < 1024.0 {
            let digits = usize::from(unit != "bytes");
            return format!("{size:.digits$} {unit}");
        }
        size /= 1024.0;
    }
    format!("{size:.1} GiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (1536, "1.5 KiB"),
            (141 << 30, "141.0 GiB"),
        ] {
            assert_eq!(in_units(bytes), text);
        }
    }

    #[test]
    fn failures_keep_reason_and_advice() {
        let error = Error::Device {
            device: "cuda".into(),
            doing: "loading the driver".into(),
            reason: "not found".into(),
            advice: "install it".into(),
        };
        let finding = Finding::failed("driver", error);
        assert_eq!(
            finding.line(),
            "[missing] driver        loading the driver failed: not found"
        );
        assert_eq!(finding.advice_line().as_deref(), Some("  driver: install it"));
    }
}
