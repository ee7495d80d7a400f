//! The format of one file: a header, then the code.
//!
//! | bytes | what |
//! | --- | --- |
//! | 16 | the words of [`MAGIC`], whose last one is the version of the format |
//! | 32 | key: SHA-256 of all that the code was made from |
//! | 32 | SHA-256 of the code |
//! | 8 | length of the code, little-endian |
//! | … | the code |

use super::Sha256Sum;
use crate::io::atomic;
use sha2::{Digest, Sha256};
use std::path::Path;

const MAGIC: &[u8; 16] = b"crossmax cubin 1";
/// Far more than any kernel's code, so that a file of another kind is not read whole.
const MOST_BYTES: u64 = 256 << 20;

/// The whole file.
pub(super) fn encode(key: &Sha256Sum, code: &[u8]) -> Vec<u8> {
    let sum: Sha256Sum = Sha256::digest(code).into();
    let length = (code.len() as u64).to_le_bytes();
    [MAGIC, key.as_slice(), &sum, &length, code].concat()
}

/// The code in a file, if it is whole and belongs to `key`.
pub(super) fn read(path: &Path, key: &Sha256Sum) -> Option<Vec<u8>> {
    let file = atomic::read_at_most(path, MOST_BYTES).ok()?;
    let rest = file.strip_prefix(MAGIC)?.strip_prefix(key)?;
    let (sum, rest) = rest.split_first_chunk::<32>()?;
    let (length, code) = rest.split_first_chunk::<8>()?;
    let found: Sha256Sum = Sha256::digest(code).into();
    let is_whole = u64::from_le_bytes(*length) == code.len() as u64 && found == *sum;
    is_whole.then(|| code.to_vec())
}
