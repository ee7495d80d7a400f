//! The values of a pickle, for their readers.

use super::machine::Machine;
use super::node::{CallNode, Global, Id, Node, Span};
use crate::{Error, Result};
use std::borrow::Cow;
use std::path::Path;

/// A pickle's values, none of which was executed.
pub struct Pickle<'a> {
    bytes: &'a [u8],
    decoded: Vec<u8>,
    nodes: Vec<Node>,
    root: Id,
    end: usize,
}

impl<'a> Pickle<'a> {
    /// Reads the pickle at the start of `bytes`, the content of `path`, in which only `globals` may
    /// be named. What follows its end is not looked at; see [`Pickle::end`].
    ///
    /// # Errors
    /// [`Error::Format`] with the offset of what is wrong: truncated, an unknown opcode, one that
    /// lacks its operands, a global that is not in the list.
    pub fn parse(path: &Path, bytes: &'a [u8], globals: &'static [Global]) -> Result<Self> {
        let mut machine = Machine::new(bytes, globals);
        let result = match bytes {
            [] => Err("an empty file".into()),
            _ => machine.run(),
        };
        let root = result.map_err(|found: String| {
            let advice = "get the file from a source you trust";
            Error::format(path, "a whole pickle of plain data", found, advice)
        })?;
        let end = machine.at;
        let Machine { nodes, decoded, .. } = machine;
        Ok(Self {
            bytes,
            decoded,
            nodes,
            root,
            end,
        })
    }

    /// The whole value.
    pub fn root(&self) -> Value<'_> {
        self.value(self.root)
    }

    /// Offset of the first byte behind the pickle. Python ignores what follows.
    pub fn end(&self) -> usize {
        self.end
    }

    /// All objects outside the pickle that anything in it names, each a [`View::Persistent`].
    pub fn persistent(&self) -> impl Iterator<Item = Value<'_>> {
        let nodes = self.nodes.iter().zip(0..);
        nodes
            .filter(|(node, _)| matches!(node, Node::Persistent(_)))
            .map(|(_, id)| self.value(id))
    }

    fn value(&self, id: Id) -> Value<'_> {
        Value { pickle: self, id }
    }

    fn slice(&self, span: Span) -> &[u8] {
        let bytes = if span.decoded { &self.decoded } else { self.bytes };
        bytes.get(span.start..span.end).unwrap_or_default()
    }

    fn sequence<'p>(&'p self, ids: &'p [Id]) -> Sequence<'p> {
        Sequence { pickle: self, ids }
    }
}

/// One value.
#[derive(Clone, Copy)]
pub struct Value<'p> {
    pickle: &'p Pickle<'p>,
    id: Id,
}

/// What a value is.
#[derive(Clone, Copy)]
pub enum View<'p> {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// A floating-point number.
    Float(f64),
    /// Text: Python 3's `str`, Python 2's `unicode`.
    Text(&'p str),
    /// Bytes: Python 3's `bytes` and `bytearray`, Python 2's `str`.
    Bytes(&'p [u8]),
    /// A function or class.
    Global(Global),
    /// A tuple.
    Tuple(Sequence<'p>),
    /// A list.
    List(Sequence<'p>),
    /// A dict.
    Dict(Mapping<'p>),
    /// What a call would have returned.
    Call(Call<'p>),
    /// An object outside the pickle, by its id.
    Persistent(Value<'p>),
}

impl<'p> Value<'p> {
    /// What it is.
    pub fn view(self) -> View<'p> {
        let pickle = self.pickle;
        match pickle.nodes.get(self.id as usize) {
            // Ids are made with their nodes.
            None | Some(Node::None) => View::None,
            Some(&Node::Bool(bool)) => View::Bool(bool),
            Some(&Node::Int(number)) => View::Int(number),
            Some(&Node::Float(number)) => View::Float(number),
            // Checked when it was parsed.
            Some(&Node::Text(span)) => {
                View::Text(std::str::from_utf8(pickle.slice(span)).unwrap_or_default())
            }
            Some(&Node::Bytes(span)) => View::Bytes(pickle.slice(span)),
            Some(Node::Global(global)) => View::Global(**global),
            Some(Node::Tuple(ids)) => View::Tuple(pickle.sequence(ids)),
            Some(Node::List(ids)) => View::List(pickle.sequence(ids)),
            Some(Node::Dict(ids)) => View::Dict(Mapping(pickle.sequence(ids))),
            Some(Node::Call(call)) => View::Call(Call { pickle, call }),
            Some(&Node::Persistent(id)) => View::Persistent(pickle.value(id)),
        }
    }

    /// Its bytes, if it is some: also the call with which Python 3 writes them in protocols 0 to 2.
    pub fn bytes(self) -> Option<Cow<'p, [u8]>> {
        let call = match self.view() {
            View::Bytes(bytes) => return Some(Cow::Borrowed(bytes)),
            View::Call(call) if call.callee() == super::array::ENCODE => call,
            _ => return None,
        };
        let arguments = call.arguments()?;
        let (View::Text(text), View::Text("latin1")) = (arguments.get(0)?.view(), arguments.get(1)?.view())
        else {
            return None;
        };
        let bytes = text.chars().map(|char| u8::try_from(char).ok());
        bytes.collect::<Option<Vec<u8>>>().map(Cow::Owned)
    }

    /// Its text, if it is some: also bytes in UTF-8, which is what texts of Python 2 mostly are.
    pub fn text(self) -> Option<Cow<'p, str>> {
        if let View::Text(text) = self.view() {
            return Some(Cow::Borrowed(text));
        }
        match self.bytes()? {
            Cow::Borrowed(bytes) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
            Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
        }
    }

    /// The bytes in the file that its text or bytes are made of; for ASCII they are the same.
    fn stored(self) -> Option<&'p [u8]> {
        let pickle = self.pickle;
        match pickle.nodes.get(self.id as usize)? {
            &(Node::Text(span) | Node::Bytes(span)) => Some(pickle.slice(span)),
            Node::Call(call) if *call.callee == super::array::ENCODE => {
                match pickle.nodes.get(call.arguments as usize)? {
                    Node::Tuple(ids) => match pickle.nodes.get(*ids.first()? as usize)? {
                        &Node::Text(span) => Some(pickle.slice(span)),
                        _ => None,
                    },
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// What it is, for a message.
    pub fn describe(self) -> String {
        match self.view() {
            View::None => "None".into(),
            View::Bool(_) => "a truth value".into(),
            View::Int(number) => format!("the number {number}"),
            View::Float(number) => format!("the number {number}"),
            View::Text(_) => "text".into(),
            View::Bytes(bytes) => format!("{} bytes", bytes.len()),
            View::Global(Global { module, name }) => format!("the name {module}.{name}"),
            View::Tuple(items) => format!("a tuple of {}", items.len()),
            View::List(items) => format!("a list of {}", items.len()),
            View::Dict(_) => "a dict".into(),
            View::Call(call) => format!("an object of {}.{}", call.callee().module, call.callee().name),
            View::Persistent(_) => "an object outside the file".into(),
        }
    }
}

/// The items of a list or tuple.
#[derive(Clone, Copy)]
pub struct Sequence<'p> {
    pickle: &'p Pickle<'p>,
    ids: &'p [Id],
}

impl<'p> Sequence<'p> {
    /// How many there are.
    pub fn len(self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.ids.is_empty()
    }

    /// Item `index`, if there is one.
    pub fn get(self, index: usize) -> Option<Value<'p>> {
        self.ids.get(index).map(|&id| self.pickle.value(id))
    }

    /// All of them.
    pub fn iter(self) -> impl ExactSizeIterator<Item = Value<'p>> {
        self.ids.iter().map(move |&id| self.pickle.value(id))
    }
}

/// The keys and values of a dict, in the file's order; a key may be there more than once.
#[derive(Clone, Copy)]
pub struct Mapping<'p>(Sequence<'p>);

impl<'p> Mapping<'p> {
    /// All keys with their values.
    pub fn iter(self) -> impl Iterator<Item = (Value<'p>, Value<'p>)> {
        let pairs = self.0.ids.as_chunks::<2>().0.iter();
        pairs.map(move |&[key, value]| (self.0.pickle.value(key), self.0.pickle.value(value)))
    }

    /// The values whose key is `name`, an ASCII text, as text or bytes. More than one means that the
    /// file contradicts itself.
    pub fn named(self, name: &str) -> Vec<Value<'p>> {
        // Not by their texts: thousands of keys may be one and the same huge text.
        let named = self
            .iter()
            .filter(|(key, _)| key.stored() == Some(name.as_bytes()));
        named.map(|(_, value)| value).collect()
    }
}

/// A call, and what would have been done with its result.
#[derive(Clone, Copy)]
pub struct Call<'p> {
    pickle: &'p Pickle<'p>,
    call: &'p CallNode,
}

impl<'p> Call<'p> {
    /// What would have been called.
    pub fn callee(self) -> Global {
        *self.call.callee
    }

    /// Its arguments, if they are a tuple, as they should be.
    pub fn arguments(self) -> Option<Sequence<'p>> {
        match self.pickle.value(self.call.arguments).view() {
            View::Tuple(arguments) => Some(arguments),
            _ => None,
        }
    }

    /// What would have been given to the result's `__setstate__`.
    pub fn state(self) -> Option<Value<'p>> {
        self.call.state.map(|id| self.pickle.value(id))
    }

    /// Keys and values that would have been set in the result.
    pub fn items(self) -> Mapping<'p> {
        Mapping(self.pickle.sequence(&self.call.items))
    }
}
