//! The header of a safetensors file, checked beyond what the library checks.

use crate::{Error, Result};
use safetensors::tensor::{Metadata, SafeTensors};
use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use std::borrow::Cow;
use std::collections::HashSet;
use std::path::Path;

const ADVICE: &str = "give a whole .safetensors file";
/// Bytes that a header may have (tens of thousands of tensors): parsing takes a multiple of it.
const MOST_HEADER: u64 = 2 << 20;

/// The tensors and the metadata of the safetensors file with these `bytes`.
///
/// # Errors
/// [`Error::Format`] if it is empty, truncated, no safetensors file, or names a tensor twice.
pub(crate) fn parse<'a>(path: &Path, bytes: &'a [u8]) -> Result<(SafeTensors<'a>, Metadata)> {
    let broken = |found: String| Error::format(path, "a safetensors file", found, ADVICE);
    if bytes.is_empty() {
        return Err(broken("an empty file".into()));
    }
    if let Some((&length, rest)) = bytes.split_first_chunk() {
        let length = u64::from_le_bytes(length);
        if length > MOST_HEADER {
            return Err(broken(format!("a header of {length} bytes")));
        }
        // The library takes the last one of several tensors with one name.
        if let Some(header) = rest.get(..length as usize)
            && let Err(error) = serde_json::from_slice::<DistinctNames>(header)
        {
            return Err(broken(format!("a broken header ({error})")));
        }
    }
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|error| broken(error.to_string()))?;
    let tensors = SafeTensors::deserialize(bytes).map_err(|error| broken(error.to_string()))?;
    Ok((tensors, metadata))
}

/// A JSON object of which no two entries have one name; nothing of it is kept.
struct DistinctNames;

impl<'de> Deserialize<'de> for DistinctNames {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_map(Self)
    }
}

impl<'de> Visitor<'de> for DistinctNames {
    type Value = Self;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("an object of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> std::result::Result<Self, A::Error> {
        let mut names = HashSet::<Cow<'de, str>>::new();
        while let Some(Name(name)) = entries.next_key()? {
            let shown: String = name.chars().take(40).collect();
            if !names.insert(name) {
                return Err(A::Error::custom(format_args!("the name {shown:?} twice")));
            }
            entries.next_value::<IgnoredAny>()?;
        }
        Ok(self)
    }
}

/// A name, borrowed from the header where it can be.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);
