//! How values are stored: one node each, which names others by their numbers.

/// Number of a node.
pub(super) type Id = u32;

/// Something importable in Python: a function or a class of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Global {
    /// The module, with its dots.
    pub module: &'static str,
    /// The name in that module.
    pub name: &'static str,
}

/// Where a text or bytes stand: in the file, or among the `decoded` ones (protocol 0 has escapes).
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub start: usize,
    pub end: usize,
    pub decoded: bool,
}

/// A call that Python would have made.
#[derive(Debug)]
pub(super) struct CallNode {
    pub callee: &'static Global,
    pub arguments: Id,
    pub state: Option<Id>,
    /// Keys and values in turn.
    pub items: Vec<Id>,
}

/// A value; 32 bytes.
#[derive(Debug)]
pub(super) enum Node {
    None,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(Span),
    Bytes(Span),
    Global(&'static Global),
    Tuple(Vec<Id>),
    List(Vec<Id>),
    /// Keys and values in turn.
    Dict(Vec<Id>),
    // Boxed: inside, it would make every node larger.
    Call(Box<CallNode>),
    Persistent(Id),
}
