//! Addition, subtraction, multiplication and division of two variables.

use super::broadcast::{common_shape, expand, reduce};
use super::{map, zip};
use crate::Result;
use crate::autograd::Var;
use crate::tensor::{Element, Tensor};

impl<T: Element> Var<T> {
    /// The sum of two variables whose shapes broadcast.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] if the shapes do not broadcast.
    pub fn add(&self, other: &Var<T>) -> Result<Var<T>> {
        let (x, y) = self.aligned("add", other)?;
        let value = zip("add", &x, &y, |a, b| a + b)?;
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
        let (x, y) = self.aligned("sub", other)?;
        let value = zip("sub", &x, &y, |a, b| a - b)?;
        let shapes = [*self.shape(), *other.shape()];
        Ok(Var::from_op("sub", &[self, other], value, || {
            move |dy: Tensor<T>, needs| {
                let second = needs.gradient(1, || reduce("sub", map("sub", &dy, |dy| -dy)?, &shapes[1]))?;
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
        let (x, y) = self.aligned("mul", other)?;
        let value = zip("mul", &x, &y, |a, b| a * b)?;
        let shapes = [*self.shape(), *other.shape()];
        Ok(Var::from_op("mul", &[self, other], value, || {
            move |dy: Tensor<T>, needs| {
                let product = |with: &Tensor<T>| zip("mul", &dy, with, |dy, v| dy * v);
                Ok(vec![
                    needs.gradient(0, || reduce("mul", product(&y)?, &shapes[0]))?,
                    needs.gradient(1, || reduce("mul", product(&x)?, &shapes[1]))?,
                ])
            }
        }))
    }

    /// The quotient of two variables whose shapes broadcast.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] if the shapes do not broadcast.
    pub fn div(&self, other: &Var<T>) -> Result<Var<T>> {
        let (x, y) = self.aligned("div", other)?;
        let value = zip("div", &x, &y, |a, b| a / b)?;
        let quotient = other.tracked().then(|| value.clone());
        let shapes = [*self.shape(), *other.shape()];
        Ok(Var::from_op("div", &[self, other], value, || {
            move |dy: Tensor<T>, needs| {
                let scaled = zip("div", &dy, &y, |dy, y| dy / y)?;
                let second = match &quotient {
                    // d(x/y)/dy = −(x/y)/y
                    Some(q) => needs.gradient(1, || {
                        reduce("div", zip("div", &scaled, q, |g, q| -g * q)?, &shapes[1])
                    })?,
                    None => None,
                };
                let first = needs.gradient(0, || reduce("div", scaled, &shapes[0]))?;
                Ok(vec![first, second])
            }
        }))
    }

    /// Both values, expanded to the shape they share.
    fn aligned(&self, op: &'static str, other: &Var<T>) -> Result<(Tensor<T>, Tensor<T>)> {
        let shape = common_shape(op, self.shape(), other.shape())?;
        Ok((
            expand(op, self.value(), &shape)?,
            expand(op, other.value(), &shape)?,
        ))
    }
}
