//! Which of the data sets are in a path, in which form.

use super::layout::{Form, LAYOUTS, Layout};
use crate::data::archive::{find_member, read_members};
use crate::data::files::Files;
use crate::data::source::Found;
use crate::{Error, Result};
use std::path::{Path, PathBuf};

/// A layout that was recognised.
struct Candidate {
    layout: &'static Layout,
    /// Folder or archive.
    path: PathBuf,
    is_archive: bool,
}

/// The data sets in `path`: an archive, the folder with the files, or the one around either.
///
/// One data set may be there in several forms; then a folder is preferred to an archive, and the
/// binary layout to the python one.
pub(in crate::data) fn find(path: &Path) -> Result<Vec<Found>> {
    let mut candidates = if path.is_dir() {
        let mut candidates = in_folders(path);
        candidates.extend(in_archives(path)?);
        candidates
    } else {
        in_archive(path)?.into_iter().collect()
    };
    let form = |candidate: &Candidate| -> (&str, bool, Form) {
        let layout = candidate.layout;
        (layout.set.name, candidate.is_archive, layout.form)
    };
    candidates.sort_by_key(form);
    candidates.dedup_by_key(|candidate| candidate.layout.set.name);
    Ok(candidates.into_iter().map(Candidate::found).collect())
}

impl Candidate {
    fn found(self) -> Found {
        let what = format!("{} in {}", self.layout.set.name, self.path.display());
        let origin = what.clone();
        let open = move || super::read(self.layout, self.files()?, origin);
        Found {
            what,
            open: Box::new(move |_| open()),
        }
    }

    fn files(&self) -> Result<Files> {
        let path = self.path.clone();
        if !self.is_archive {
            return Ok(Files::Folder(path));
        }
        let members = read_members(&path, |parts| {
            let ours = self.layout.file_at(parts);
            let of_another = || {
                let others = LAYOUTS.iter().map(|layout| layout.set.name);
                let mut others = others.zip(LAYOUTS.iter().map(|layout| layout.file_at(parts)));
                others.find(|(name, file)| *name != self.layout.set.name && file.is_some())
            };
            match (ours, of_another()) {
                (None, Some((other, _))) => {
                    let found = format!("{} and {other}", self.layout.set.name);
                    let advice = "unpack it and give the folder of one of them";
                    Err(Error::format(&path, "one data set", found, advice))
                }
                _ => Ok(ours),
            }
        })?;
        Ok(Files::Archive { path, members })
    }
}

fn in_folders(path: &Path) -> Vec<Candidate> {
    let mut found = Vec::new();
    for layout in &LAYOUTS {
        for path in [path.to_path_buf(), path.join(layout.folder)] {
            if layout.is_in(&path) {
                found.push(Candidate {
                    layout,
                    path,
                    is_archive: false,
                });
            }
        }
    }
    found
}

/// The archives in a folder, in the order of their names.
fn in_archives(folder: &Path) -> Result<Vec<Candidate>> {
    let failed = |source| Error::io(folder, "list the folder", source);
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.sort();
    // A file that cannot be read need not be one of ours.
    let found = paths.iter().filter_map(|path| in_archive(path).ok().flatten());
    Ok(found.collect())
}

fn in_archive(path: &Path) -> Result<Option<Candidate>> {
    let layout = find_member(path, |parts| {
        LAYOUTS.iter().find(|layout| layout.file_at(parts).is_some())
    })?;
    Ok(layout.map(|layout| Candidate {
        layout,
        path: path.to_path_buf(),
        is_archive: true,
    }))
}
