//! What is true of campaigns whatever the classifier.

mod controls;
mod files;
mod orders;
mod pieces;
mod radii;

use super::{Campaign, Files, Header, ImageResult, Shard, Until};
use crate::Result;
use crate::attacks::tests::{EPS, Toy, samples};
use crate::attacks::{AttackKind, AutoAttackConfig, LabelledImages, Norm, Oracle, Version};
use serde_json::json;
use std::path::Path;

/// Eleven images under two short attacks, in groups of `block`.
fn campaign(block: usize) -> Campaign {
    let config = AutoAttackConfig {
        attacks: vec![AttackKind::ApgdCe, AttackKind::Square],
        iterations: 6,
        eot: 2,
        queries: 5,
        block,
        ..AutoAttackConfig::version(Version::Rand, Norm::Linf, EPS)
    };
    Campaign {
        config,
        seed: 3,
        redraws: 3,
        bisections: 0,
    }
}

const IMAGES: usize = 11;

/// A campaign, how its process fares, and what it finds.
struct Scene<'a> {
    campaign: Campaign,
    shard: Shard,
    until: Until,
    folder: &'a Path,
    /// The number of the iteration at which it is killed.
    killed_at: usize,
}

impl<'a> Scene<'a> {
    fn new(campaign: Campaign, folder: &'a Path) -> Self {
        Self {
            campaign,
            shard: Shard::WHOLE,
            until: Until::All,
            folder,
            killed_at: usize::MAX,
        }
    }

    fn samples(&self) -> Result<(LabelledImages, Vec<usize>)> {
        let positions: Vec<usize> = self.shard.positions(IMAGES).collect();
        Ok((samples(IMAGES)?.select(&positions)?, positions))
    }

    fn header(&self, oracle: &Oracle<'_>) -> Header {
        let mut header = self.campaign.header(oracle, IMAGES, json!({ "model": "toy" }));
        header.shard = (self.shard != Shard::WHOLE).then_some(self.shard);
        header
    }

    fn run(&self, toy: &Toy) -> Result<Vec<ImageResult>> {
        let (samples, positions) = self.samples()?;
        let oracle = Oracle::new(toy, 4)?;
        let (mut files, known) = Files::open(self.folder, &self.header(&oracle), [4, 4, 3])?;
        let tape = files.tape("toy", std::time::Duration::ZERO)?;
        let oracle = oracle.recorded_on(&tape);
        let mut seen = 0;
        let results = self.campaign.run(
            &oracle,
            (&samples, &positions),
            (&mut files, known),
            self.until,
            &mut |_| {
                seen += 1;
                match seen > self.killed_at {
                    true => Err(crate::Error::Interrupted {
                        advice: "test".into(),
                    }),
                    false => Ok(()),
                }
            },
        )?;
        files.finish(
            &results,
            &samples.select(&(0..results.len()).collect::<Vec<_>>())?,
        )?;
        Ok(results)
    }
}

/// The bytes of the files in a folder, by name.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path());
    let mut files: Vec<(String, Vec<u8>)> = entries
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, std::fs::read(&path).expect("a file"))
        })
        .collect();
    files.sort();
    files
}
