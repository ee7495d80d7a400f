//! `crossmax doctor`: what this machine has, and what is missing.

mod cuda;
mod fetched;
mod finding;
mod kernel_cache;
mod machine;

use super::output::Output;
use clap::Args;
use crossmax::Result;
use finding::Finding;
use serde_json::{Value, json};

/// List what is there to compute with (CPU, GPUs, driver, kernel compiler, cache), and what to do about what is not.
///
/// A GPU that is there is opened and runs a small kernel. Ends with 0 whatever it finds.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {}

const EXAMPLES: &str = "\
Examples:
  crossmax doctor
  crossmax doctor --json";

/// Runs the command.
///
/// # Errors
/// Only if the result cannot be written.
pub fn run(_: &Arguments, output: Output) -> Result<()> {
    let findings = look_around();
    output.result(&report(&findings), &object(&findings))
}

fn look_around() -> Vec<Finding> {
    let program = Finding::found("crossmax", env!("CARGO_PKG_VERSION"));
    let mut findings = vec![program, machine::system(), machine::cpu(), machine::memory()];
    findings.extend(cuda::findings());
    findings.push(kernel_cache::finding());
    findings.push(fetched::finding());
    findings
}

/// For people: a line for each finding, and at the end what to do.
fn report(findings: &[Finding]) -> String {
    let mut lines: Vec<String> = findings.iter().map(Finding::line).collect();
    lines.push(String::new());
    let missing: Vec<String> = findings.iter().filter_map(Finding::advice_line).collect();
    if missing.is_empty() {
        lines.push("Nothing is missing.".to_owned());
    } else {
        lines.push("What is missing, and what to do:".to_owned());
        lines.extend(missing);
        lines.push("Everything runs on the CPU without these.".to_owned());
    }
    lines.join("\n")
}

/// For programs.
fn object(findings: &[Finding]) -> Value {
    let missing = findings.iter().filter(|finding| finding.advice.is_some());
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "findings": findings.iter().map(Finding::object).collect::<Vec<_>>(),
        "missing": missing.map(|finding| &finding.what).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_ends_with_what_to_do() {
        let fine = Finding::found("cpu", "fast");
        let bad = Finding::missing("driver", "not found", "install it");
        assert_eq!(
            report(std::slice::from_ref(&fine)),
            "[found]   cpu           fast\n\nNothing is missing."
        );
        assert_eq!(
            report(&[fine, bad]),
            "[found]   cpu           fast\n\
             [missing] driver        not found\n\
             \n\
             What is missing, and what to do:\n  \
               driver: install it\n\
             Everything runs on the CPU without these."
        );
    }
}
