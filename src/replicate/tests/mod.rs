//! The parts of a run one by one; whole runs are tested in `tests/replicate`.

mod config;
mod head_training;
mod memory;
mod presets;
mod pretrained;
mod run_dir;
mod sources;
mod steps;
