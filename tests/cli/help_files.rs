//! Completions and manual pages: what packagers install.

use super::program::{fails, folder, run};
use std::fs;

#[test]
fn every_shell_completes_every_command() {
    let folder = folder();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = run(folder.path(), &format!("completions {shell}"));
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{shell}");
        for word in ["replicate", "ladder", "verify", "attack-images"] {
            assert!(ran.stdout.contains(word), "{shell} lacks {word}");
        }
    }
    fails(folder.path(), "completions ksh", 2, &["ksh", "bash"]);
}

#[test]
fn there_is_a_manual_page_for_every_command() {
    let folder = folder();
    let shown = run(folder.path(), "man");
    assert_eq!((shown.code, shown.stderr.as_str()), (0, ""));
    assert!(shown.stdout.contains(".TH crossmax 1"), "{}", shown.stdout);
    let ran = run(folder.path(), "man --out pages");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let help = run(folder.path(), "--help").stdout;
    let mut commands = help
        .lines()
        .skip_while(|line| !line.starts_with("Commands:"))
        .skip(1)
        .take_while(|line| !line.trim().is_empty())
        .filter_map(|line| {
            line.strip_prefix("  ")?
                .split_whitespace()
                .next()
                .filter(|_| !line.starts_with("   "))
        })
        .filter(|&command| command != "help")
        .peekable();
    assert!(commands.peek().is_some(), "{help}");
    for command in commands {
        let path = folder.path().join(format!("pages/crossmax-{command}.1"));
        let page = fs::read_to_string(&path).unwrap_or_default();
        assert!(page.contains(".SH OPTIONS"), "{}", path.display());
    }
}
