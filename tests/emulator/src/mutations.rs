//! Deliberate mistakes in the kernels, which the tests that compare kernels with the CPU must find.
//!
//! `build.rs` compiles one variant of a file for each.

/// A change of one place of one file of `kernels/`.
#[derive(Clone, Copy, Debug)]
pub struct Mutation {
    /// Name of the variant.
    pub name: &'static str,
    /// The file that is changed.
    pub file: &'static str,
    /// The `.cu` file that is compiled with it.
    pub source: &'static str,
    /// Text that stands once in the file.
    pub from: &'static str,
    /// What it becomes.
    pub to: &'static str,
}

/// All of them.
pub const MUTATIONS: &[Mutation] = &[];
