//! The one error type of the crate.
//!
//! Every message is one line (a compiler's log follows it on lines of its own) that says what was being done, what was expected, what was found and,
//! where something can be done about it, what to do.

use std::path::{Path, PathBuf};

/// Result with the crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong, with what a person needs to mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An operand has a shape that the operation cannot take.
    #[error("{op}: `{arg}` has shape {found}, expected {expected}")]
    Shape {
        /// Operation, as its function is called.
        op: &'static str,
        /// Name of the operand.
        arg: &'static str,
        /// What would have been accepted.
        expected: String,
        /// The shape that was given.
        found: String,
    },
    /// An argument other than a tensor is out of its range.
    #[error("{op}: `{arg}` is {found}, expected {expected}")]
    Argument {
        /// Operation or function.
        op: &'static str,
        /// Name of the argument.
        arg: &'static str,
        /// The accepted range.
        expected: String,
        /// The value that was given.
        found: String,
    },
    /// A number that must be finite is NaN or infinite.
    #[error("{what}: found a value that is not finite ({found}); {advice}")]
    NotFinite {
        /// Where it was found.
        what: String,
        /// The value.
        found: String,
        /// What to do.
        advice: String,
    },
    /// A file's content is not what its reader expects.
    #[error("{}: expected {expected}, found {found}; {advice}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What the reader expected there.
        expected: String,
        /// What it found.
        found: String,
        /// What to do about it.
        advice: String,
    },
    /// The operating system refused something.
    #[error("{}: cannot {doing}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was attempted, as an infinitive ("read the labels").
        doing: &'static str,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A download failed.
    #[error("{url}: cannot fetch: {reason}; {advice}")]
    Fetch {
        /// Where from.
        url: String,
        /// What the network or the server did.
        reason: String,
        /// What to do about it.
        advice: String,
    },
    /// Flags or configuration that contradict each other or lie outside their range (exit code 2).
    #[error("{0}")]
    Usage(String),
    /// The person stopped the program (exit code 130).
    #[error("interrupted; {advice}")]
    Interrupted {
        /// How to go on.
        advice: String,
    },
    /// A device cannot be opened or failed.
    #[error("device {device}: {doing} failed: {reason}; {advice}")]
    Device {
        /// Name of the device, for example `cuda:0`.
        device: String,
        /// What was attempted.
        doing: String,
        /// The driver's reason.
        reason: String,
        /// What to do about it.
        advice: String,
    },
    /// A kernel did not compile.
    #[error("kernel {kernel}: NVRTC ({options}) refused it:\n{log}")]
    Kernel {
        /// Name of the kernel's source.
        kernel: String,
        /// Options given to the compiler.
        options: String,
        /// The compiler's log, whole.
        log: String,
    },
    /// An operation that the tensor's device has no implementation of.
    #[error("{op}: not available on {device}; move the tensors to the CPU first")]
    Unsupported {
        /// The operation.
        op: &'static str,
        /// The device.
        device: String,
    },
}

impl Error {
    /// A shape error; `expected` and `found` are anything printable.
    pub fn shape(op: &'static str, arg: &'static str, expected: impl ToString, found: impl ToString) -> Self {
        Self::Shape {
            op,
            arg,
            expected: expected.to_string(),
            found: found.to_string(),
        }
    }

    /// An argument error; `expected` and `found` are anything printable.
    pub fn argument(
        op: &'static str,
        arg: &'static str,
        expected: impl ToString,
        found: impl ToString,
    ) -> Self {
        Self::Argument {
            op,
            arg,
            expected: expected.to_string(),
            found: found.to_string(),
        }
    }

    /// An input/output error on `path` while `doing` something.
    pub fn io(path: impl AsRef<Path>, doing: &'static str, source: std::io::Error) -> Self {
        Self::Io {
            path: path.as_ref().to_path_buf(),
            doing,
            source,
        }
    }

    /// A file whose content is not as its reader expects.
    pub fn format(
        path: impl AsRef<Path>,
        expected: impl ToString,
        found: impl ToString,
        advice: impl ToString,
    ) -> Self {
        Self::Format {
            path: path.as_ref().to_path_buf(),
            expected: expected.to_string(),
            found: found.to_string(),
            advice: advice.to_string(),
        }
    }

    /// The process exit code that belongs to this error: 2 wrong usage, 130 interrupted, else 1.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Interrupted { .. } => 130,
            _ => 1,
        }
    }
}
