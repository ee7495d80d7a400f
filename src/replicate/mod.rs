//! The whole paper in one go: stages, run directory, checkpoints, figures, summary.

mod config;
pub mod figures;
mod reporter;

pub use config::{
    AttackConfig, BackboneConfig, Config, DataConfig, FiguresConfig, HeadsConfig,
};
pub use reporter::{Reporter, Silent, check_stop, request_stop, stop_requested};
