//! Variables and the graph they form.

use crate::Result;
use crate::tensor::{BitMask, Element, Shape, Tensor};
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What the walk asks of a rule: which inputs want a gradient, in the order of the operation's inputs.
pub struct Needs<'a, T> {
    pub(super) inputs: &'a [Option<Arc<Node<T>>>],
    /// Gradients so far of nodes that the walk has not reached, by their order.
    pub(super) waiting: &'a mut HashMap<u64, Tensor<T>>,
    /// Those of them that went through the node's mask.
    pub(super) masked: &'a mut HashSet<u64>,
}

impl<T> Needs<'_, T> {
    /// Whether input `i` wants one.
    pub fn want(&self, i: usize) -> bool {
        self.inputs.get(i).is_some_and(Option::is_some)
    }

    /// The gradient of input `i` from `f`, or nothing if nobody wants it.
    ///
    /// # Errors
    /// Whatever `f` returns.
    pub fn gradient<R>(&self, i: usize, f: impl FnOnce() -> Result<R>) -> Result<Option<R>> {
        if self.want(i) { f().map(Some) } else { Ok(None) }
    }

    /// The gradient of input `i` from `f`, which adds it to what other users of the input gave so far,
    /// if they gave any, and puts zeros where the input's mask, if it has one, has none: for rules that do
    /// this in the same pass.
    ///
    /// # Errors
    /// Whatever `f` returns.
    pub fn added_gradient(
        &mut self,
        i: usize,
        f: impl FnOnce(Option<Tensor<T>>, Option<&BitMask>) -> Result<Tensor<T>>,
    ) -> Result<Option<Tensor<T>>> {
        let Some(Some(input)) = self.inputs.get(i) else {
            return Ok(None);
        };
        self.masked.insert(input.order);
        f(self.waiting.remove(&input.order), input.mask.as_ref()).map(Some)
    }
}

/// Turns the gradient of an output into the gradients of the inputs (one entry an input).
pub(super) type Rule<T> =
    Box<dyn Fn(Tensor<T>, Needs<'_, T>) -> Result<Vec<Option<Tensor<T>>>> + Send + Sync>;

/// One application of an operation, or a leaf.
pub(super) struct Node<T> {
    /// Numbers grow along the graph: an input's is always smaller than its user's.
    pub(super) order: u64,
    pub(super) op: &'static str,
    pub(super) inputs: Vec<Option<Arc<Node<T>>>>,
    pub(super) shapes: Vec<Shape>,
    /// Where the gradient passes on its way to the rule, if not everywhere.
    pub(super) mask: Option<BitMask>,
    /// Nothing for leaves.
    pub(super) rule: Option<Rule<T>>,
}

static ORDER: AtomicU64 = AtomicU64::new(0);

/// A tensor in a computation, with or without a memory of how it was made.
pub struct Var<T = f32> {
    value: Tensor<T>,
    pub(super) node: Option<Arc<Node<T>>>,
}

impl<T> Clone for Var<T> {
    fn clone(&self) -> Self {
        Self {
            value: self.value.clone(),
            node: self.node.clone(),
        }
    }
}

impl<T: Element> Var<T> {
    /// A variable whose gradient is wanted.
    pub fn leaf(value: Tensor<T>) -> Self {
        let node = Node {
            order: ORDER.fetch_add(1, Ordering::Relaxed),
            op: "leaf",
            inputs: Vec::new(),
            shapes: Vec::new(),
            mask: None,
            rule: None,
        };
        Self {
            value,
            node: Some(Arc::new(node)),
        }
    }

    /// A variable whose gradient nobody wants.
    pub fn constant(value: Tensor<T>) -> Self {
        Self { value, node: None }
    }

    /// The output `value` of the operation `op` on `inputs` (at most 64).
    ///
    /// `rule` is called at once, and only if an input is tracked, to build the backward rule: a
    /// function from the output's gradient (owned: it may be overwritten) and the [`Needs`] to one
    /// optional gradient an input. What the rule captures lives as long as the graph.
    pub fn from_op<R>(
        op: &'static str,
        inputs: &[&Var<T>],
        value: Tensor<T>,
        rule: impl FnOnce() -> R,
    ) -> Self
    where
        R: Fn(Tensor<T>, Needs<'_, T>) -> Result<Vec<Option<Tensor<T>>>> + Send + Sync + 'static,
    {
        Self::from_masked_op(op, inputs, value, None, rule)
    }

    /// The same, but the gradient reaches `rule` with zeros where `mask` has none. Whoever uses the output may
    /// have put them there already, in the pass that computed the gradient.
    pub(crate) fn from_masked_op<R>(
        op: &'static str,
        inputs: &[&Var<T>],
        value: Tensor<T>,
        mask: Option<BitMask>,
        rule: impl FnOnce() -> R,
    ) -> Self
    where
        R: Fn(Tensor<T>, Needs<'_, T>) -> Result<Vec<Option<Tensor<T>>>> + Send + Sync + 'static,
    {
        if inputs.iter().all(|input| input.node.is_none()) {
            return Self::constant(value);
        }
        let node = Node {
            order: ORDER.fetch_add(1, Ordering::Relaxed),
            op,
            inputs: inputs.iter().map(|input| input.node.clone()).collect(),
            shapes: inputs.iter().map(|input| *input.shape()).collect(),
            mask,
            rule: Some(Box::new(rule())),
        };
        Self {
            value,
            node: Some(Arc::new(node)),
        }
    }

    /// The value.
    pub fn value(&self) -> &Tensor<T> {
        &self.value
    }

    /// The value, without the graph.
    pub fn into_value(self) -> Tensor<T> {
        self.value
    }

    /// Shape of the value.
    pub fn shape(&self) -> &Shape {
        self.value.shape()
    }

    /// Axes of the value.
    pub fn dims(&self) -> &[usize] {
        self.value.dims()
    }

    /// Whether gradients flow through this variable.
    pub fn tracked(&self) -> bool {
        self.node.is_some()
    }

    /// The same value, cut off from the graph.
    pub fn detach(&self) -> Self {
        Self::constant(self.value.clone())
    }
}

impl<T: Element> fmt::Debug for Var<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let made_by = self.node.as_ref().map_or("constant", |node| node.op);
        write!(f, "Var({made_by}) {:?}", self.value)
    }
}
