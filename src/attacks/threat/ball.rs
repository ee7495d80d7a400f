//! A ball in any of the norms, within the image range.

use super::{LinfBall, l1_projection, normalised};
use crate::attacks::length::distance;
use crate::attacks::random_start::normals;
use crate::attacks::rows::{in_f64, map_rows, row_len};
use crate::attacks::{LabelledImages, Norm};
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};

/// What rounding may add to a distance: of the sum, and of each of an image's values in f32.
const TOLERANCE: (f64, f64) = (1e-6, 6e-8);

/// Images in [0, 1] whose perturbation has at most a given norm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ball {
    norm: Norm,
    eps: f64,
}

impl Ball {
    /// The ball of radius `eps` in `norm`, in units of the image range.
    ///
    /// # Errors
    /// [`Error::Argument`] if `eps` is negative or not finite, or for L∞ above 1.
    pub fn new(norm: Norm, eps: f64) -> Result<Self> {
        match norm {
            Norm::Linf => LinfBall::<f64>::new(eps).map(drop)?,
            _ if eps >= 0.0 && eps.is_finite() => {}
            _ => return Err(Error::argument("Ball", "eps", "finite and at least 0", eps)),
        }
        Ok(Self { norm, eps })
    }

    /// The norm.
    pub fn norm(&self) -> Norm {
        self.norm
    }

    /// The radius.
    pub fn eps(&self) -> f64 {
        self.eps
    }

    /// A random start for every `clean` image, [N, H, W, C], where they are, made of `uniforms` in [0, 1) of the same
    /// shape (APGD). L∞: [`LinfBall::start_on_surface`]. L2: at distance ε in the direction of normal numbers, clipped
    /// to [0, 1]. L1: the image plus normal numbers, projected on the ball.
    ///
    /// # Errors
    /// [`Error::Shape`] if the shapes differ; [`Error::Device`] if a copy fails.
    pub fn start<T: Element>(&self, clean: &Tensor<T>, uniforms: &Tensor<T>) -> Result<Tensor<T>> {
        if self.norm == Norm::Linf {
            return LinfBall::new(self.eps)?.start_on_surface(clean, uniforms);
        }
        if uniforms.shape() != clean.shape() {
            let (expected, found) = (clean.shape(), uniforms.shape());
            return Err(Error::shape("random start", "uniforms", expected, found));
        }
        map_rows(clean, &[uniforms], |_, x, others| {
            let numbers = normals(&others[0]);
            match self.norm {
                Norm::L1 => self.near_l1(x, &numbers),
                _ => {
                    let moved = x.iter().zip(normalised(&numbers));
                    moved.map(|(x, d)| (x + self.eps * d).clamp(0.0, 1.0)).collect()
                }
            }
        })
    }

    /// The point of the L1 ball around `clean` that is nearest to `clean` moved by `delta`.
    pub(in crate::attacks) fn near_l1(&self, clean: &[f64], delta: &[f64]) -> Vec<f64> {
        let mut projected = delta.to_vec();
        l1_projection::project(clean, &mut projected, self.eps);
        clean.iter().zip(projected).map(|(x, d)| x + d).collect()
    }

    /// Brings every one of `images` [N, H, W, C] into the ball around its clean image, where they are.
    ///
    /// # Errors
    /// [`Error::Shape`] if the shapes differ; [`Error::Device`] if a copy fails.
    pub fn project<T: Element>(&self, clean: &Tensor<T>, images: &Tensor<T>) -> Result<Tensor<T>> {
        if images.shape() != clean.shape() {
            return Err(Error::shape("project", "images", clean.shape(), images.shape()));
        }
        let linf = LinfBall::<f64>::new(self.eps.min(1.0))?;
        map_rows(images, &[clean], |_, x, others| {
            let clean = &others[0];
            match self.norm {
                Norm::Linf => x.iter().zip(clean).map(|(&x, &c)| linf.project(x, c)).collect(),
                Norm::L2 => {
                    let mut point = x.to_vec();
                    super::project_l2(clean, &mut point, self.eps);
                    point
                }
                Norm::L1 => {
                    let delta: Vec<f64> = x.iter().zip(clean).map(|(x, c)| x - c).collect();
                    self.near_l1(clean, &delta)
                }
            }
        })
    }

    /// Asserts that `images` respect the threat model around `clean`, but for rounding (1e-6, and in L2 and L1 what
    /// the f32 of every value may add).
    ///
    /// # Errors
    /// [`Error::Argument`] naming the first image that does not, or is not in [0, 1].
    pub fn check<T: Element>(&self, clean: &LabelledImages<T>, images: &Tensor<T>) -> Result<()> {
        if self.norm == Norm::Linf {
            return LinfBall::new(self.eps)?.check(clean, images);
        }
        // Refuses other shapes and pixels outside [0,1].
        clean.with_images(images.clone())?;
        let values = row_len(images) as f64;
        let rounding = match self.norm {
            Norm::L2 => values.sqrt(),
            _ => values,
        };
        let bound = self.eps + TOLERANCE.0 + rounding * TOLERANCE.1;
        let found = distances(self.norm, clean.images(), images)?;
        match found
            .iter()
            .position(|&distance| distance.is_nan() || distance > bound)
        {
            Some(i) => {
                let expected = format!("at most {bound} in {} for image {}", self.norm, clean.ids()[i]);
                Err(Error::argument("attack", "perturbation", expected, found[i]))
            }
            None => Ok(()),
        }
    }
}

/// Distance of every pair of images [N, H, W, C] in `norm`: N values, NaN where a pixel is.
///
/// # Errors
/// [`Error::Shape`] if the shapes differ; [`Error::Device`] if a copy fails.
pub fn distances<T: Element>(norm: Norm, a: &Tensor<T>, b: &Tensor<T>) -> Result<Vec<f64>> {
    if norm == Norm::Linf {
        return super::linf_distances(a, b);
    }
    if a.shape() != b.shape() {
        return Err(Error::shape("distances", "b", a.shape(), b.shape()));
    }
    let (a, b) = (a.to_host()?, b.to_host()?);
    let image = row_len(&a);
    let rows = a.host("distances")?.chunks_exact(image);
    let pairs = rows.zip(b.host("distances")?.chunks_exact(image));
    Ok(pairs
        .map(|(a, b)| distance(norm, &in_f64(a), &in_f64(b)))
        .collect())
}
