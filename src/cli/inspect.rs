//! `crossmax inspect`: what a weights file holds.

use super::output::Output;
use clap::Args;
use crossmax::Result;
use crossmax::io::{NumberType, Stored, shown_name};
use crossmax::models::{ExaminedWeights, examine_weights};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Say what a weights file holds: its tensors, and the network that they make.
///
/// Reads .safetensors and PyTorch's .pth (both formats) as plain data; nothing in a file is executed. Every tensor is
/// compared with the architecture, and looked through for numbers that are not finite.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The file
    file: PathBuf,
    /// Leave out the list of tensors
    #[arg(long)]
    brief: bool,
}

const EXAMPLES: &str = "\
Examples:
  crossmax inspect resnet152-f82ba261.pth
  crossmax inspect runs/pocket/backbone.safetensors --brief
  crossmax inspect checkpoint.pth --json";

/// Runs the command.
pub fn run(arguments: &Arguments, output: Output) -> Result<()> {
    let examined = examine_weights(&arguments.file)?;
    let mut lines = Vec::new();
    if !arguments.brief {
        let names: Vec<String> = examined
            .weights
            .file
            .tensors
            .keys()
            .map(|name| shown_name(name))
            .collect();
        let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        for (shown, (name, stored)) in names.iter().zip(&examined.weights.file.tensors) {
            let kind = type_name(&examined, name);
            lines.push(format!("{shown:<width$}  {kind:<4}  {}", stored.shape()));
        }
    }
    lines.extend(summary(&arguments.file, &examined));
    output.result(&lines.join("\n"), &object(&arguments.file, &examined))
}

/// What the file is, in a few lines.
pub fn summary(path: &Path, examined: &ExaminedWeights) -> Vec<String> {
    let weights = &examined.weights;
    let numbers = numbers_by_type(examined);
    let total: usize = numbers.values().sum();
    let types: Vec<String> = numbers
        .iter()
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect();
    let mut lines = vec![
        format!("file: {}, {}", path.display(), weights.format),
        format!(
            "content: {} tensors, {total} numbers ({}), {} names",
            weights.file.tensors.len(),
            types.join(", "),
            examined.naming
        ),
    ];
    lines.extend(weights.notes.iter().map(|note| format!("note: {note}")));
    lines.push(match &examined.network {
        Ok(network) => {
            let fit = match network.misfits.is_clean() {
                true => "every tensor fits".to_owned(),
                false => network.misfits.to_string(),
            };
            let architecture = &network.architecture;
            let (channels, classes) = (architecture.layers().stem.channels, architecture.layers().classes);
            format!(
                "network: {}, {channels} input channels, {classes} classes: {fit}",
                architecture.title()
            )
        }
        Err(error) => format!("network: not known ({error})"),
    });
    lines
}

/// The same for programs.
pub fn object(path: &Path, examined: &ExaminedWeights) -> Value {
    let weights = &examined.weights;
    let tensors = weights.file.tensors.iter().map(|(name, stored): (&String, &Stored)| {
        json!({ "name": name, "type": type_name(examined, name), "shape": stored.shape().dims() })
    });
    let network = match &examined.network {
        Ok(network) => {
            let misfits = &network.misfits;
            json!({
                "title": network.architecture.title(),
                "config": network.architecture,
                "fits": misfits.is_clean(),
                "missing": misfits.missing,
                "unexpected": misfits.unexpected,
                "mis_shaped": misfits.mis_shaped.iter().map(|(name, found, needed)| {
                    json!({ "name": name, "found": found, "needed": needed })
                }).collect::<Vec<_>>(),
                "not_finite": misfits.not_finite,
            })
        }
        Err(error) => json!({ "unknown": error.to_string() }),
    };
    json!({
        "file": path.display().to_string(),
        "format": weights.format.to_string(),
        "names": examined.naming.to_string(),
        "notes": weights.notes,
        "numbers": numbers_by_type(examined),
        "tensors": tensors.collect::<Vec<_>>(),
        "network": network,
    })
}

/// The type that the tensor `name` has in the file.
fn type_name(examined: &ExaminedWeights, name: &str) -> String {
    let kind = examined.weights.types.get(name);
    kind.map(NumberType::to_string).unwrap_or_default()
}

fn numbers_by_type(examined: &ExaminedWeights) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for (name, stored) in &examined.weights.file.tensors {
        *counts.entry(type_name(examined, name)).or_default() += stored.shape().len();
    }
    counts
}
