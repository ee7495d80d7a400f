//! Chromium without a window: a page is opened in frames of several widths, and what a person could not see is listed.

use super::Checked;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Names the browser.
const CHOSEN: &str = "CROSSMAX_CHROMIUM";
/// Makes a missing browser a failure.
const REQUIRED: &str = "CROSSMAX_REQUIRE_CHROMIUM";
/// Where it is looked for else.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
/// After this long it has gone astray.
const PATIENCE: Duration = Duration::from_secs(120);
/// Widths of a desk, a tablet and a phone, in pixels.
pub const WIDTHS: [u32; 3] = [1280, 768, 360];

/// What colours the reader prefers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    Light,
    Dark,
}

/// A page at one width.
#[derive(Debug, Deserialize)]
pub struct Shown {
    pub width: u32,
    pub dark: bool,
    pub paper: String,
    pub ink: String,
    pub whole: Flaws,
    /// With the first class as the target of a link; nothing without classes.
    pub zoom: Option<Zoom>,
}

/// An image before and after its class was the target of a link.
#[derive(Debug, Deserialize)]
pub struct Zoom {
    pub before: f64,
    pub after: f64,
    pub whole: Flaws,
}

/// What was looked at, and what a person could not see of it.
#[derive(Debug, Deserialize)]
pub struct Flaws {
    pub texts: usize,
    pub images: usize,
    /// Images that could not be decoded.
    pub missing: Vec<String>,
    /// Text that a box around it cuts off or shows only when scrolled.
    pub cut: Vec<String>,
    /// Elements that reach beyond the page's sides.
    pub beyond: Vec<String>,
    /// Pixels by which the page is wider than its window.
    pub overflow: i64,
}

impl Flaws {
    /// The kinds of flaws there are.
    pub fn kinds(&self) -> Vec<&'static str> {
        let kinds = [
            ("missing", !self.missing.is_empty()),
            ("cut", !self.cut.is_empty()),
            ("beyond", !self.beyond.is_empty()),
            ("overflow", self.overflow > 0),
        ];
        let found = kinds.into_iter().filter(|(_, found)| *found);
        found.map(|(kind, _)| kind).collect()
    }
}

/// What a browser shows of a page.
pub struct Look {
    /// At each of [`WIDTHS`].
    pub shown: Vec<Shown>,
    /// Lines of its console.
    pub console: Vec<String>,
}

/// The browser, if there is one.
///
/// # Errors
/// When there is none and the environment demands one.
pub fn find() -> Checked<Option<PathBuf>> {
    let chosen = std::env::var_os(CHOSEN).map(PathBuf::from);
    let found = chosen.or_else(|| {
        let path = std::env::var_os("PATH")?;
        let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
        let named = NAMES
            .iter()
            .flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
        named.into_iter().find(|file| file.is_file())
    });
    if found.is_none() {
        if std::env::var_os(REQUIRED).is_some() {
            return Err(format!("{REQUIRED} is set, and there is none of {NAMES:?}").into());
        }
        println!("skipped: there is none of {NAMES:?}, and {CHOSEN} names none");
    }
    Ok(found)
}

/// Opens `page` in `browser`.
///
/// # Errors
/// When the browser does not come to an end, or tells nothing.
pub fn look(browser: &Path, page: &str, scheme: Scheme) -> Checked<Look> {
    let folder = tempfile::tempdir()?;
    let around = folder.path().join("around.html");
    std::fs::write(&around, frames(page))?;
    let (shown, told) = (folder.path().join("shown"), folder.path().join("told"));
    let preferred = match scheme {
        Scheme::Dark => 0,
        Scheme::Light => 1,
    };
    let process = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
        ])
        .args([
            "--no-first-run",
            "--disable-extensions",
            "--disable-background-networking",
        ])
        .args([
            "--enable-logging=stderr",
            "--virtual-time-budget=30000",
            "--window-size=1400,1000",
        ])
        .arg(format!("--blink-settings=preferredColorScheme={preferred}"))
        .arg(format!(
            "--user-data-dir={}",
            folder.path().join("profile").display()
        ))
        .arg("--dump-dom")
        .arg(format!("file://{}", around.display()))
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(&shown)?)
        .stderr(std::fs::File::create(&told)?)
        .spawn()?;
    finish(process)?;
    let (shown, told) = (
        std::fs::read_to_string(shown)?,
        String::from_utf8_lossy(&std::fs::read(told)?).into_owned(),
    );
    let results = shown
        .split_once("<pre id=\"results\">")
        .and_then(|(_, rest)| rest.split_once("</pre>"))
        .map(|(results, _)| results)
        .filter(|results| !results.is_empty())
        .ok_or_else(|| format!("the browser told no results, but: {told}"))?;
    let console = told.lines().filter(|line| line.contains("CONSOLE"));
    Ok(Look {
        shown: serde_json::from_slice(&BASE64_STANDARD.decode(results)?)?,
        console: console.map(String::from).collect(),
    })
}

/// A page with `page` in a frame of each width, and the script that measures it.
fn frames(page: &str) -> String {
    let source = page.replace('&', "&amp;").replace('"', "&quot;");
    let frames = WIDTHS.map(|width| {
        format!("<iframe style=\"border:0\" width=\"{width}\" height=\"800\" srcdoc=\"{source}\"></iframe>")
    });
    format!(
        "<!DOCTYPE html><meta charset=\"utf-8\"><title>around</title>{}<pre id=\"results\"></pre><script>{}</script>",
        frames.concat(),
        include_str!("measure.js")
    )
}

fn finish(mut process: Child) -> Checked {
    let begun = Instant::now();
    while process.try_wait()?.is_none() {
        if begun.elapsed() > PATIENCE {
            process.kill()?;
            return Err("the browser does not come to an end".into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
