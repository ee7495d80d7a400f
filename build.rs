//! Embeds `kernels/` in the library: one table of (name, source, SHA-256), sorted by name.
//!
//! Needs no CUDA toolkit; the sources are compiled by NVRTC when a device is opened. The table is
//! included by `src/device/kernels/mod.rs`.

use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, error::Error, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    // The folder for files that come and go, each file (below) for its content.
    println!("cargo:rerun-if-changed=kernels");

    let mut table = String::from("&[\n");
    for path in cuda_sources(Path::new("kernels"))? {
        println!("cargo:rerun-if-changed={}", path.display());
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .ok_or_else(|| format!("{}: the name is not UTF-8", path.display()))?;
        let source = fs::read_to_string(&path)?;
        let sha256 = Sha256::digest(source.as_bytes())
            .iter()
            .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        writeln!(
            table,
            "    EmbeddedFile {{ name: {name:?}, source: {source:?}, sha256: {sha256:?} }},"
        )?;
    }
    table.push_str("]\n");

    let out = PathBuf::from(env::var("OUT_DIR")?).join("kernels.rs");
    fs::write(out, table)?;
    Ok(())
}

/// The `.cu` and `.cuh` files of `folder`, sorted so that the table is the same on every machine.
fn cuda_sources(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut paths = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()?;
    paths.retain(|path| path.extension().is_some_and(|e| e == "cu" || e == "cuh"));
    paths.sort();
    Ok(paths)
}
