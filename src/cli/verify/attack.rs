//! What an attack wrote, computed again.

use super::files::Pictures;
use super::{Again, Check};
use crate::cli::attack::Report;
use crossmax::Result;
use crossmax::attacks::Oracle;
use crossmax::campaign::{Contradiction, Finished, ImageResult};
use crossmax::io::atomic;
use crossmax::replicate::{Reporter, check_stop};
use std::collections::BTreeSet;

/// Asks the model again, and makes the tables again.
pub fn checks(again: &Again<'_>, pictures: &Pictures) -> Result<Vec<Check>> {
    let finished = Finished::read(&again.arguments.folder)?;
    let samples = &again.target.samples;
    let classifier = again.target.model.classifier(again.target.member)?;
    let oracle = Oracle::new(classifier.as_ref(), again.arguments.sub_batch)?;
    again
        .progress
        .line("asking the model again, for the null controls as often as the attacks did");
    let contradictions =
        finished.contradictions(&oracle, samples, &mut || check_stop("nothing was written"))?;
    let images: BTreeSet<usize> = contradictions.iter().map(|found| found.position).collect();
    let rounded = finished.rounded(&oracle, samples)?;
    Ok(vec![
        Check {
            what: "the model says again what the journal says of every image",
            found: told(&contradictions, images.len(), finished.results.len()),
            holds: !again.too_many(images.len()),
        },
        tables(again, &finished, pictures)?,
        Check {
            what: "the attack survives rounding to 8 bits",
            found: format!(
                "{} of {} broken images stay broken",
                rounded.survive, rounded.broken
            ),
            // Attacks that look for the boundary leave images that are hardly beyond it.
            holds: rounded.broken - rounded.survive <= (finished.results.len() / 100).max(1),
        },
    ])
}

/// How many images are contradicted, and what of the first.
fn told(contradictions: &[Contradiction], wrong: usize, images: usize) -> String {
    let mut text = format!("{wrong} of {images} images differ");
    if let Some(Contradiction { position, what }) = contradictions.first() {
        text += &format!("; at position {position} the {what}");
    }
    text
}

/// Whether the files that are made of the journal say what it says.
fn tables(again: &Again<'_>, finished: &Finished, pictures: &Pictures) -> Result<Check> {
    let mut wrong = Vec::new();
    for (name, text) in Report::new(&finished.header, &finished.results).tables()? {
        let path = again.arguments.folder.join(name);
        if !path.exists() || atomic::read(&path)? != text.as_bytes() {
            wrong.push(name);
        }
    }
    let flags =
        |of: fn(&ImageResult) -> bool| finished.results.iter().map(move |result| i64::from(of(result)));
    let same = |name, of| flags(of).eq(pictures.numbers(name).iter().copied());
    if !same("initially_right", |result| result.record.initially_right())
        || !same("never_broken", |result| result.record.is_robust())
    {
        wrong.push("adversarial.safetensors");
    }
    Ok(Check {
        what: "the tables say what the journal says",
        found: match wrong.is_empty() {
            true => "all of them".into(),
            false => format!("not {}", wrong.join(", ")),
        },
        holds: wrong.is_empty(),
    })
}
