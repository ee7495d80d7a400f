//! Writing to people and to programs.

use crossmax::{Error, Result};
use serde_json::Value;
use std::io::{ErrorKind, Write};

/// Where text goes: with `--json` standard output belongs to the one object.
#[derive(Clone, Copy)]
pub struct Output {
    json: bool,
}

impl Output {
    /// With or without `--json`.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Text for people.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be written, unless nobody reads any more.
    pub fn text(self, text: &str) -> Result<()> {
        match self.json {
            true => write_line(&mut std::io::stderr().lock(), "standard error", text),
            false => write_line(&mut std::io::stdout().lock(), "standard output", text),
        }
    }

    /// Text that is the result itself, to be piped on: on standard output, with `--json` too.
    ///
    /// # Errors
    /// As [`Output::text`].
    pub fn document(self, text: &str) -> Result<()> {
        write_line(&mut std::io::stdout().lock(), "standard output", text.trim_end())
    }

    /// The result: `text` for people, or with `--json` the object for programs as well.
    ///
    /// # Errors
    /// As [`Output::text`].
    pub fn result(self, text: &str, object: &Value) -> Result<()> {
        self.text(text)?;
        match self.json {
            true => write_line(
                &mut std::io::stdout().lock(),
                "standard output",
                &format!("{object:#}"),
            ),
            false => Ok(()),
        }
    }
}

/// One line on standard error that says what went wrong.
pub fn complain(message: &str) {
    let line = message.trim_end().replace('\n', " ");
    notice(&format!("crossmax: error: {line}"));
}

/// A line on standard error, lost if that is closed: there is nowhere left to say so.
pub fn notice(line: &str) {
    let _ = write_line(&mut std::io::stderr().lock(), "standard error", line);
}

/// A pipe whose reader has gone is not a failure of this program: `… | head` has what it wants.
fn write_line(to: &mut impl Write, name: &str, text: &str) -> Result<()> {
    match to
        .write_all(format!("{text}\n").as_bytes())
        .and_then(|()| to.flush())
    {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Error::io(name, "write", error)),
        _ => Ok(()),
    }
}
