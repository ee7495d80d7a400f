//! Addition, subtraction, multiplication and division of two variables.

use super::broadcast::reduce;
use super::{Function, Pair, map, zip};
use crate::Result;
use crate::autograd::Var;
use crate::tensor::{Element, Tensor};

impl<T: Element> Var<T> {
    /// The sum of two variables whose shapes broadcast.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] if the shapes do not broadcast.
    pub fn add(&self, other: &Var<T>) -> Result<Var<T>> {
        let value = zip("add", Pair::Sum, self.value(), other.value())?;
        let shapes = [*self.shape(), *other.shape()];
        Ok(Var::from_op("add", &[self, other], value, || {
            move |dy: Tensor<T>, needs| {
                Ok(vec![
                    needs.gradient(0, || reduce("add", dy.clone(), &shapes[0]))?,
                    needs.gradient(1, || reduce("add", dy.clone(), &shapes[1]))?,
                ])
            }
        }))
    }

    /// The difference of two variables whose shapes broadcast.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] if the shapes do not broadcast.
    pub fn sub(&self, other: &Var<T>) -> Result<Var<T>> {
        let value = zip("sub", Pair::Difference, self.value(), other.value())?;
        let shapes = [*self.shape(), *other.shape()];
        Ok(Var::from_op("sub", &[self, other], value, || {
            move |dy: Tensor<T>, needs| {
                let second = needs.gradient(1, || {
                    reduce("sub", map("sub", Function::Negative, &dy)?, &shapes[1])
                })?;
                let first = needs.gradient(0, || reduce("sub", dy, &shapes[0]))?;
                Ok(vec![first, second])
            }
        }))
    }

    /// The product of two variables whose shapes broadcast.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] if the shapes do not broadcast.
    pub fn mul(&self, other: &Var<T>) -> Result<Var<T>> {
        let value = zip("mul", Pair::Product, self.value(), other.value())?;
        let (x, y) = (self.value().clone(), other.value().clone());
        Ok(Var::from_op("mul", &[self, other], value, || {
            move |dy: Tensor<T>, needs| {
                let product = |with: &Tensor<T>| zip("mul", Pair::Product, &dy, with);
                Ok(vec![
                    needs.gradient(0, || reduce("mul", product(&y)?, x.shape()))?,
                    needs.gradient(1, || reduce("mul", product(&x)?, y.shape()))?,
                ])
            }
        }))
    }

    /// The quotient of two variables whose shapes broadcast.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] if the shapes do not broadcast.
    pub fn div(&self, other: &Var<T>) -> Result<Var<T>> {
        let value = zip("div", Pair::Quotient, self.value(), other.value())?;
        let quotient = other.tracked().then(|| value.clone());
        let (shape, y) = (*self.shape(), other.value().clone());
        Ok(Var::from_op("div", &[self, other], value, || {
            move |dy: Tensor<T>, needs| {
                let scaled = zip("div", Pair::Quotient, &dy, &y)?;
                let second = match &quotient {
                    // d(x/y)/dy = −(x/y)/y
                    Some(q) => needs.gradient(1, || {
                        reduce("div", zip("div", Pair::NegativeProduct, &scaled, q)?, y.shape())
                    })?,
                    None => None,
                };
                let first = needs.gradient(0, || reduce("div", scaled, &shape))?;
                Ok(vec![first, second])
            }
        }))
    }
}
