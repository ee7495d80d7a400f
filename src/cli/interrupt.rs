//! Ctrl-C: the first press stops at the next step, where the last checkpoint serves to go on; the
//! second stops at once.

use super::output::notice;
use crossmax::replicate::{request_stop, stop_requested};
use crossmax::{Error, Result};

/// Exit code of an interrupted command.
const INTERRUPTED: i32 = 130;

/// Listens for Ctrl-C and for requests to terminate.
pub fn install() -> Result<()> {
    let handler = || {
        if stop_requested() {
            std::process::exit(INTERRUPTED);
        }
        request_stop();
        notice("stopping after this step; press Ctrl-C again to stop at once");
    };
    ctrlc::set_handler(handler).map_err(|error| match error {
        ctrlc::Error::System(source) => Error::io("signals", "listen for Ctrl-C", source),
        other => Error::io("signals", "listen for Ctrl-C", std::io::Error::other(other)),
    })
}
