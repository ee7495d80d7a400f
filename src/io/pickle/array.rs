//! Numpy's arrays of bytes, as numpy pickles them.

use super::node::Global;
use super::value::{Call, Sequence, Value, View};
use std::borrow::Cow;

const fn global(module: &'static str, name: &'static str) -> Global {
    Global { module, name }
}

const NDARRAY: Global = global("numpy", "ndarray");
const DTYPE: Global = global("numpy", "dtype");
/// How Python 3 writes bytes in protocols 0 to 2, which know none: as a text and its encoding.
pub(super) const ENCODE: Global = global("_codecs", "encode");

/// What pickles of numpy arrays name. Numpy 2 renamed its modules.
pub const NUMPY: &[Global] = &[
    global("numpy.core.multiarray", "_reconstruct"),
    global("numpy._core.multiarray", "_reconstruct"),
    global("numpy.core.numeric", "_frombuffer"),
    global("numpy._core.numeric", "_frombuffer"),
    NDARRAY,
    DTYPE,
    ENCODE,
];

/// A numpy array of type `uint8` with two axes.
pub struct ByteMatrix<'p> {
    /// Lengths of the axes.
    pub shape: [usize; 2],
    /// Its numbers, row by row; borrowed from the file if they stand there so.
    pub bytes: Cow<'p, [u8]>,
}

/// The array that `value` is.
///
/// # Errors
/// What was found instead, as it goes behind "found".
pub fn byte_matrix(value: Value<'_>) -> Result<ByteMatrix<'_>, String> {
    let View::Call(call) = value.view() else {
        return Err(value.describe());
    };
    let parts = match call.callee().name {
        "_reconstruct" => reconstructed(call),
        "_frombuffer" => from_buffer(call),
        _ => return Err(value.describe()),
    };
    let parts = parts.ok_or("a numpy array of unknown structure")?;
    check_type(parts.dtype)?;
    let (rows, columns) = match parts.shape {
        View::Tuple(shape) => lengths(shape),
        _ => None,
    }
    .ok_or("a numpy array that has not two axes")?;
    let bytes = parts.bytes.bytes().ok_or("a numpy array without its bytes")?;
    if rows.checked_mul(columns) != Some(bytes.len()) {
        return Err(format!("{} bytes for {rows}×{columns} numbers", bytes.len()));
    }
    // Without numbers there may still be any number of rows.
    let bytes = if parts.column_major && !bytes.is_empty() {
        Cow::Owned(transposed(&bytes, rows, columns))
    } else {
        bytes
    };
    Ok(ByteMatrix {
        shape: [rows, columns],
        bytes,
    })
}

/// What the two ways to pickle an array have in common.
struct Parts<'p> {
    shape: View<'p>,
    dtype: Value<'p>,
    column_major: bool,
    bytes: Value<'p>,
}

/// `_reconstruct(ndarray, (0,), b"b")` with the state `(1, shape, dtype, is_fortran, bytes)`.
fn reconstructed(call: Call<'_>) -> Option<Parts<'_>> {
    let class = call.arguments()?.get(0)?.view();
    let View::Tuple(state) = call.state()?.view() else {
        return None;
    };
    let known = matches!(class, View::Global(NDARRAY)) && state.len() == 5;
    if !known || !matches!(state.get(0)?.view(), View::Int(1)) {
        return None;
    }
    Some(Parts {
        shape: state.get(1)?.view(),
        dtype: state.get(2)?,
        column_major: match state.get(3)?.view() {
            View::Bool(flag) => flag,
            // Numpy of Python 2.
            View::Int(flag @ (0 | 1)) => flag == 1,
            _ => return None,
        },
        bytes: state.get(4)?,
    })
}

/// `_frombuffer(bytes, dtype, shape, order)`, which protocol 5 has.
fn from_buffer(call: Call<'_>) -> Option<Parts<'_>> {
    let arguments = call.arguments()?;
    Some(Parts {
        bytes: arguments.get(0)?,
        dtype: arguments.get(1)?,
        shape: arguments.get(2)?.view(),
        column_major: match &*arguments.get(3)?.text()? {
            "C" => false,
            "F" => true,
            _ => return None,
        },
    })
}

/// Checks for `dtype("u1", …)`.
fn check_type(value: Value<'_>) -> Result<(), String> {
    let name = match value.view() {
        View::Call(call) if call.callee() == DTYPE => call.arguments().and_then(|of| of.get(0)?.text()),
        _ => None,
    };
    match name.as_deref() {
        Some("u1") => Ok(()),
        Some(name) => {
            let name: String = name.chars().take(16).flat_map(char::escape_debug).collect();
            Err(format!("a numpy array of type {name}"))
        }
        None => Err("a numpy array of unknown type".into()),
    }
}

fn lengths(shape: Sequence<'_>) -> Option<(usize, usize)> {
    let length = |axis| match shape.get(axis)?.view() {
        View::Int(length) => usize::try_from(length).ok(),
        _ => None,
    };
    Some((length(0)?, length(1)?)).filter(|_| shape.len() == 2)
}

/// From column by column to row by row.
fn transposed(bytes: &[u8], rows: usize, columns: usize) -> Vec<u8> {
    let row = |row: usize| bytes.iter().skip(row).step_by(rows.max(1)).take(columns);
    (0..rows).flat_map(row).copied().collect()
}
