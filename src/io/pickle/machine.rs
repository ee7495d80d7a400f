//! The stack machine that pickles are programs for.

use super::node::{CallNode, Global, Id, Node, Span};
use super::{opcodes as op, protocol0};
use std::collections::HashMap;

/// Opcodes a file may have; CIFAR's largest has 200,000. Each takes at most some 50 bytes of memory.
const MAX_OPCODES: u32 = 1 << 20;

/// What is wrong, as it goes behind "found".
type Checked<T = ()> = Result<T, String>;

/// The machine; its nodes are what the program made.
pub(super) struct Machine<'a> {
    bytes: &'a [u8],
    /// Offset of what comes next.
    pub at: usize,
    globals: &'static [Global],
    pub nodes: Vec<Node>,
    pub decoded: Vec<u8>,
    stack: Vec<Id>,
    /// Heights of the stack at which marks lie.
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
}

impl<'a> Machine<'a> {
    pub fn new(bytes: &'a [u8], globals: &'static [Global]) -> Self {
        Self {
            bytes,
            at: 0,
            globals,
            nodes: Vec::new(),
            decoded: Vec::new(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
        }
    }

    /// Runs to the end of the program; its result.
    pub fn run(&mut self) -> Checked<Id> {
        for _ in 0..MAX_OPCODES {
            let start = self.at;
            let result = self.step();
            if let Some(id) = result.map_err(|found| format!("{found} (the opcode at byte {start})"))? {
                return Ok(id);
            }
        }
        Err(format!("more than {MAX_OPCODES} opcodes"))
    }

    /// One opcode; the result of the program if it was the last.
    fn step(&mut self) -> Checked<Option<Id>> {
        let opcode = self.byte()?;
        match opcode {
            op::STOP => return self.pop().map(Some),
            op::PROTO => match self.byte()? {
                0..=5 => {}
                newer => return Err(format!("protocol {newer}")),
            },
            // Frames only help readers that fetch a file in parts.
            op::FRAME => drop(self.span(8)?),
            op::MARK => self.marks.push(self.stack.len()),
            op::POP => self.discard()?,
            op::POP_MARK => drop(self.pop_to_mark()?),
            op::DUP => self.stack.push(self.top()?),
            op::EMPTY_LIST | op::LIST | op::APPEND | op::APPENDS => self.list(opcode)?,
            op::EMPTY_DICT | op::DICT | op::SETITEM | op::SETITEMS => self.dict(opcode)?,
            op::EMPTY_TUPLE | op::TUPLE | op::TUPLE1 | op::TUPLE2 | op::TUPLE3 => self.tuple(opcode)?,
            op::GLOBAL | op::STACK_GLOBAL => self.global(opcode)?,
            op::REDUCE | op::NEWOBJ => self.call()?,
            op::BUILD => self.build()?,
            op::BINPERSID => {
                let id = self.pop()?;
                self.push(Node::Persistent(id));
            }
            op::PUT | op::BINPUT | op::LONG_BINPUT | op::MEMOIZE => {
                let key = match opcode {
                    op::MEMOIZE => self.memo.len() as u32,
                    _ => self.memo_key(opcode)?,
                };
                self.memo.insert(key, self.top()?);
            }
            op::GET | op::BINGET | op::LONG_BINGET => {
                let key = self.memo_key(opcode)?;
                let known = self.memo.get(&key);
                let id = *known.ok_or_else(|| format!("a reference to value {key}, which was not stored"))?;
                self.stack.push(id);
            }
            _ => {
                let node = self.literal(opcode)?;
                self.push(node);
            }
        }
        Ok(None)
    }

    /// A value that stands in the file as such.
    fn literal(&mut self, opcode: u8) -> Checked<Node> {
        Ok(match opcode {
            op::NONE => Node::None,
            op::NEWTRUE => Node::Bool(true),
            op::NEWFALSE => Node::Bool(false),
            op::BININT => Node::Int(i32::from_le_bytes(self.array()?).into()),
            op::BININT1 => Node::Int(self.byte()?.into()),
            op::BININT2 => Node::Int(u16::from_le_bytes(self.array()?).into()),
            op::LONG1 | op::LONG4 => {
                let length = match opcode {
                    op::LONG1 => self.byte()?.into(),
                    _ => self.length(4)?,
                };
                let span = self.span(length)?;
                Node::Int(two_complement(&self.bytes[span.start..span.end])?)
            }
            op::BINFLOAT => Node::Float(f64::from_be_bytes(self.array()?)),
            op::INT => protocol0::int(self.line()?)?,
            op::LONG => protocol0::long(self.line()?)?,
            op::FLOAT => protocol0::float(self.line()?)?,
            op::STRING => {
                let line = self.line()?;
                Node::Bytes(protocol0::string(line, &mut self.decoded)?)
            }
            op::UNICODE => {
                let line = self.line()?;
                Node::Text(protocol0::unicode(line, &mut self.decoded)?)
            }
            op::SHORT_BINSTRING | op::SHORT_BINBYTES => Node::Bytes(self.counted(1)?),
            op::BINSTRING | op::BINBYTES => Node::Bytes(self.counted(4)?),
            op::BINBYTES8 | op::BYTEARRAY8 => Node::Bytes(self.counted(8)?),
            op::SHORT_BINUNICODE => self.text(1)?,
            op::BINUNICODE => self.text(4)?,
            op::BINUNICODE8 => self.text(8)?,
            unknown => return Err(format!("the unknown opcode 0x{unknown:02x}")),
        })
    }

    fn list(&mut self, opcode: u8) -> Checked {
        let items = match opcode {
            op::EMPTY_LIST => Vec::new(),
            op::APPEND => vec![self.pop()?],
            _ => self.pop_to_mark()?,
        };
        if matches!(opcode, op::EMPTY_LIST | op::LIST) {
            self.push(Node::List(items));
            return Ok(());
        }
        match self.top_node()? {
            Node::List(list) => list.extend(items),
            _ => return Err("items for something that is no list".into()),
        }
        Ok(())
    }

    fn dict(&mut self, opcode: u8) -> Checked {
        let items = match opcode {
            op::EMPTY_DICT => Vec::new(),
            op::SETITEM => self.pop_many(2)?,
            _ => self.pop_to_mark()?,
        };
        if items.len() % 2 == 1 {
            return Err("a key without a value".into());
        }
        if matches!(opcode, op::EMPTY_DICT | op::DICT) {
            self.push(Node::Dict(items));
            return Ok(());
        }
        match self.top_node()? {
            Node::Dict(pairs) => pairs.extend(items),
            Node::Call(call) => call.items.extend(items),
            _ => return Err("keys and values for something that is no dict".into()),
        }
        Ok(())
    }

    fn tuple(&mut self, opcode: u8) -> Checked {
        let items = match opcode {
            op::EMPTY_TUPLE => Vec::new(),
            op::TUPLE => self.pop_to_mark()?,
            _ => self.pop_many(usize::from(opcode - op::TUPLE1) + 1)?,
        };
        self.push(Node::Tuple(items));
        Ok(())
    }

    fn global(&mut self, opcode: u8) -> Checked {
        let (module, name) = match opcode {
            op::GLOBAL => (self.line()?, self.line()?),
            _ => {
                let ids = self.pop_many(2)?;
                let spans = [ids[0], ids[1]].map(|id| match self.nodes.get(id as usize) {
                    Some(&Node::Text(span)) => Ok(span),
                    _ => Err("a global whose name is no text".to_owned()),
                });
                let [module, name] = spans;
                (self.slice(module?), self.slice(name?))
            }
        };
        let known = self
            .globals
            .iter()
            .find(|global| global.module.as_bytes() == module && global.name.as_bytes() == name);
        let global = known.ok_or_else(|| {
            let [module, name] = [module, name].map(printable);
            format!("the foreign global `{module}.{name}`")
        })?;
        self.push(Node::Global(global));
        Ok(())
    }

    fn call(&mut self) -> Checked {
        let (arguments, callee) = (self.pop()?, self.pop()?);
        let Some(&Node::Global(callee)) = self.nodes.get(callee as usize) else {
            return Err("a call of something that is no global".into());
        };
        self.push(Node::Call(Box::new(CallNode {
            callee,
            arguments,
            state: None,
            items: Vec::new(),
        })));
        Ok(())
    }

    fn build(&mut self) -> Checked {
        let state = self.pop()?;
        match self.top_node()? {
            Node::Call(call) if call.state.is_none() => call.state = Some(state),
            Node::Call(_) => return Err("a second state for one object".into()),
            _ => return Err("a state for something that is no object".into()),
        }
        Ok(())
    }

    fn push(&mut self, node: Node) {
        // Below `MAX_OPCODES`, as every opcode makes at most one.
        self.stack.push(self.nodes.len() as Id);
        self.nodes.push(node);
    }

    /// Values above the last mark, of which alone opcodes may take.
    fn height(&self) -> usize {
        self.stack.len() - self.marks.last().copied().unwrap_or(0)
    }

    fn pop_many(&mut self, count: usize) -> Checked<Vec<Id>> {
        if self.height() < count {
            return Err("too few values before it".into());
        }
        Ok(self.stack.split_off(self.stack.len() - count))
    }

    fn pop(&mut self) -> Checked<Id> {
        let id = self.top()?;
        self.stack.pop();
        Ok(id)
    }

    fn top(&self) -> Checked<Id> {
        let top = self.stack.last().copied().filter(|_| self.height() > 0);
        top.ok_or_else(|| "too few values before it".into())
    }

    fn top_node(&mut self) -> Checked<&mut Node> {
        let id = self.top()?;
        self.nodes
            .get_mut(id as usize)
            .ok_or_else(|| "too few values before it".into())
    }

    /// Removes the top value, or the mark if that is on top.
    fn discard(&mut self) -> Checked {
        if self.height() == 0 && self.marks.pop().is_some() {
            return Ok(());
        }
        self.pop().map(drop)
    }

    fn pop_to_mark(&mut self) -> Checked<Vec<Id>> {
        let mark = self.marks.pop().ok_or("no mark before it")?;
        Ok(self.stack.split_off(mark))
    }

    fn memo_key(&mut self, opcode: u8) -> Checked<u32> {
        match opcode {
            op::BINPUT | op::BINGET => self.byte().map(u32::from),
            op::LONG_BINPUT | op::LONG_BINGET => self.array().map(u32::from_le_bytes),
            _ => protocol0::number(self.line()?),
        }
    }

    /// The next `length` bytes.
    fn span(&mut self, length: usize) -> Checked<Span> {
        let left = self.bytes.len() - self.at;
        if length > left {
            return Err(match length {
                1 => "the end of the file".into(),
                _ => format!("the end of the file where {length} bytes should be"),
            });
        }
        let start = self.at;
        self.at += length;
        Ok(Span {
            start,
            end: self.at,
            decoded: false,
        })
    }

    fn slice(&self, span: Span) -> &[u8] {
        let bytes = if span.decoded { &self.decoded } else { self.bytes };
        bytes.get(span.start..span.end).unwrap_or_default()
    }

    fn array<const N: usize>(&mut self) -> Checked<[u8; N]> {
        let span = self.span(N)?;
        let mut array = [0; N];
        array.copy_from_slice(&self.bytes[span.start..span.end]);
        Ok(array)
    }

    fn byte(&mut self) -> Checked<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// A length of `size` bytes.
    fn length(&mut self, size: usize) -> Checked<usize> {
        let span = self.span(size)?;
        let mut array = [0; 8];
        array[..size].copy_from_slice(&self.bytes[span.start..span.end]);
        let length = u64::from_le_bytes(array);
        usize::try_from(length).map_err(|_| format!("a length of {length} bytes"))
    }

    /// Bytes that follow their length of `size` bytes.
    fn counted(&mut self, size: usize) -> Checked<Span> {
        let length = self.length(size)?;
        self.span(length)
    }

    fn text(&mut self, size: usize) -> Checked<Node> {
        let span = self.counted(size)?;
        match std::str::from_utf8(self.slice(span)) {
            Ok(_) => Ok(Node::Text(span)),
            Err(_) => Err("text that is not UTF-8".into()),
        }
    }

    /// The rest of a line, without its end.
    fn line(&mut self) -> Checked<&'a [u8]> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|&byte| byte == b'\n');
        let length = length.ok_or("the end of the file inside a line")?;
        self.at += length + 1;
        Ok(&rest[..length])
    }
}

/// A little-endian number in two's complement of any length.
fn two_complement(bytes: &[u8]) -> Checked<i128> {
    let negative = bytes.last().is_some_and(|&byte| byte >= 0x80);
    let mut array = [if negative { 0xff } else { 0 }; 16];
    let Some(low) = array.get_mut(..bytes.len()) else {
        return Err(format!("a whole number of {} bytes", bytes.len()));
    };
    low.copy_from_slice(bytes);
    Ok(i128::from_le_bytes(array))
}

/// A name from the file for a message: on one line, and short.
fn printable(name: &[u8]) -> String {
    let start = name.get(..64).unwrap_or(name);
    String::from_utf8_lossy(start).escape_debug().to_string()
}
