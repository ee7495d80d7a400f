//! The page as text: it needs no other file, and it tells the numbers of `summary.json`.

use super::Checked;
use super::runs::{AWKWARD_NAME, Reported, with_broken_images, with_nothing_broken};
use serde_json::Value;

const SECTIONS: [&str; 10] = [
    "scope",
    "numbers",
    "accuracy",
    "attacks",
    "training",
    "views",
    "broken",
    "classes",
    "time",
    "provenance",
];

/// A fraction in per cent as the page writes it: no test run has a thousand images.
fn percent(summary: &Value, pointer: &str) -> Checked<String> {
    let fraction = summary.pointer(pointer).and_then(Value::as_f64);
    let fraction = fraction.ok_or_else(|| format!("no number {pointer}"))?;
    Ok(format!("{:.1}\u{202f}%", 100.0 * fraction))
}

/// The text of section `id`.
fn section<'a>(page: &'a str, id: &str) -> Checked<&'a str> {
    let start = page
        .find(&format!("<section id=\"{id}\">"))
        .ok_or_else(|| format!("no section {id}"))?;
    let end = page[start..].find("</section>").ok_or("a section without end")?;
    Ok(&page[start..start + end])
}

/// Values of the attribute `name`, wherever it stands.
fn attributes<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!(" {name}=\"");
    let values = page.split(start.as_str()).skip(1);
    values.filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn the_page_asks_for_no_other_file() -> Checked {
    for run in [with_broken_images()?, with_nothing_broken()?] {
        let page = &run.page;
        assert!(page.starts_with("<!DOCTYPE html><html lang=\"en\">"));
        assert!(page.contains("default-src 'none'; img-src data:; style-src 'unsafe-inline'"));
        // The name of SVG's vocabulary is an address that nobody fetches.
        let elsewhere = page.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
        assert!(!elsewhere.contains("http:") && !elsewhere.contains("https:"));
        for forbidden in ["<script", "<link", "<iframe", "@import", "url(", "javascript:"] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
        let sources = attributes(page, "src");
        assert!(
            sources
                .iter()
                .all(|source| source.starts_with("data:image/png;base64,"))
        );
        assert_eq!(page.matches("<img").count(), sources.len());
        assert_eq!(
            attributes(page, "alt")
                .iter()
                .filter(|alt| !alt.is_empty())
                .count(),
            sources.len()
        );
    }
    Ok(())
}

#[test]
fn sections_and_links_agree() -> Checked {
    for run in [with_broken_images()?, with_nothing_broken()?] {
        for id in SECTIONS {
            section(&run.page, id)?;
        }
        let ids = attributes(&run.page, "id");
        let mut distinct = ids.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), ids.len(), "an id stands twice");
        for link in attributes(&run.page, "href") {
            let target = link.strip_prefix('#').ok_or_else(|| format!("link to {link}"))?;
            assert!(ids.contains(&target), "no element {target}");
        }
    }
    Ok(())
}

fn check_numbers(Reported { page, summary }: &Reported) -> Checked {
    let n = summary["autoattack"]["images"]
        .as_u64()
        .ok_or("no number of images")?;
    let key = section(page, "numbers")?;
    for pointer in [
        "/clean_accuracy/ensemble",
        "/autoattack/robust",
        "/autoattack/reevaluated/mean",
        "/audits/1/attacked/mean",
        "/audits/0/autoattack/robust",
        "/audits/0/clean_accuracy",
    ] {
        let number = percent(summary, pointer)?;
        assert!(key.contains(&number), "{pointer}: no {number}");
    }
    assert!(key.contains(&format!("n\u{a0}=\u{a0}{n}")));
    for published in ["65.6", "46.9", "43.8", "62.5"] {
        assert!(key.contains(published), "{published}");
    }
    let accuracy = section(page, "accuracy")?;
    for pointer in ["backbone", "ensemble", "layers/2", "layers/4"] {
        let number = percent(summary, &format!("/clean_accuracy/{pointer}"))?;
        assert!(accuracy.contains(&number), "{pointer}: no {number}");
    }
    let attacks = section(page, "attacks")?;
    for pointer in [
        "autoattack/initial",
        "autoattack/after/apgd-ce",
        "autoattack/after/apgd-dlr",
        "autoattack/robust_ci95/0",
        "audits/1/clean/mean",
        "audits/0/autoattack/initial",
    ] {
        let number = percent(summary, &format!("/{pointer}"))?;
        let number = number.trim_end_matches("\u{202f}%");
        assert!(attacks.contains(number), "{pointer}: no {number}");
    }
    let time = section(page, "time")?;
    for stage in summary["stages"].as_array().into_iter().flatten() {
        let name = stage["name"].as_str().unwrap_or_default();
        assert!(time.contains(name), "no time of {name}");
    }
    let provenance = section(page, "provenance")?;
    let hash = summary["dataset_sha256"].as_str().ok_or("no hash of the data")?;
    assert!(provenance.contains(hash) && provenance.contains("[attack]"));
    for warning in summary["dataset_warnings"].as_array().into_iter().flatten() {
        let warning = warning.as_str().unwrap_or_default();
        assert!(provenance.contains(warning), "no warning {warning}");
    }
    for weights in ["backbone", "heads", "baseline"] {
        assert!(provenance.contains(&format!("{weights}.safetensors")));
    }
    Ok(())
}

#[test]
fn the_numbers_are_those_of_the_summary() -> Checked {
    check_numbers(with_broken_images()?)?;
    check_numbers(with_nothing_broken()?)
}

#[test]
fn every_broken_image_and_every_class_is_shown() -> Checked {
    let Reported { page, summary } = with_broken_images()?;
    let images = |pointer: &str| -> Checked<usize> {
        let fraction = summary.pointer(pointer).and_then(Value::as_f64);
        let n = summary["autoattack"]["images"].as_f64();
        Ok((fraction.zip(n).map(|(f, n)| f * n).ok_or("no number")?).round() as usize)
    };
    let broken = images("/autoattack/initial")? - images("/autoattack/robust")?;
    assert!(broken > 0, "nothing was broken: {summary:#}");
    let cases = section(page, "broken")?;
    assert_eq!(cases.matches("<article").count(), broken);
    assert_eq!(cases.matches("<img").count(), 3 * broken);
    assert_eq!(cases.matches("Votes after").count(), broken);

    let classes = section(page, "classes")?;
    assert_eq!(classes.matches("<article").count(), 100);
    assert_eq!(classes.matches("<img").count(), 200);
    let escaped = AWKWARD_NAME
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;");
    assert!(classes.contains(&escaped) && !page.contains(AWKWARD_NAME));

    let Reported { page, summary } = with_nothing_broken()?;
    assert_eq!(summary["autoattack"]["initial"], summary["autoattack"]["robust"]);
    let cases = section(page, "broken")?;
    assert!(cases.contains("There is nothing to show") && !cases.contains("<img"));
    Ok(())
}
