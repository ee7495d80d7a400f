//! Downloads from servers that break off, stall, ignore, redirect and lie: each ends in the right file, or in one line
//! and no file.
#![cfg(feature = "download")]

mod faults;
mod named;
mod processes;
mod resuming;
mod server;

use crossmax::fetch::{Entry, Kind, KnownFile, Options, Patience, Size, Unwatched, fetch};
use server::{Reply, Request, Server};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// The result of a test; whatever goes wrong is its failure.
pub type Checked<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Name of the file that tests fetch.
pub const NAME: &str = "file.bin";

/// Bytes of that file.
pub fn content() -> Vec<u8> {
    (0..200_000_u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect()
}

/// SHA-256 in hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// A cache folder and a server with the file.
pub struct Scene {
    pub folder: TempDir,
    pub server: Server,
    pub entry: Entry,
    pub options: Options,
}

impl Scene {
    /// With a server that answers as `answer` says.
    pub fn new(answer: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static) -> Checked<Self> {
        let folder = tempfile::tempdir()?;
        let server = Server::start(answer)?;
        let file = KnownFile {
            path: format!("data/{NAME}"),
            urls: vec![format!("{}/{NAME}", server.url)],
            size: Size::exactly(content().len() as u64),
            sha256: Some(sha256(&content())),
        };
        let mut options = Options::at(folder.path());
        options.patience = Patience {
            connect: Duration::from_secs(5),
            stall: Duration::from_millis(400),
            pause: Duration::from_millis(10),
            attempts: 4,
        };
        let entry = Entry {
            name: "file".into(),
            kind: Kind::Data,
            path: file.path.clone(),
            shape: None,
            files: vec![file],
        };
        Ok(Self {
            folder,
            server,
            entry,
            options,
        })
    }

    /// Fetches the file.
    pub fn fetch(&self) -> crossmax::Result<PathBuf> {
        fetch(&self.entry, &self.options, &Unwatched)
    }

    /// Where the file belongs.
    pub fn target(&self) -> PathBuf {
        self.folder.path().join("data").join(NAME)
    }

    /// Where its download is kept.
    pub fn part(&self) -> PathBuf {
        self.folder.path().join("data").join(format!("{NAME}.part"))
    }

    /// The fetch must bring the file, with these first bytes asked for, request by request.
    pub fn brings(&self, asked: &[Option<usize>]) -> Checked {
        let path = self.fetch()?;
        assert_eq!(path, self.target());
        assert_is_the_file(&path)?;
        let from: Vec<Option<usize>> = self
            .server
            .requests()
            .iter()
            .map(|request| request.from)
            .collect();
        assert_eq!(from, asked);
        assert!(!self.part().exists());
        Ok(())
    }

    /// The fetch must fail in one line with these parts, after so many requests, and leave no file.
    pub fn fails(&self, parts: &[&str], requests: usize) -> Checked {
        let told = match self.fetch() {
            Ok(path) => return Err(format!("{} was fetched", path.display()).into()),
            Err(error) => error.to_string(),
        };
        for part in parts {
            assert!(told.contains(part), "{told:?} lacks {part:?}");
        }
        assert!(!told.contains('\n'), "{told}");
        assert!(!self.target().exists());
        assert_eq!(self.server.requests().len(), requests, "{told}");
        Ok(())
    }
}

/// The file at `path` is the one that was published.
pub fn assert_is_the_file(path: &Path) -> Checked {
    let found = std::fs::read(path)?;
    assert!(found == content(), "{} bytes of another file", found.len());
    Ok(())
}
