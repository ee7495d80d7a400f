//! The program: killed while it downloads, twice at once, through a proxy, with its own messages.

use crate::server::{Reply, Server};
use crate::{Checked, NAME, assert_is_the_file, content, sha256};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Variables that would lead a test elsewhere.
const PROXIES: [&str; 4] = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"];

/// `crossmax fetch` with a manifest of one file, of which nothing but the address is not the program's own matter.
fn command(folder: &Path, url: &str, line: &str) -> Checked<Command> {
    let manifest = format!(
        "[[entry]]\nname = \"file\"\nkind = \"data\"\npath = \"{NAME}\"\n[[entry.file]]\npath = \"{NAME}\"\n\
         urls = [\"{url}/{NAME}\"]\nbytes = {}\nsha256 = \"{}\"\n",
        content().len(),
        sha256(&content())
    );
    std::fs::write(folder.join("manifest.toml"), manifest)?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_crossmax"));
    command.args(["fetch", "--manifest", "manifest.toml", "--cache", "cache"]);
    command.args(line.split_whitespace()).current_dir(folder);
    for name in PROXIES {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    command.env_remove("CROSSMAX_MIRROR");
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    Ok(command)
}

/// Exit code and all that was printed.
fn ran(mut command: Command) -> Checked<(Option<i32>, String)> {
    let output = command.output()?;
    let told = String::from_utf8(output.stdout)? + &String::from_utf8(output.stderr)?;
    Ok((output.status.code(), told))
}

fn slow_server() -> Checked<Server> {
    let slow = Duration::from_millis(20);
    Ok(Server::start(move |_, request| {
        Reply::part(request, &content(), "a").slowly(slow)
    })?)
}

/// A download in a process of its own, of which a quarter has come.
fn under_way(folder: &Path, server: &Server) -> Checked<Child> {
    let process = command(folder, &server.url, "file")?.spawn()?;
    let part = folder.join("cache").join(format!("{NAME}.part"));
    let begun = Instant::now();
    while std::fs::metadata(&part).map_or(0, |part| part.len()) < 50_000 {
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing comes");
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(process)
}

/// Runs the command again, which must go on where the download ended.
fn assert_goes_on(folder: &Path, server: &Server) -> Checked {
    let target = folder.join("cache").join(NAME);
    assert!(!target.exists());
    let (code, told) = ran(command(folder, &server.url, "file")?)?;
    assert_eq!(code, Some(0), "{told}");
    assert_is_the_file(&target)?;
    let from = server.requests().last().and_then(|request| request.from);
    assert!(from.is_some_and(|from| from >= 50_000), "{from:?}");
    Ok(())
}

#[test]
fn a_killed_download_goes_on() -> Checked {
    let folder = tempfile::tempdir()?;
    let server = slow_server()?;
    let mut process = under_way(folder.path(), &server)?;
    process.kill()?;
    process.wait()?;
    assert_goes_on(folder.path(), &server)
}

#[test]
fn an_interrupted_download_says_so_and_goes_on() -> Checked {
    let folder = tempfile::tempdir()?;
    let server = slow_server()?;
    let process = under_way(folder.path(), &server)?;
    let signalled = Command::new("kill")
        .args(["-INT", &process.id().to_string()])
        .status()?;
    assert!(signalled.success());
    let ended = process.wait_with_output()?;
    let told = String::from_utf8(ended.stderr)?;
    assert_eq!(ended.status.code(), Some(130), "{told}");
    let advice = "interrupted; what has come is kept; run the command again to go on";
    assert!(told.trim_end().ends_with(advice), "{told}");
    assert_goes_on(folder.path(), &server)
}

#[test]
fn a_full_disk_is_one_line_and_the_download_goes_on() -> Checked {
    let folder = tempfile::tempdir()?;
    let server = slow_server()?;
    let whole = command(folder.path(), &server.url, "file")?;
    // No file may grow beyond 128 blocks of 512 or 1024 bytes: what a full disk says, without one.
    let mut limited = Command::new("sh");
    let script = "trap '' XFSZ; ulimit -f 128; exec \"$0\" \"$@\"";
    limited
        .args(["-c", script])
        .arg(whole.get_program())
        .args(whole.get_args());
    for (name, value) in whole.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    limited.current_dir(folder.path()).stdin(Stdio::null());
    let (code, told) = ran(limited)?;
    assert_eq!(code, Some(1), "{told}");
    let errors = told.lines().filter(|line| line.starts_with("crossmax: error: "));
    assert_eq!(errors.count(), 1, "{told}");
    assert!(
        told.contains("free some space and run the command again"),
        "{told}"
    );
    assert_goes_on(folder.path(), &server)
}

#[test]
fn two_processes_download_once() -> Checked {
    let folder = tempfile::tempdir()?;
    let server = slow_server()?;
    let start = || {
        command(folder.path(), &server.url, "file")?
            .spawn()
            .map_err(Box::<dyn std::error::Error>::from)
    };
    for process in [start()?, start()?] {
        let output = process.wait_with_output()?;
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    assert_is_the_file(&folder.path().join("cache").join(NAME))?;
    assert_eq!(server.requests().len(), 1);
    Ok(())
}

#[test]
fn a_proxy_of_the_environment_is_used_unless_the_host_is_excepted() -> Checked {
    let folder = tempfile::tempdir()?;
    // No such host: only a proxy can know it.
    let url = "http://files.invalid";
    let proxy = Server::start(|_, request| Reply::part(request, &content(), "a"))?;
    let mut excepted = command(folder.path(), url, "file")?;
    excepted
        .env("HTTP_PROXY", &proxy.url)
        .env("NO_PROXY", "files.invalid");
    let (code, told) = ran(excepted)?;
    assert_eq!((code, proxy.requests().len()), (Some(1), 0), "{told}");
    let mut through = command(folder.path(), url, "file")?;
    through.env("HTTP_PROXY", &proxy.url);
    let (code, told) = ran(through)?;
    assert_eq!(code, Some(0), "{told}");
    assert_is_the_file(&folder.path().join("cache").join(NAME))
}

#[test]
fn the_mirror_of_the_environment_is_used() -> Checked {
    let folder = tempfile::tempdir()?;
    let server = Server::start(|_, request| Reply::part(request, &content(), "a"))?;
    let mut command = command(folder.path(), "http://files.invalid", "file --json")?;
    command.env("CROSSMAX_MIRROR", &server.url);
    let output = command.output()?;
    let object: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(object["fetched"][0]["name"], "file");
    assert_is_the_file(&folder.path().join("cache").join(NAME))
}

#[test]
fn lists_and_checks_tell_what_is_there() -> Checked {
    let folder = tempfile::tempdir()?;
    let url = "http://files.invalid";
    let target = folder.path().join("cache").join(NAME);
    let state = |line: &str| ran(command(folder.path(), url, line)?);
    let told = state("--list")?;
    assert!(told.0 == Some(0) && told.1.contains("missing"), "{told:?}");
    let told = state("--check file")?;
    assert!(
        told.0 == Some(1) && told.1.contains("file is missing"),
        "{told:?}"
    );
    std::fs::create_dir(folder.path().join("cache"))?;
    std::fs::write(&target, content())?;
    let told = state("--check file")?;
    assert!(told.0 == Some(0) && told.1.contains("whole"), "{told:?}");
    std::fs::write(&target, vec![7; content().len()])?;
    let told = state("--check")?;
    assert!(
        told.0 == Some(1) && told.1.contains("file is damaged"),
        "{told:?}"
    );
    Ok(())
}

#[test]
fn wrong_names_and_manifests_are_one_line() -> Checked {
    let folder = tempfile::tempdir()?;
    let (code, told) = ran(command(folder.path(), "http://files.invalid", "other")?)?;
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("known: file"), "{told}");
    let (code, told) = ran(command(folder.path(), "http://files.invalid", "")?)?;
    assert_eq!(code, Some(2), "{told}");
    for (text, part) in [
        ("entry = 3", "invalid type"),
        (
            "[[entry]]\nname='a'\nkind='data'\npath='../a'\nfile=[{path='a',urls=['u'],bytes=1}]",
            "out of the cache folder",
        ),
        ("[[entry]]\nname='a'\nkind='data'\npath='a'\nfile=[]", "no files"),
        (
            "[[entry]]\nname='a'\nkind='data'\npath='a'\nfile=[{path='a',urls=['u'],bytes=1,sha256='XY'}]",
            "SHA-256",
        ),
        (
            "[[entry]]\nname='a'\nkind='data'\npath='a'\nfile=[{path='a',urls=[],bytes=1}]",
            "address",
        ),
    ] {
        let command = command(folder.path(), "http://files.invalid", "a")?;
        std::fs::write(folder.path().join("manifest.toml"), text)?;
        let (code, told) = ran(command)?;
        assert!(
            code == Some(1) && told.contains(part) && told.trim().lines().count() == 1,
            "{told}"
        );
    }
    Ok(())
}

#[test]
fn replicate_says_what_to_put_where_without_a_network() -> Checked {
    let folder = tempfile::tempdir()?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_crossmax"));
    command.args([
        "replicate",
        "--data",
        "cifar100",
        "--offline",
        "--cache",
        "cache",
        "--device",
        "cpu",
    ]);
    let (code, told) = ran({
        command.current_dir(folder.path());
        command
    })?;
    assert_eq!(code, Some(1), "{told}");
    assert!(
        told.contains("cifar-100-python.tar.gz") && told.contains("by hand"),
        "{told}"
    );
    assert!(!folder.path().join("runs").exists());
    Ok(())
}
