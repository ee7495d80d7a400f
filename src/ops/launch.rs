//! Lengths as kernels count them, checked.

use crate::device::LaunchDims;
use crate::{Error, Result};

/// A length as a kernel's `int`.
///
/// # Errors
/// [`Error::Argument`] if it is beyond 2³¹ − 1.
pub(crate) fn int(op: &'static str, length: usize) -> Result<i32> {
    int_up_to(op, length, i32::MAX)
}

/// A length as the `int` of a kernel that adds to it, and so takes fewer.
///
/// # Errors
/// [`Error::Argument`] if it is beyond `most`.
pub(crate) fn int_up_to(op: &'static str, length: usize, most: i32) -> Result<i32> {
    let fits = i32::try_from(length).ok().filter(|&length| length <= most);
    fits.ok_or_else(|| Error::argument(op, "length", format!("at most {most} on a device"), length))
}

/// A kernel's launch with one warp for each of `rows`.
///
/// # Errors
/// [`Error::Argument`] if there are more rows than such a launch reaches.
pub(crate) fn for_rows(op: &'static str, rows: usize) -> Result<LaunchDims> {
    let dims = LaunchDims::for_rows(rows);
    let [blocks, rows_of_block] = [dims.grid[0], dims.block[1]].map(u64::from);
    let most = blocks * rows_of_block;
    if rows as u64 > most {
        let expected = format!("at most {most} on a device");
        return Err(Error::argument(op, "rows", expected, rows));
    }
    Ok(dims)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_beyond_what_kernels_count_with_are_refused() {
        assert!(int("op", 1 << 31).is_err());
        assert!(int("op", (1 << 31) - 1).is_ok());
        assert!(int_up_to("op", 9, 8).is_err());
        assert!(int_up_to("op", 8, 8).is_ok());
        assert!(for_rows("op", 9).is_ok());
        let error = for_rows("op", 1 << 33).unwrap_err().to_string();
        assert!(error.contains("8589934588"), "{error}");
    }
}
