//! The whole paper in one go: stages, run directory, checkpoints, figures, summary.

mod adversarial;
mod available;
mod checkpoint;
mod config;
mod data;
mod data_shape;
mod evaluate;
mod fetching;
mod files;
mod forecast;
mod memory;
mod precision;
mod presets;
mod pretrained;
mod preview;
mod report;
mod reporter;
mod run;
mod run_dir;
mod sources;
mod stages;
mod step;
mod summary;
#[cfg(test)]
mod tests;
mod training;

pub use adversarial::{AdversarialTraining, TrainingAttack};
pub use available::available_memory;
pub use config::{AttackConfig, BackboneConfig, Config, DataConfig, FiguresConfig, HeadsConfig};
pub use data::open_data;
pub use data_shape::DataShape;
pub use fetching::Reported;
pub use files::{OpenRun, device_of_run, open_run};
pub use forecast::{Forecast, StageWork};
pub use memory::{MemoryPlan, StageMemory, choose_batch, gibibytes};
pub use precision::Precisions;
pub use preview::{Need, Preview};
pub use reporter::{Reporter, Silent, check_stop, request_stop, stop_requested};
pub use run::{Outcome, run};
pub use run_dir::{RunDir, StageTime};
pub use sources::{Place, Published, Sources, full_path};
pub use summary::CleanAccuracy;
pub use training::EpochMetrics;
