//! Shards become one campaign.

use super::files::{save_images, save_journal};
use super::{Finished, Header, ImageResult, Shard};
use crate::io::atomic;
use crate::tensor::Tensor;
use crate::{Error, Result};
use std::path::{Path, PathBuf};

/// Puts the finished shards in `folders`, in any order, together into the folder `out`: its journal and images are, to the bit,
/// those of one process that attacked all.
///
/// # Errors
/// [`Error::Format`] if a shard is not finished, missing, there twice, or one of another campaign; those of reading and writing.
pub fn merge(folders: &[PathBuf], out: &Path) -> Result<(Header, Vec<ImageResult>)> {
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
    if let Some(missing) = (0..count).find(|&index| shards.iter().all(|part| part.shard.index() != index)) {
        let found = format!("none with shard {missing}/{count}");
        return Err(Error::format(
            out,
            format!("{count} folders, one a shard"),
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
    save_images(out, &results, &clean, &images)?;
    save_journal(out, &header, &results)?;
    Ok((header, results))
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
