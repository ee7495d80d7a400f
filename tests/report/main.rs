//! `report.html` of shrunken runs: what stands in it, and how a browser shows it.

mod browser;
mod content;
mod layout;
#[allow(dead_code, reason = "one of its two layouts is enough here")]
#[path = "../replicate/photos.rs"]
mod photos;
mod runs;
#[path = "../replicate/settings.rs"]
mod settings;

/// Result of a test and of its helpers.
type Checked<T = ()> = Result<T, Box<dyn std::error::Error>>;
