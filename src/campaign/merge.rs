//! Shards become one campaign.

use super::files::{JOURNAL, save_images, save_journal};
use super::{Finished, Header, ImageResult, Journal, Shard};
use crate::io::{FolderLock, atomic};
use crate::tensor::Tensor;
use crate::{Error, Result};
use std::path::{Path, PathBuf};

/// Puts the finished shards in `folders`, in any order, together into the folder `out`: its journal and images are, to the bit,
/// those of one process that attacked all. Shards that have no image, if there are more shards than images, need not be there.
///
/// # Errors
/// [`Error::Usage`] if `out` is one of the folders; [`Error::Format`] if a shard is not finished, missing, there twice, or one of
/// another campaign, if another process works in `out`, or if something else was attacked there; those of reading and writing.
pub fn merge(folders: &[PathBuf], out: &Path) -> Result<(Header, Vec<ImageResult>)> {
    refuse_own_folder(folders, out)?;
    let mut shards = folders
        .iter()
        .map(|folder| Part::open(folder))
        .collect::<Result<Vec<_>>>()?;
    let Some(first) = shards.first() else {
        return Err(Error::Usage("no shard to merge".into()));
    };
    let (header, count) = (first.header.of_all(), first.shard.count());
    for part in &shards {
        let refuse = |found: String| {
            let advice = "give the finished shards of one attack, each once";
            let expected = format!("a shard of {} in {count} parts", folders[0].display());
            Err(Error::format(&part.folder, expected, found, advice))
        };
        if part.header.of_all() != header || part.shard.count() != count {
            return refuse("one of another attack".into());
        }
        if shards.iter().filter(|other| other.shard == part.shard).count() > 1 {
            return refuse(format!("shard {}, which is there twice", part.shard));
        }
        let (found, expected) = (part.results.len(), part.shard.positions(header.images).count());
        if found != expected {
            return refuse(format!(
                "shard {} with {found} of its {expected} images",
                part.shard
            ));
        }
    }
    let needed = 0..count.min(u32::try_from(header.images).unwrap_or(u32::MAX));
    let is_missing = |index: &u32| shards.iter().all(|part| part.shard.index() != *index);
    if let Some(missing) = needed.clone().find(is_missing) {
        let found = format!("none with shard {missing}/{count}");
        return Err(Error::format(
            out,
            format!("{} folders, one a shard", needed.end),
            found,
            "attack that shard, too",
        ));
    }
    // Position p is row p / count of shard p mod count.
    shards.sort_by_key(|part| part.shard.index());
    let places: Vec<(usize, usize)> = (0..header.images)
        .map(|position| (position % count as usize, position / count as usize))
        .collect();
    let results: Vec<ImageResult> = places
        .iter()
        .map(|&(shard, row)| shards[shard].results[row].clone())
        .collect();
    let gathered = |of: &dyn Fn(&Part) -> &Tensor| -> Result<Tensor> {
        let rows = places.iter().map(|&(shard, row)| of(&shards[shard]).rows(row, 1));
        Tensor::stack_rows(&rows.collect::<Result<Vec<_>>>()?)
    };
    let (clean, images) = (gathered(&|part| &part.clean)?, gathered(&|part| &part.images)?);
    atomic::create_folder(out)?;
    let _lock = FolderLock::take(out)?;
    refuse_other_results(out, &header, &results)?;
    save_images(out, &results, &clean, &images)?;
    save_journal(out, &header, &results)?;
    Ok((header, results))
}

/// Refuses to write the whole where a shard is, which would be lost.
fn refuse_own_folder(folders: &[PathBuf], out: &Path) -> Result<()> {
    // A folder that is not there is none of them.
    let Ok(out) = out.canonicalize() else {
        return Ok(());
    };
    match folders
        .iter()
        .find(|folder| folder.canonicalize().is_ok_and(|folder| folder == out))
    {
        Some(folder) => Err(Error::Usage(format!(
            "{}: a shard is in that folder; choose another one for the whole",
            folder.display()
        ))),
        None => Ok(()),
    }
}

/// Refuses a folder with the journal of anything but `results`: an attack that is done there, or goes on.
fn refuse_other_results(out: &Path, header: &Header, results: &[ImageResult]) -> Result<()> {
    let path = out.join(JOURNAL);
    if !path.exists() || Journal::read(&path).is_ok_and(|(of, found)| of == *header && found == results) {
        return Ok(());
    }
    let advice = "choose another folder, or delete that one";
    let found = "the journal of another attack, or of one that is not done";
    Err(Error::format(out, "a folder without results", found, advice))
}

/// One shard.
struct Part {
    folder: PathBuf,
    header: Header,
    shard: Shard,
    results: Vec<ImageResult>,
    clean: Tensor,
    images: Tensor,
}

impl Part {
    fn open(folder: &Path) -> Result<Self> {
        let Finished {
            header,
            results,
            clean,
            images,
        } = Finished::read(folder)?;
        let shard = header.shard.unwrap_or(Shard::WHOLE);
        Ok(Self {
            folder: folder.to_owned(),
            header,
            shard,
            results,
            clean,
            images,
        })
    }
}
