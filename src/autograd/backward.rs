//! The backward walk.

use super::var::{Needs, Node, Var};
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};
use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::sync::Arc;

/// Gradients of the leaves that a backward walk reached.
pub struct Gradients<T = f32> {
    by_leaf: HashMap<u64, Tensor<T>>,
}

impl<T: Element> Gradients<T> {
    /// The gradient with respect to `leaf`; nothing if the walk did not reach it.
    pub fn get(&self, leaf: &Var<T>) -> Option<&Tensor<T>> {
        self.by_leaf.get(&leaf.node.as_ref()?.order)
    }

    /// The same, taken out.
    pub fn take(&mut self, leaf: &Var<T>) -> Option<Tensor<T>> {
        self.by_leaf.remove(&leaf.node.as_ref()?.order)
    }
}

/// A node whose users have all been visited once it is the largest in the heap.
struct Pending<T> {
    node: Arc<Node<T>>,
}

impl<T> PartialEq for Pending<T> {
    fn eq(&self, other: &Self) -> bool {
        self.node.order == other.node.order
    }
}
impl<T> Eq for Pending<T> {}
impl<T> PartialOrd for Pending<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Pending<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.node.order.cmp(&other.node.order)
    }
}

impl<T: Element> Var<T> {
    /// Gradients of `sum(self · seed)` with respect to all leaves; without `seed` the variable
    /// must have one element and the seed is 1. The graph is released on the way.
    ///
    /// # Errors
    /// [`Error::Shape`] if the seed's shape is not the variable's; [`Error::Argument`] if it is not where
    /// the variable's value is; errors of the rules.
    pub fn backward(self, seed: Option<Tensor<T>>) -> Result<Gradients<T>> {
        let seed = self.seed(seed)?;
        walk(self.node, seed)
    }

    /// Like [`Var::backward`], but the graph stays for another walk.
    ///
    /// # Errors
    /// As [`Var::backward`].
    pub fn backward_keeping(&self, seed: Option<Tensor<T>>) -> Result<Gradients<T>> {
        walk(self.node.clone(), self.seed(seed)?)
    }

    fn seed(&self, seed: Option<Tensor<T>>) -> Result<Tensor<T>> {
        match seed {
            Some(seed) if seed.shape() == self.shape() => {
                if seed.is_beside(self.value()) {
                    return Ok(seed);
                }
                let [expected, found] = [self.value(), &seed].map(whereabouts);
                let expected = format!("on {expected}, as the value");
                Err(Error::argument(
                    "backward",
                    "seed",
                    expected,
                    format!("on {found}"),
                ))
            }
            Some(seed) => Err(Error::shape("backward", "seed", self.shape(), seed.shape())),
            None if self.shape().len() == 1 => self.value().full_beside(*self.shape(), T::one()),
            None => Err(Error::shape(
                "backward",
                "self",
                "one element, or give a seed",
                self.shape(),
            )),
        }
    }
}

/// Name of the place of a tensor, for messages.
fn whereabouts<T: Element>(tensor: &Tensor<T>) -> String {
    tensor
        .accelerator()
        .map_or_else(|| "the host".to_owned(), |device| device.name())
}

fn walk<T: Element>(root: Option<Arc<Node<T>>>, seed: Tensor<T>) -> Result<Gradients<T>> {
    let mut by_leaf = HashMap::new();
    let mut waiting: HashMap<u64, Tensor<T>> = HashMap::new();
    let mut masked: HashSet<u64> = HashSet::new();
    let mut heap = BinaryHeap::new();
    if let Some(node) = root {
        waiting.insert(node.order, seed);
        heap.push(Pending { node });
    }
    while let Some(Pending { node }) = heap.pop() {
        let Some(gradient) = waiting.remove(&node.order) else {
            continue;
        };
        let Some(rule) = &node.rule else {
            by_leaf.insert(node.order, gradient);
            continue;
        };
        let gradient = match &node.mask {
            Some(mask) if !masked.remove(&node.order) => mask.apply(gradient)?,
            _ => gradient,
        };
        let needs = Needs {
            inputs: &node.inputs,
            waiting: &mut waiting,
            masked: &mut masked,
        };
        let gradients = rule(gradient, needs)?;
        for ((input, shape), gradient) in node.inputs.iter().zip(&node.shapes).zip(gradients) {
            let (Some(input), Some(gradient)) = (input, gradient) else {
                continue;
            };
            if gradient.shape() != shape {
                return Err(Error::shape(node.op, "gradient", shape, gradient.shape()));
            }
            match waiting.get_mut(&input.order) {
                Some(sum) => {
                    sum.accumulate(&gradient)?;
                    masked.remove(&input.order);
                }
                // New, or taken by the rule: then the node is in the heap twice, and the second visit
                // finds nothing to do.
                None => {
                    waiting.insert(input.order, gradient);
                    heap.push(Pending {
                        node: Arc::clone(input),
                    });
                }
            }
        }
    }
    Ok(Gradients { by_leaf })
}
