//! One search of the Square attack from one start.

use super::frame::Frame;
use super::proposal::{numbers_needed, propose};
use super::standing::Standing;
use super::{SquareConfig, SquareSource};
use crate::attacks::rows::row_len;
use crate::attacks::{LabelledImages, Oracle, SearchProgress};
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};
use rayon::prelude::*;

/// The Square attack (Andriushchenko et al. 2020, arXiv 1912.00049) on a batch of images from one start, one
/// [`Square::step`] at a time. Images do not influence each other. See [`square`](super::square).
pub struct Square<'a, T: Element = f32> {
    oracle: &'a Oracle<'a, T>,
    source: &'a dyn SquareSource,
    samples: &'a LabelledImages<T>,
    config: &'a SquareConfig,
    restart: u16,
    frame: Frame,
    /// The last query, 0 the start.
    query: u16,
    /// Clean images and best ones so far, [N, H, W, C] on the host.
    clean: Tensor<T>,
    best: Tensor<T>,
    tracks: Vec<Track>,
    /// What the last query said of the images it looked at, by their indices.
    looks: Vec<(usize, Standing)>,
}

/// What is remembered of the search for one image.
struct Track {
    /// Margin, and whether the prediction is wrong, of the best image; the smallest loss.
    standing: Standing,
    /// Number of the query that found the best image.
    best_query: u16,
    /// Number of the last query that looked at the image.
    last_query: u16,
}

impl<'a, T: Element> Square<'a, T> {
    /// Puts the search at its random start and asks for its logits.
    ///
    /// # Errors
    /// [`Error::Argument`] for settings or labels out of range, or fewer than two classes; those of the source and
    /// of [`Oracle::logits`].
    pub fn new(
        oracle: &'a Oracle<'a, T>,
        source: &'a dyn SquareSource,
        samples: &'a LabelledImages<T>,
        config: &'a SquareConfig,
        restart: u16,
    ) -> Result<Self> {
        config.check()?;
        samples.check_labels(oracle.classes())?;
        if oracle.classes() < 2 {
            return Err(Error::argument(
                "square",
                "classes",
                "at least 2",
                oracle.classes(),
            ));
        }
        let clean = samples.images().to_host()?;
        let mut search = Self {
            oracle,
            source,
            samples,
            config,
            restart,
            frame: Frame::of(clean.shape()),
            query: 0,
            best: clean.clone(),
            clean,
            tracks: Vec::new(),
            looks: Vec::new(),
        };
        let everything: Vec<usize> = (0..samples.len()).collect();
        let (start, standings) = search.ask(&everything)?;
        search.best = start;
        search.looks = everything.into_iter().zip(standings).collect();
        let tracks = search.looks.iter().map(|&(_, standing)| Track {
            standing,
            best_query: 0,
            last_query: 0,
        });
        search.tracks = tracks.collect();
        Ok(search)
    }

    /// The next query, for all images whose search goes on: a new square on the best image so far, which it
    /// replaces if the loss is smaller or the image fooled.
    ///
    /// # Errors
    /// [`Error::Argument`] if the search is finished; those of the source and of [`Oracle::logits`].
    pub fn step(&mut self) -> Result<()> {
        if self.is_finished() {
            let expected = format!("at most {}, while a search goes on", self.config.queries);
            return Err(Error::argument("Square::step", "queries", expected, "one more"));
        }
        self.query += 1;
        let searched: Vec<usize> = (0..self.tracks.len()).filter(|&i| self.goes_on(i)).collect();
        let (proposals, standings) = self.ask(&searched)?;
        let (mut accepted, mut rows) = (Vec::new(), Vec::new());
        self.looks = searched.into_iter().zip(standings).collect();
        for (row, &(i, new)) in self.looks.iter().enumerate() {
            let track = &mut self.tracks[i];
            track.last_query = self.query;
            let improved = new.loss < track.standing.loss;
            if improved || new.is_end(self.config) {
                // A wrong prediction is taken whatever its loss, which is remembered only if it is smaller.
                let loss = if improved { new.loss } else { track.standing.loss };
                track.standing = Standing { loss, ..new };
                track.best_query = self.query;
                accepted.push(i);
                rows.push(row);
            }
        }
        self.best.replace_rows(&accepted, &proposals, &rows)
    }

    /// What the current query looks at for the images at `indices`, on the host, and what it says.
    fn ask(&self, indices: &[usize]) -> Result<(Tensor<T>, Vec<Standing>)> {
        let proposals = self.propose(indices)?;
        let (ids, labels) = (self.samples.ids(), self.samples.labels());
        let draw = |&i: &usize| self.config.slot.search(ids[i], self.restart, self.query, 0);
        let draws: Vec<_> = indices.iter().map(draw).collect();
        let there = proposals.beside(self.samples.images())?;
        let logits = self.oracle.logits(&there, &draws)?.to_vec()?;
        let standings = indices
            .iter()
            .zip(logits.chunks_exact(self.oracle.classes()))
            .map(|(&i, logits)| Standing::new(self.config, logits, labels[i]));
        Ok((proposals, standings.collect()))
    }

    /// The images that the current query looks at for those at `indices`, on the host.
    fn propose(&self, indices: &[usize]) -> Result<Tensor<T>> {
        const OP: &str = "square";
        let (config, query) = (self.config, self.query);
        let mut numbers = Vec::with_capacity(indices.len());
        for &i in indices {
            let mut out = vec![0.0; numbers_needed(config, &self.frame, query)];
            self.source
                .fill(config.slot, self.restart, query, self.samples.ids()[i], &mut out)?;
            numbers.push(out);
        }
        let image = row_len(&self.clean);
        let row = |pixels: &[T], i: usize| -> Vec<f64> {
            pixels[i * image..][..image].iter().map(|x| x.as_f64()).collect()
        };
        let (clean, best) = (self.clean.host(OP)?, self.best.host(OP)?);
        let rows: Vec<Vec<f64>> = indices
            .par_iter()
            .zip(&numbers)
            .map(|(&i, numbers)| {
                let (clean, best) = (row(clean, i), row(best, i));
                propose(config, &self.frame, query, &clean, &best, numbers)
            })
            .collect();
        let pixels: Vec<T> = rows.iter().flatten().map(|&x| T::of(x)).collect();
        Tensor::from_slice(self.clean.shape().with_first(indices.len()), &pixels)
    }

    /// Whether image `i` is neither fooled nor otherwise at an end.
    fn goes_on(&self, i: usize) -> bool {
        !self.tracks[i].standing.is_end(self.config)
    }

    /// Whether all queries are done or no image is left to search for.
    pub fn is_finished(&self) -> bool {
        self.query == self.config.queries || !(0..self.tracks.len()).any(|i| self.goes_on(i))
    }

    /// The best images so far [N, H, W, C], where the clean ones are.
    ///
    /// # Errors
    /// [`Error::Device`] if the copy to a device fails.
    pub fn best(&self) -> Result<Tensor<T>> {
        self.best.beside(self.samples.images())
    }

    /// What the last query found: index, margin and loss of every image it looked at.
    pub fn last_looks(&self) -> impl Iterator<Item = (usize, f64, f64)> {
        let looks = self.looks.iter();
        looks.map(|&(i, standing)| (i, standing.margin, standing.loss))
    }

    /// The margins of the best images, one an image: the label's logit minus the largest of the others.
    pub fn margins(&self) -> impl Iterator<Item = f64> {
        self.tracks.iter().map(|track| track.standing.margin)
    }

    /// The smallest losses so far, one an image.
    pub fn losses(&self) -> impl Iterator<Item = f64> {
        self.tracks.iter().map(|track| track.standing.loss)
    }

    /// Numbers of the queries that found the best images (0 is the start), one an image.
    pub fn best_queries(&self) -> impl Iterator<Item = u16> {
        self.tracks.iter().map(|track| track.best_query)
    }

    /// Numbers of the last queries that looked at the images (0 is the start), one an image.
    pub fn last_queries(&self) -> impl Iterator<Item = u16> {
        self.tracks.iter().map(|track| track.last_query)
    }

    /// Number of the query that was misclassified, if one was; one an image.
    pub fn fooled_at(&self) -> impl Iterator<Item = Option<u16>> {
        let tracks = self.tracks.iter();
        tracks.map(|track| track.standing.fooled.then_some(track.best_query))
    }

    /// How far the search is.
    pub fn progress(&self) -> SearchProgress {
        SearchProgress {
            restart: self.restart,
            iteration: self.query,
            iterations: self.config.queries,
            images: self.samples.len(),
            fooled: self.fooled_at().flatten().count(),
            passes: self.looks.len(),
        }
    }
}
