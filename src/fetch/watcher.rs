//! How a download tells what it is doing, and is told to stop.

/// Receives what a download reports.
pub trait Watcher {
    /// A line for people.
    fn line(&self, text: &str);
    /// A file of `total` bytes begins to come, or goes on.
    fn begin(&self, name: &str, total: u64);
    /// So many bytes of it are there.
    fn advance(&self, done: u64);
    /// It is there. Not told of a file that was given up.
    fn end(&self);
    /// Whether the person wants to stop. Asked between two reads.
    fn should_stop(&self) -> bool;
}

/// Reports nothing and never stops.
pub struct Unwatched;

impl Watcher for Unwatched {
    fn line(&self, _: &str) {}
    fn begin(&self, _: &str, _: u64) {}
    fn advance(&self, _: u64) {}
    fn end(&self) {}
    fn should_stop(&self) -> bool {
        false
    }
}
