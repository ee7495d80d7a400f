//! Where operands may be: all in one place, and none of them need have elements.

use super::on_device::open;
use crossmax::autograd::Var;
use crossmax::ops::BatchNormMode::Train;
use crossmax::tensor::Tensor;
use crossmax::{Error, Result};

/// The message of an error that must come.
fn refusal<T>(result: Result<T>) -> String {
    result.err().map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn operands_in_different_places_are_refused() -> Result<()> {
    let accelerator = open(1);
    let host = |shape: &[usize]| Var::leaf(Tensor::<f32>::zeros(shape));
    let device = |shape: &[usize]| Tensor::<f32>::zeros(shape).to_device(&accelerator).map(Var::leaf);
    let x = device(&[4, 3])?;
    let results = [
        x.linear(&host(&[2, 3]), None),
        x.linear(&device(&[2, 3])?, Some(&host(&[2]))),
        host(&[4, 3]).matmul(&device(&[3, 1])?),
        x.batch_norm(&device(&[3])?, &host(&[3]), Train, 1e-5)
            .map(|(y, _)| y),
        x.batch_norm(&host(&[3]), &device(&[3])?, Train, 1e-5)
            .map(|(y, _)| y),
        x.soft_cross_entropy(&Tensor::zeros([4, 3])),
    ];
    for result in results {
        let refused = matches!(result, Err(Error::Unsupported { .. }));
        assert!(refused, "{result:?}");
    }
    // A seed on the host, or the other way round.
    let picture = device(&[1, 4, 4, 2])?;
    let outputs = [
        x.softmax()?,
        x.log_softmax()?,
        x.linear(&device(&[2, 3])?, None)?,
        x.cross_entropy(&[0, 1, 2, 0])?,
        x.dlr(&[0, 1, 2, 0])?,
        picture.max_pool2d(2, 2, 0)?,
    ];
    for y in outputs {
        let seed = Tensor::zeros(*y.shape());
        let message = refusal(y.backward(Some(seed)));
        let expected = format!("expected on {}, as the value", accelerator.name());
        assert!(
            message.contains("`seed` is on the host") && message.contains(&expected),
            "{message}"
        );
    }
    let y = host(&[4, 3]).relu()?;
    let message = refusal(y.backward(Some(device(&[4, 3])?.into_value())));
    assert!(
        message.contains("expected on the host, as the value"),
        "{message}"
    );
    Ok(())
}

#[test]
fn a_batch_may_be_empty() -> Result<()> {
    let accelerator = open(1);
    let device = |shape: &[usize]| Tensor::<f32>::zeros(shape).to_device(&accelerator).map(Var::leaf);
    let rows = device(&[0, 5])?;
    let pictures = device(&[0, 4, 4, 2])?;
    let targets = Tensor::zeros([0, 5]).to_device(&accelerator)?;
    let outputs = [
        rows.softmax()?,
        rows.linear(&device(&[2, 5])?, Some(&device(&[2])?))?,
        rows.cross_entropy(&[])?,
        rows.soft_cross_entropy(&targets)?,
        rows.dlr(&[])?,
        pictures.max_pool2d(2, 2, 0)?,
        pictures.global_avg_pool2d()?,
        pictures.resize_bicubic(3, 5)?,
    ];
    for y in outputs {
        assert!(y.value().to_vec()?.is_empty());
        let seed = Tensor::zeros(*y.shape()).to_device(&accelerator)?;
        y.backward(Some(seed))?;
    }
    Ok(())
}
