//! Flags that say where files are fetched from and kept.

use clap::Args;
use crossmax::Result;
use crossmax::fetch::Options;
use std::path::PathBuf;

/// Where files are fetched from and kept.
#[derive(Args, Clone)]
#[command(next_help_heading = "Fetching")]
pub struct Source {
    /// Folder that fetched files are kept in [default: CROSSMAX_CACHE, or the platform's folder for caches]
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// Address under which the files have their names, asked instead of their publishers [default: CROSSMAX_MIRROR]
    #[arg(long, value_name = "URL")]
    mirror: Option<String>,
    /// Download nothing: what is missing is an error that says what to put where
    #[arg(long)]
    offline: bool,
}

impl Source {
    /// What the flags and the environment say.
    pub fn options(&self) -> Result<Options> {
        let mut options = match &self.cache {
            Some(folder) => Options::at(folder).with_mirror(std::env::var("CROSSMAX_MIRROR").ok()),
            None => Options::of_user()?,
        };
        if self.mirror.is_some() {
            options = options.with_mirror(self.mirror.clone());
        }
        options.offline = self.offline;
        Ok(options)
    }
}
