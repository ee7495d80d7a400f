//! The page in a browser: on wide and narrow screens, light and dark, everything can be seen.

use super::Checked;
use super::browser::{Scheme, WIDTHS, find, look};
use super::runs::{AWKWARD_NAME, with_broken_images, with_nothing_broken};
use std::path::Path;

fn check(browser: &Path, page: &str) -> Checked {
    for scheme in [Scheme::Light, Scheme::Dark] {
        let look = look(browser, page, scheme)?;
        assert!(look.console.is_empty(), "{:#?}", look.console);
        let widths: Vec<u32> = look.shown.iter().map(|shown| shown.width).collect();
        assert_eq!(widths, WIDTHS);
        for shown in &look.shown {
            assert_eq!(shown.dark, scheme == Scheme::Dark);
            let light_paper = shown.paper == "rgb(255, 255, 255)";
            assert_eq!(
                light_paper,
                scheme == Scheme::Light,
                "{} on {}",
                shown.ink,
                shown.paper
            );
            let zoom = shown.zoom.as_ref().ok_or("no classes")?;
            assert!(zoom.after >= 2.0 * zoom.before, "{zoom:#?}");
            for flaws in [&shown.whole, &zoom.whole] {
                assert!(
                    flaws.kinds().is_empty(),
                    "{scheme:?}, {} pixels: {flaws:#?}",
                    shown.width
                );
                assert!(flaws.texts > 300 && flaws.images == page.matches("<img").count());
            }
            assert!(zoom.whole.texts > shown.whole.texts, "no captions when enlarged");
        }
    }
    Ok(())
}

#[test]
fn everything_can_be_seen() -> Checked {
    let Some(browser) = find()? else { return Ok(()) };
    check(&browser, &with_broken_images()?.page)?;
    check(&browser, &with_nothing_broken()?.page)
}

/// The looks above find something only if they find these.
#[test]
fn flaws_are_found() -> Checked {
    let Some(browser) = find()? else { return Ok(()) };
    let page = &with_nothing_broken()?.page;
    let with = |flaw: &str| page.replacen("<main>", &format!("<main>{flaw}"), 1);
    let name = AWKWARD_NAME.replace('&', "&amp;").replace('<', "&lt;");
    let flaws = [
        (
            with("<img src=\"data:image/png;base64,AAAA\" alt=\"nothing\">"),
            "missing",
        ),
        (with("<div style=\"width:2000px\">wide</div>"), "overflow"),
        (
            with("<p style=\"position:relative;left:-999px\">to the left</p>"),
            "beyond",
        ),
        (
            with(&format!(
                "<p style=\"width:99px;overflow:hidden;white-space:nowrap\">{name}</p>"
            )),
            "cut",
        ),
        (
            with("<p style=\"height:9px;overflow:hidden\">Its lower half.</p>"),
            "cut",
        ),
        (
            with("<p style=\"width:9px;overflow:auto;white-space:nowrap\">To scroll to.</p>"),
            "cut",
        ),
        (
            with("<svg width=\"50\" height=\"20\"><text x=\"30\" y=\"15\">beyond its plot</text></svg>"),
            "cut",
        ),
    ];
    for (page, kind) in flaws {
        let look = look(&browser, &page, Scheme::Light)?;
        for shown in &look.shown {
            assert!(
                shown.whole.kinds().contains(&kind),
                "{kind} at {}: {:#?}",
                shown.width,
                shown.whole
            );
        }
    }
    let noisy = with("<img src=\"elsewhere.png\" alt=\"forbidden\">");
    let console = look(&browser, &noisy, Scheme::Light)?.console;
    assert!(
        console
            .iter()
            .any(|line| line.contains("Content Security Policy")),
        "{console:#?}"
    );
    Ok(())
}
