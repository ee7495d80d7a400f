//! Downloads, told to who watches a run.

use super::{Reporter, stop_requested};
use crate::fetch::Watcher;

/// Tells a [`Reporter`] about downloads, and stops them when work was asked to stop.
pub struct Reported<'a>(pub &'a dyn Reporter);

impl Watcher for Reported<'_> {
    fn line(&self, text: &str) {
        self.0.line(text);
    }

    fn begin(&self, name: &str, total: u64) {
        self.0.begin(name, total, "bytes");
    }

    fn advance(&self, done: u64) {
        self.0.advance(done, "");
    }

    fn end(&self) {
        self.0.end();
    }

    fn should_stop(&self) -> bool {
        stop_requested()
    }
}
