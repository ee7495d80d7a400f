//! The L∞ ball.

use crate::attacks::LabelledImages;
use crate::attacks::rows::{largest_differences, row_len};
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};

/// Images in [0, 1] that differ from the clean one by at most ε in every pixel and channel.
///
/// The arithmetic follows AutoAttack operation by operation, so that trajectories agree to the
/// last bit where gradients do.
#[derive(Clone, Copy, Debug)]
pub struct LinfBall<T: Element = f32> {
    eps: T,
}

/// What rounding may add to ε.
const TOLERANCE: f64 = 1e-6;

impl<T: Element> LinfBall<T> {
    /// The ball of radius `eps`, in units of the image range [0, 1].
    ///
    /// # Errors
    /// [`Error::Argument`] if `eps` is not in [0, 1].
    pub fn new(eps: f64) -> Result<Self> {
        if !(0.0..=1.0).contains(&eps) {
            return Err(Error::argument("LinfBall", "eps", "in [0,1]", eps));
        }
        Ok(Self { eps: T::of(eps) })
    }

    /// The radius.
    pub fn eps(&self) -> T {
        self.eps
    }

    /// The nearest value to `x` that is within ε of `clean` and in [0, 1].
    #[inline(always)]
    pub fn project(&self, x: T, clean: T) -> T {
        let in_box = x.max(clean - self.eps).min(clean + self.eps);
        in_box.max(T::zero()).min(T::one())
    }

    /// `x` moved by `step` in the direction of the gradient's sign (0 for 0) and projected.
    #[inline(always)]
    pub fn ascend(&self, x: T, gradient: T, step: T, clean: T) -> T {
        self.project(x + step * sign(gradient), clean)
    }

    /// A start at distance ε from every clean image: `uniforms` in [0, 1) are centred, scaled to a
    /// largest entry of 1 for each image, and clipped to [0, 1] after they were added (APGD).
    ///
    /// # Errors
    /// [`Error::Shape`] if the shapes differ; [`Error::Device`] if a copy fails.
    pub fn start_on_surface(&self, clean: &Tensor<T>, uniforms: &Tensor<T>) -> Result<Tensor<T>> {
        self.start(clean, uniforms, |x, direction, largest| {
            let moved = x + self.eps * (direction / (largest + T::of(1e-12)));
            moved.max(T::zero()).min(T::one())
        })
    }

    /// A start that is uniform in the ball, clipped to [0, 1] (PGD).
    ///
    /// # Errors
    /// [`Error::Shape`] if the shapes differ; [`Error::Device`] if a copy fails.
    pub fn start_inside(&self, clean: &Tensor<T>, uniforms: &Tensor<T>) -> Result<Tensor<T>> {
        self.start(clean, uniforms, |x, direction, _| {
            self.project(x + self.eps * direction, x)
        })
    }

    /// `f(clean, direction, largest |direction| of the image)` of every element, where `clean` is. Computed
    /// on the host, where the uniforms come from: once a search.
    fn start(&self, clean: &Tensor<T>, uniforms: &Tensor<T>, f: impl Fn(T, T, T) -> T) -> Result<Tensor<T>> {
        if uniforms.shape() != clean.shape() {
            let (expected, found) = (clean.shape(), uniforms.shape());
            return Err(Error::shape("random start", "uniforms", expected, found));
        }
        let image = row_len(clean);
        let (mut out, uniforms) = (clean.to_host()?, uniforms.to_host()?);
        let rows = out.make_mut("random start")?.chunks_exact_mut(image);
        for (x, u) in rows.zip(uniforms.host("random start")?.chunks_exact(image)) {
            let direction = |u: T| T::of(2.0) * u - T::one();
            let largest = u.iter().fold(T::zero(), |m, &u| m.max(direction(u).abs()));
            for (x, &u) in x.iter_mut().zip(u) {
                *x = f(*x, direction(u), largest);
            }
        }
        out.beside(clean)
    }

    /// Asserts that `images` respect the threat model around `clean`, but for rounding (1e-6).
    ///
    /// # Errors
    /// [`Error::Argument`] naming the first image that does not, or is not in [0, 1];
    /// [`Error::Unsupported`] if the images are in different places.
    pub fn check(&self, clean: &LabelledImages<T>, images: &Tensor<T>) -> Result<()> {
        // Refuses other shapes and pixels outside [0,1].
        clean.with_images(images.clone())?;
        let bound = self.eps.as_f64() + TOLERANCE;
        let distances = linf_distances(clean.images(), images)?;
        match distances
            .iter()
            .position(|&distance| distance.is_nan() || distance > bound)
        {
            Some(i) => Err(Error::argument(
                "attack",
                "perturbation",
                format!("at most {bound} in every pixel of image {}", clean.ids()[i]),
                distances[i],
            )),
            None => Ok(()),
        }
    }
}

/// Largest absolute difference of every pair of images [N, H, W, C]: N values, NaN where a pixel is.
///
/// # Errors
/// [`Error::Shape`] if the shapes differ; [`Error::Unsupported`] if the images are in different places.
pub fn linf_distances<T: Element>(a: &Tensor<T>, b: &Tensor<T>) -> Result<Vec<f64>> {
    if a.shape() != b.shape() {
        return Err(Error::shape("linf_distances", "b", a.shape(), b.shape()));
    }
    Ok(largest_differences(a, b)?.into_iter().map(T::as_f64).collect())
}

/// −1, 0 or 1. (`signum` would make 1 of 0.)
#[inline(always)]
fn sign<T: Element>(x: T) -> T {
    if x > T::zero() {
        T::one()
    } else if x < T::zero() {
        -T::one()
    } else {
        T::zero()
    }
}
