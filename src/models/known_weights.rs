//! The weight files that torchvision publishes for its ResNets.

use crate::{Error, Result};

const MANIFEST: &str = include_str!("../../weights/manifest.toml");

/// A weight file that can be downloaded.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownWeights {
    /// Torchvision's name of the network, for example `resnet152`.
    pub architecture: String,
    /// `V1`, or `V2` for the longer training.
    pub version: String,
    /// Where the file is.
    pub url: String,
    /// First eight hexadecimal digits of the file's SHA-256.
    pub sha256_prefix: String,
    /// Number of learned numbers, without running statistics.
    pub parameters: u64,
    /// Size of the file in 2^20 bytes, rounded to three places.
    pub mebibytes: f64,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    file: Vec<KnownWeights>,
}

/// All files of `weights/manifest.toml`, in its order.
///
/// # Errors
/// [`Error::Format`] if the manifest that was built in is not well-formed.
pub fn known_weights() -> Result<Vec<KnownWeights>> {
    let manifest: Manifest = toml::from_str(MANIFEST).map_err(|error| {
        let expected = "a list of weight files";
        Error::format("weights/manifest.toml", expected, error.message(), "report this")
    })?;
    Ok(manifest.file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_file_is_named_after_its_network_and_hash() -> Result<()> {
        for file in known_weights()? {
            let (name, prefix) = (&file.architecture, &file.sha256_prefix);
            let url = format!("https://download.pytorch.org/models/{name}-{prefix}.pth");
            assert_eq!(file.url, url);
            let is_digit = |c: char| matches!(c, '0'..='9' | 'a'..='f');
            assert!(prefix.len() == 8 && prefix.chars().all(is_digit), "{file:?}");
        }
        Ok(())
    }

    #[test]
    fn files_are_as_large_as_their_parameters() -> Result<()> {
        for file in known_weights()? {
            // Four bytes each; running statistics, names and alignment are less than a hundredth.
            let mebibytes = file.parameters as f64 * 4.0 / f64::from(1 << 20);
            let ratio = file.mebibytes / mebibytes;
            assert!((1.0..1.01).contains(&ratio), "{file:?}: {ratio}");
        }
        Ok(())
    }

    #[test]
    fn every_resnet_is_there_once_in_each_version() -> Result<()> {
        let files = known_weights()?;
        let keys = files
            .iter()
            .map(|file| format!("{} {}", file.architecture, file.version));
        let keys: BTreeSet<String> = keys.collect();
        let deep = ["resnet50", "resnet101", "resnet152"];
        let mut expected = BTreeSet::from(["resnet18 V1".to_owned(), "resnet34 V1".to_owned()]);
        expected.extend(
            deep.iter()
                .flat_map(|name| ["V1", "V2"].map(|v| format!("{name} {v}"))),
        );
        assert_eq!((files.len(), keys), (8, expected));
        Ok(())
    }
}
