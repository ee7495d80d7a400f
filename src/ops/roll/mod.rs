//! Circular shift of every image by its own number of pixels (`torch.roll` on dims (−2, −1)).

mod cpu;
mod cuda;
#[cfg(test)]
mod tests;

use crate::autograd::Var;
use crate::ops::place::{Place, place};
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};

impl<T: Element> Var<T> {
    /// Image n of `[N,H,W,C]` moved down by `shifts[n][0]` rows and right by `shifts[n][1]` columns;
    /// what leaves on one side enters on the other.
    ///
    /// # Errors
    /// [`Error::Shape`] if the input is not `[N,H,W,C]`; [`Error::Argument`] if there is not one
    /// shift an image.
    pub fn roll(&self, shifts: &[[i32; 2]]) -> Result<Var<T>> {
        let value = rolled(self.value(), shifts, 1)?;
        Ok(Var::from_op("roll", &[self], value, || {
            let shifts = shifts.to_vec();
            move |dy: Tensor<T>, _| Ok(vec![Some(rolled(&dy, &shifts, -1)?)])
        }))
    }
}

fn rolled<T: Element>(x: &Tensor<T>, shifts: &[[i32; 2]], sign: i64) -> Result<Tensor<T>> {
    let &[n, h, w, c] = x.dims() else {
        return Err(Error::shape("roll", "self", "[N, H, W, C]", x.shape()));
    };
    if shifts.len() != n {
        return Err(Error::argument(
            "roll",
            "shifts",
            format!("{n} pairs"),
            shifts.len(),
        ));
    }
    let shifts = shifts.iter().map(|shift| {
        [(shift[0], h), (shift[1], w)]
            .map(|(by, length)| (i64::from(by) * sign).rem_euclid(length.max(1) as i64) as usize)
    });
    let shifts: Vec<[usize; 2]> = shifts.collect();
    match place("roll", &[x])? {
        Place::Host => cpu::rolled(x, [h, w, c], &shifts),
        Place::Device(device) => cuda::rolled(device, x, [h, w, c], &shifts),
    }
}
