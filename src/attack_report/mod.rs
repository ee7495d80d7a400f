//! `report.html` of attacks, ladders and audits: what a reviewer wants to see, in one file.
//!
//! Everything in it is read from the folders that `attack`, `merge`, `ladder` and `audit` wrote; a page can be made again at any time, and the same
//! folders give the same bytes.

mod attack;
mod audit;
mod broken;
mod curves;
mod ladder;
mod scores;

use crate::campaign::{Finished, Header, ImageResult, Summary};
use crate::io::atomic;
use crate::page::{Section, page};
use crate::{Error, Result};
pub use audit::Audit;
use ladder::LadderFile;
use maud::{Markup, html};
use serde::de::DeserializeOwned;
use std::path::Path;

/// Bytes that an audit's file may have.
const MOST: u64 = 64 << 20;

/// What a page is about.
#[derive(Default)]
pub struct AttackReport {
    attacks: Vec<Attacked>,
    audits: Vec<Audit>,
    ladders: Vec<LadderFile>,
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

    /// Adds what is in `folder`: a finished attack, an audit, or a ladder.
    ///
    /// # Errors
    /// [`Error::Format`] if it is neither; those of reading it.
    pub fn add(&mut self, folder: &Path) -> Result<()> {
        if let Some(audit) = parsed(&folder.join("audit.json"))? {
            self.audits.push(audit);
            return Ok(());
        }
        if let Some(ladder) = parsed(&folder.join("ladder.json"))? {
            self.ladders.push(ladder);
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
        if !self.ladders.is_empty() {
            let title = "What is left under attacks that know the defence";
            sections.push(section("ladder", title, "Ladder", ladder::body(&self.ladders)));
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
        let ladders = self.ladders.iter().map(ladder::sentence);
        html! {
            header {
                p.overline { "crossmax · robustness" }
                h1 { "Under attack" }
                @for sentence in attacks.chain(ladders).chain(audits) { p.lead { (sentence) } }
            }
        }
    }
}

/// The file at `path`, if there is one.
fn parsed<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    if !path.exists() {
        return Ok(None);
    }
    let found = serde_json::from_slice(&atomic::read_at_most(path, MOST)?);
    found.map(Some).map_err(|error| {
        let advice = "make it again, with the same command";
        Error::format(path, "the results of an audit or a ladder", error, advice)
    })
}

fn section(id: &'static str, title: &'static str, short: &'static str, body: Markup) -> Section {
    Section {
        id,
        title,
        short,
        body,
    }
}
