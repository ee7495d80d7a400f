//! Reverse-mode automatic differentiation.
//!
//! A [`Var`] is a tensor that may remember how it was made. Operations give the graph a rule that
//! turns the gradient of their output into the gradients of their inputs; this module knows no
//! operation by name. It alone adds gradients up, so no operation can overwrite another's, and it
//! tells each rule which gradients anybody wants, so no work is done for constants.
//!
//! The graph is owned by the variables that came out of it. [`Var::backward`] consumes its root
//! and releases saved activations as it walks; [`Var::backward_keeping`] keeps them for another
//! walk (a Jacobian, row by row).

mod backward;
mod var;

#[cfg(test)]
mod tests;

pub use backward::Gradients;
pub use var::{Needs, Var};
