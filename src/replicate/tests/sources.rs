//! What is found where, and what is to be fetched.

use crate::fetch::{Kind, Manifest, Options};
use crate::replicate::{Config, DataShape, Place, Silent, Sources};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

type TestResult = Result<(), Box<dyn std::error::Error>>;

/// SHA-256 of `abc` (FIPS 180-2, appendix B.1).
const HASH: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// A list with data and weights of three bytes each.
fn manifest(folder: &Path) -> crate::Result<Manifest> {
    let entry = |name: &str, kind: &str| {
        format!(
            "[[entry]]\nname = \"{name}\"\nkind = \"{kind}\"\npath = \"{kind}/{name}\"\n[[entry.file]]\n\
             path = \"{kind}/{name}\"\nurls = [\"https://example.org/{name}\"]\nbytes = 3\nsha256 = \"{HASH}\"\n"
        )
    };
    let path = folder.join("list.toml");
    crate::io::atomic::write(
        &path,
        (entry("photos", "data") + &entry("net", "weights")).as_bytes(),
    )?;
    Manifest::load(&path)
}

#[test]
fn every_place_is_found() -> TestResult {
    let folder = TempDir::new()?;
    let cache = folder.path().join("cache");
    let mut sources = Sources::of(manifest(folder.path())?, Some(Options::at(&cache)));
    let find = |sources: &Sources| sources.find(Kind::Data, "photos");
    assert_eq!(sources.find(Kind::Data, "drawn")?, Place::BuiltIn);
    assert_eq!(sources.find(Kind::Data, "nowhere")?, Place::Missing(None));
    // Weights are no data.
    assert_eq!(sources.find(Kind::Data, "net")?, Place::Missing(None));
    let own = folder.path().display().to_string();
    assert_eq!(sources.find(Kind::Data, &own)?, Place::There(own.into()));
    let Place::Fetchable(published) = find(&sources)? else {
        return Err("not to be fetched".into());
    };
    let there = cache.join("data/photos");
    assert_eq!(published.path.as_deref(), Some(&*there));
    assert_eq!(published.urls, [["https://example.org/photos"]]);
    assert_eq!(published.bytes, 3);
    let mut offline = Options::at(&cache);
    offline.offline = true;
    sources = Sources::of(manifest(folder.path())?, Some(offline));
    assert_eq!(find(&sources)?, Place::Missing(Some(published.clone())));
    let without = Sources::of(manifest(folder.path())?, None);
    let Place::Missing(Some(unplaced)) = find(&without)? else {
        return Err("a place without a cache folder".into());
    };
    assert_eq!(unplaced.path, None);
    fs::create_dir_all(cache.join("data"))?;
    fs::write(&there, "abd")?;
    assert_eq!(find(&sources)?, Place::Damaged(there.clone()));
    fs::write(&there, "abc")?;
    assert_eq!(find(&sources)?, Place::There(there));
    Ok(())
}

#[test]
fn names_become_paths_all_at_once_or_not_at_all() -> TestResult {
    let folder = TempDir::new()?;
    let cache = folder.path().join("cache");
    let mut offline = Options::at(&cache);
    offline.offline = true;
    let sources = Sources::of(manifest(folder.path())?, Some(offline));
    let mut config = Config::preset("pocket")?;
    config.data.source = "photos".into();
    config.backbone.weights = Some("net".into());
    let before = config.clone();
    for kind in ["data", "weights"] {
        fs::create_dir_all(cache.join(kind))?;
    }
    fs::write(cache.join("data/photos"), "abc")?;
    let told = match sources.resolve(&mut config, &Silent) {
        Ok(()) => return Err("resolved".into()),
        Err(error) => error.to_string(),
    };
    assert!(told.contains("https://example.org/net by hand"), "{told}");
    assert_eq!(config, before);
    fs::write(cache.join("weights/net"), "abc")?;
    sources.resolve(&mut config, &Silent)?;
    assert_eq!(Path::new(&config.data.source), cache.join("data/photos"));
    assert_eq!(
        config.backbone.weights.as_deref().map(Path::new),
        Some(&*cache.join("weights/net"))
    );
    // Paths stay as they are.
    let resolved = config.clone();
    sources.resolve(&mut config, &Silent)?;
    assert_eq!(config, resolved);
    Ok(())
}

#[test]
fn damaged_data_with_chosen_classes_are_named() -> TestResult {
    let folder = TempDir::new()?;
    let cache = folder.path().join("cache");
    let sources = Sources::of(manifest(folder.path())?, Some(Options::at(&cache)));
    fs::create_dir_all(cache.join("data"))?;
    fs::write(cache.join("data/photos"), "abd")?;
    let mut config = Config::preset("pocket")?;
    config.data.source = "photos".into();
    config.data.classes = vec!["0-1".into()];
    let told = match DataShape::of(&config, &sources) {
        Ok(_) => return Err("read".into()),
        Err(error) => error.to_string(),
    };
    assert!(
        told.contains("data/photos") && told.contains("remove it"),
        "{told}"
    );
    Ok(())
}

/// A published name wins over a file of that name, which is `./NAME`, for data as for weights.
#[test]
fn relative_paths_are_placed_and_names_stay() -> TestResult {
    let folder = TempDir::new()?;
    let sources = Sources::of(manifest(folder.path())?, None);
    let here = folder.path();
    for name in ["photos", "net"] {
        fs::write(here.join(name), "a file of that name")?;
    }
    let placed = |data: &str, weights: &str| -> crate::Result<(String, Option<String>)> {
        let mut config = Config::preset("pocket")?;
        config.data.source = data.into();
        config.backbone.weights = Some(weights.into());
        sources.place_in(&mut config, here)?;
        Ok((config.data.source, config.backbone.weights))
    };
    assert_eq!(placed("photos", "net")?, ("photos".into(), Some("net".into())));
    assert_eq!(placed("drawn", "none")?, ("drawn".into(), None));
    let full = |name: &str| here.join(name).display().to_string();
    assert_eq!(
        placed("./photos", "own/net.pth")?,
        (full("photos"), Some(full("own/net.pth")))
    );
    // Full paths stay as they are.
    assert_eq!(placed(&full("a"), &full("b"))?, (full("a"), Some(full("b"))));
    Ok(())
}
