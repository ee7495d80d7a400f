//! From flags to the settings of a new run.

use super::{Arguments, Common, Progress};
use crossmax::device::Device;
use crossmax::replicate::{self, Config, DataShape, MemoryPlan, Reporter, Sources, available_memory};
use crossmax::{Error, Result};
use std::path::Path;

/// What was given to begin a new run with.
pub struct Given<'a> {
    pub arguments: &'a Arguments,
    pub common: &'a Common,
    pub device: &'a Device,
    pub sources: &'a Sources,
    pub progress: &'a Progress,
}

impl Given<'_> {
    /// The settings. Nothing is fetched; names of published data and weights stay names.
    pub fn settings(&self) -> Result<Config> {
        let mut config = self.chosen()?;
        self.choose_batch(&mut config)?;
        Ok(config)
    }

    /// The settings, with data and weights on this machine: what is published and missing is fetched. Where a preset
    /// was chosen because it could be fetched, and the download fails, another one is taken.
    pub fn settings_with_files(&self) -> Result<Config> {
        let mut config = self.chosen()?;
        let chosen = self.arguments.preset.as_deref().is_none_or(|name| name == "auto");
        let replaceable = chosen && self.arguments.data.is_none() && config.preset != "pocket";
        match self.sources.resolve(&mut config, self.progress) {
            // Anything else, such as a full disk or a damaged file, is for the user to mend.
            Err(error @ Error::Fetch { .. }) if replaceable => {
                let why = format!("{} lacks what cannot be fetched: {error}", config.preset);
                config = self.changed(Config::preset("pocket")?, Some(&why))?;
                self.sources.resolve(&mut config, self.progress)?;
            }
            other => other?,
        }
        // Only now are the data there to be counted.
        self.choose_batch(&mut config)?;
        Ok(config)
    }

    /// The preset that was named, or one that suits, with the changes of the other flags.
    fn chosen(&self) -> Result<Config> {
        let named = self.arguments.preset.as_deref().filter(|&name| name != "auto");
        let (config, why) = match named {
            Some(name) => (Config::preset(name)?, None),
            // Other data than the preset's own are for the one that suits any.
            None if self.arguments.data.is_some() => {
                let why = "for data of one's own".to_owned();
                (Config::preset("pocket")?, Some(why))
            }
            None => Config::auto(self.device, self.sources).map(|(config, why)| (config, Some(why)))?,
        };
        self.changed(config, why.as_deref())
    }

    /// A preset with the changes of the other flags.
    fn changed(&self, mut config: Config, why: Option<&str>) -> Result<Config> {
        let arguments = self.arguments;
        if let Some(path) = &arguments.config {
            config = config.overridden_by(path)?;
            // Paths in a file are relative to its folder, those of flags to the current one.
            let folder = path.parent().unwrap_or(Path::new(""));
            self.sources.place_in(&mut config, folder)?;
        }
        if let Some(source) = &arguments.data {
            config.data.source.clone_from(source);
        }
        if let Some(seed) = self.common.seed {
            config.seed = seed;
        }
        arguments.overrides.apply(&mut config);
        self.sources.place_in(&mut config, Path::new(""))?;
        config.check()?;
        if let Some(why) = why {
            let line = format!("preset: {} (auto: {why})", config.preset);
            self.progress.line(&line);
        }
        Ok(config)
    }

    /// Makes the batch as large as the device's memory allows, if that was asked for.
    fn choose_batch(&self, config: &mut Config) -> Result<()> {
        if !self.arguments.overrides.wants_auto_batch() {
            return Ok(());
        }
        let device = self.device;
        let Some(available) = available_memory(device) else {
            let told = format!("--batch auto: {device} does not tell how much memory it has; give a number");
            return Err(Error::Usage(told));
        };
        let shape = DataShape::of(config, self.sources)?;
        let fits = replicate::choose_batch(config, shape, device, available);
        let batch = config.backbone.batch;
        let line = match fits {
            true => format!("batch: {batch} (auto: every stage fits into the memory)"),
            false => {
                let plan = MemoryPlan::of(config, shape, device).line(device);
                format!("batch: {batch} (auto: not every stage fits into nine tenths of the memory; {plan})")
            }
        };
        self.progress.line(&line);
        Ok(())
    }
}
