//! `crossmax merge`: the shards of an attack become one.

use super::attack::Report;
use super::output::Output;
use clap::Args;
use crossmax::Result;
use crossmax::campaign::merge;
use std::path::PathBuf;

/// Put the finished shards of an attack together.
///
/// Takes the folders that `crossmax attack --shard I/N` wrote, all N of them in any order, and writes the folder that one attack on all
/// images would have written, to the bit. Needs neither the model nor the data. Refuses shards of different attacks, unfinished ones, and
/// missing ones, and a folder that has a shard or other results in it.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The shards' folders
    #[arg(required = true)]
    shards: Vec<PathBuf>,
    /// Folder for the whole
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Write adversarial.npz as well: x_adv (N,3,H,W), y, ids
    #[arg(long)]
    npz: bool,
}

const EXAMPLES: &str = "\
Examples:
  crossmax merge runs/shard-0 runs/shard-1 --out runs/whole
  crossmax merge runs/shard-* --out runs/whole && crossmax verify runs/whole";

/// Runs the command.
pub fn run(arguments: &Arguments, output: Output) -> Result<()> {
    let (header, results) = merge(&arguments.shards, &arguments.out)?;
    let report = Report::new(&header, &results);
    report.save(&arguments.out, arguments.npz)?;
    output.result(&report.text(&arguments.out), &report.json()?)
}
