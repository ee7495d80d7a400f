//! How long work tells what it is doing, and is told to stop.

use crate::{Error, Result};
use std::sync::atomic::{AtomicBool, Ordering};

/// Set by the first Ctrl-C: work stops at the next step, and goes on from its last checkpoint when
/// the run is resumed.
static STOP: AtomicBool = AtomicBool::new(false);

/// Asks all work to stop at its next step.
pub fn request_stop() {
    STOP.store(true, Ordering::SeqCst);
}

/// Whether [`request_stop`] was called.
pub fn stop_requested() -> bool {
    STOP.load(Ordering::SeqCst)
}

/// [`Error::Interrupted`] if work was asked to stop; `advice` says how to go on.
///
/// # Errors
/// That one.
pub fn check_stop(advice: &str) -> Result<()> {
    if stop_requested() {
        return Err(Error::Interrupted {
            advice: advice.to_owned(),
        });
    }
    Ok(())
}

/// Receives what a run reports while it works. All methods may be called from the thread that
/// runs the work only.
pub trait Reporter {
    /// A line for people.
    fn line(&self, text: &str);
    /// A piece of work of `total` steps begins; `unit` is what a step is called ("images").
    fn begin(&self, what: &str, total: u64, unit: &str);
    /// `done` steps of it are done; `state` is a short note (loss, accuracy).
    fn advance(&self, done: u64, state: &str);
    /// It is finished.
    fn end(&self);
}

/// Reports nothing.
pub struct Silent;

impl Reporter for Silent {
    fn line(&self, _: &str) {}
    fn begin(&self, _: &str, _: u64, _: &str) {}
    fn advance(&self, _: u64, _: &str) {}
    fn end(&self) {}
}
