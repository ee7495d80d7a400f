//! `report.html`: the whole result of a run on one page for people.
//!
//! The page is one file that asks for nothing else: pictures are `data:` addresses, the style
//! stands inside, there is no script, and its content security policy forbids the rest. The same
//! results give the same bytes, but for the section of times and machine ([`machine`]).

mod accuracy;
mod attack_stages;
mod broken;
mod headline;
mod key_numbers;
mod machine;
mod page;
mod prototypes;
mod provenance;
mod scope;
mod training;
mod views;

use super::RunDir;
use super::stages::pictures::Material;
use super::summary::Findings;
use crate::Result;
use crate::io::atomic;

/// Name of the page in the run directory.
const FILE: &str = "report.html";

/// What the sections are made of.
struct Report<'a> {
    dir: &'a RunDir,
    material: &'a Material<'a>,
}

impl Report<'_> {
    fn findings(&self) -> &Findings {
        self.material.findings
    }

    /// Number of attacked images.
    fn attacked(&self) -> usize {
        self.material.samples.len()
    }
}

/// Writes the page of the run in `dir` from its results.
///
/// # Errors
/// [`crate::Error::Io`] if a file of the run cannot be read or the page cannot be written.
pub(super) fn write(dir: &RunDir, material: &Material<'_>) -> Result<()> {
    let page = page::page(&Report { dir, material })?;
    atomic::write(&dir.path(FILE), page.into_string().as_bytes())
}
