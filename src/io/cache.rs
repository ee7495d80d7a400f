//! The program's folder for caches.

use std::ffi::OsString;
use std::path::PathBuf;

/// The folder that `CROSSMAX_CACHE` names, or the platform's for caches (`$XDG_CACHE_HOME/crossmax` or
/// `~/.cache/crossmax`, `~/Library/Caches/crossmax`, `%LOCALAPPDATA%\crossmax`). None if `CROSSMAX_CACHE` is empty, or
/// if there is no such folder.
pub fn user_folder() -> Option<PathBuf> {
    folder_from(|name| std::env::var_os(name))
}

/// The same from variables of one's own.
fn folder_from(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    if let Some(own) = variable("CROSSMAX_CACHE") {
        return (!own.is_empty()).then(|| PathBuf::from(own));
    }
    // The XDG specification has relative paths ignored.
    let absolute = |name: &str| {
        variable(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let caches = if cfg!(windows) {
        absolute("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        absolute("HOME").map(|home| home.join("Library/Caches"))
    } else {
        absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")))
    };
    caches.map(|caches| caches.join("crossmax"))
}

#[cfg(all(test, unix, not(target_os = "macos")))]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_the_one_asked_for_or_the_platforms() {
        let folder = |variables: &[(&str, &str)]| {
            let lookup = |name: &str| {
                let found = variables.iter().find(|(own, _)| *own == name);
                found.map(|(_, value)| OsString::from(value))
            };
            folder_from(lookup).map(|path| path.display().to_string())
        };
        let home = ("HOME", "/home/me");
        let xdg = ("XDG_CACHE_HOME", "/caches");
        assert_eq!(
            folder(&[home, xdg, ("CROSSMAX_CACHE", "here")]).as_deref(),
            Some("here")
        );
        assert_eq!(folder(&[home, xdg, ("CROSSMAX_CACHE", "")]), None);
        assert_eq!(folder(&[home, xdg]).as_deref(), Some("/caches/crossmax"));
        assert_eq!(
            folder(&[home, ("XDG_CACHE_HOME", "relative")]).as_deref(),
            Some("/home/me/.cache/crossmax")
        );
        assert_eq!(folder(&[]), None);
    }
}
