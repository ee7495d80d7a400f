//! Whether kernels that are chosen on trust were found to give right results on a device.

use crate::Result;
use std::sync::OnceLock;

/// The outcome of a comparison that is made once for a device, when its kernels are first wanted.
#[derive(Debug, Default)]
pub struct Agreement(OnceLock<Option<String>>);

impl Agreement {
    /// Whether `check` found nothing wrong. It runs at the first call.
    pub fn holds(&self, check: impl FnOnce() -> Result<()>) -> bool {
        self.0
            .get_or_init(|| check().err().map(|error| error.to_string()))
            .is_none()
    }

    /// What it found wrong, in one line.
    pub fn complaint(&self) -> Option<&str> {
        self.0.get()?.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn the_first_outcome_stays() {
        let wrong = Agreement::default();
        assert!(!wrong.holds(|| Err(Error::argument("a", "b", "c", "d"))));
        assert!(!wrong.holds(|| Ok(())));
        assert!(wrong.complaint().is_some_and(|line| !line.contains('\n')));
        let right = Agreement::default();
        assert_eq!(right.complaint(), None);
        assert!(right.holds(|| Ok(())));
        assert_eq!(right.complaint(), None);
    }
}
