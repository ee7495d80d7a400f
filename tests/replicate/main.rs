//! `replicate` from data to summary, shrunken until it ends in seconds: what a run leaves behind,
//! that it leaves the same bits whatever the threads and the interruptions, and what it refuses.

mod contents;
mod determinism;
mod directory;
mod forms;
mod full_disk;
mod interruptions;
mod lock;
mod photos;
mod process;
mod real_photos;
mod refusals;
mod settings;
mod summary;

/// Result of a test and of its helpers.
type Checked<T = ()> = Result<T, Box<dyn std::error::Error>>;
