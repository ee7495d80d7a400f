//! The kernels: their CUDA C++ sources, embedded in the library, and their typed handles.
//!
//! One submodule stands beside each `.cu` file of the folder `kernels/`; it holds the argument
//! structs and one [`Kernel`](super::Kernel) constant for each entry point. To add a kernel: write
//! it, write its struct with the macro `kernel_args!`, add its constant, and list that
//! constant in the submodule's `SIGNATURES` (a test compares them with the sources).
//!
//! Each constant says what it is launched for: the elements of its result
//! ([`LaunchDims::for_elements`]), channels ([`LaunchDims::for_channels`]) or rows
//! ([`LaunchDims::for_rows`]).
//!
//! [`LaunchDims::for_elements`]: super::LaunchDims::for_elements
//! [`LaunchDims::for_channels`]: super::LaunchDims::for_channels
//! [`LaunchDims::for_rows`]: super::LaunchDims::for_rows

pub mod arrange;
pub mod attack;
pub mod avg_pool2d;
pub mod batch_norm;
pub mod column_sums;
pub mod conv2d;
pub mod conv2d_gemm;
pub mod conv2d_tensor;
pub mod conv2d_warpgroup;
pub mod cross_entropy;
pub mod dlr;
pub mod elementwise;
pub mod gemm;
pub mod max_pool2d;
pub mod optimiser;
pub mod reduce;
pub mod resize;
pub mod softmax;
pub mod view_stack;

use super::Signature;
use crate::{Error, Result};

/// A file of the folder `kernels/`, embedded when the library was built.
#[derive(Clone, Copy, Debug)]
pub struct EmbeddedFile {
    /// File name, for example `conv2d.cu`.
    pub name: &'static str,
    /// The whole text.
    pub source: &'static str,
    /// SHA-256 of the text, in lower-case hexadecimal digits.
    pub sha256: &'static str,
}

impl EmbeddedFile {
    /// Whether the file is a header (`.cuh`), which kernels include by name.
    pub fn is_header(&self) -> bool {
        self.name.ends_with(".cuh")
    }
}

/// All files of `kernels/`, sorted by name.
pub const FILES: &[EmbeddedFile] = include!(concat!(env!("OUT_DIR"), "/kernels.rs"));

/// All kernels.
pub fn signatures() -> impl Iterator<Item = Signature> {
    [
        attack::SIGNATURES,
        avg_pool2d::SIGNATURES,
        batch_norm::SIGNATURES,
        column_sums::SIGNATURES,
        conv2d::SIGNATURES,
        conv2d_gemm::SIGNATURES,
        conv2d_tensor::SIGNATURES,
        conv2d_warpgroup::SIGNATURES,
        cross_entropy::SIGNATURES,
        dlr::SIGNATURES,
        gemm::SIGNATURES,
        max_pool2d::SIGNATURES,
        arrange::SIGNATURES,
        elementwise::SIGNATURES,
        optimiser::SIGNATURES,
        reduce::SIGNATURES,
        resize::SIGNATURES,
        softmax::SIGNATURES,
        view_stack::SIGNATURES,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// The text that the compiler gets for the file `name`: its source, then the contract that its
/// argument structs and entry points must fulfil (see [`super`]).
///
/// # Errors
/// [`Error::Argument`] if no such `.cu` file was embedded.
pub fn translation_unit(name: &str) -> Result<String> {
    let file = FILES
        .iter()
        .find(|file| file.name == name && !file.is_header())
        .ok_or_else(|| Error::argument("translation_unit", "name", "a .cu file of kernels/", name))?;
    // A #line of its own: the compiler's messages then name the contract, not the source.
    let mut text = format!("{}\n#line 1 \"{name}: contract with Rust\"\n", file.source);
    for signature in signatures().filter(|signature| signature.source() == name) {
        text.push_str(&signature.contract());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};
    use std::collections::BTreeSet;

    #[test]
    fn the_table_is_sorted_and_its_hashes_are_right() {
        assert!(FILES.is_sorted_by(|a, b| a.name < b.name));
        for file in FILES {
            let digest = Sha256::digest(file.source.as_bytes());
            let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(file.sha256, hex, "{}", file.name);
        }
    }

    /// (file, entry point) of every `extern "C" __global__ void` in the sources.
    fn entry_points() -> BTreeSet<(String, String)> {
        let mut found = BTreeSet::new();
        for file in FILES {
            for rest in file.source.split("extern \"C\" __global__ void ").skip(1) {
                let bounds = rest.strip_prefix("__launch_bounds__(");
                let rest = bounds
                    .and_then(|rest| rest.split_once(") "))
                    .map_or(rest, |(_, rest)| rest);
                let entry = rest.split('(').next().unwrap_or_default();
                found.insert((file.name.to_owned(), entry.to_owned()));
            }
        }
        found
    }

    #[test]
    fn every_kernel_has_a_signature_and_every_signature_a_kernel() {
        let signed: BTreeSet<_> = signatures()
            .map(|s| (s.source().to_owned(), s.entry().to_owned()))
            .collect();
        assert_eq!(signed, entry_points());
    }

    #[test]
    fn every_include_names_an_embedded_header() {
        for file in FILES {
            for line in file
                .source
                .lines()
                .filter(|l| l.trim_start().starts_with("#include"))
            {
                let name = line.split('"').nth(1).unwrap_or(line);
                assert!(
                    FILES.iter().any(|f| f.is_header() && f.name == name),
                    "{}: {line}",
                    file.name
                );
            }
        }
    }

    #[test]
    fn an_unknown_file_is_an_error() {
        let error = translation_unit("conv3d.cu").unwrap_err();
        assert!(error.to_string().contains("conv3d.cu"), "{error}");
    }
}
