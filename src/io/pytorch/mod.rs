//! Weights as PyTorch's `torch.save` writes them: `.pth` and `.pt` files.
//!
//! Two formats exist: a zip archive (PyTorch 1.6 and newer) and a row of pickles with raw numbers behind
//! them (older, and `_use_new_zipfile_serialization=False`). Both hold one pickle whose tensors name
//! storages outside of it. The pickle is read as plain data: nothing in a file is executed, and only the
//! globals that weights need may be named.

mod globals;
mod legacy;
mod rebuild;
mod state_dict;
mod storage;
#[cfg(test)]
mod tests;
mod zip;

use super::pickle::Pickle;
use super::weights_file::{Format, WeightsFile};
use crate::{Error, Result};
use globals::PYTORCH;
use std::path::Path;

/// How to make a file that this crate reads.
const ADVICE: &str = "write the weights alone, in PyTorch: torch.save(model.state_dict(), file)";

/// How a zip archive begins.
const ZIP: &[u8] = b"PK\x03\x04";
/// How an archive of PyTorch 0.1 names itself, and where.
const TAR: (usize, &[u8]) = (257, b"ustar");

/// Whether `bytes` are the start of a file that `torch.save` may have written.
pub(super) fn is_pytorch(bytes: &[u8]) -> bool {
    !is_safetensors(bytes) && (bytes.starts_with(ZIP) || is_tar(bytes) || legacy::is_pickle(bytes))
}

/// Whether `bytes` are the start of a safetensors file: a length of less than 4 GiB, which may have any first bytes (that of a
/// header of 640 bytes has those of a pickle), and an object.
fn is_safetensors(bytes: &[u8]) -> bool {
    matches!(bytes, [_, _, _, _, 0, 0, 0, 0, b'{', ..])
}

/// Reads the weights in `bytes`, the content of `path`.
///
/// # Errors
/// [`Error::Format`] if it is truncated or contradicts itself, holds anything but weights, unpacks to more
/// than 64 times its size, or is of a kind that is not read: TorchScript, PyTorch 0.1, big-endian.
pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<WeightsFile> {
    if is_tar(bytes) {
        return Err(refuse(path, "the tar format of PyTorch 0.1"));
    }
    if bytes.starts_with(ZIP) {
        return zip::parse(path, bytes).map(|read| read.into_file(Format::PytorchZip));
    }
    legacy::parse(path, bytes).map(|read| read.into_file(Format::PytorchLegacy))
}

fn is_tar(bytes: &[u8]) -> bool {
    bytes.get(TAR.0..).is_some_and(|rest| rest.starts_with(TAR.1))
}

/// The pickle at the start of `bytes`, of the file `path`.
fn pickle<'a>(path: &Path, bytes: &'a [u8]) -> Result<Pickle<'a>> {
    Pickle::parse(path, bytes, PYTORCH).map_err(|error| match error {
        Error::Format { found, .. } => refuse(path, found),
        other => other,
    })
}

fn refuse(path: &Path, found: impl ToString) -> Error {
    Error::format(path, "weights that PyTorch wrote", found, ADVICE)
}
