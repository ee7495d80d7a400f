//! What a run would do, without doing it.

use super::memory::gibibytes;
use super::{
    Config, DataShape, Forecast, MemoryPlan, Place, Published, Sources, StageMemory, available_memory,
};
use crate::Result;
use crate::device::Device;
use crate::fetch::Kind;
use serde::Serialize;
use serde_json::{Value, json};

/// Something that a run needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Need {
    /// What it is: `data`, `weights` or `memory`.
    pub what: &'static str,
    /// Its name in the configuration, or how much.
    pub name: String,
    /// Whether it is there.
    pub present: bool,
    /// Whether a run would download it.
    pub fetchable: bool,
    /// Where it is, or where it would come from.
    pub place: String,
}

/// The resolved configuration, and what it needs of this machine.
pub struct Preview {
    config: Config,
    device: String,
    shape: DataShape,
    memory: MemoryPlan,
    available: Option<u64>,
    work: Forecast,
    needs: Vec<Need>,
}

impl Preview {
    /// Of a run of `config` on `device` with what `sources` have. Reads data that are there if their shape is not known;
    /// writes and downloads nothing.
    ///
    /// # Errors
    /// Those of [`DataShape::of`] and [`Sources::find`].
    pub fn of(config: &Config, device: &Device, sources: &Sources) -> Result<Self> {
        let shape = DataShape::of(config, sources)?;
        let memory = MemoryPlan::of(config, shape, device);
        let available = available_memory(device);
        let source = config.data.source.as_str();
        let mut needs = vec![need("data", source, sources.find(Kind::Data, source)?)];
        if let Some(name) = &config.backbone.weights {
            needs.push(need("weights", name, sources.find(Kind::Weights, name)?));
        }
        needs.push(Need {
            what: "memory",
            name: gibibytes(memory.peak()),
            fetchable: false,
            present: available.is_none_or(|there| memory.peak() <= there),
            place: available.map_or("not known".into(), |there| {
                format!("{} available on {device}", gibibytes(there))
            }),
        });
        Ok(Self {
            work: Forecast::of(config, shape.classes),
            config: config.clone(),
            device: device.to_string(),
            shape,
            memory,
            available,
            needs,
        })
    }

    /// What the run needs.
    pub fn needs(&self) -> &[Need] {
        &self.needs
    }

    /// For people.
    ///
    /// # Errors
    /// [`crate::Error::Usage`] if the configuration cannot be written.
    pub fn to_text(&self) -> Result<String> {
        let mut lines = vec![self.config.to_toml()?];
        lines.push(format!(
            "Device: {}; {} classes, images of {} pixels, {} to the network",
            self.device, self.shape.classes, self.shape.image_size, self.config.backbone.input_size
        ));
        lines.push(String::new());
        lines.push(format!(
            "{:<18}{:>12}{:>12}{:>12}{:>12}{:>12}{:>12}",
            "Memory", "parameters", "gradients", "optimiser", "activations", "workspaces", "together"
        ));
        for stage in &self.memory.stages {
            let columns = [
                stage.parameters,
                stage.gradients,
                stage.optimiser,
                stage.activations,
                stage.workspaces,
                stage.total(),
            ];
            let columns: String = columns
                .iter()
                .map(|&bytes| format!("{:>12}", gibibytes(bytes)))
                .collect();
            lines.push(format!("  {:<16}{columns}", stage.stage));
        }
        lines.push(String::new());
        lines.push("Work (at most)".into());
        for stage in &self.work.stages {
            lines.push(format!("  {:<16}{:>12.2} TFLOP", stage.stage, stage.flops / 1e12));
        }
        lines.push(format!(
            "  {:<16}{:>12.2} TFLOP",
            "together",
            self.work.total() / 1e12
        ));
        lines.push(String::new());
        lines.push("Needed".into());
        for need in &self.needs {
            let state = match need {
                Need { present: true, .. } => "there",
                Need { fetchable: true, .. } => "to fetch",
                Need { what: "memory", .. } => "too much",
                _ => "missing",
            };
            lines.push(format!(
                "  {:<10}{:<16}{state:<10}{}",
                need.what, need.name, need.place
            ));
        }
        Ok(lines.join("\n"))
    }

    /// For programs: bytes and FLOP as numbers.
    pub fn to_json(&self) -> Value {
        let total = |stage: &StageMemory| json!({ "stage": stage.stage, "bytes": stage.total() });
        json!({
            "dry_run": true,
            "config": self.config,
            "device": self.device,
            "classes": self.shape.classes,
            "image_size": self.shape.image_size,
            "memory": {
                "peak_bytes": self.memory.peak(),
                "available_bytes": self.available,
                "stages": self.memory.stages,
                "totals": self.memory.stages.iter().map(total).collect::<Vec<_>>(),
            },
            "work": { "flops": self.work.total(), "stages": self.work.stages },
            "needs": self.needs,
        })
    }
}

/// What the configuration calls `name`, and where it is or would come from.
fn need(what: &'static str, name: &str, place: Place) -> Need {
    // Every file, with all its addresses.
    let list = |published: &Published| {
        let files = published.urls.iter().map(|urls| urls.join(" or "));
        files.collect::<Vec<_>>().join(", ")
    };
    let place_of = |published: &Published| match &published.path {
        Some(path) => path.display().to_string(),
        None => "a cache folder, which must be named with --cache".to_owned(),
    };
    let (present, fetchable, place) = match place {
        Place::BuiltIn => (true, false, "built in".to_owned()),
        Place::There(path) => (true, false, path.display().to_string()),
        Place::Damaged(path) => {
            let told = format!("{} is not as it was published: remove it", path.display());
            (false, false, told)
        }
        Place::Fetchable(published) => {
            let (size, path) = (mebibytes(published.bytes), place_of(&published));
            (
                false,
                true,
                format!("{size} from {} into {path}", list(&published)),
            )
        }
        Place::Missing(Some(published)) => {
            let (size, path) = (mebibytes(published.bytes), place_of(&published));
            let told = format!("put {size} from {} into {path}", list(&published));
            (false, false, told)
        }
        Place::Missing(None) => (false, false, "no such file or folder".into()),
    };
    Need {
        what,
        name: name.to_owned(),
        present,
        fetchable,
        place,
    }
}

/// A length in 2^20 bytes.
fn mebibytes(bytes: u64) -> String {
    format!("{:.0} MiB", bytes as f64 / f64::from(1 << 20))
}
