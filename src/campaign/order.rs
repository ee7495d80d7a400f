//! Which images are attacked, in which order, and by which of several processes.

use crate::tensor::{Counter, Philox, Purpose};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// In which way images are taken from a data set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// As they stand in the file.
    #[default]
    File,
    /// One of every class in turn, at random among its images and turn by turn in another order of the classes: the first n images
    /// are a fair sample for every n, where those at a file's beginning may be uncommonly hard or easy.
    Stratified,
}

impl Way {
    /// Its name: file, stratified.
    pub fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Stratified => "stratified",
        }
    }
}

impl FromStr for Way {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "file" => Ok(Self::File),
            "stratified" => Ok(Self::Stratified),
            _ => Err(Error::Usage(format!(
                "unknown order `{name}`; expected file or stratified"
            ))),
        }
    }
}

/// The order of a data set's images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    ids: Vec<u32>,
}

impl Order {
    /// The order of images with these `labels`; a random one is that of `seed`.
    ///
    /// # Errors
    /// [`Error::Argument`] if there are more than 2³² images.
    pub fn new(way: Way, labels: &[usize], seed: u64) -> Result<Self> {
        let count = u32::try_from(labels.len())
            .map_err(|_| Error::argument("Order", "images", "at most 4294967295", labels.len()))?;
        let ids = match way {
            Way::File => (0..count).collect(),
            Way::Stratified => stratified(labels, count, seed),
        };
        Ok(Self { ids })
    }

    /// Number of all images.
    #[allow(
        clippy::len_without_is_empty,
        reason = "a part of it is asked for, which may be empty"
    )]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// The indices of `count` images from the one at `first` on, or of those there are.
    pub fn part(&self, first: usize, count: usize) -> &[u32] {
        let end = first.saturating_add(count).min(self.ids.len());
        self.ids.get(first..end).unwrap_or_default()
    }
}

/// Number of the permutation of the classes' turns; those of the classes' images come after it.
const TURNS: u16 = 1;
const IMAGES: u16 = 2;

fn stratified(labels: &[usize], count: u32, seed: u64) -> Vec<u32> {
    let philox = Philox::new(seed, Purpose::Attack);
    // No attack has the number 63.
    let permutation = |purpose: u16, number: usize, n: usize| {
        let at = Counter {
            image: number as u32,
            attack: 63,
            restart: purpose,
            ..Counter::default()
        };
        philox.permutation(at, n)
    };
    let classes = labels.iter().max().map_or(0, |class| class + 1);
    let mut members: Vec<Vec<u32>> = vec![Vec::new(); classes];
    for (id, &label) in (0..count).zip(labels) {
        members[label].push(id);
    }
    for (class, members) in members.iter_mut().enumerate() {
        let places = permutation(IMAGES, class, members.len());
        *members = places.iter().map(|&place| members[place as usize]).collect();
    }
    let most = members.iter().map(Vec::len).max().unwrap_or(0);
    let mut ids = Vec::with_capacity(labels.len());
    for turn in 0..most {
        let classes = permutation(TURNS, turn, classes);
        ids.extend(
            classes
                .iter()
                .filter_map(|&class| members[class as usize].get(turn)),
        );
    }
    ids
}

/// One of several processes that share a campaign: that of the images at positions `index`, `index` + `count`, ….
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "(u32, u32)", into = "(u32, u32)")]
pub struct Shard {
    index: u32,
    count: u32,
}

impl Shard {
    /// The only one.
    pub const WHOLE: Self = Self { index: 0, count: 1 };

    /// Number `index`, from 0, of `count`.
    ///
    /// # Errors
    /// [`Error::Usage`] unless `index` is below `count`.
    pub fn new(index: u32, count: u32) -> Result<Self> {
        if index < count {
            return Ok(Self { index, count });
        }
        let told = format!(
            "shard {index}/{count}: expected 0/{count} to {}/{count}",
            count.saturating_sub(1)
        );
        Err(Error::Usage(told))
    }

    /// Its number.
    pub fn index(self) -> u32 {
        self.index
    }

    /// Number of all of them.
    pub fn count(self) -> u32 {
        self.count
    }

    /// The positions, of `images`, that it attacks.
    pub fn positions(self, images: usize) -> impl Iterator<Item = usize> {
        (self.index as usize..images).step_by(self.count as usize)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl FromStr for Shard {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parts = text
            .split_once('/')
            .and_then(|(index, count)| Some((index.parse().ok()?, count.parse().ok()?)));
        let Some((index, count)) = parts else {
            return Err(Error::Usage(format!(
                "shard `{text}`: expected I/N, for example 0/4"
            )));
        };
        Self::new(index, count)
    }
}

impl TryFrom<(u32, u32)> for Shard {
    type Error = Error;

    fn try_from((index, count): (u32, u32)) -> Result<Self> {
        Self::new(index, count)
    }
}

impl From<Shard> for (u32, u32) {
    fn from(shard: Shard) -> Self {
        (shard.index, shard.count)
    }
}
