//! The binary layout: records of the label bytes (CIFAR-10: one; CIFAR-100: coarse, then fine) and
//! an image; class names as text, one a line.

use super::layout::{DataSet, PLANE};
use super::{ADVICE, Images, check_labels, wrong_names};
use crate::{Error, Result};
use std::path::Path;

/// Appends the images of a file.
pub(super) fn read_images(set: &DataSet, place: &Path, bytes: &[u8], images: &mut Images) -> Result<()> {
    let size = set.labels.len() + 3 * PLANE;
    let (count, rest) = (bytes.len() / size, bytes.len() % size);
    if count == 0 || rest > 0 {
        let found = match bytes.len() {
            0 => "an empty file".into(),
            length => format!("{length} bytes = {count} records and {rest} bytes"),
        };
        let expected = format!("whole records of {size} bytes");
        return Err(Error::format(place, expected, found, ADVICE));
    }
    images.reserve(count);
    for (number, record) in bytes.chunks_exact(size).enumerate() {
        let (labels, planes) = record.split_at(set.labels.len());
        let labels = labels.iter().map(|&label| label.into());
        images.push(check_labels(set, place, number, labels)?, planes);
    }
    Ok(())
}

/// The names of the classes.
pub(super) fn read_names(set: &DataSet, place: &Path, bytes: &[u8]) -> Result<Vec<String>> {
    let text = std::str::from_utf8(bytes).map_err(|_| wrong_names(set, place, "text that is not UTF-8"))?;
    let lines = text.lines().map(str::trim);
    // The published files end with an empty line.
    Ok(lines.filter(|line| !line.is_empty()).map(String::from).collect())
}
