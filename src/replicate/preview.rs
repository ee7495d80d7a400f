//! What a run would do, without doing it.

use super::memory::gibibytes;
use super::{Config, DataPlace, DataShape, Forecast, MemoryPlan, StageMemory, Weights, available_memory};
use crate::Result;
use crate::device::Device;
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
    /// Of a run of `config` on `device`. Reads data that are there if their shape is not known; writes nothing.
    ///
    /// # Errors
    /// Those of [`DataShape::of`].
    pub fn of(config: &Config, device: &Device) -> Result<Self> {
        let shape = DataShape::of(config)?;
        let memory = MemoryPlan::of(config, shape, device);
        let available = available_memory(device);
        let mut needs = vec![data_need(config)];
        needs.extend(config.backbone.weights.as_deref().map(weights_need));
        needs.push(Need {
            what: "memory",
            name: gibibytes(memory.peak()),
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
            let state = if need.present { "there" } else { "missing" };
            lines.push(format!(
                "  {:<10}{:<16}{state:<9}{}",
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

fn data_need(config: &Config) -> Need {
    let source = &config.data.source;
    let (present, place) = match DataPlace::find(source) {
        DataPlace::Drawn => (true, "built in".to_owned()),
        DataPlace::Path(path) => (true, path.display().to_string()),
        DataPlace::Missing { url } => (false, from(url, "--data PATH")),
    };
    Need {
        what: "data",
        name: source.clone(),
        present,
        place,
    }
}

fn weights_need(name: &str) -> Need {
    let (present, place) = match Weights::find(name) {
        Weights::File(path) => (true, path.display().to_string()),
        Weights::Missing { url } => (false, from(url, "--weights FILE")),
    };
    Need {
        what: "weights",
        name: name.to_owned(),
        present,
        place,
    }
}

fn from(url: Option<&str>, flag: &str) -> String {
    match url {
        Some(url) => format!("from {url}, given with {flag}"),
        None => format!("give it with {flag}"),
    }
}
