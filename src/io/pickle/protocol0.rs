//! Values as protocol 0 writes them: text, one a line.

use super::node::{Node, Span};

type Checked<T> = Result<T, String>;

fn ascii(line: &[u8]) -> &str {
    std::str::from_utf8(line).map_or("", str::trim_end)
}

fn parse<T: std::str::FromStr>(text: &str, what: &str) -> Checked<T> {
    text.parse().map_err(|_| format!("a line that is no {what}"))
}

/// A memo's number.
pub(super) fn number(line: &[u8]) -> Checked<u32> {
    parse(ascii(line), "whole number")
}

/// An int, or a bool, which is written `00` or `01`.
pub(super) fn int(line: &[u8]) -> Checked<Node> {
    match line {
        b"00" => Ok(Node::Bool(false)),
        b"01" => Ok(Node::Bool(true)),
        _ => parse(ascii(line), "whole number").map(Node::Int),
    }
}

/// A long, with or without its `L`.
pub(super) fn long(line: &[u8]) -> Checked<Node> {
    let text = ascii(line);
    parse(text.strip_suffix('L').unwrap_or(text), "whole number").map(Node::Int)
}

pub(super) fn float(line: &[u8]) -> Checked<Node> {
    parse(ascii(line), "number").map(Node::Float)
}

/// Notes what `decode` appends.
fn appended(decoded: &mut Vec<u8>, decode: impl FnOnce(&mut Vec<u8>) -> Option<()>) -> Checked<Span> {
    let start = decoded.len();
    decode(decoded).ok_or("a text with a broken escape")?;
    Ok(Span {
        start,
        end: decoded.len(),
        decoded: true,
    })
}

/// Bytes in quotes, with the escapes that Python's `repr` makes.
pub(super) fn string(line: &[u8], decoded: &mut Vec<u8>) -> Checked<Span> {
    let inside = match line.trim_ascii_end() {
        [first @ (b'\'' | b'"'), inside @ .., last] if first == last => inside,
        _ => return Err("a string without its quotes".into()),
    };
    appended(decoded, |decoded| {
        let mut rest = inside.iter().copied();
        while let Some(byte) = rest.next() {
            decoded.push(match byte {
                b'\\' => match rest.next()? {
                    escaped @ (b'\\' | b'\'' | b'"') => escaped,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'x' => u8::try_from(hexadecimal(&mut rest, 2)?).ok()?,
                    _ => return None,
                },
                byte => byte,
            });
        }
        Some(())
    })
}

/// Text in Latin-1, where `\u` and `\U` stand for the rest of Unicode.
pub(super) fn unicode(line: &[u8], decoded: &mut Vec<u8>) -> Checked<Span> {
    appended(decoded, |decoded| {
        let mut rest = line.iter().copied();
        while let Some(byte) = rest.next() {
            let char = match byte {
                b'\\' => match rest.next()? {
                    b'u' => char::from_u32(hexadecimal(&mut rest, 4)?)?,
                    b'U' => char::from_u32(hexadecimal(&mut rest, 8)?)?,
                    _ => return None,
                },
                byte => char::from(byte),
            };
            decoded.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
        }
        Some(())
    })
}

fn hexadecimal(bytes: &mut impl Iterator<Item = u8>, digits: usize) -> Option<u32> {
    let mut value = 0;
    for _ in 0..digits {
        value = value * 16 + char::from(bytes.next()?).to_digit(16)?;
    }
    Some(value)
}
