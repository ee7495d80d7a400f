//! What an attack was asked to do, as far as its results can be checked by it.

use super::Arguments;
use crate::cli::common::Common;
use crate::cli::fetch::Source;
use crate::cli::network_flags::NetworkFlags;
use crate::cli::target::{Choice, Target, Wanted};
use crossmax::campaign::{Shard, Way};
use crossmax::fetch::Manifest;
use crossmax::replicate::{Reporter, full_path};
use crossmax::{Error, Result};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Images that are attacked if nothing is said.
const USUAL: u32 = 32;

/// Whom an attack is on, and how its result is scored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    /// The run directory or weights file, from the root.
    pub model: String,
    /// Which part of it answers, if that was said.
    pub member: Option<String>,
    /// What was said about the network of a weights file.
    #[serde(flatten)]
    pub network: NetworkFlags,
    /// The name of a published data set, or a path from the root; none for a run's own data.
    pub data: Option<String>,
    /// Index of the first image.
    pub first: u32,
    /// Number of images; all there are if none.
    pub images: Option<u32>,
    /// In which order they are taken.
    pub order: Way,
    /// Fresh draws that the resulting images are scored on.
    pub redraws: u16,
}

impl Request {
    /// What the arguments ask for.
    pub fn of(arguments: &Arguments) -> Result<Self> {
        let whom = &arguments.whom;
        Ok(Self {
            model: full_path(&arguments.model)?,
            member: whom.member.map(|member| member.to_string()),
            network: whom.network.clone(),
            data: full_name(arguments.data.as_deref())?,
            first: arguments.first,
            images: arguments
                .images
                .or((arguments.until_ci.is_none()).then_some(USUAL)),
            order: arguments.order,
            redraws: arguments.redraws,
        })
    }

    /// Whether `shard` has none of so many images.
    pub fn is_empty(&self, shard: Shard) -> bool {
        self.images
            .is_some_and(|images| shard.positions(images as usize).next().is_none())
    }

    /// Opens the model and the images of a shard.
    pub fn target(
        &self,
        shard: Shard,
        source: &Source,
        common: &Common,
        reporter: &dyn Reporter,
    ) -> Result<Target> {
        let member = self.member.as_deref().map(str::parse).transpose();
        let wanted = Wanted {
            model: Path::new(&self.model),
            member: member.map_err(|told: &str| Error::Usage(format!("--member: {told}")))?,
            network: &self.network,
            data: self.data.as_deref(),
            source,
            choice: Choice {
                order: self.order,
                first: self.first,
                images: self.images,
                shard,
            },
        };
        Target::open(wanted, common, reporter)
    }
}

/// The name of a published data set as it is, and the path of another one from the root.
pub fn full_name(data: Option<&str>) -> Result<Option<String>> {
    match data {
        Some(name) if Manifest::built_in()?.get(name).is_none() => Ok(Some(full_path(Path::new(name))?)),
        named => Ok(named.map(str::to_owned)),
    }
}
