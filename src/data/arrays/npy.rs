//! The header of an `.npy` array
//! (<https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>): a Python dictionary of
//! three entries, of which this reads exactly what `numpy.save` writes for plain numbers.

use super::numbers::{Kind, Type};
use std::io::Read;

/// Longest header, as NumPy has it.
const MOST_HEADER: usize = 10_000;
/// Longest list of axes, as NumPy has it.
const MOST_AXES: usize = 32;

/// What an array is made of.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub kind: Type,
    /// Lengths of the axes, the first one the slowest.
    pub shape: Vec<usize>,
}

/// Reads the header, up to the first number. The error is what was found.
pub(super) fn read_header(reader: &mut impl Read) -> Result<Header, String> {
    let mut start = [0; 8];
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => "a truncated header".to_owned(),
        _ => error.to_string(),
    };
    reader.read_exact(&mut start).map_err(failed)?;
    let length = match start {
        [0x93, b'N', b'U', b'M', b'P', b'Y', 1, 0] => {
            let mut length = [0; 2];
            reader.read_exact(&mut length).map_err(failed)?;
            usize::from(u16::from_le_bytes(length))
        }
        [0x93, b'N', b'U', b'M', b'P', b'Y', 2 | 3, 0] => {
            let mut length = [0; 4];
            reader.read_exact(&mut length).map_err(failed)?;
            u32::from_le_bytes(length) as usize
        }
        [0x93, b'N', b'U', b'M', b'P', b'Y', major, minor] => {
            return Err(format!("version {major}.{minor} of the format"));
        }
        _ => return Err("no array of NumPy".into()),
    };
    if length > MOST_HEADER {
        return Err(format!("a header of {length} bytes"));
    }
    let mut text = vec![0; length];
    reader.read_exact(&mut text).map_err(failed)?;
    let text = String::from_utf8(text).map_err(|_| "a header that is not UTF-8".to_owned())?;
    let mut parser = Parser { rest: &text };
    parser.header()
}

/// What is left to read of a header.
struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn header(&mut self) -> Result<Header, String> {
        let (mut kind, mut is_fortran, mut shape) = (None, None, None);
        self.require("{")?;
        while !self.accept("}") {
            let key = self.string()?;
            self.require(":")?;
            let is_new = match key {
                "descr" => kind.replace(self.kind()?).is_none(),
                "fortran_order" => is_fortran.replace(self.boolean()?).is_none(),
                "shape" => shape.replace(self.shape()?).is_none(),
                _ => return Err("an unknown entry of the header".into()),
            };
            if !is_new {
                return Err(format!("two entries {key} of the header"));
            }
            if !self.accept(",") {
                self.require("}")?;
                break;
            }
        }
        match (kind, is_fortran, shape) {
            _ if !self.rest.trim_ascii().is_empty() => Err("more behind the header".into()),
            (Some(_), Some(true), Some(_)) => {
                Err("the order of Fortran (numpy.ascontiguousarray changes it)".into())
            }
            (Some(kind), Some(false), Some(shape)) => Ok(Header { kind, shape }),
            _ => Err("a header without descr, fortran_order or shape".into()),
        }
    }

    /// Takes `token`, if it comes next.
    fn accept(&mut self, token: &str) -> bool {
        self.rest = self.rest.trim_ascii_start();
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn require(&mut self, token: &str) -> Result<(), String> {
        if self.accept(token) {
            return Ok(());
        }
        Err(format!("a header without `{token}` where one belongs"))
    }

    fn string(&mut self) -> Result<&'a str, String> {
        let quote = if self.accept("'") { "'" } else { "\"" };
        if quote == "\"" {
            self.require(quote)?;
        }
        let (text, rest) = self
            .rest
            .split_once(quote)
            .ok_or("a header with an open string")?;
        self.rest = rest;
        Ok(text)
    }

    fn boolean(&mut self) -> Result<bool, String> {
        if self.accept("True") {
            return Ok(true);
        }
        self.require("False").map(|()| false)
    }

    fn shape(&mut self) -> Result<Vec<usize>, String> {
        let mut axes = Vec::new();
        self.require("(")?;
        while !self.accept(")") {
            self.rest = self.rest.trim_ascii_start();
            let end = self.rest.find(|c: char| !c.is_ascii_digit());
            let (digits, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
            self.rest = rest;
            axes.push(digits.parse().map_err(|_| "an axis that is no whole number")?);
            if axes.len() > MOST_AXES {
                return Err(format!("more than {MOST_AXES} axes"));
            }
            if !self.accept(",") {
                self.require(")")?;
                break;
            }
        }
        Ok(axes)
    }

    /// The type, such as `<f4`: order of bytes, kind and bytes of a number.
    fn kind(&mut self) -> Result<Type, String> {
        if self.accept("[") {
            return Err("records of several fields".into());
        }
        let text = self.string()?;
        let (order, name) = text.split_at_checked(1).unwrap_or_default();
        let kind = match name {
            "u1" => Kind::U8,
            "i1" => Kind::I8,
            "u2" => Kind::U16,
            "i2" => Kind::I16,
            "u4" => Kind::U32,
            "i4" => Kind::I32,
            "u8" => Kind::U64,
            "i8" => Kind::I64,
            "f2" => Kind::F16,
            "f4" => Kind::F32,
            "f8" => Kind::F64,
            _ => {
                let shown: String = text.chars().take(20).collect();
                return Err(format!("the type {shown:?}"));
            }
        };
        let is_big_endian = match order {
            "<" => false,
            ">" => true,
            "|" if kind.bytes() == 1 => false,
            _ => return Err(format!("an unknown order of bytes {order:?}")),
        };
        Ok(Type { kind, is_big_endian })
    }
}

#[cfg(test)]
mod tests {
    use super::{Header, Kind, Type, read_header};

    fn parse(text: &str) -> Result<Header, String> {
        let length = (text.len() as u16).to_le_bytes();
        read_header(&mut &[b"\x93NUMPY\x01\x00", &length[..], text.as_bytes()].concat()[..])
    }

    #[test]
    fn headers_as_numpy_writes_them_are_read() {
        let header = |kind, is_big_endian, shape: &[usize]| {
            let kind = Type { kind, is_big_endian };
            Ok(Header {
                kind,
                shape: shape.to_vec(),
            })
        };
        let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (60000, 28, 28), }          \n";
        assert_eq!(parse(text), header(Kind::F32, false, &[60_000, 28, 28]));
        let text = "{'descr': '|u1', 'fortran_order': False, 'shape': (5,), }\n";
        assert_eq!(parse(text), header(Kind::U8, false, &[5]));
        let text = "{\"shape\":(),\"fortran_order\":False,\"descr\":\">i8\"}";
        assert_eq!(parse(text), header(Kind::I64, true, &[]));
    }

    #[test]
    fn other_headers_are_refused() {
        let with = |descr: &str, order: &str, shape: &str| {
            parse(&format!(
                "{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}}}"
            ))
        };
        for (descr, order, shape, found) in [
            ("'|O'", "False", "(2,)", "the type \"|O\""),
            ("'|u4'", "False", "(2,)", "an unknown order of bytes \"|\""),
            ("''", "False", "(2,)", "the type \"\""),
            ("'é4'", "False", "(2,)", "the type \"é4\""),
            ("[('a', '<f4')]", "False", "(2,)", "records of several fields"),
            (
                "'<f4'",
                "True",
                "(2,)",
                "the order of Fortran (numpy.ascontiguousarray changes it)",
            ),
            ("'<f4'", "0", "(2,)", "a header without `False` where one belongs"),
            ("'<f4'", "False", "(-1,)", "an axis that is no whole number"),
            (
                "'<f4'",
                "False",
                "(99999999999999999999,)",
                "an axis that is no whole number",
            ),
            ("'<f4'", "False", "((1,),)", "an axis that is no whole number"),
            (
                "'<f4'",
                "False",
                &"(1,".repeat(3),
                "an axis that is no whole number",
            ),
            (
                "'<f4'",
                "False",
                &format!("({})", "1,".repeat(33)),
                "more than 32 axes",
            ),
            ("'<f4", "False", "(2,)", "the type \"<f4, \""),
        ] {
            let found = Err(found.to_owned());
            assert!(
                with(descr, order, shape) == found,
                "{descr} {order} {shape}: {:?}",
                with(descr, order, shape)
            );
        }
        for (text, found) in [
            ("", "a header without `{` where one belongs"),
            ("{}", "a header without descr, fortran_order or shape"),
            (
                "{'shape': (1,), 'shape': (2,)}",
                "two entries shape of the header",
            ),
            ("{'x': 1}", "an unknown entry of the header"),
            ("{'descr': 'abc", "a header with an open string"),
        ] {
            assert_eq!(parse(text), Err(found.to_owned()), "{text}");
        }
    }
}
