//! Members of tar archives, plain or gzipped, taken into memory: nothing is unpacked to disk.
//!
//! Members are known by the names in their own headers. What extends these, long names and pax
//! records, is not looked at: the names that are wanted are short.

use super::limits::{Bounded, broken_bounded, check_unpacked};
use crate::{Error, Result};
use flate2::read::MultiGzDecoder;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read, Seek};
use std::path::Path;
use tar::EntryType;

/// Unpacked bytes in which a member that tells what the archive is must begin.
const RECOGNISED_WITHIN: u64 = 1 << 20;
const GZIP: &[u8] = &[0x1f, 0x8b];
/// What stands at byte 257 of the first header.
const TAR: &[u8] = b"ustar";
const ADVICE: &str = "get the archive from a source you trust";

/// A file in an archive.
pub(super) struct Member {
    /// Its path there.
    pub name: String,
    pub content: Vec<u8>,
}

/// What the first member says that says something to `choose`, which is given the parts of its
/// path. `None` if no member does or `path` is no archive.
///
/// # Errors
/// [`Error::Io`] if the file cannot be read.
pub(super) fn find_member<T>(path: &Path, choose: impl Fn(&[&str]) -> Option<T>) -> Result<Option<T>> {
    let Some((_, stream)) = open(path)? else {
        return Ok(None);
    };
    let mut archive = tar::Archive::new(stream.take(RECOGNISED_WITHIN));
    let Ok(entries) = archive.entries() else {
        return Ok(None);
    };
    // Where the stream breaks, there is nothing more to recognise.
    for entry in entries.raw(true).map_while(io::Result::ok) {
        let name = entry.path_bytes();
        if describes_a_file(entry.header().entry_type())
            && let Some(found) = parts(&name).and_then(|parts| choose(&parts))
        {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The members that `choose` has a key for, by that key; it is given the parts of each path.
///
/// # Errors
/// [`Error::Format`] if the archive is broken, unpacks to too much, has members outside its folder,
/// or a chosen one twice or as something else than a file; errors of `choose`.
pub(super) fn read_members(
    path: &Path,
    choose: impl Fn(&[&str]) -> Result<Option<&'static str>>,
) -> Result<BTreeMap<&'static str, Member>> {
    let Some((bytes, stream)) = open(path)? else {
        return Err(Error::format(path, "a tar archive", "something else", ADVICE));
    };
    let broken = |error| broken_bounded(path, bytes, &error);
    let mut archive = tar::Archive::new(stream);
    let (mut members, mut unpacked) = (BTreeMap::new(), 0_u64);
    for entry in archive.entries().map_err(broken)?.raw(true) {
        let mut entry = entry.map_err(broken)?;
        let bytes_of_name = entry.path_bytes().into_owned();
        let refuse = |expected: &str, found: &str| {
            let name = String::from_utf8_lossy(&bytes_of_name);
            let found = format!("{found} `{}`", name.escape_debug());
            Err(Error::format(path, expected, found, ADVICE))
        };
        if escapes(&bytes_of_name) {
            return refuse("members inside the archive's own folder", "the path");
        }
        let kind = entry.header().entry_type();
        let Some(parts) = parts(&bytes_of_name).filter(|_| describes_a_file(kind)) else {
            continue;
        };
        let Some(key) = choose(&parts)? else {
            continue;
        };
        if !matches!(kind, EntryType::Regular | EntryType::Continuous) {
            return refuse("plain files", "a link or special file");
        }
        if members.contains_key(key) {
            return refuse("each file once", "a second");
        }
        let size = entry.size();
        unpacked = unpacked.saturating_add(size);
        check_unpacked(path, bytes, unpacked)?;
        let content = read_exactly(&mut entry, size, bytes).map_err(broken)?;
        let name = parts.join("/");
        members.insert(key, Member { name, content });
    }
    // To the end of the stream, where its checksum is.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(broken)?;
    Ok(members)
}

/// The size of the file and the stream of the archive in it, if it begins as one.
fn open(path: &Path) -> Result<Option<(u64, Box<dyn Read>)>> {
    let failed = |source| Error::io(path, "read the archive", source);
    let metadata = path.metadata().map_err(failed)?;
    // Opening a pipe could wait forever.
    if !metadata.is_file() {
        return Ok(None);
    }
    let mut file = File::open(path).map_err(failed)?;
    let mut head = Vec::with_capacity(512);
    (&file).take(512).read_to_end(&mut head).map_err(failed)?;
    file.rewind().map_err(failed)?;
    let (bytes, file) = (metadata.len(), BufReader::new(file));
    Ok(if head.starts_with(GZIP) {
        Some((bytes, Box::new(Bounded::new(bytes, MultiGzDecoder::new(file)))))
    } else if head.get(257..).is_some_and(|rest| rest.starts_with(TAR)) {
        Some((bytes, Box::new(file)))
    } else {
        None
    })
}

/// All `size` bytes that a member of an archive of `bytes` bytes says it has.
fn read_exactly(entry: &mut impl Read, size: u64, bytes: u64) -> io::Result<Vec<u8>> {
    // Room for what is likely, so that a header alone does not take memory.
    let likely = usize::try_from(size.min(bytes.saturating_mul(2))).unwrap_or(0);
    let mut content = Vec::with_capacity(likely);
    entry.read_to_end(&mut content)?;
    if content.len() as u64 == size {
        Ok(content)
    } else {
        Err(ErrorKind::UnexpectedEof.into())
    }
}

/// Whether a header of this type stands for a file, of whatever kind.
fn describes_a_file(kind: EntryType) -> bool {
    let extends_the_next = kind.is_pax_global_extensions()
        || kind.is_pax_local_extensions()
        || kind.is_gnu_longname()
        || kind.is_gnu_longlink();
    !kind.is_dir() && !extends_the_next
}

/// Whether a path leads out of the folder it would be unpacked to.
fn escapes(name: &[u8]) -> bool {
    name.starts_with(b"/") || name.split(|&byte| byte == b'/').any(|part| part == b"..")
}

/// The parts of a path that name something, so that also one that escapes is recognised before it
/// is refused; `None` if it is not UTF-8.
fn parts(name: &[u8]) -> Option<Vec<&str>> {
    let name = std::str::from_utf8(name).ok()?;
    Some(
        name.split('/')
            .filter(|part| !matches!(*part, "" | "." | ".."))
            .collect(),
    )
}
