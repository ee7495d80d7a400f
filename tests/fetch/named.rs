//! Data that a run names: a dry run asks nobody for them, a run brings them, from a mirror if it has one.

use crate::server::{Reply, Server};
use crate::{Checked, NAME, assert_is_the_file, content, sha256};
use crossmax::device::Device;
use crossmax::fetch::{Manifest, Options};
use crossmax::replicate::{Config, Preview, Silent, Sources};
use std::path::Path;
use std::process::Command;

fn server() -> Checked<Server> {
    Ok(Server::start(|_, request| Reply::part(request, &content(), "a"))?)
}

/// Sources that know the test's file as the data `file`, of an address that nobody answers at, and a mirror.
fn sources(folder: &Path, mirror: &Server) -> Checked<Sources> {
    let manifest = format!(
        "[[entry]]\nname = \"file\"\nkind = \"data\"\npath = \"{NAME}\"\nimage_size = 32\nclasses = 12\n[[entry.file]]\n\
         path = \"{NAME}\"\nurls = [\"http://127.0.0.1:1/{NAME}\"]\nbytes = {}\nsha256 = \"{}\"\n",
        content().len(),
        sha256(&content())
    );
    let path = folder.join("manifest.toml");
    std::fs::write(&path, manifest)?;
    let options = Options::at(folder.join("cache")).with_mirror(Some(mirror.url.clone()));
    Ok(Sources::of(Manifest::load(&path)?, Some(options)))
}

#[test]
fn a_dry_run_asks_nobody_and_a_run_the_mirror() -> Checked {
    let (folder, mirror) = (tempfile::tempdir()?, server()?);
    let sources = sources(folder.path(), &mirror)?;
    let mut config = Config::preset("pocket")?;
    config.data.source = "file".into();
    let preview = Preview::of(&config, &Device::Cpu, &sources)?;
    assert!(preview.to_text()?.contains(&format!("{}/{NAME}", mirror.url)));
    assert_eq!(mirror.requests().len(), 0);
    sources.resolve(&mut config, &Silent)?;
    assert_is_the_file(Path::new(&config.data.source))?;
    let asked: Vec<String> = mirror
        .requests()
        .into_iter()
        .map(|request| request.line)
        .collect();
    assert_eq!(asked, [format!("GET /{NAME} HTTP/1.1")]);
    Ok(())
}

#[test]
fn the_program_asks_nobody_in_a_dry_run() -> Checked {
    let (folder, mirror) = (tempfile::tempdir()?, server()?);
    let line = "replicate --device cpu --preset cifar100 --cache cache --dry-run --mirror";
    let ran = Command::new(env!("CARGO_BIN_EXE_crossmax"))
        .args(line.split_whitespace())
        .arg(&mirror.url)
        .current_dir(folder.path())
        .output()?;
    let told = String::from_utf8(ran.stdout)? + &String::from_utf8(ran.stderr)?;
    assert!(ran.status.success() && told.contains(&mirror.url), "{told}");
    assert_eq!(mirror.requests().len(), 0, "{told}");
    Ok(())
}
