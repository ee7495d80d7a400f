//! `crossmax man`: the manual pages.

use super::Cli;
use super::output::Output;
use clap::{Args, Command, CommandFactory};
use clap_mangen::Man;
use crossmax::io::atomic;
use crossmax::{Error, Result};
use std::path::{Path, PathBuf};

/// Print the manual page, or write the pages of all commands into a folder.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Folder for crossmax.1, crossmax-replicate.1 and the others
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  crossmax man | man -l -
  crossmax man --out ~/.local/share/man/man1";

/// Runs the command.
pub fn run(arguments: &Arguments, output: Output) -> Result<()> {
    let mut program = Cli::command();
    program.build();
    match &arguments.out {
        None => output.document(&page(&program)?),
        Some(folder) => {
            std::fs::create_dir_all(folder).map_err(|error| Error::io(folder, "create", error))?;
            let pages = write_pages(&program, "crossmax", folder)?;
            output.text(&format!("{pages} pages written to {}", folder.display()))
        }
    }
}

/// Writes the page of `command` and those of its subcommands; how many.
fn write_pages(command: &Command, name: &str, folder: &Path) -> Result<usize> {
    let path = folder.join(format!("{name}.1"));
    atomic::write(
        &path,
        page(&command.clone().display_name(name.to_owned()))?.as_bytes(),
    )?;
    let mut pages = 1;
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        pages += write_pages(sub, &format!("{name}-{}", sub.get_name()), folder)?;
    }
    Ok(pages)
}

fn page(command: &Command) -> Result<String> {
    let mut page = Vec::new();
    let rendered = Man::new(command.clone()).render(&mut page);
    rendered.map_err(|error| Error::io("the manual page", "write", error))?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
