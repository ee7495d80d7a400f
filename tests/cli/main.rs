//! The real program: what it prints where, how it ends, what it leaves behind, and that its
//! predictions are PyTorch's.

mod attack;
mod audit;
mod bench;
mod doctor;
mod dry_run;
mod families;
mod help_files;
mod ladder;
mod output;
mod predict_input;
mod predict_pytorch;
mod program;
mod run_directory;
mod usage;
mod verify;
mod weights;
