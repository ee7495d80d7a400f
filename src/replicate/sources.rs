//! Where the data and the weights that a configuration names are, or come from.

use super::{Config, Reported, Reporter};
use crate::Result;
use crate::fetch::{Entry, Kind, Manifest, Options, State, entry_state, fetch};
use std::path::{Path, PathBuf};

/// What is known under names, and the cache folder that fetched files are kept in.
#[derive(Clone, Debug)]
pub struct Sources {
    manifest: Manifest,
    options: Option<Options>,
}

/// Where something that a configuration names is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The program makes it itself.
    BuiltIn,
    /// There, in this file or folder.
    There(PathBuf),
    /// In the cache folder, but not as it was published.
    Damaged(PathBuf),
    /// Not there, but it can be downloaded.
    Fetchable(Published),
    /// Not there, and not to be downloaded: it is not known, or downloads are forbidden or not built in.
    Missing(Option<Published>),
}

/// Something published that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Where it belongs: in the cache folder, if there is one.
    pub path: Option<PathBuf>,
    /// For each of its files the addresses that it can come from.
    pub urls: Vec<Vec<String>>,
    /// Bytes of all its files, at most.
    pub bytes: u64,
}

impl Sources {
    /// The built-in list; without `options` there is no cache folder, and nothing can be fetched.
    ///
    /// # Errors
    /// Those of [`Manifest::built_in`].
    pub fn new(options: Option<Options>) -> Result<Self> {
        Ok(Self::of(Manifest::built_in()?, options))
    }

    /// The same with a list of one's own.
    pub fn of(manifest: Manifest, options: Option<Options>) -> Self {
        Self { manifest, options }
    }

    /// What is published under `name`.
    pub(super) fn published(&self, kind: Kind, name: &str) -> Option<&Entry> {
        self.manifest.get(name).filter(|entry| entry.kind == kind)
    }

    /// Puts full paths in the place of the relative ones that `config` names, which are relative to `folder`; an empty one
    /// is the current folder. `drawn` and what is published stay names: the file or folder of such a name is `./NAME`.
    /// The weights `none` are no weights.
    ///
    /// # Errors
    /// Those of [`full_path`].
    pub fn place_in(&self, config: &mut Config, folder: &Path) -> Result<()> {
        let place = |kind: Kind, name: &mut String| -> Result<()> {
            let known = kind == Kind::Data && name == "drawn" || self.published(kind, name).is_some();
            if !known {
                *name = full_path(&folder.join(&*name))?;
            }
            Ok(())
        };
        place(Kind::Data, &mut config.data.source)?;
        let weights = config.backbone.weights.take().filter(|name| name != "none");
        config.backbone.weights = weights;
        config
            .backbone
            .weights
            .as_mut()
            .map_or(Ok(()), |name| place(Kind::Weights, name))
    }

    /// Looks for the data or weights called `name`: `drawn`, what is published under that name, or a path. Files in the
    /// cache folder are read and hashed.
    ///
    /// # Errors
    /// [`crate::Error::Io`] if a file in the cache folder cannot be read.
    pub fn find(&self, kind: Kind, name: &str) -> Result<Place> {
        if kind == Kind::Data && name == "drawn" {
            return Ok(Place::BuiltIn);
        }
        let Some(entry) = self.published(kind, name) else {
            return Ok(match Path::new(name).exists() {
                true => Place::There(name.into()),
                false => Place::Missing(None),
            });
        };
        let Some(options) = &self.options else {
            let urls = entry.files.iter().map(|file| file.urls.clone()).collect();
            return Ok(Place::Missing(Some(published(entry, None, urls))));
        };
        let states = entry_state(entry, options)?;
        let path = options.cache.join(&entry.path);
        if states.iter().all(|state| *state == State::Whole) {
            return Ok(Place::There(path));
        }
        let mut files = entry.files.iter().zip(&states);
        if let Some((file, _)) = files.find(|(_, state)| matches!(state, State::Wrong { .. })) {
            return Ok(Place::Damaged(options.cache.join(&file.path)));
        }
        let urls = entry.files.iter().map(|file| options.urls(file)).collect();
        let published = published(entry, Some(&options.cache), urls);
        Ok(match cfg!(feature = "download") && !options.offline {
            true => Place::Fetchable(published),
            false => Place::Missing(Some(published)),
        })
    }

    /// Puts paths in the place of published names in `config`, and fetches what is missing.
    ///
    /// # Errors
    /// Those of [`Options::of_user`] if there is no cache folder, and of [`fetch`]; `config` then stays as it is.
    pub fn resolve(&self, config: &mut Config, reporter: &dyn Reporter) -> Result<()> {
        let path = |kind, name: &str| -> Result<Option<String>> {
            let Some(entry) = self.published(kind, name) else {
                return Ok(None);
            };
            let options = self.options.clone().map_or_else(Options::of_user, Ok)?;
            let path = fetch(entry, &options, &Reported(reporter))?;
            full_path(&path).map(Some)
        };
        let data = path(Kind::Data, &config.data.source)?;
        let weights = match &config.backbone.weights {
            Some(name) => path(Kind::Weights, name)?,
            None => None,
        };
        if let Some(path) = data {
            config.data.source = path;
        }
        if weights.is_some() {
            config.backbone.weights = weights;
        }
        Ok(())
    }
}

fn published(entry: &Entry, cache: Option<&Path>, urls: Vec<Vec<String>>) -> Published {
    Published {
        path: cache.map(|cache| cache.join(&entry.path)),
        urls,
        bytes: entry.files.iter().map(|file| file.size.most).sum(),
    }
}

/// `path` from the root, as text, so that a run can be resumed from another folder.
///
/// # Errors
/// [`crate::Error::Io`] if the current folder is not known; [`crate::Error::Format`] if the path is no text.
pub fn full_path(path: &Path) -> Result<String> {
    let full = std::path::absolute(path).map_err(|source| crate::Error::io(path, "find the file", source))?;
    full.into_os_string().into_string().map_err(|name| {
        let found = name.to_string_lossy().into_owned();
        crate::Error::format(path, "a path in UTF-8", found, "rename the folder")
    })
}
