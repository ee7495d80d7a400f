//! Gradients of every path (flipped, folded, pointwise), refusals, and what is kept.

use super::{Conv2d, Conv2dEpilogue, FixedEpilogue, infer};
use crate::Result;
use crate::autograd::Var;
use crate::ops::Precision;
use crate::tensor::Tensor;
use crate::testing::assertions::{check_gradients_at_random, keeps, random, refusal};

/// Input [N,H,W,C], weight [K,R,S,C], stride, padding.
type Convolution = ([usize; 4], [usize; 4], [usize; 2], [usize; 2]);

#[test]
fn gradients() -> Result<()> {
    let cases: [Convolution; 8] = [
        ([2, 5, 7, 3], [4, 3, 2, 3], [1, 1], [1, 0]),
        ([2, 5, 7, 3], [4, 3, 2, 3], [2, 1], [1, 1]),
        ([1, 4, 3, 5], [3, 1, 1, 5], [1, 1], [0, 0]),
        ([3, 5, 4, 2], [5, 1, 1, 2], [2, 3], [0, 0]),
        ([1, 9, 8, 1], [2, 7, 7, 1], [2, 2], [3, 3]),
        ([2, 3, 2, 2], [3, 1, 1, 2], [1, 1], [2, 1]), // padding as large as the window and more
        ([1, 2, 3, 2], [2, 3, 3, 2], [1, 1], [3, 2]),
        ([1, 1, 1, 3], [1, 1, 1, 3], [1, 1], [0, 0]),
    ];
    for (x, w, stride, padding) in cases {
        let options = Conv2d {
            stride,
            padding,
            precision: Precision::F32,
        };
        let shapes: [(&str, &[usize]); 3] = [("x", &x), ("w", &w), ("b", &[w[0]])];
        let name = format!("conv2d {x:?} {w:?} {stride:?} {padding:?}");
        check_gradients_at_random(&name, &shapes, |v| v[0].conv2d(&v[1], Some(&v[2]), options))?;
        check_gradients_at_random(&name, &shapes[..2], |v| v[0].conv2d(&v[1], None, options))?;
    }
    Ok(())
}

#[test]
fn a_window_reads_what_it_covers() -> Result<()> {
    let x = Var::constant(Tensor::from_fn([1, 2, 3, 1], |i| (i + 1) as f64));
    let w = Var::constant(Tensor::from_slice([1, 2, 2, 1], &[1.0, 10.0, 100.0, 1000.0])?);
    let y = x.conv2d(&w, None, Conv2d::square(1, 0))?;
    assert_eq!(y.dims(), [1, 1, 2, 1]);
    assert_eq!(y.value().to_vec()?, [5421.0, 6532.0]);
    let padded = x.conv2d(&w, None, Conv2d::square(2, 1))?;
    assert_eq!(padded.dims(), [1, 2, 2, 1]);
    assert_eq!(padded.value().to_vec()?, [1000.0, 3200.0, 40.0, 65.0]);
    Ok(())
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let var = |shape: &[usize]| Var::constant(Tensor::<f64>::zeros(shape));
    let (x, w) = (var(&[2, 5, 4, 3]), var(&[7, 3, 3, 3]));
    let plain = Conv2d::square(1, 0);
    let try_conv =
        |x: &Var<f64>, w: &Var<f64>, b: Option<&Var<f64>>, options| refusal(x.conv2d(w, b, options));
    assert_eq!(
        try_conv(&var(&[5, 4, 3]), &w, None, plain),
        "conv2d: `input` has shape [5, 4, 3], expected [N, H, W, C]"
    );
    assert_eq!(
        try_conv(&x, &var(&[7, 3, 3]), None, plain),
        "conv2d: `weight` has shape [7, 3, 3], expected [K, R, S, C]"
    );
    assert_eq!(
        try_conv(&x, &var(&[7, 3, 3, 2]), None, plain),
        "conv2d: `weight` has shape [7, 3, 3, 2], expected [K, R, S, 3] without empty axes, for \
         input [2, 5, 4, 3]"
    );
    assert_eq!(
        try_conv(&x, &w, Some(&var(&[6])), plain),
        "conv2d: `bias` has shape [6], expected [7]"
    );
    assert_eq!(
        try_conv(&x, &var(&[7, 6, 3, 3]), None, plain),
        "conv2d: `input` has shape [2, 5, 4, 3], expected at least 6×3 pixels after padding [0, 0], \
         and a stride ≥ 1 (it is [1, 1])"
    );
    let message = try_conv(&x, &w, None, Conv2d::square(0, 0));
    assert!(message.ends_with("and a stride ≥ 1 (it is [0, 0])"), "{message}");
}

#[test]
fn an_operand_is_kept_only_for_the_others_gradient() -> Result<()> {
    let (x, w) = (random("x", &[1, 4, 4, 2]), random("w", &[3, 3, 3, 2]));
    let options = Conv2d::square(1, 1);
    let constant = Var::constant(w.clone());
    assert!(!keeps(|x| x.conv2d(&constant, None, options), &x)?);
    let tracked = Var::leaf(w);
    assert!(keeps(|x| x.conv2d(&tracked, None, options), &x)?);
    Ok(())
}

#[test]
fn the_epilogue_is_bias_then_residual_then_relu() -> Result<()> {
    let x = Tensor::from_slice([1, 1, 2, 1], &[1.0, 2.0])?;
    let w = Tensor::from_slice([1, 1, 1, 1], &[3.0])?;
    let bias = Tensor::from_slice([1], &[-10.0])?;
    let residual = Tensor::from_slice([1, 1, 2, 1], &[5.0, 6.0])?;
    let options = Conv2d::square(1, 0);
    let all = Conv2dEpilogue {
        bias: Some(&bias),
        residual: Some(&residual),
        relu: true,
    };
    assert_eq!(infer(&x, &w, all, options)?.to_vec()?, [0.0, 2.0]);
    let linear = Conv2dEpilogue { relu: false, ..all };
    assert_eq!(infer(&x, &w, linear, options)?.to_vec()?, [-2.0, 2.0]);
    let none = Conv2dEpilogue::default();
    assert_eq!(infer(&x, &w, none, options)?.to_vec()?, [3.0, 6.0]);
    let unfit = Conv2dEpilogue {
        residual: Some(&bias),
        ..none
    };
    let error = infer(&x, &w, unfit, options).unwrap_err().to_string();
    assert!(error.contains("residual"), "{error}");
    Ok(())
}

#[test]
fn gradients_of_a_convolution_with_fixed_weights() -> Result<()> {
    let cases: [Convolution; 3] = [
        ([2, 5, 7, 3], [4, 3, 3, 3], [1, 1], [1, 1]),
        ([2, 5, 7, 3], [4, 3, 3, 3], [2, 2], [1, 1]),
        ([3, 5, 4, 2], [5, 1, 1, 2], [1, 1], [0, 0]),
    ];
    for (x, w, stride, padding) in cases {
        let options = Conv2d {
            stride,
            padding,
            precision: Precision::F32,
        };
        let (weight, bias) = (random("w", &w), random("b", &[w[0]]));
        let out = |i: usize| (x[i + 1] + 2 * padding[i] - w[i + 1]) / stride[i] + 1;
        let y = [x[0], out(0), out(1), w[0]];
        for relu in [false, true] {
            let name = format!("conv2d_fixed {x:?} {w:?} {stride:?} {relu}");
            let apply = |x: &Var<f64>, residual: Option<&Var<f64>>| {
                let epilogue = FixedEpilogue {
                    bias: &bias,
                    residual,
                    relu,
                };
                x.conv2d_fixed(&weight, epilogue, options)
            };
            check_gradients_at_random(&name, &[("x", &x)], |v| apply(&v[0], None))?;
            let shapes: [(&str, &[usize]); 2] = [("x", &x), ("residual", &y)];
            check_gradients_at_random(&name, &shapes, |v| apply(&v[0], Some(&v[1])))?;
        }
    }
    Ok(())
}

#[test]
fn fixed_weights_need_no_input() -> Result<()> {
    let (x, w, b) = (
        random("x", &[1, 4, 4, 2]),
        random("w", &[3, 3, 3, 2]),
        random("b", &[3]),
    );
    let epilogue = FixedEpilogue {
        bias: &b,
        residual: None,
        relu: true,
    };
    assert!(!keeps(
        |x| x.conv2d_fixed(&w, epilogue, Conv2d::square(1, 1)),
        &x
    )?);
    Ok(())
}
