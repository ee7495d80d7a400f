//! What an audit tells about itself while it runs.

use crate::Result;
use crate::attacks::SearchProgress;

/// The state of an audit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AuditProgress<'a> {
    /// What is being done.
    pub what: &'a str,
    /// Parts of the audit that are done.
    pub done: usize,
    /// Parts of the whole audit.
    pub parts: usize,
    /// The state of the search in the part that is being done, if it is searching.
    pub search: Option<SearchProgress>,
}

/// Called before every part and after every iteration of a search; an error it returns ends the
/// audit with that error.
pub type OnAuditProgress<'a> = dyn FnMut(&AuditProgress<'_>) -> Result<()> + 'a;
