//! `crossmax report`: attacks, ladders and audits on one page.

use super::output::Output;
use clap::Args;
use crossmax::Result;
use crossmax::attack_report::AttackReport;
use serde_json::json;
use std::path::PathBuf;

/// Put the results of attacks, ladders and audits on one page.
///
/// `attack`, `merge`, `ladder` and `audit` each leave a report.html of their own; this makes one page of several: of an audit and of attacks with
/// different norms or on different members, for example. The page is one file without scripts.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Folders of finished attacks, ladders and audits
    #[arg(required = true)]
    folders: Vec<PathBuf>,
    /// The page
    #[arg(long, value_name = "FILE", default_value = "report.html")]
    out: PathBuf,
}

const EXAMPLES: &str = "\
Examples:
  crossmax report runs/pocket-attack runs/pocket-audit --out pocket.html";

/// Runs the command.
pub fn run(arguments: &Arguments, output: Output) -> Result<()> {
    let mut report = AttackReport::new();
    for folder in &arguments.folders {
        report.add(folder)?;
    }
    report.save(&arguments.out)?;
    let path = arguments.out.display();
    output.result(
        &format!("written to {path}"),
        &json!({ "report": path.to_string() }),
    )
}
