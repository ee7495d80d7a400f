//! Images optimised from grey until the backbone takes them for a class: what it thinks the class
//! looks like (the notebook's "grey start" attack).

use crate::attacks::{Classifier, Draw};
use crate::autograd::Var;
use crate::device::Device;
use crate::ensemble::{BackboneClassifier, MultiResolution, Stream};
use crate::io::{Stored, TensorFile};
use crate::replicate::{FiguresConfig, Reporter, check_stop};
use crate::tensor::Tensor;
use crate::{Error, Result};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;

/// Steps between two looks at the stop flag.
const STRIDE: usize = 20;

/// Images that one thread optimises beside each other; no influence on any of them.
const GROUP: usize = 16;
/// The same for an accelerator.
const GROUP_OF_ACCELERATOR: usize = 128;

/// The images of all classes and how far each got.
pub(crate) struct Prototypes {
    /// [classes · per class, H, W, 3], class by class.
    pub images: Tensor,
    /// Cross-entropy at each image's last step.
    pub losses: Vec<f32>,
    /// Steps each image took.
    pub steps: Vec<i64>,
}

impl Prototypes {
    /// Writes the images (N,3,H,W), losses and steps.
    ///
    /// # Errors
    /// [`Error::Io`] if that is not possible.
    pub fn save(&self, path: &Path) -> Result<()> {
        let n = self.losses.len();
        let tensors = BTreeMap::from([
            ("images".to_owned(), Stored::F32(self.images.nhwc_to_nchw()?)),
            (
                "losses".to_owned(),
                Stored::F32(Tensor::from_slice([n], &self.losses)?),
            ),
            ("steps".to_owned(), Stored::Int([n].into(), self.steps.clone())),
        ]);
        TensorFile {
            tensors,
            metadata: BTreeMap::new(),
        }
        .save(path)
    }

    /// Reads what [`Prototypes::save`] wrote of `count` images of this height and width.
    ///
    /// # Errors
    /// [`Error::Format`] if the file is not whole or holds anything else.
    pub fn load(path: &Path, count: usize, [height, width]: [usize; 2]) -> Result<Self> {
        let shape = [count, 3, height, width];
        let refuse = |found: &str| {
            let expected = format!("`images` {shape:?} in [0, 1], and `losses` and `steps` for each");
            Error::format(path, expected, found, "delete the file to draw the images anew")
        };
        let mut file = TensorFile::load(path)?;
        let mut take = |name: &str| file.tensors.remove(name).ok_or_else(|| refuse("one missing"));
        let (images, losses, steps) = (take("images")?, take("losses")?, take("steps")?);
        let (Stored::F32(images), Stored::F32(losses), Stored::Int(_, steps)) = (images, losses, steps)
        else {
            return Err(refuse("other types"));
        };
        if images.dims() != shape || losses.dims() != [count] || steps.len() != count {
            return Err(refuse(&images.shape().to_string()));
        }
        if !images.host("load")?.iter().all(|v| (0.0..=1.0).contains(v)) {
            return Err(refuse("numbers that are NaN or outside"));
        }
        Ok(Self {
            images: images.nchw_to_nhwc()?,
            losses: losses.to_vec()?,
            steps,
        })
    }
}

/// One image on its way.
struct Search {
    class: usize,
    id: u32,
    p: Tensor,
    image: Tensor,
    loss: f32,
    steps: usize,
    done: bool,
}

/// Optimises `config.prototypes_per_class` images for each class by plain SGD on p, where the
/// image is 0.5 + scale·tanh(p), clipped to [0, 1]; every step sees a fresh draw of the views.
pub(crate) fn optimise(
    backbone: &MultiResolution,
    device: &Device,
    config: &FiguresConfig,
    image_size: [usize; 2],
    resume_advice: &str,
    reporter: &dyn Reporter,
) -> Result<Prototypes> {
    let classifier = BackboneClassifier::new(backbone)?;
    let shape = [1, image_size[0], image_size[1], 3];
    let per_class = config.prototypes_per_class;
    let start = Tensor::zeros(shape).on(device)?;
    let grey = Tensor::full(shape, 0.5).on(device)?;
    let mut searches: Vec<Search> = (0..classifier.classes() * per_class)
        .map(|i| Search {
            class: i / per_class,
            id: i as u32,
            p: start.clone(),
            image: grey.clone(),
            loss: f32::INFINITY,
            steps: 0,
            done: false,
        })
        .collect();
    reporter.begin("prototypes", config.prototype_steps as u64, "steps");
    for first in (0..config.prototype_steps).step_by(STRIDE) {
        check_stop(resume_advice)?;
        let last = (first + STRIDE).min(config.prototype_steps);
        let advance = |group: &mut [Search]| {
            (first..last).try_for_each(|step| advance(&classifier, config, group, step))
        };
        match device {
            Device::Cpu => searches.par_chunks_mut(GROUP).try_for_each(advance)?,
            // One group after another, each as large as suits an accelerator.
            Device::Accelerator(_) => searches.chunks_mut(GROUP_OF_ACCELERATOR).try_for_each(advance)?,
        }
        let left = searches.iter().filter(|search| !search.done).count();
        reporter.advance(last as u64, &format!("{left} images above the loss limit"));
        if left == 0 {
            break;
        }
    }
    reporter.end();
    let images: Vec<Tensor> = searches.iter().map(|search| search.image.clone()).collect();
    Ok(Prototypes {
        images: Tensor::stack_rows(&images)?.to_host()?,
        losses: searches.iter().map(|search| search.loss).collect(),
        steps: searches.iter().map(|search| search.steps as i64).collect(),
    })
}

/// One step of those images of a group that are not done.
fn advance(
    classifier: &BackboneClassifier<'_>,
    config: &FiguresConfig,
    group: &mut [Search],
    step: usize,
) -> Result<()> {
    let mut active: Vec<&mut Search> = group.iter_mut().filter(|search| !search.done).collect();
    if active.is_empty() {
        return Ok(());
    }
    let positions: Vec<Tensor> = active.iter().map(|search| search.p.clone()).collect();
    let draws: Vec<Draw> = active
        .iter()
        .map(|search| Stream::Prototypes.draw(search.id, step as u16, 0))
        .collect();
    let classes: Vec<usize> = active.iter().map(|search| search.class).collect();

    let positions = Tensor::stack_rows(&positions)?;
    let p = Var::leaf(positions.clone());
    let image = p
        .tanh()?
        .affine(config.prototype_scale as f32, 0.5)?
        .clamp(0.0, 1.0)?;
    let at_image = classifier.linearise(image.value(), &draws)?;
    let logits = Var::leaf(at_image.logits.clone());
    let loss = logits.cross_entropy(&classes)?;
    let losses = loss.value().to_vec()?;

    let none = || Error::argument("prototypes", "gradient", "a gradient", "none");
    let seed = loss.value().full_beside(*loss.shape(), 1.0)?;
    let cotangent = loss.backward(Some(seed))?.take(&logits).ok_or_else(none)?;
    let gradient = (at_image.pullback)(&cotangent)?;
    let images = image.value().clone();
    let slope = image.backward(Some(gradient))?.take(&p).ok_or_else(none)?;

    let step_back = Var::constant(slope).affine(config.prototype_lr as f32, 0.0)?;
    let moved = Var::constant(positions).sub(&step_back)?.into_value();
    for (row, search) in active.iter_mut().enumerate() {
        search.loss = losses[row];
        search.image = images.rows(row, 1)?;
        search.steps = step;
        search.done = f64::from(search.loss) <= config.prototype_loss;
        if !search.done {
            search.p = moved.rows(row, 1)?;
            search.steps = step + 1;
        }
    }
    Ok(())
}
