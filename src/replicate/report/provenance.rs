//! All that made the result: configuration, versions, hashes, warnings.

use super::Report;
use crate::replicate::files::WEIGHTS;
use crate::{Error, Result};
use maud::{Markup, html};
use sha2::{Digest, Sha256};
use std::io::BufRead;
use std::path::Path;

impl Report<'_> {
    /// What the reader of the data and the attacks noticed, each with who says so.
    pub(super) fn warnings(&self) -> Vec<(&'static str, &str)> {
        let findings = self.findings();
        let sources = [
            ("Data", &findings.warnings),
            (
                "AutoAttack on the self-ensemble",
                &findings.ensemble.report.warnings,
            ),
            (
                "AutoAttack on the plain baseline",
                &findings.baseline.report.warnings,
            ),
        ];
        let said = sources.into_iter();
        said.flat_map(|(who, lines)| lines.iter().map(move |line| (who, line.as_str())))
            .collect()
    }
}

pub(super) fn body(report: &Report<'_>) -> Result<Markup> {
    let findings = report.findings();
    let mut hashes = vec![
        ("data (sizes, pixels, labels)", findings.data_sha256.clone()),
        (
            "config.toml, all that decides the result",
            findings.config.hash()?,
        ),
    ];
    for name in WEIGHTS {
        hashes.push((name, file_hash(&report.dir.path(name))?));
    }
    let warnings = report.warnings();
    Ok(html! {
        h3 id="warnings" { "Warnings" }
        @if warnings.is_empty() {
            p { "None." }
        } @else {
            ul.points {
                @for (who, line) in warnings { li { strong { (who) ": " } (line) "." } }
            }
        }
        h3 { "SHA-256" }
        dl.hashes {
            @for (what, hash) in &hashes {
                dt { (what) }
                dd { code { (hash) } }
            }
        }
        h3 { "Versions" }
        p { "crossmax " (env!("CARGO_PKG_VERSION")) "; the machine stands under " a href={ "#" (super::machine::ID) } { "time" } "." }
        h3 { "config.toml" }
        pre { code { (findings.config.to_toml()?) } }
    })
}

/// SHA-256 of a file, a piece at a time.
fn file_hash(path: &Path) -> Result<String> {
    let failed = |error| Error::io(path, "read the file", error);
    let mut file = std::io::BufReader::new(std::fs::File::open(path).map_err(failed)?);
    let mut hash = Sha256::new();
    loop {
        let piece = file.fill_buf().map_err(failed)?;
        if piece.is_empty() {
            break;
        }
        hash.update(piece);
        let read = piece.len();
        file.consume(read);
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
