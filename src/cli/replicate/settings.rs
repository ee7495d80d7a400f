//! From flags to the settings of a new run.

use super::{Arguments, Common, Progress};
use crossmax::device::Device;
use crossmax::fetch::Manifest;
use crossmax::replicate::{self, Config, DataShape, Reporter, Sources, available_memory, full_path};
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

    /// The settings, with data and weights on this machine: what is published and missing is fetched. Where a preset
    /// was chosen because it could be fetched, and it cannot, another one is taken.
    pub fn settings_with_files(&self) -> Result<Config> {
        let mut config = self.settings()?;
        let chosen = self.arguments.preset.as_deref().is_none_or(|name| name == "auto");
        match self.sources.resolve(&mut config, self.progress) {
            Err(error @ Error::Fetch { .. })
                if chosen && self.arguments.data.is_none() && config.preset != "pocket" =>
            {
                let why = format!("{} lacks what cannot be fetched: {error}", config.preset);
                let mut modest = self.changed(Config::preset("pocket")?, Some(&why))?;
                self.sources.resolve(&mut modest, self.progress)?;
                Ok(modest)
            }
            Err(error) => Err(error),
            Ok(()) => Ok(config),
        }
    }

    /// A preset with the changes of the other flags.
    fn changed(&self, mut config: Config, why: Option<&str>) -> Result<Config> {
        let arguments = self.arguments;
        if let Some(path) = &arguments.config {
            config = config.overridden_by(path)?;
        }
        if let Some(source) = &arguments.data {
            config.data.source = match source.as_str() {
                "drawn" => source.clone(),
                // Names stay names.
                name if Manifest::built_in()?.get(name).is_some() => source.clone(),
                path => full_path(Path::new(path))?,
            };
        }
        if let Some(seed) = self.common.seed {
            config.seed = seed;
        }
        arguments.overrides.apply(&mut config);
        let weights = config.backbone.weights.as_mut();
        if let Some(weights) = weights.filter(|name| Path::new(name).exists()) {
            *weights = full_path(Path::new(weights.as_str()))?;
        }
        config.check()?;
        if let Some(why) = why {
            let line = format!("preset: {} (auto: {why})", config.preset);
            self.progress.line(&line);
        }
        if arguments.overrides.wants_auto_batch() {
            if arguments.overrides.names_micro_batch() {
                let told = "--batch auto makes passes as large as the batch: leave out --micro-batch, or name the batch";
                return Err(Error::Usage(told.into()));
            }
            self.choose_batch(&mut config)?;
        }
        Ok(config)
    }

    /// Makes the batch as large as the device's memory allows.
    fn choose_batch(&self, config: &mut Config) -> Result<()> {
        let device = self.device;
        let Some(available) = available_memory(device) else {
            let told = format!("--batch auto: {device} does not tell how much memory it has; give a number");
            return Err(Error::Usage(told));
        };
        let shape = DataShape::of(config, self.sources)?;
        replicate::choose_batch(config, shape, device, available);
        let line = format!("batch: {} (auto)", config.backbone.batch);
        self.progress.line(&line);
        Ok(())
    }
}
