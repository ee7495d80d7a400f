//! Checks that need no model to answer.

use super::Check;
use super::origin::Origin;
use crate::cli::target::Target;
use crossmax::attacks::{Ball, distances};
use crossmax::campaign::rounded_to_8_bits;
use crossmax::device::Device;
use crossmax::io::{Stored, TensorFile};
use crossmax::tensor::Tensor;
use crossmax::{Error, Result};
use std::path::Path;

/// What `adversarial.safetensors` holds.
pub struct Pictures {
    /// The clean images [N,H,W,3].
    pub clean: Tensor,
    /// The resulting images [N,H,W,3].
    pub images: Tensor,
    file: TensorFile,
}

impl Pictures {
    /// Reads those in `folder`.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("adversarial.safetensors");
        let file = TensorFile::load(&path)?;
        let [clean, images] = ["clean", "images"].map(|name| pictures(&file, name, &path));
        Ok(Self {
            clean: clean?,
            images: images?,
            file,
        })
    }

    /// The numbers called `name`, one an image; none if there are no such numbers.
    pub fn numbers(&self, name: &str) -> &[i64] {
        match self.file.tensors.get(name) {
            Some(Stored::Int(_, values)) => values,
            _ => &[],
        }
    }
}

/// The pictures [N,H,W,3] called `name`.
fn pictures(file: &TensorFile, name: &str, path: &Path) -> Result<Tensor> {
    match file.tensors.get(name) {
        Some(Stored::F32(tensor)) if tensor.dims().len() == 4 => tensor.nchw_to_nhwc(),
        _ => {
            let expected = format!("pictures `{name}` (N,3,H,W) f32");
            Err(Error::format(path, expected, "none", "run the attack again"))
        }
    }
}

/// Images, labels and weights are those that were attacked, and the perturbations are allowed.
pub fn checks(origin: &Origin, target: &Target, pictures: &Pictures) -> Result<Vec<Check>> {
    let Pictures { clean, images, .. } = pictures;
    let samples = target.samples.on(&Device::Cpu)?;
    let same = samples.images().shape() == clean.shape() && samples.images().to_vec()? == clean.to_vec()?;
    let labels = samples.labels().iter().map(|&label| label as i64);
    let ids = samples.ids().iter().map(|&id| i64::from(id));
    let same_names = labels.eq(pictures.numbers("labels").iter().copied())
        && ids.eq(pictures.numbers("ids").iter().copied());
    let mut checks = vec![
        Check {
            what: "the clean images and labels are those of the test set",
            found: format!("SHA-256 {:.16}…", target.data_sha256),
            holds: same && same_names && target.data_sha256 == origin.data_sha256,
        },
        Check {
            what: "the model's weights are those attacked",
            found: format!("SHA-256 {:.16}…", target.weights_sha256),
            holds: target.weights_sha256 == origin.weights_sha256,
        },
        Check {
            what: "the model uses them as it did",
            found: format!("preparation {}", target.model.preparation()),
            holds: target.model.preparation() == origin.preparation
                && target.model.method() == origin.method.as_ref(),
        },
    ];
    let values = images.to_vec()?;
    let outside = values
        .iter()
        .filter(|value| !(0.0..=1.0).contains(*value))
        .count();
    checks.push(Check {
        what: "all pixels are in [0, 1]",
        found: format!("{outside} of {} are not", values.len()),
        holds: outside == 0 && images.shape() == clean.shape(),
    });
    if images.shape() != samples.images().shape() || outside > 0 {
        return Ok(checks);
    }
    let Origin { norm, eps, .. } = *origin;
    let largest = |images: &Tensor| -> Result<f64> {
        Ok(distances(norm, samples.images(), images)?
            .into_iter()
            .fold(0.0, f64::max))
    };
    checks.push(Check {
        what: "all perturbations are within the bound",
        found: format!(
            "{:.6} of {eps:.6} in {norm}, {:.6} if rounded to 8 bits",
            largest(images)?,
            largest(&rounded_to_8_bits(images)?)?
        ),
        holds: Ball::new(norm, eps)?.check(&samples, images).is_ok(),
    });
    Ok(checks)
}
