//! The presets: settings to begin with, each a file of its own.

mod auto;

use super::Config;
use super::config::merge;
use crate::{Error, Result};

/// Settings by name.
struct Preset {
    name: &'static str,
    /// The preset whose values those of the text replace.
    base: Option<&'static str>,
    text: &'static str,
}

const PRESETS: [Preset; 5] = [
    Preset {
        name: "pocket",
        base: None,
        text: include_str!("pocket.toml"),
    },
    Preset {
        name: "cifar100-small",
        base: None,
        text: include_str!("cifar100-small.toml"),
    },
    Preset {
        name: "cifar100",
        base: None,
        text: include_str!("cifar100.toml"),
    },
    Preset {
        name: "cifar10",
        base: Some("cifar100"),
        text: include_str!("cifar10.toml"),
    },
    Preset {
        name: "mnist",
        base: Some("cifar100"),
        text: include_str!("mnist.toml"),
    },
];

impl Config {
    /// The preset called `name`, one of [`Config::preset_names`].
    ///
    /// # Errors
    /// [`Error::Usage`] if there is none.
    pub fn preset(name: &str) -> Result<Self> {
        let broken = |e: toml::de::Error| Error::Usage(format!("preset {name}: {}", e.message()));
        table(name)?.try_into().map_err(broken)
    }

    /// Names of the presets, from the smallest.
    pub fn preset_names() -> impl Iterator<Item = &'static str> {
        PRESETS.iter().map(|preset| preset.name)
    }
}

fn table(name: &str) -> Result<toml::Table> {
    let Some(preset) = PRESETS.iter().find(|preset| preset.name == name) else {
        let names = Config::preset_names().collect::<Vec<_>>().join(", ");
        return Err(Error::Usage(format!(
            "there is no preset {name}; there are: {names}"
        )));
    };
    let broken = |e: toml::de::Error| Error::Usage(format!("preset {name}: {}", e.message()));
    let own: toml::Table = preset.text.parse().map_err(broken)?;
    let Some(base) = preset.base else {
        return Ok(own);
    };
    let mut whole = table(base)?;
    merge(&mut whole, own);
    Ok(whole)
}
