//! Cases of what makes up the views: shifts, resizing, contrast, colour, and all of it in one.

use super::pictures::picture_to_picture;
use crate::Result;
use crate::ensemble::{IMAGENET_MEAN, IMAGENET_STD};
use crate::ops::ViewDraw;
use crate::testing::case::{Case, Input, Outcome, Tolerance};
use crate::testing::fixtures::{FixtureCase, StoredLayout};
use crate::testing::formula::{FormulaNoise, centred_tensor};
use crate::testing::operation::{Operation, Views};
use StoredLayout::{OnePicture, Same};

pub(super) fn roll(case: &FixtureCase<'_>) -> Result<Case> {
    picture_to_picture(case, Operation::Roll(shifts(case)?))
}

pub(super) fn bicubic_resize(case: &FixtureCase<'_>) -> Result<Case> {
    let [height, width] = case.config("size")?;
    picture_to_picture(case, Operation::ResizeBicubic { height, width })
}

pub(super) fn contrast(case: &FixtureCase<'_>) -> Result<Case> {
    let operation = Operation::Contrast(case.tensor("amount", Same)?.to_vec()?);
    picture_to_picture(case, operation)
}

pub(super) fn colour_mix(case: &FixtureCase<'_>) -> Result<Case> {
    let amounts = case.tensor("amount", Same)?.to_vec()?;
    picture_to_picture(case, Operation::MixChannels(amounts))
}

pub(super) fn view_stack(case: &FixtureCase<'_>) -> Result<Case> {
    let x = case.tensor("x", OnePicture)?;
    let y = case.tensor("y", OnePicture)?;
    let (height, width, channels) = (y.shape().axis(1), y.shape().axis(2), y.shape().axis(3));
    let resolutions: Vec<usize> = case.config("resolutions")?;
    let contrasts = case.tensor("contrast", Same)?.to_vec()?;
    let colours = case.tensor("colour", Same)?.to_vec()?;
    let draws = shifts(case)?.into_iter().zip(contrasts.into_iter().zip(colours));
    let draws = draws.map(|(shift, (contrast, colour))| ViewDraw {
        shift,
        contrast,
        colour,
    });
    let views = Views {
        amplitude: case.config("noise")?,
        mean: IMAGENET_MEAN,
        std: IMAGENET_STD,
        draws: draws.collect(),
        noise: FormulaNoise {
            name: case.name().to_owned(),
            width,
            resolutions: resolutions.clone(),
        },
        resolutions,
    };
    // The cotangent is not stored either; its formula counts in the stored order.
    let cotangent = centred_tensor(&format!("{}.dy", case.name()), [channels, height, width]);
    Ok(Case {
        name: case.full_name(),
        operation: Operation::ViewStack(views),
        inputs: vec![Input {
            name: "x".to_owned(),
            value: x,
        }],
        cotangent: OnePicture.convert(&cotangent)?,
        expected: Outcome {
            value: y,
            gradients: vec![case.tensor("dx", OnePicture)?],
        },
        tolerance: Tolerance::USUAL,
    })
}

/// One shift (down, right) for each image or view.
fn shifts(case: &FixtureCase<'_>) -> Result<Vec<[i32; 2]>> {
    let numbers = case
        .integers("shifts")?
        .into_iter()
        .map(|number| i32::try_from(number).map_err(|_| case.broken("shifts", "numbers of pixels", number)));
    let numbers: Vec<i32> = numbers.collect::<Result<_>>()?;
    Ok(numbers.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect())
}
