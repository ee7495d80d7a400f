//! What the machine code of a kernel needs, read from the ELF file that the compiler made.

use std::collections::BTreeMap;

/// Needs of one function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Registers of a thread.
    pub registers: u32,
    /// Local memory of a thread in bytes: its stack, where spilled registers go too.
    pub local_bytes: u32,
}

/// Records of the section `.nv.info`: one of (symbol, number) for each function.
const FRAME_SIZE: u8 = 0x11;
const REGISTER_COUNT: u8 = 0x2f;
/// The format of records that carry their content behind them; the content of others is in their head.
const SIZED: u8 = 4;

const SYMBOL_TABLE: u32 = 2;
const SYMBOL_BYTES: usize = 24;

/// The needs of every function of a cubin, by name; nothing if it is not laid out as expected.
pub fn usage(cubin: &[u8]) -> Option<BTreeMap<String, Usage>> {
    let sections = sections(cubin)?;
    let info = sections.iter().find(|section| section.name == ".nv.info")?;
    let symbols = sections.iter().find(|section| section.kind == SYMBOL_TABLE)?;
    let names = sections.get(symbols.link)?.content;
    let name_of = |symbol: u32| {
        text(
            names,
            number(symbols.content, symbol as usize * SYMBOL_BYTES)? as usize,
        )
    };

    let mut found = BTreeMap::<String, Usage>::new();
    let mut rest = info.content;
    while let [format, attribute, low, high, content @ ..] = rest {
        let len = match *format == SIZED {
            true => usize::from(u16::from_le_bytes([*low, *high])),
            false => 0,
        };
        if matches!(*attribute, FRAME_SIZE | REGISTER_COUNT) {
            let usage = found.entry(name_of(number(content, 0)?)?).or_default();
            let value = number(content, 4)?;
            match *attribute {
                FRAME_SIZE => usage.local_bytes = value,
                _ => usage.registers = value,
            }
        }
        rest = content.get(len..)?;
    }
    Some(found)
}

/// The operations of a kernel's instructions, in their order: the lower 9 of the 12 bits in which an instruction of 16 bytes
/// begins (the others say where operands are). Nothing if the cubin has no such kernel.
pub fn operations(cubin: &[u8], entry: &str) -> Option<Vec<u16>> {
    let name = format!(".text.{entry}");
    let code = sections(cubin)?
        .into_iter()
        .find(|section| section.name == name)?;
    let operation = |instruction: &[u8; 16]| u16::from_le_bytes([instruction[0], instruction[1]]) & 0x1ff;
    Some(code.content.as_chunks().0.iter().map(operation).collect())
}

struct Section<'a> {
    name: String,
    kind: u32,
    /// Number of the section that this one refers to: of a symbol table, that of its names.
    link: usize,
    content: &'a [u8],
}

/// The sections of a 64-bit little-endian ELF file.
fn sections(file: &[u8]) -> Option<Vec<Section<'_>>> {
    let table = file.get(long(file, 40)?..)?;
    let [each, count, names] = [58, 60, 62].map(|at| short(file, at));
    let (each, count) = (each?, count?);
    let head = |section: usize| table.get(section * each..);
    let content = |section: usize| {
        let (at, len) = (long(head(section)?, 24)?, long(head(section)?, 32)?);
        // Sections without content in the file say a length all the same.
        Some(file.get(at..at.checked_add(len)?).unwrap_or_default())
    };
    let names = content(names?)?;
    let section = |section: usize| {
        let head = head(section)?;
        Some(Section {
            name: text(names, number(head, 0)? as usize)?,
            kind: number(head, 4)?,
            link: number(head, 40)? as usize,
            content: content(section)?,
        })
    };
    (0..count).map(section).collect()
}

/// The two bytes at `at` as a number.
fn short(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..at.checked_add(2)?)?;
    Some(usize::from(u16::from_le_bytes(bytes.try_into().ok()?)))
}

/// The eight bytes at `at` as a number.
fn long(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..at.checked_add(8)?)?;
    usize::try_from(u64::from_le_bytes(bytes.try_into().ok()?)).ok()
}

/// The four bytes at `at` as a number.
fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

/// The text at `at`, up to the NUL behind it.
fn text(bytes: &[u8], at: usize) -> Option<String> {
    let text = bytes.get(at..)?.split(|&byte| byte == 0).next()?;
    Some(String::from_utf8_lossy(text).into_owned())
}
