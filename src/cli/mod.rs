//! The command line: reads arguments, calls the library, prints.
//!
//! Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted. Every failure is one line on
//! standard error.

mod arena;
mod attack;
mod audit;
mod bench;
mod common;
mod completions;
mod convert;
mod doctor;
mod fetch;
mod fraction;
mod inspect;
mod interrupt;
mod ladder;
mod man;
mod merge;
mod model;
mod network_flags;
mod output;
mod parts;
mod predict;
mod progress;
mod replicate;
mod report;
mod target;
mod verify;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use common::Common;
use crossmax::Result;
use output::Output;
use std::process::ExitCode;

/// Exit code for wrong usage.
const USAGE: u8 = 2;

/// "Ensemble everything everywhere" (arXiv 2408.05446) in pure Rust: trains a multi-resolution
/// network, forms the CrossMax self-ensemble, attacks it, and measures how much of it survives.
#[derive(Parser)]
#[command(name = "crossmax", version, max_term_width = 100, after_help = EXAMPLES)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  crossmax replicate                                    the whole paper, small, on this machine
  crossmax predict runs/pocket pictures/ --out p.safetensors
  crossmax attack net.pth --data cifar-10-python.tar.gz --out runs/net   AutoAttack on any ResNet
  crossmax audit runs/pocket --out runs/pocket-audit    is the robustness real?
  crossmax fetch cifar100                               a data set or weights into the cache folder
  crossmax convert resnet152.pth resnet152.safetensors  PyTorch's weights, safely read
  crossmax doctor                                       what this machine has and lacks
  crossmax replicate --help                             every flag of a command

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.";

#[derive(Subcommand)]
enum Command {
    Replicate(Box<replicate::Arguments>),
    Predict(predict::Arguments),
    Attack(Box<attack::Arguments>),
    Audit(Box<audit::Arguments>),
    Ladder(Box<ladder::Arguments>),
    Merge(merge::Arguments),
    Report(report::Arguments),
    Verify(verify::Arguments),
    Fetch(fetch::Arguments),
    Convert(convert::Arguments),
    Inspect(inspect::Arguments),
    Doctor(doctor::Arguments),
    Bench(bench::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    arena::share_one();
    let arguments = match Cli::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return refuse(&error),
    };
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(&error.to_string());
            ExitCode::from(error.exit_code())
        }
    }
}

fn run(arguments: &Cli) -> Result<()> {
    let common = &arguments.common;
    let output = Output::new(common.json);
    // The doctor tells about devices; it must not fail for want of one.
    if !matches!(arguments.command, Command::Doctor(_)) {
        common.apply()?;
        interrupt::install()?;
    }
    // On a thread of the pool: one from outside would sleep and be woken again at every loop that the pool shares.
    rayon::scope(|_| dispatch(&arguments.command, common, output))
}

fn dispatch(command: &Command, common: &Common, output: Output) -> Result<()> {
    match command {
        Command::Doctor(arguments) => doctor::run(arguments, output),
        Command::Replicate(arguments) => replicate::run(arguments, common, output),
        Command::Fetch(arguments) => fetch::run(arguments, output),
        Command::Convert(arguments) => convert::run(arguments, output),
        Command::Inspect(arguments) => inspect::run(arguments, output),
        Command::Predict(arguments) => predict::run(arguments, common, output),
        Command::Attack(arguments) => attack::run(arguments, common, output),
        Command::Audit(arguments) => audit::run(arguments, common, output),
        Command::Ladder(arguments) => ladder::run(arguments, common, output),
        Command::Merge(arguments) => merge::run(arguments, output),
        Command::Completions(arguments) => completions::run(arguments, output),
        Command::Man(arguments) => man::run(arguments, output),
        Command::Report(arguments) => report::run(arguments, output),
        Command::Verify(arguments) => verify::run(arguments, common, output),
        Command::Bench(arguments) => bench::run(arguments, common, output),
    }
}

/// Prints help where it was asked for; otherwise says in one line what is wrong.
fn refuse(error: &clap::Error) -> ExitCode {
    let help = matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
    if help {
        // Nobody is there to be told that the text could not be written.
        let _ = error.print();
        return ExitCode::from(if error.use_stderr() { USAGE } else { 0 });
    }
    output::complain(&in_one_line(&error.render().to_string()));
    ExitCode::from(USAGE)
}

/// The parser's message without its heading, the usage and the hint to help, which it spreads over
/// several lines.
fn in_one_line(message: &str) -> String {
    let parts = message.lines().map(str::trim).filter(|part| !part.is_empty());
    let mut line = String::new();
    for part in
        parts.take_while(|part| !part.starts_with("Usage:") && !part.starts_with("For more information"))
    {
        let separator = match line.chars().last() {
            None => "",
            Some(':') => " ",
            Some(_) => "; ",
        };
        line.push_str(separator);
        line.push_str(part.trim_start_matches("error: "));
    }
    line + " (--help tells more)"
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_parser_has_no_contradictions() {
        Cli::command().debug_assert();
    }

    #[test]
    fn messages_of_the_parser_become_one_line() {
        let message =
            "error: required:\n  --out <FILE>\n  <IMAGES>\n\nUsage: crossmax …\n\nFor more information, …\n";
        assert_eq!(
            in_one_line(message),
            "required: --out <FILE>; <IMAGES> (--help tells more)"
        );
    }
}
