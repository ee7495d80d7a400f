//! The cache with a compiler that only counts.

use super::*;
use std::cell::Cell;
use std::fs;

/// What the cache gives under `key`, and whether it had to compile `code`.
fn find(cache: &KernelCache, key: &CacheKey, code: &[u8]) -> (Vec<u8>, bool) {
    let compiled = Cell::new(false);
    let compile = || {
        compiled.set(true);
        Ok(code.to_vec())
    };
    let found = cache.find_or_compile(key, compile).unwrap();
    (found, compiled.get())
}

fn key(text: &str) -> CacheKey {
    CacheKey::new(&[text])
}

/// The one file of a cache.
fn only_file(cache: &KernelCache) -> PathBuf {
    let entries = fs::read_dir(cache.folder().unwrap()).unwrap();
    let paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    assert_eq!(paths.len(), 1, "{paths:?}");
    paths[0].clone()
}

#[test]
fn code_is_compiled_once_for_each_key() {
    let folder = tempfile::tempdir().unwrap();
    // The folder itself is made when it is needed.
    let cache = KernelCache::at(folder.path().join("a/b"));
    assert_eq!(cache.contents().unwrap(), CacheContents::default());
    assert_eq!(find(&cache, &key("a"), b"first"), (b"first".to_vec(), true));
    assert_eq!(find(&cache, &key("a"), b"other"), (b"first".to_vec(), false));
    assert_eq!(find(&cache, &key("b"), b"second"), (b"second".to_vec(), true));
    // Another process sees the same.
    let again = KernelCache::at(cache.folder().unwrap());
    assert_eq!(find(&again, &key("b"), b""), (b"second".to_vec(), false));
    let contents = again.contents().unwrap();
    assert_eq!((contents.files, contents.bytes), (2, 2 * 88 + 11));
    assert_eq!(cache.note(), None);
    again.check_writable().unwrap();
    assert_eq!(again.contents().unwrap(), contents);
}

#[test]
fn files_that_are_not_whole_are_compiled_and_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let cache = KernelCache::at(folder.path());
    let code: Vec<u8> = (0..200).collect();
    find(&cache, &key("a"), &code);
    let path = only_file(&cache);
    let whole = fs::read(&path).unwrap();
    let cut = (0..whole.len()).map(|len| whole[..len].to_vec());
    let flipped = (0..whole.len()).map(|i| {
        let mut bytes = whole.clone();
        bytes[i] ^= 1;
        bytes
    });
    let longer = [whole.as_slice(), b"x"].concat();
    let foreign = entry::encode(&key("b").0, &code);
    for (i, broken) in cut.chain(flipped).chain([longer, foreign]).enumerate() {
        fs::write(&path, &broken).unwrap();
        assert_eq!(entry::read(&path, &key("a").0), None, "{i}");
    }
    // The whole way is slower, since it waits for the disk.
    for broken in [&b""[..], &whole[..100]] {
        fs::write(&path, broken).unwrap();
        assert_eq!(find(&cache, &key("a"), &code), (code.clone(), true));
        assert_eq!(find(&cache, &key("a"), b""), (code.clone(), false));
        assert_eq!(fs::read(&path).unwrap(), whole);
    }
}

#[test]
fn without_a_folder_that_can_be_written_it_works_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "in the way").unwrap();
    let cache = KernelCache::at(file.join("kernels"));
    for _ in 0..2 {
        assert_eq!(find(&cache, &key("a"), b"code"), (b"code".to_vec(), true));
    }
    let note = cache.note().unwrap();
    assert!(note.contains("CROSSMAX_CACHE") && !note.contains('\n'), "{note}");
    assert!(cache.check_writable().is_err());

    let none = KernelCache {
        folder: None,
        note: OnceLock::new(),
    };
    assert_eq!(find(&none, &key("a"), b"code"), (b"code".to_vec(), true));
    assert_eq!(none.contents().unwrap(), CacheContents::default());
    assert!(none.check_writable().is_err());
}

#[test]
fn failures_of_the_compiler_are_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let cache = KernelCache::at(folder.path());
    let refuse = || Err(Error::argument("compile", "source", "C++", "none"));
    assert!(cache.find_or_compile(&key("a"), refuse).is_err());
    assert_eq!(find(&cache, &key("a"), b"code"), (b"code".to_vec(), true));
}

#[test]
fn keys_depend_on_every_text_on_their_ends_and_their_order() {
    let keys = [
        CacheKey::new(&[]),
        CacheKey::new(&[""]),
        CacheKey::new(&["ab"]),
        CacheKey::new(&["a", "b"]),
        CacheKey::new(&["b", "a"]),
        CacheKey::new(&["a"]).and(&["b"]),
        CacheKey::new(&["b"]).and(&["a"]),
    ];
    for (i, a) in keys.iter().enumerate() {
        for (j, b) in keys.iter().enumerate() {
            assert_eq!(a == b, i == j, "{i} {j}");
        }
    }
}
