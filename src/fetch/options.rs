//! Where to fetch from, where to, and how patiently.

use super::KnownFile;
use crate::io::cache;
use crate::{Error, Result};
use std::path::PathBuf;
use std::time::Duration;

/// Where to fetch from, where to, and how patiently.
#[derive(Clone, Debug)]
pub struct Options {
    /// The cache folder; made when it is first needed.
    pub cache: PathBuf,
    /// An address under which the files have their names; it is asked instead of the manifest's.
    pub mirror: Option<String>,
    /// Nothing may be downloaded.
    pub offline: bool,
    /// How long and how often.
    pub patience: Patience,
}

/// How long a download waits, and how often it tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For a connection.
    pub connect: Duration,
    /// For the next bytes; a connection that sends nothing for so long is given up.
    pub stall: Duration,
    /// Before the second attempt; doubled before each further one.
    pub pause: Duration,
    /// Attempts in a row that bring nothing new to speak of, at each address.
    pub attempts: u32,
}

impl Default for Patience {
    /// 20 s for a connection, 30 s for the next bytes, half a second of pause, 5 attempts.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(20),
            stall: Duration::from_secs(30),
            pause: Duration::from_millis(500),
            attempts: 5,
        }
    }
}

impl Options {
    /// With the user's cache folder ([`cache::user_folder`]) and the mirror that `CROSSMAX_MIRROR` names, if it is set.
    ///
    /// # Errors
    /// [`Error::Argument`] if there is no such folder.
    pub fn of_user() -> Result<Self> {
        let cache = cache::user_folder().ok_or_else(|| {
            let expected = "a folder, by --cache or CROSSMAX_CACHE, or a home directory";
            Error::argument("fetch", "cache", expected, "none")
        })?;
        Ok(Self::at(cache).with_mirror(std::env::var("CROSSMAX_MIRROR").ok()))
    }

    /// With this cache folder.
    pub fn at(cache: impl Into<PathBuf>) -> Self {
        Self {
            cache: cache.into(),
            mirror: None,
            offline: false,
            patience: Patience::default(),
        }
    }

    /// The same with a mirror; an empty address is none.
    pub fn with_mirror(self, mirror: Option<String>) -> Self {
        let mirror = mirror.filter(|address| !address.is_empty());
        Self { mirror, ..self }
    }

    /// The addresses to try for `file`, in this order.
    pub fn urls(&self, file: &KnownFile) -> Vec<String> {
        match &self.mirror {
            Some(base) => vec![format!("{}/{}", base.trim_end_matches('/'), file.name())],
            None => file.urls.clone(),
        }
    }
}
