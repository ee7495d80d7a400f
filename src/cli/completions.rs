//! `crossmax completions`: what a shell completes.

use super::Cli;
use super::output::Output;
use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};
use crossmax::Result;

/// Print a script that lets a shell complete commands and flags.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The shell
    shell: Shell,
}

const EXAMPLES: &str = "\
Examples:
  crossmax completions bash > ~/.local/share/bash-completion/completions/crossmax
  crossmax completions zsh > ~/.zfunc/_crossmax          (with ~/.zfunc in fpath)
  crossmax completions fish > ~/.config/fish/completions/crossmax.fish";

/// Runs the command.
pub fn run(arguments: &Arguments, output: Output) -> Result<()> {
    let mut script = Vec::new();
    generate(arguments.shell, &mut Cli::command(), "crossmax", &mut script);
    output.document(&String::from_utf8_lossy(&script))
}
