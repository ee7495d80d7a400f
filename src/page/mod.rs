//! Pages for people: one HTML file each that asks for nothing else. Pictures are `data:` addresses, the style stands inside,
//! there is no script, and the content security policy forbids the rest. The same content gives the same bytes.

mod bars;
mod numbers;
mod pictures;
#[cfg(test)]
mod tests;

pub(crate) use bars::{Kind, Row, accuracy_bar, accuracy_table, bar};
pub(crate) use numbers::{Accuracy, count, duration, list, percent};
pub(crate) use pictures::{image, image_sizes};

use maud::{DOCTYPE, Markup, PreEscaped, html};

/// What the browser may load: pictures and style that stand in the page, and nothing else.
const POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

const STYLE: &str = include_str!("style.css");

/// One part of a page.
pub(crate) struct Section {
    /// What links to it name.
    pub id: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// Its heading among the contents.
    pub short: &'static str,
    pub body: Markup,
}

/// The whole page: `header`, contents, and the sections in their order.
pub(crate) fn page(title: &str, header: &Markup, sections: &[Section]) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                // Nothing in the style comes from a run.
                style { (PreEscaped(STYLE)) }
            }
            body {
                div.page {
                    (header)
                    nav aria-label="Contents" {
                        ol {
                            @for section in sections {
                                li { a href={ "#" (section.id) } { (section.short) } }
                            }
                        }
                    }
                    main {
                        @for section in sections {
                            section id=(section.id) {
                                h2 { (section.title) }
                                (section.body)
                            }
                        }
                    }
                    footer {
                        p { "Written by crossmax " (env!("CARGO_PKG_VERSION")) ". This file needs no other." }
                    }
                }
            }
        }
    }
}
