//! `crossmax audit`: every part of it on a tiny run, and that it goes on.

use crate::program::{fails, folder, names_in, run, tiny_run};
use std::fs;

const AUDIT: &str =
    "audit r --images 1 --steps 1 --eot 1 --redraws 2 --most-steps 2 --most-eot 2 --queries 2";

#[test]
fn an_audit_tells_all_parts_and_goes_on() {
    let folder = folder();
    tiny_run(folder.path());
    let ran = run(folder.path(), &format!("{AUDIT} --out a"));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for part in [
        "the top classes tie exactly",
        "nothing (eps = 0)",
        "Square, 2 queries",
        "Comparators (% right)",
        "Transfer between members",
        "128/255",
        "Signs of gradient masking",
    ] {
        assert!(ran.stdout.contains(part), "{part:?} in {}", ran.stdout);
    }
    let parts = [
        "probes",
        "comparators",
        "transfer",
        "steps",
        "eot",
        "eps",
        "controls",
        "square",
        "audit",
    ];
    let mut files = parts.map(|part| format!("{part}.json")).to_vec();
    files.extend(["report.html", "run.lock"].map(String::from));
    files.sort();
    assert_eq!(names_in(&folder.path().join("a")), files);
    let json = fs::read_to_string(folder.path().join("a/audit.json")).expect("a file");
    let told: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(told["masking"]["signs"].as_array().map(Vec::len), Some(10));
    assert_eq!(told["comparators"]["all"][0]["clean"]["repeats"], 2);
    let page = fs::read_to_string(folder.path().join("a/report.html")).expect("a page");
    for part in ["Square on the defence, 2 queries", "Votes of the members"] {
        assert!(page.contains(part), "{part:?}");
    }
    // What is there is read; what is not is done again, to the same bits.
    for name in ["transfer.json", "audit.json"] {
        fs::remove_file(folder.path().join("a").join(name)).expect("removed");
    }
    let again = run(folder.path(), &format!("{AUDIT} --out a"));
    assert!(again.stdout.contains("probes: done before") && !again.stdout.contains("transfer: done before"));
    assert_eq!(
        fs::read_to_string(folder.path().join("a/audit.json")).expect("a file"),
        json
    );
    let another = &["a part of this audit, found that of another one"];
    fails(folder.path(), &format!("{AUDIT} --out a --seed 3"), 1, another);
    fs::write(folder.path().join("a/eps.json"), "{").expect("written");
    fails(
        folder.path(),
        &format!("{AUDIT} --out a"),
        1,
        &["eps.json: expected a part of this audit"],
    );
    fails(
        folder.path(),
        "audit r.pth --out b",
        2,
        &["an audit needs a run directory"],
    );
    fails(folder.path(), "audit r --out b --eps 2", 1, &["`eps` is 2"]);
}
