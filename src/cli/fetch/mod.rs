//! `crossmax fetch`: published weights and data sets, into the cache folder.

mod source;

use super::output::Output;
use super::progress::Progress;
use clap::Args;
use crossmax::fetch::{Entry, Manifest, Options, State, entry_state, fetch};
use crossmax::replicate::Reported;
use crossmax::{Error, Result};
use serde_json::{Value, json};
pub use source::Source;
use std::path::PathBuf;

/// Download published weights and data sets into the cache folder, or say what is there.
///
/// A download that broke off goes on where it ended. Length and SHA-256 of every file are checked before it gets its
/// name; files that were put into the folder by hand are checked in the same way. Proxies are those that HTTPS_PROXY,
/// HTTP_PROXY, ALL_PROXY and NO_PROXY name.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// What to fetch; --list tells the names
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Say what is known, how large it is, where it belongs, and whether it is there and whole
    #[arg(long, conflicts_with = "check")]
    list: bool,
    /// Fetch nothing; fail if one of the names is missing or anything that is there is not whole
    #[arg(long)]
    check: bool,
    /// A list of files of one's own instead of the built-in one, laid out as datasets/manifest.toml
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    #[command(flatten)]
    source: Source,
}

const EXAMPLES: &str = "\
Examples:
  crossmax fetch --list                                   names, sizes, places, what is there
  crossmax fetch cifar100 resnet152-v2
  crossmax fetch --check                                  read and hash everything that is there
  crossmax fetch mnist --cache data/cache --mirror https://mirror.example/files
  HTTPS_PROXY=http://proxy.example:3128 crossmax fetch cifar10";

/// Runs the command.
pub fn run(arguments: &Arguments, output: Output) -> Result<()> {
    let options = arguments.source.options()?;
    let manifest = match &arguments.manifest {
        Some(path) => Manifest::load(path)?,
        None => Manifest::built_in()?,
    };
    let named = arguments.names.iter().map(|name| manifest.find(name));
    let named = named.collect::<Result<Vec<&Entry>>>()?;
    if arguments.list || arguments.check {
        let entries = match named.is_empty() {
            true => manifest.entries.iter().collect(),
            false => named.clone(),
        };
        return tell(&entries, &options, arguments, output);
    }
    if named.is_empty() {
        let told = "nothing to fetch was named; crossmax fetch --list tells the names";
        return Err(Error::Usage(told.into()));
    }
    let progress = Progress::new(output);
    let mut lines = Vec::new();
    let mut objects = Vec::new();
    for entry in named {
        let path = fetch(entry, &options, &Reported(&progress))?;
        lines.push(format!("{}: {}", entry.name, path.display()));
        objects.push(json!({ "name": entry.name, "path": path.display().to_string() }));
    }
    output.result(&lines.join("\n"), &json!({ "fetched": objects }))
}

/// Says what is there; with --check a fault is an error.
fn tell(entries: &[&Entry], options: &Options, arguments: &Arguments, output: Output) -> Result<()> {
    let mut lines = vec![format!("cache folder: {}", options.cache.display())];
    let mut objects = Vec::new();
    let mut faults = Vec::new();
    for entry in entries {
        let states = entry_state(entry, options)?;
        let bytes: u64 = entry.files.iter().map(|file| file.size.most).sum();
        let state = summary(&states);
        lines.push(format!(
            "{:<14} {bytes:>10} bytes  {:<44} {state}",
            entry.name, entry.path
        ));
        objects.push(object(entry, &states, options));
        let is_asked_for = !arguments.names.is_empty();
        let is_fault = |state: &State| match state {
            State::Whole => false,
            State::Wrong { .. } => true,
            State::Missing | State::Partial(_) => is_asked_for,
        };
        if states.iter().any(is_fault) {
            faults.push(format!("{} is {state}", entry.name));
        }
    }
    let cache = options.cache.display().to_string();
    output.result(&lines.join("\n"), &json!({ "cache": cache, "entries": objects }))?;
    if arguments.check && !faults.is_empty() {
        let advice = "remove what is damaged and fetch it again";
        return Err(Error::format(
            &options.cache,
            "whole files",
            faults.join(", "),
            advice,
        ));
    }
    Ok(())
}

/// The state of an entry in a word or two: that of its worst file.
fn summary(states: &[State]) -> String {
    let whole = states.iter().filter(|state| **state == State::Whole).count();
    if states.iter().any(|state| matches!(state, State::Wrong { .. })) {
        "damaged".into()
    } else if whole == states.len() {
        "whole".into()
    } else if states.iter().all(|state| *state == State::Missing) {
        "missing".into()
    } else {
        "incomplete".into()
    }
}

fn object(entry: &Entry, states: &[State], options: &Options) -> Value {
    let files = entry.files.iter().zip(states).map(|(file, state)| {
        json!({
            "path": options.cache.join(&file.path).display().to_string(),
            "urls": options.urls(file),
            "bytes": file.size.most,
            "sha256": file.sha256,
            "state": summary(std::slice::from_ref(state)),
        })
    });
    json!({
        "name": entry.name,
        "kind": entry.kind,
        "state": summary(states),
        "files": files.collect::<Vec<_>>(),
    })
}
