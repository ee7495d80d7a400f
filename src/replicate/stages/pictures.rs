//! The figures of a run.

use super::plots;
use super::prototypes::Prototypes;
use super::view_tiles;
use super::votes::ImageVotes;
use crate::Result;
use crate::attacks::{AutoAttackState, LabelledImages};
use crate::data::Dataset;
use crate::ensemble::SelfEnsemble;
use crate::figures::{self, BrokenImage, ClassPrototypes, Picture, PictureSheet, Prototype, Sheet, ViewRow};
use crate::io::atomic;
use crate::replicate::run_dir::RunDir;
use crate::replicate::summary::Findings;
use crate::tensor::Tensor;

/// Where figures are written and what has been written.
struct Album<'a> {
    run: &'a RunDir,
    written: Vec<String>,
}

impl Album<'_> {
    /// A figure of pictures, as PNG.
    fn add(&mut self, name: &str, sheet: &PictureSheet) -> Result<()> {
        self.write(format!("figures/{name}.png"), &sheet.png()?)
    }

    /// A plot, as PNG and as SVG.
    fn plot(&mut self, name: &str, sheet: &Sheet) -> Result<()> {
        self.write(format!("figures/{name}.png"), &sheet.png()?)?;
        self.write(format!("figures/{name}.svg"), sheet.svg().as_bytes())
    }

    fn write(&mut self, name: String, bytes: &[u8]) -> Result<()> {
        atomic::write(&self.run.path(&name), bytes)?;
        self.written.push(name);
        Ok(())
    }
}

/// What the figures show.
pub(crate) struct Material<'a> {
    /// The data.
    pub data: &'a Dataset,
    /// The trained ensemble.
    pub ensemble: &'a SelfEnsemble,
    /// The attacked images.
    pub samples: &'a LabelledImages,
    /// What AutoAttack made of them.
    pub attacked: &'a AutoAttackState,
    /// The votes on the images it broke.
    pub votes: &'a [ImageVotes],
    /// Images optimised from grey.
    pub prototypes: &'a Prototypes,
    /// All numbers.
    pub findings: &'a Findings,
}

/// Draws all figures; their names relative to the run directory.
pub(crate) fn draw(run: &RunDir, material: &Material<'_>) -> Result<Vec<String>> {
    let mut album = Album {
        run,
        written: Vec::new(),
    };
    views(&mut album, material)?;
    album.plot("curves", &plots::curves(material.findings)?)?;
    album.plot("curves-loss", &plots::loss_curve(material.findings)?)?;
    album.plot("curves-accuracy", &plots::accuracy_curve(material.findings)?)?;
    album.plot("layers", &plots::layers(material.findings)?)?;
    album.plot("attack", &plots::attack(material.findings)?)?;
    broken(&mut album, material)?;
    prototypes(&mut album, material)?;
    Ok(album.written)
}

fn views(album: &mut Album<'_>, m: &Material<'_>) -> Result<()> {
    let images = view_tiles::first_images(m)?;
    let mut figure = Vec::with_capacity(images.len());
    for image in &images {
        let mut views = Vec::with_capacity(image.views.len());
        for (resolution, tile) in &image.views {
            views.push((*resolution, tile.picture()?));
        }
        figure.push(ViewRow {
            name: image.class,
            original: image.original.picture()?,
            views,
        });
    }
    album.add("views", &figures::views("Multi-resolution views", &figure)?)
}

fn broken(album: &mut Album<'_>, m: &Material<'_>) -> Result<()> {
    let indices: Vec<usize> = m.votes.iter().map(|image| image.index).collect();
    if indices.is_empty() {
        return broken_sheets(album, m, &[]);
    }
    let [h, w] = m.data.test.size();
    let clean = m.samples.select(&indices)?;
    let adversarial = m.attacked.adversarial().select(&indices)?;
    let (clean_pixels, adversarial_pixels) = (pixels_of(clean.images())?, pixels_of(&adversarial)?);
    let mut rows = Vec::with_capacity(indices.len());
    for (i, votes) in m.votes.iter().enumerate() {
        rows.push(BrokenImage {
            id: clean.ids()[i] as usize,
            label: clean.labels()[i],
            clean: Picture::new(w, h, &clean_pixels[i])?,
            adversarial: Picture::new(w, h, &adversarial_pixels[i])?,
            clean_votes: &votes.clean,
            adversarial_votes: &votes.adversarial,
        });
    }
    broken_sheets(album, m, &rows)
}

/// The sheets of these images; without any, one that says so.
fn broken_sheets(album: &mut Album<'_>, m: &Material<'_>, rows: &[BrokenImage<'_>]) -> Result<()> {
    let eps = m.findings.config.attack.eps;
    if eps == 0.0 {
        // Nothing can be perturbed, so there is no scale to draw a perturbation in.
        return Ok(());
    }
    let title = "Images broken by AutoAttack rand";
    let sheets = figures::broken(title, rows, &m.data.classes, eps as f32)?;
    for (i, sheet) in sheets.into_iter().enumerate() {
        let name = if i == 0 {
            "broken".to_owned()
        } else {
            format!("broken-{}", i + 1)
        };
        album.add(&name, &sheet)?;
    }
    Ok(())
}

fn prototypes(album: &mut Album<'_>, m: &Material<'_>) -> Result<()> {
    let pixels = pixels_of(&m.prototypes.images)?;
    let [h, w] = m.data.test.size();
    let per_class = m.findings.config.figures.prototypes_per_class;
    let mut images = Vec::with_capacity(pixels.len());
    for (i, pixels) in pixels.iter().enumerate() {
        images.push(Prototype {
            picture: Picture::new(w, h, pixels)?,
            loss: m.prototypes.losses.get(i).copied().unwrap_or(f32::NAN),
            steps: m
                .prototypes
                .steps
                .get(i)
                .map_or(0, |&steps| steps.max(0) as usize),
        });
    }
    let classes: Vec<ClassPrototypes<'_>> = m
        .data
        .classes
        .iter()
        .zip(images.chunks(per_class))
        .map(|(name, images)| ClassPrototypes { name, images })
        .collect();
    for (label, class) in classes.iter().enumerate() {
        album.add(&format!("prototype-{label:03}"), &figures::prototype(class)?)?;
    }
    let title = "Images optimised from grey for every class (backbone)";
    album.add("prototypes", &figures::prototype_sheet(title, &classes)?)
}

/// Pixels H,W,3 of every image.
pub(crate) fn pixels_of(images: &Tensor) -> Result<Vec<Vec<f32>>> {
    let n = images.shape().axis(0);
    let size = images.len() / n.max(1);
    Ok(images
        .to_vec()?
        .chunks(size.max(1))
        .map(<[f32]>::to_vec)
        .collect())
}

/// Name of a class.
pub(crate) fn class_name(data: &Dataset, label: usize) -> &str {
    data.classes.get(label).map_or("?", String::as_str)
}
