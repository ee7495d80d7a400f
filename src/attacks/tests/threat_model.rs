//! The ball, its projection and the random starts.

use super::{EPS, samples, uniforms};
use crate::Result;
use crate::attacks::{LabelledImages, LinfBall, linf_distances};
use crate::tensor::Tensor;

#[test]
fn projection_is_the_nearest_point_of_the_ball() -> Result<()> {
    let ball = LinfBall::<f64>::new(0.1)?;
    for (x, clean, nearest) in [
        (0.55, 0.5, 0.55), // inside: unchanged
        (0.9, 0.5, 0.6),
        (0.1, 0.5, 0.4),
        (-0.2, 0.05, 0.0), // the image range cuts the box
        (1.2, 0.95, 1.0),
    ] {
        let projected = ball.project(x, clean);
        assert!(
            (projected - nearest).abs() < 1e-15,
            "{x} around {clean}: {projected}"
        );
        assert_eq!(ball.project(projected, clean), projected, "a projection");
    }
    Ok(())
}

#[test]
fn ascent_follows_the_sign_and_stays_where_there_is_none() -> Result<()> {
    let ball = LinfBall::<f64>::new(0.1)?;
    for (gradient, x) in [(3.0, 0.55), (-1e-30, 0.45), (0.0, 0.5), (-0.0, 0.5)] {
        assert!(
            (ball.ascend(0.5, gradient, 0.05, 0.5) - x).abs() < 1e-15,
            "{gradient}"
        );
    }
    assert!((ball.ascend(0.5, 1.0, 0.2, 0.5) - 0.6_f64).abs() < 1e-15);
    Ok(())
}

#[test]
fn starts_lie_on_the_surface_or_inside() -> Result<()> {
    let clean = LabelledImages::new(Tensor::full([6, 4, 4, 3], 0.5f32), vec![0; 6], (0..6).collect())?;
    let draws: Vec<f32> = (0..6).flat_map(|image| uniforms(image, 48)).collect();
    let draws = Tensor::from_slice([6, 4, 4, 3], &draws)?;
    let ball = LinfBall::new(EPS)?;
    let surface = linf_distances(clean.images(), &ball.start_on_surface(clean.images(), &draws)?)?;
    assert!(surface.iter().all(|d| (d - EPS).abs() < 1e-7), "{surface:?}");
    let inside = linf_distances(clean.images(), &ball.start_inside(clean.images(), &draws)?)?;
    assert!(inside.iter().all(|d| *d < EPS && *d > 0.8 * EPS), "{inside:?}");
    // Images with pixels at 0 and 1 stay in the range.
    let images = samples(6)?;
    for start in [
        ball.start_on_surface(images.images(), &draws)?,
        ball.start_inside(images.images(), &draws)?,
    ] {
        ball.check(&images, &start)?;
    }
    assert!(ball.start_inside(clean.images(), &draws.rows(0, 5)?).is_err());
    Ok(())
}

#[test]
fn images_outside_the_ball_are_refused() -> Result<()> {
    let ball = LinfBall::new(0.1)?;
    let clean = LabelledImages::new(Tensor::full([2, 4, 4, 3], 0.95f32), vec![0; 2], vec![30, 31])?;
    let moved = |by: f32| {
        let mut images = clean.images().clone();
        if let Ok(pixels) = images.make_mut("test") {
            pixels[70] += by;
        }
        ball.check(&clean, &images)
    };
    assert!(moved(-0.1).is_ok(), "the boundary and what rounding adds");
    let refused = moved(-0.11)
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default();
    assert!(refused.contains("image 31"), "{refused}");
    assert!(moved(0.06).is_err(), "above 1");
    assert!(moved(f32::NAN).is_err());
    Ok(())
}
