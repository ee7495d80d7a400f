//! How long each stage took, and on what: all that may differ between two runs of the same
//! configuration stands in this section alone.

use super::Report;
use crate::Result;
use crate::page::bar;
use crate::page::duration;
use maud::{Markup, html};

/// What links to the section name.
pub(super) const ID: &str = "time";

pub(super) fn body(report: &Report<'_>) -> Result<Markup> {
    let stages = report.dir.stages();
    let total: f64 = stages.iter().map(|stage| stage.seconds).sum();
    let longest = stages.iter().map(|stage| stage.seconds).fold(0.0, f64::max);
    Ok(html! {
        p {
            "Computed on " (report.findings().device) "; " (std::env::consts::OS) ", " (std::env::consts::ARCH) ", " (instruction_set()) ", "
            (crate::page::count(rayon::current_num_threads(), "thread"))
            ". A stage that was interrupted counts from its last start."
        }
        table.bars.times {
            caption { "Seconds of the process that finished each stage." }
            thead {
                tr {
                    th scope="col" { "Stage" }
                    th.number scope="col" { "Time" }
                    th.drawn scope="col" { "Share of the longest" }
                }
            }
            tbody {
                @for stage in &stages {
                    tr {
                        th scope="row" { (stage.name) }
                        td.number.value { (duration(stage.seconds)) }
                        td.drawn { (bar(stage.seconds / longest.max(f64::MIN_POSITIVE), "plain")) }
                    }
                }
            }
            tfoot {
                tr {
                    th scope="row" { "all stages" }
                    td.number.value { (duration(total)) }
                    td.drawn {}
                }
            }
        }
    })
}

/// The widest vector instructions there are, which matrix products use.
fn instruction_set() -> &'static str {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    {
        if std::is_x86_feature_detected!("avx512f") {
            return "AVX-512";
        }
        if std::is_x86_feature_detected!("avx2") {
            return "AVX2";
        }
    }
    if cfg!(target_arch = "aarch64") {
        "NEON"
    } else {
        "no vector instructions"
    }
}
