//! The folder of a campaign.

use super::group::Attacked;
use super::{Header, ImageResult, Journal};
use crate::attacks::{LabelledImages, Tape};
use crate::io::{FolderLock, Stored, TensorFile, atomic};
use crate::tensor::{Shape, Tensor};
use crate::{Error, Result};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The files of a campaign that goes on.
///
/// While it does: `journal.jsonl`, `adversarial.f32` (the images of the journal's lines, H,W,C, as f32) and `answers.tape`. When it is
/// done the images are in `adversarial.safetensors`, with the clean ones, labels and ids, and the last two are gone.
#[derive(Debug)]
pub struct Files {
    folder: PathBuf,
    /// Held until the campaign is done or the process ends.
    _lock: FolderLock,
    journal: Journal,
    images: File,
    /// [H, W, C]
    dims: [usize; 3],
}

/// Name of the journal.
pub(super) const JOURNAL: &str = "journal.jsonl";
const IMAGES: &str = "adversarial.f32";
const TAPE: &str = "answers.tape";
const FINISHED: &str = "adversarial.safetensors";

impl Files {
    /// Opens the campaign `header` in `folder`, or begins it, with images of [H, W, C] `dims`; what it found so far.
    ///
    /// # Errors
    /// Those of [`FolderLock::take`] and [`Journal::open`]; [`Error::Format`] if the images of its lines are not there.
    pub fn open(folder: &Path, header: &Header, dims: [usize; 3]) -> Result<(Self, Vec<ImageResult>)> {
        atomic::create_folder(folder)?;
        let lock = FolderLock::take(folder)?;
        let (journal, known) = Journal::open(&folder.join(JOURNAL), header)?;
        // Nobody else writes here: the folder is locked.
        atomic::remove_leftovers(folder)?;
        let path = folder.join(IMAGES);
        let open = || {
            OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)
        };
        let images = open().map_err(|source| Error::io(&path, "open the images", source))?;
        let mut files = Self {
            folder: folder.to_owned(),
            _lock: lock,
            journal,
            images,
            dims,
        };
        files.cut_images(known.len())?;
        Ok((files, known))
    }

    /// The tape for the classifier's answers; `identity` names its weights and device; it is written every
    /// `interval`.
    ///
    /// # Errors
    /// Those of [`Tape::open`].
    pub fn tape(&self, identity: &str, interval: Duration) -> Result<Tape> {
        Tape::open(&self.folder.join(TAPE), identity, interval)
    }

    fn bytes_of_image(&self) -> u64 {
        4 * self.dims.iter().product::<usize>() as u64
    }

    fn failed(&self, doing: &'static str) -> impl Fn(std::io::Error) -> Error + use<> {
        let path = self.folder.join(IMAGES);
        move |source| Error::io(&path, doing, source)
    }

    /// Leaves the images of the first `count` lines, and gets them from the finished file if the campaign was done before.
    fn cut_images(&mut self, count: usize) -> Result<()> {
        let failed = self.failed("read the images");
        let length = count as u64 * self.bytes_of_image();
        if self.images.metadata().map_err(&failed)?.len() < length {
            let path = self.folder.join(FINISHED);
            let images = match path.exists() {
                true => finished_images(&path)?.1.to_vec()?,
                false => Vec::new(),
            };
            let bytes: &[u8] = bytemuck::cast_slice(&images);
            let Some(bytes) = bytes.get(..length as usize) else {
                let advice = "delete the folder to begin again";
                let expected = format!("the images of {count} lines of the journal");
                return Err(Error::format(&self.folder, expected, "fewer", advice));
            };
            self.images
                .set_len(0)
                .and_then(|()| self.images.write_all(bytes))
                .map_err(&failed)?;
        }
        self.images.set_len(length).map_err(&failed)?;
        self.images.seek(SeekFrom::End(0)).map(|_| ()).map_err(&failed)
    }

    /// Adds a finished group: its images, then its lines.
    pub(super) fn append(&mut self, found: &Attacked<f32>) -> Result<()> {
        let images = found.images.to_vec()?;
        let bytes: &[u8] = bytemuck::cast_slice(&images);
        let length = found.results.len() as u64 * self.bytes_of_image();
        let bytes = &bytes[..bytes.len().min(length as usize)];
        let written = self
            .images
            .write_all(bytes)
            .and_then(|()| self.images.sync_data());
        written.map_err(self.failed("add to the images"))?;
        self.journal.append(&found.results)
    }

    /// Writes the images of `results`, all that the campaign found, beside those they were made from, and removes what is
    /// needed to go on only.
    ///
    /// # Errors
    /// [`Error::Shape`] if `clean` are not their clean images; [`Error::Io`] if a file cannot be read or written.
    pub fn finish(mut self, results: &[ImageResult], clean: &LabelledImages) -> Result<()> {
        let [h, w, c] = self.dims;
        let mut values = vec![0_f32; results.len() * h * w * c];
        let read = self
            .images
            .rewind()
            .and_then(|()| self.images.read_exact(bytemuck::cast_slice_mut(&mut values)));
        read.map_err(self.failed("read the images"))?;
        let images = Tensor::from_slice([results.len(), h, w, c], &values)?;
        save_images(&self.folder, results, clean.images(), &images)?;
        for name in [IMAGES, TAPE] {
            let path = self.folder.join(name);
            if path.exists() {
                std::fs::remove_file(&path).map_err(|source| Error::io(&path, "remove the file", source))?;
            }
        }
        Ok(())
    }
}

/// Writes [`FINISHED`]: images N,C,H,W, and what was found about them.
pub(super) fn save_images(
    folder: &Path,
    results: &[ImageResult],
    clean: &Tensor,
    images: &Tensor,
) -> Result<()> {
    let column = |value: &dyn Fn(&ImageResult) -> i64| {
        Stored::Int(Shape::new(&[results.len()]), results.iter().map(value).collect())
    };
    let tensors = BTreeMap::from([
        ("clean".to_owned(), Stored::F32(clean.to_host()?.nhwc_to_nchw()?)),
        (
            "images".to_owned(),
            Stored::F32(images.to_host()?.nhwc_to_nchw()?),
        ),
        ("labels".to_owned(), column(&|result| result.record.label as i64)),
        ("ids".to_owned(), column(&|result| result.record.id.into())),
        (
            "initially_right".to_owned(),
            column(&|result| result.record.initially_right().into()),
        ),
        (
            "never_broken".to_owned(),
            column(&|result| result.record.is_robust().into()),
        ),
    ]);
    let file = TensorFile {
        tensors,
        ..TensorFile::default()
    };
    file.save(&folder.join(FINISHED))
}

/// The clean and the resulting images [N, H, W, C] in a finished file.
pub(super) fn finished_images(path: &Path) -> Result<(Tensor, Tensor)> {
    let file = TensorFile::load(path)?;
    let pictures = |name: &str| match file.tensors.get(name) {
        Some(Stored::F32(tensor)) if tensor.dims().len() == 4 => tensor.nchw_to_nhwc(),
        _ => {
            let expected = format!("pictures `{name}` (N,3,H,W) f32");
            Err(Error::format(path, expected, "none", "run the attack again"))
        }
    };
    Ok((pictures("clean")?, pictures("images")?))
}

/// A finished campaign.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The journal's first line.
    pub header: Header,
    /// What was found about every image.
    pub results: Vec<ImageResult>,
    /// The clean images [N, H, W, C].
    pub clean: Tensor,
    /// The resulting images [N, H, W, C].
    pub images: Tensor,
}

impl Finished {
    /// Reads the campaign in `folder`.
    ///
    /// # Errors
    /// [`Error::Format`] if it is not finished, or its files do not belong together; [`Error::Io`] if one cannot be read.
    pub fn read(folder: &Path) -> Result<Self> {
        let (header, results) = Journal::read(&folder.join(JOURNAL))?;
        let (clean, images) = finished_images(&folder.join(FINISHED))?;
        if clean.shape() != images.shape() || clean.shape().axis(0) != results.len() {
            let expected = format!("{} images, as in the journal", results.len());
            let found = format!("pictures {}", images.shape());
            return Err(Error::format(
                folder.join(FINISHED),
                expected,
                found,
                "finish the attack first",
            ));
        }
        Ok(Self {
            header,
            results,
            clean,
            images,
        })
    }
}

/// Writes a journal as a whole.
pub(super) fn save_journal(folder: &Path, header: &Header, results: &[ImageResult]) -> Result<()> {
    atomic::write(
        &folder.join(JOURNAL),
        super::journal::text(header, results)?.as_bytes(),
    )
}
