//! Pictures in `.safetensors` files.

use super::{Labels, MAX_BYTES, Pictures, check_room};
use crate::io::{Stored, TensorFile};
use crate::tensor::Tensor;
use crate::{Error, Result};
use std::path::Path;

/// Reads `images` (N,3,H,W) and, if they are there, `labels` (N).
pub(super) fn open(path: &Path) -> Result<Pictures> {
    // The values of f64 files take twice the bytes that they have as f32.
    let bytes = std::fs::metadata(path)
        .map_err(|source| Error::io(path, "read the pictures", source))?
        .len();
    if bytes > 2 * MAX_BYTES {
        let expected = format!("a file of at most {} MiB", MAX_BYTES >> 19);
        return Err(Error::format(
            path,
            expected,
            format!("{} MiB", bytes >> 20),
            "give fewer pictures",
        ));
    }
    let mut file = TensorFile::load(path)?;
    let expected = "a tensor `images` (N,3,H,W) of floating-point numbers";
    let refuse = |found: String| Error::format(path, expected, found, "store the pictures so");
    let stored = file.tensors.remove("images").ok_or_else(|| {
        let names: Vec<_> = file.tensors.keys().take(3).map(String::as_str).collect();
        refuse(format!("{} others ({})", file.tensors.len(), names.join(", ")))
    })?;
    let shape = *stored.shape();
    let &[n, 3, height, width] = shape.dims() else {
        return Err(refuse(format!("shape {shape}")));
    };
    if shape.is_empty() {
        return Err(refuse(format!("shape {shape}, no pixels")));
    }
    check_room(path, n, [height, width])?;
    let images: Tensor<f32> = stored.float()?.ok_or_else(|| refuse("integers".into()))?;
    check_range(path, &images)?;
    let labels = file
        .tensors
        .remove("labels")
        .map(|labels| check_labels(path, labels, n))
        .transpose()?;
    Ok(Pictures {
        source: path.to_path_buf(),
        images: images.nchw_to_nhwc()?,
        names: (0..n).map(|number| number.to_string()).collect(),
        labels,
    })
}

fn check_range(path: &Path, images: &Tensor<f32>) -> Result<()> {
    let values = images.host("read the pictures")?;
    let not_finite = values.iter().filter(|value| !value.is_finite()).count();
    let inside = values.iter().filter(|value| (0.0..=1.0).contains(*value)).count();
    if inside == values.len() {
        return Ok(());
    }
    let outside = values.len() - inside - not_finite;
    let found = format!(
        "{not_finite} NaN or infinite and {outside} outside, of {} numbers",
        values.len()
    );
    Err(Error::format(
        path,
        "`images` in [0, 1]",
        found,
        "divide bytes by 255, undo any normalisation",
    ))
}

fn check_labels(path: &Path, stored: Stored, n: usize) -> Result<Labels> {
    let refuse = |found: String| {
        let expected = format!("`labels` ({n}) of whole numbers from 0");
        Error::format(path, expected, found, "give one label a picture, or none")
    };
    let shape = *stored.shape();
    let Stored::Int(_, numbers) = stored else {
        return Err(refuse("floating-point numbers".into()));
    };
    if shape.dims() != [n] {
        return Err(refuse(format!("shape {shape}")));
    }
    let number = |label: i64| usize::try_from(label).map_err(|_| refuse(format!("label {label}")));
    numbers
        .into_iter()
        .map(number)
        .collect::<Result<_>>()
        .map(Labels::Numbers)
}
