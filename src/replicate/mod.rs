//! The whole paper in one go: stages, run directory, checkpoints, figures, summary.

mod checkpoint;
mod config;
mod data;
mod evaluate;
mod fetching;
pub mod figures;
mod files;
mod precision;
mod report;
mod reporter;
mod run;
mod run_dir;
mod stages;
mod summary;
#[cfg(test)]
mod tests;
mod training;

pub use config::{AttackConfig, BackboneConfig, Config, DataConfig, FiguresConfig, HeadsConfig};
pub use fetching::{Reported, data_path};
pub use files::{OpenRun, device_of_run, open_run};
pub use precision::Precisions;
pub use reporter::{Reporter, Silent, check_stop, request_stop, stop_requested};
pub use run::{Outcome, run};
pub use run_dir::{RunDir, StageTime};
pub use summary::CleanAccuracy;
pub use training::EpochMetrics;
