//! Files of CIFAR-100 with one black image, and archives with them.

use super::Checked;
use std::io::Write;
use tar::{EntryType, Header};

/// The pickle of a split, as Python 2's cPickle wrote it with protocol 2.
pub fn python_images() -> Vec<u8> {
    let begin = b"\x80\x02}q\x01(U\x0bfine_labelsq\x02]q\x03(K\x63eU\x0dcoarse_labelsq\x04]q\x05(K\x00eU\x04dataq\x06\
                  cnumpy.core.multiarray\n_reconstruct\nq\x07cnumpy\nndarray\nq\x08K\x00\x85U\x01b\x87Rq\x09\
                  (K\x01K\x01M\x00\x0c\x86cnumpy\ndtype\nq\x0aU\x02u1K\x00K\x01\x87Rq\x0b\
                  (K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T\x00\x0c\x00\x00";
    [&begin[..], &[0; 3072], b"tbu."].concat()
}

/// The pickle of the class names `names`.
pub fn python_names(names: &[&[u8]]) -> Vec<u8> {
    let mut out = b"\x80\x02}U\x10fine_label_names](".to_vec();
    for name in names {
        out.extend([b'U', name.len() as u8]);
        out.extend(*name);
    }
    out.extend(b"es.");
    out
}

/// `bytes` with the first `old` replaced.
pub fn change(bytes: &[u8], old: &[u8], new: &[u8]) -> Checked<Vec<u8>> {
    let at = bytes.windows(old.len()).position(|part| part == old);
    let at = at.ok_or("what should be changed is not there")?;
    Ok([&bytes[..at], new, &bytes[at + old.len()..]].concat())
}

/// A member of an archive: the name is written as it is, whatever it may be.
pub fn member(name: &[u8], kind: EntryType, content: &[u8]) -> Vec<u8> {
    let mut header = Header::new_ustar();
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.set_entry_type(kind);
    header.set_size(content.len() as u64);
    header.set_cksum();
    let padding = vec![0; content.len().next_multiple_of(512) - content.len()];
    [header.as_bytes(), content, &padding].concat()
}

/// The members that must be there.
pub fn members() -> [Vec<u8>; 2] {
    let file = |name| member(name, EntryType::Regular, &python_images());
    [file(b"cifar-100-python/train"), file(b"cifar-100-python/test")]
}

pub fn gzip(bytes: &[u8]) -> Checked<Vec<u8>> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(bytes)?;
    Ok(packer.finish()?)
}
