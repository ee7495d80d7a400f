//! The curves of an audit.

use super::Audit;
use crate::Result;
use crate::attacks::MeanShare;
use crate::audit::curves::{Curve, CurvePoint, Varied};
use crate::figures::{Response, responses};
use maud::{Markup, PreEscaped, html};

pub(super) fn body(audits: &[Audit]) -> Result<Markup> {
    let mut parts = Vec::new();
    for audit in audits {
        let mut drawings = Vec::new();
        for curve in [&audit.steps, &audit.eot, &audit.eps] {
            drawings.push(drawing(curve)?);
        }
        let weak = audit.eps.too_weak();
        parts.push(html! {
            div.plots {
                // The words in them are the program's, and the drawing escapes them.
                @for drawing in drawings { (PreEscaped(drawing)) }
            }
            @if let Some(weak) = weak { p.notice { (weak) } }
        });
    }
    Ok(html! {
        p {
            "An attack that is sound gets no weaker by more steps or draws, and with room for any image it leaves nothing."
        }
        @for part in &parts { (part) }
    })
}

/// The curve as SVG.
fn drawing(curve: &Curve) -> Result<String> {
    let (title, axis) = match curve.varied {
        Varied::Steps => (format!("Steps of PGD on the {}", curve.attacked), "steps"),
        Varied::Eot => (
            format!("Draws of PGD on the {}", curve.attacked),
            "draws a gradient (EoT)",
        ),
        Varied::Eps => (format!("Room of PGD on the {}", curve.attacked), "ε in 1/255"),
    };
    let place = |point: &CurvePoint| match curve.varied {
        Varied::Steps => point.config.steps.to_string(),
        Varied::Eot => point.config.eot.to_string(),
        Varied::Eps => format!("{:.0}", 255.0 * point.config.eps),
    };
    let at: Vec<String> = curve.points.iter().map(place).collect();
    let share = |mean: &MeanShare| (mean.fraction as f32, (mean.ci95.0 as f32, mean.ci95.1 as f32));
    let defence: Vec<_> = curve
        .points
        .iter()
        .map(|point| share(&point.defence.mean))
        .collect();
    let attacked: Vec<_> = curve.points.iter().map(|point| share(&point.attacked)).collect();
    let mut curves = vec![Response {
        name: "the defence",
        points: &defence,
    }];
    if attacked != defence {
        curves.push(Response {
            name: "what was attacked",
            points: &attacked,
        });
    }
    Ok(responses(&title, axis, &at, &curves)?.svg())
}
