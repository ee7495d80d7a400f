//! `report.html` of attacks and audits: what a reviewer wants to see, in one file.
//!
//! Everything in it is read from the folders that `attack`, `merge` and `audit` wrote; a page can be made again at any time, and the same
//! folders give the same bytes.

mod attack;
mod audit;
mod broken;
mod curves;
mod scores;

use crate::campaign::{Finished, Header, ImageResult, Summary};
use crate::io::atomic;
use crate::page::{Section, page};
use crate::{Error, Result};
pub use audit::Audit;
use maud::{Markup, html};
use std::path::Path;

/// Bytes that an audit's file may have.
const MOST: u64 = 64 << 20;

/// What a page is about.
#[derive(Default)]
pub struct AttackReport {
    attacks: Vec<Attacked>,
    audits: Vec<Audit>,
}

/// A finished attack with its images and numbers.
struct Attacked {
    header: Header,
    results: Vec<ImageResult>,
    finished: Finished,
    summary: Summary,
}

impl AttackReport {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what is in `folder`: a finished attack, or an audit.
    ///
    /// # Errors
    /// [`Error::Format`] if it is neither; those of reading it.
    pub fn add(&mut self, folder: &Path) -> Result<()> {
        let audit = folder.join("audit.json");
        if audit.exists() {
            let bytes = atomic::read_at_most(&audit, MOST)?;
            let found = serde_json::from_slice(&bytes).map_err(|error| {
                let advice = "run the audit again";
                Error::format(&audit, "the results of an audit", error, advice)
            })?;
            self.audits.push(found);
            return Ok(());
        }
        let finished = Finished::read(folder)?;
        let (header, results) = (finished.header.clone(), finished.results.clone());
        let summary = Summary::of(&header, &results);
        self.attacks.push(Attacked {
            header,
            results,
            finished,
            summary,
        });
        Ok(())
    }

    /// Writes the page to `path`.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be written; [`Error::Argument`] for pictures that a page cannot hold.
    pub fn save(&self, path: &Path) -> Result<()> {
        atomic::write(path, self.page()?.into_string().as_bytes())
    }

    fn page(&self) -> Result<Markup> {
        let mut sections = Vec::new();
        if !self.attacks.is_empty() {
            sections.push(section(
                "scores",
                "What is left, by every way of counting",
                "Scores",
                attack::scores(&self.attacks),
            ));
        }
        if !self.audits.is_empty() {
            sections.push(section(
                "masking",
                "Are gradients masked?",
                "Masking",
                audit::panel(&self.audits),
            ));
            sections.push(section(
                "curves",
                "More steps, more draws, more room",
                "Curves",
                curves::body(&self.audits)?,
            ));
            sections.push(section(
                "comparators",
                "Other ways to combine, same attack",
                "Comparators",
                audit::comparators(&self.audits),
            ));
            sections.push(section(
                "transfer",
                "Attack one layer, read another",
                "Transfer",
                audit::transfer(&self.audits),
            ));
        }
        if !self.attacks.is_empty() {
            sections.push(section(
                "broken",
                "Broken images",
                "Broken images",
                broken::body(&self.attacks)?,
            ));
            sections.push(section(
                "settings",
                "Model, images, settings, hashes",
                "Settings",
                attack::settings(&self.attacks),
            ));
        }
        Ok(page("crossmax · robustness", &self.head(), &sections))
    }

    fn head(&self) -> Markup {
        let attacks = self.attacks.iter().map(attack::sentence);
        let audits = self.audits.iter().map(audit::sentence);
        html! {
            header {
                p.overline { "crossmax · robustness" }
                h1 { "Under attack" }
                @for sentence in attacks.chain(audits) { p.lead { (sentence) } }
            }
        }
    }
}

fn section(id: &'static str, title: &'static str, short: &'static str, body: Markup) -> Section {
    Section {
        id,
        title,
        short,
        body,
    }
}
