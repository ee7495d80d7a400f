//! Small pickles, byte by byte.

use super::{Global, NUMPY, Pickle, View, byte_matrix};
use std::path::Path;

type TestResult<T = ()> = Result<T, Box<dyn std::error::Error>>;

const MAKER: Global = Global {
    module: "collections",
    name: "OrderedDict",
};

fn parse(bytes: &[u8]) -> crate::Result<Pickle<'_>> {
    Pickle::parse(Path::new("file"), bytes, &[MAKER])
}

/// What the message says was found.
fn found(bytes: &[u8]) -> TestResult<String> {
    let error = parse(bytes).err().ok_or("was accepted")?.to_string();
    let begin = "file: expected a whole pickle of plain data, found ";
    let end = "; get the file from a source you trust";
    let found = error.strip_prefix(begin).and_then(|rest| rest.strip_suffix(end));
    Ok(found.ok_or(error.clone())?.to_owned())
}

/// A value as Python would print it, more or less.
fn print(value: super::Value<'_>) -> String {
    let many = |items: super::Sequence<'_>| items.iter().map(print).collect::<Vec<_>>().join(", ");
    let pairs = |items: super::Mapping<'_>| {
        let pairs = items
            .iter()
            .map(|(key, value)| format!("{}: {}", print(key), print(value)));
        pairs.collect::<Vec<_>>().join(", ")
    };
    match value.view() {
        View::None => "None".into(),
        View::Bool(value) => value.to_string(),
        View::Int(value) => value.to_string(),
        View::Float(value) => format!("{value:?}"),
        View::Text(text) => format!("{text:?}"),
        View::Bytes(bytes) => format!("b{:?}", String::from_utf8_lossy(bytes)),
        View::Global(global) => global.name.into(),
        View::Tuple(items) => format!("({})", many(items)),
        View::List(items) => format!("[{}]", many(items)),
        View::Dict(items) => format!("{{{}}}", pairs(items)),
        View::Call(call) => {
            let arguments = call.arguments().map(many).unwrap_or_default();
            let state = call.state().map(print).unwrap_or_default();
            format!(
                "{}({arguments})[{}]{state}",
                call.callee().name,
                pairs(call.items())
            )
        }
        View::Persistent(id) => format!("<{}>", print(id)),
    }
}

#[test]
fn every_opcode_gives_its_value() -> TestResult {
    let cases: [(&[u8], &str); 33] = [
        (b"N.", "None"),
        (b"\x80\x02\x88.", "true"),
        (b"\x89.", "false"),
        (b"J\xfe\xff\xff\xff.", "-2"),
        (b"K\xff.", "255"),
        (b"M\x00\x01.", "256"),
        (b"\x8a\x02\xff\x7f.", "32767"),
        (b"\x8a\x01\xff.", "-1"),
        (b"\x8a\x00.", "0"),
        // The number that PyTorch's older files begin with.
        (b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", "119547037146038801333356"),
        (b"\x8b\x01\x00\x00\x00\x05.", "5"),
        (b"I-7\n.", "-7"),
        (b"I01\n.", "true"),
        (b"L12L\n.", "12"),
        (b"F1.5\n.", "1.5"),
        (b"G\x3f\xf8\0\0\0\0\0\0.", "1.5"),
        (b"S'a\\x41\\n\\''\n.", "b\"aA\\n'\""),
        (b"Vx\\u00e9\xe9\n.", "\"x\u{e9}\u{e9}\""),
        (b"U\x02hiC\x01x\x86.", "(b\"hi\", b\"x\")"),
        (b"T\x02\0\0\0hi.", "b\"hi\""),
        (b"B\x02\0\0\0hi.", "b\"hi\""),
        (b"\x8e\x01\0\0\0\0\0\0\0h.", "b\"h\""),
        (b"\x96\x01\0\0\0\0\0\0\0h.", "b\"h\""),
        (b"\x8c\x02\xc3\xa9.", "\"\u{e9}\""),
        (b"X\x01\0\0\0h.", "\"h\""),
        (b"\x8d\x01\0\0\0\0\0\0\0h.", "\"h\""),
        (b"](K\x01K\x02eK\x03a.", "[1, 2, 3]"),
        (b"(K\x01(K\x02ttK\x030.", "(1, (2))"),
        (b"}(K\x01NK\x02)uK\x03]s.", "{1: None, 2: (), 3: []}"),
        (b"(K\x01Nd\x85(K\x021(K\x05l\x86.", "(({1: None}), [5])"),
        (
            b"ccollections\nOrderedDict\n)RK\x01K\x02s}b.",
            "OrderedDict()[1: 2]{}",
        ),
        (
            b"\x80\x04\x95\0\0\0\0\0\0\0\0\x8c\x0bcollections\x8c\x0bOrderedDict\x93)\x81.",
            "OrderedDict()[]",
        ),
        (b"U\x01a2\x86Q.", "<(b\"a\", b\"a\")>"),
    ];
    for (bytes, expected) in cases {
        let pickle = parse(bytes)?;
        assert_eq!(pickle.end(), bytes.len());
        assert_eq!(print(pickle.root()), expected, "{}", bytes.escape_ascii());
    }
    Ok(())
}

#[test]
fn the_memo_gives_the_same_value_again() -> TestResult {
    // Stored by number, in all ways there are.
    let pickle = parse(b"K\x07q\x01K\x08r\x00\x01\x00\x00K\x09p5\n(h\x01j\x00\x01\x00\x00g5\nt.")?;
    assert_eq!(print(pickle.root()), "(7, 8, 9)");
    // By counting.
    let pickle = parse(b"]\x94K\x01\x94h\0h\x01h\x01\x87.")?;
    assert_eq!(print(pickle.root()), "([], 1, 1)");
    // What is put into a list is there wherever the list is; also in itself.
    let pickle = parse(b"]q\0h\0a(h\0h\0t.")?;
    let View::Tuple(items) = pickle.root().view() else {
        return Err("no tuple".into());
    };
    for item in items.iter() {
        assert_eq!(item.describe(), "a list of 1");
    }
    Ok(())
}

#[test]
fn broken_programs_are_told_with_their_place() -> TestResult {
    let cases: [(&[u8], &str); 20] = [
        (b"\x80\x06N.", "protocol 6 (the opcode at byte 0)"),
        (b"N\xff.", "the unknown opcode 0xff (the opcode at byte 1)"),
        (b".", "too few values before it (the opcode at byte 0)"),
        (b"K\x01(.", "too few values before it (the opcode at byte 3)"),
        (b"K\x01\x86.", "too few values before it (the opcode at byte 2)"),
        (b"e.", "no mark before it (the opcode at byte 0)"),
        (b"0.", "too few values before it (the opcode at byte 0)"),
        (
            b"h\x03.",
            "a reference to value 3, which was not stored (the opcode at byte 0)",
        ),
        (b"q\x03.", "too few values before it (the opcode at byte 0)"),
        (
            b"cos\nsystem\n.",
            "the foreign global `os.system` (the opcode at byte 0)",
        ),
        (
            b"\x8c\x02os\x8c\x06system\x93.",
            "the foreign global `os.system` (the opcode at byte 12)",
        ),
        (
            b"c\x1b\n\xff\n.",
            "the foreign global `\\u{1b}.\u{fffd}` (the opcode at byte 0)",
        ),
        (
            b"K\x01K\x02\x93.",
            "a global whose name is no text (the opcode at byte 4)",
        ),
        (
            b"K\x01)R.",
            "a call of something that is no global (the opcode at byte 3)",
        ),
        (
            b"K\x01Nb.",
            "a state for something that is no object (the opcode at byte 3)",
        ),
        (
            b"K\x01Na.",
            "items for something that is no list (the opcode at byte 3)",
        ),
        (b"}(Nu.", "a key without a value (the opcode at byte 3)"),
        (
            b"X\x01\0\0\0\xff.",
            "text that is not UTF-8 (the opcode at byte 0)",
        ),
        (
            b"\x8e\xff\xff\xff\xff\xff\xff\xff\xff.",
            "the end of the file where 18446744073709551615 bytes should be (the opcode at byte 0)",
        ),
        (b"I1x\n.", "a line that is no whole number (the opcode at byte 0)"),
    ];
    for (bytes, expected) in cases {
        assert_eq!(found(bytes)?, expected, "{}", bytes.escape_ascii());
    }
    Ok(())
}

#[test]
fn more_opcodes_than_any_file_has_are_refused() -> TestResult {
    let bytes = [vec![b'N'; 1 << 20], vec![b'.']].concat();
    assert_eq!(found(&bytes)?, "more than 1048576 opcodes");
    Ok(())
}

/// A numpy array's pickle: how it is made, its shape and what stands for its bytes.
fn array(made: &str, bytes: &[u8]) -> Vec<u8> {
    let dtype = b"cnumpy\ndtype\nU\x02u1\x89\x88\x87R";
    match made {
        "from buffer, rows" | "from buffer, columns" => {
            let order = if made.ends_with("rows") { b"C" } else { b"F" };
            let begin = b"(".iter().chain(bytes).chain(dtype);
            let end = b"K\x02K\x03\x86U\x01".iter().chain(order).chain(b"tR.");
            let name = b"cnumpy._core.numeric\n_frombuffer\n".iter();
            name.chain(begin).chain(end).copied().collect()
        }
        _ => {
            let order = if made.ends_with("rows") { 0x89 } else { 0x88 };
            let begin = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85U\x01b\x87R";
            [
                &begin[..],
                b"(K\x01K\x02K\x03\x86",
                dtype,
                &[order],
                bytes,
                b"tb.",
            ]
            .concat()
        }
    }
}

#[test]
fn arrays_are_read_as_numpy_would() -> TestResult {
    let plain: &[u8] = b"C\x06\x01\x02\x03\xfd\xfe\xff";
    // Python 3 in protocols that know no bytes.
    let encoded: &[u8] =
        b"c_codecs\nencode\nX\x09\0\0\0\x01\x02\x03\xc3\xbd\xc3\xbe\xc3\xbfX\x06\0\0\0latin1\x86R";
    for bytes in [plain, encoded] {
        for way in ["reconstructed", "from buffer"] {
            for (order, expected) in [
                ("rows", [1, 2, 3, 253, 254, 255]),
                ("columns", [1, 3, 254, 2, 253, 255]),
            ] {
                let file = array(&format!("{way}, {order}"), bytes);
                let pickle = Pickle::parse(Path::new("file"), &file, NUMPY)?;
                let matrix = byte_matrix(pickle.root())?;
                assert_eq!((matrix.shape, &matrix.bytes[..]), ([2, 3], &expected[..]));
            }
        }
    }
    Ok(())
}

#[test]
fn other_arrays_are_refused() -> TestResult {
    let good = array("reconstructed, rows", b"U\x06abcdef");
    let changed = |old: &[u8], new: &[u8]| -> TestResult<String> {
        let at = good
            .windows(old.len())
            .position(|part| part == old)
            .ok_or("not there")?;
        let bytes = [&good[..at], new, &good[at + old.len()..]].concat();
        let pickle = Pickle::parse(Path::new("file"), &bytes, NUMPY)?;
        Ok(byte_matrix(pickle.root()).err().ok_or("was accepted")?)
    };
    let cases: [(&[u8], &[u8], &str); 8] = [
        (b"U\x06abcdef", b"U\x05abcde", "5 bytes for 2×3 numbers"),
        (
            b"K\x02K\x03\x86",
            b"\x8a\x08\0\0\0\0\0\0\0\x40\x8a\x08\0\0\0\0\0\0\0\x40\x86",
            "6 bytes for 4611686018427387904×4611686018427387904 numbers",
        ),
        (
            b"K\x02K\x03\x86",
            b"J\xff\xff\xff\xffK\x03\x86",
            "a numpy array that has not two axes",
        ),
        (
            b"K\x02K\x03\x86",
            b"K\x06\x85",
            "a numpy array that has not two axes",
        ),
        (b"U\x02u1", b"U\x02f8", "a numpy array of type f8"),
        (b"U\x06abcdef", b"N", "a numpy array without its bytes"),
        (
            b"(K\x01K\x02",
            b"(K\x02K\x02",
            "a numpy array of unknown structure",
        ),
        (b"tb.", b"t.", "a tuple of 5"),
    ];
    for (old, new, expected) in cases {
        assert_eq!(changed(old, new)?, expected);
    }
    // Columns without rows must not take forever.
    let empty = array("reconstructed, columns", b"U\0");
    let at = empty
        .windows(4)
        .position(|part| part == b"K\x02K\x03")
        .ok_or("no shape")?;
    let rows = [&empty[..at], b"\x8a\x08\0\0\0\0\0\0\0\x40K\0", &empty[at + 4..]].concat();
    let pickle = Pickle::parse(Path::new("file"), &rows, NUMPY)?;
    assert_eq!(byte_matrix(pickle.root())?.bytes.len(), 0);
    Ok(())
}
