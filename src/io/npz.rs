//! Writing `.npz`, for NumPy: a zip archive of `.npy` arrays, stored as they are
//! (<https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>).

use super::{Stored, atomic};
use crate::{Error, Result};
use std::io::{Cursor, Write};
use std::path::Path;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// Bytes that the header of an array is a multiple of.
const ALIGNMENT: usize = 64;

/// Writes `arrays` by name to the file at `path`, whole or not at all. The same arrays give the same bytes.
///
/// # Errors
/// [`Error::Io`] if the file cannot be written.
pub fn save_npz(path: &Path, arrays: &[(&str, &Stored)]) -> Result<()> {
    let failed = |source| Error::io(path, "write the arrays", source);
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .large_file(true);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, array) in arrays {
        let bytes = npy(array)?;
        archive
            .start_file(format!("{name}.npy"), options)
            .map_err(|error| failed(error.into()))?;
        archive.write_all(&bytes).map_err(failed)?;
    }
    let archive = archive.finish().map_err(|error| failed(error.into()))?;
    atomic::write(path, archive.get_ref())
}

/// An array as a `.npy` file.
fn npy(array: &Stored) -> Result<Vec<u8>> {
    let (kind, dims, numbers) = match array {
        Stored::F32(tensor) => {
            let numbers = tensor
                .to_vec()?
                .iter()
                .flat_map(|x| x.to_le_bytes())
                .collect::<Vec<u8>>();
            ("<f4", tensor.dims(), numbers)
        }
        Stored::F64(tensor) => {
            let numbers = tensor.to_vec()?.iter().flat_map(|x| x.to_le_bytes()).collect();
            ("<f8", tensor.dims(), numbers)
        }
        Stored::Int(shape, values) => (
            "<i8",
            shape.dims(),
            values.iter().flat_map(|x| x.to_le_bytes()).collect(),
        ),
    };
    // A tuple of one has a comma, too.
    let shape: String = dims.iter().map(|length| format!("{length}, ")).collect();
    let mut header = format!(
        "{{'descr': '{kind}', 'fortran_order': False, 'shape': ({}), }}",
        shape.trim_end()
    );
    let begin = 10;
    let end = (begin + header.len() + 1).next_multiple_of(ALIGNMENT);
    header.push_str(&" ".repeat(end - begin - header.len() - 1));
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    // Not long: a shape has few axes.
    bytes.extend_from_slice(&(header.len() as u16).to_le_bytes());
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend_from_slice(&numbers);
    Ok(bytes)
}
