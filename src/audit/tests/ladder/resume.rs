//! A ladder that was cut short goes on to the same bits.

use super::{climbed, short, subject, text};
use crate::attacks::{SeededStarts, Tape};
use crate::audit::ladder::{Archive, Forgetful, Found};
use crate::audit::tests::{images, noisy};
use crate::{Error, Result};
use std::collections::BTreeMap;

/// Keeps everything in memory, and fails once it has kept so much.
#[derive(Default)]
pub(super) struct Memory {
    pub kept: BTreeMap<String, Found>,
    left: Option<usize>,
}

impl Archive for Memory {
    fn found(&mut self, name: &str) -> Result<Option<Found>> {
        Ok(self.kept.get(name).cloned())
    }

    fn keep(&mut self, name: &str, found: &Found) -> Result<()> {
        if self.left == Some(0) {
            let advice = "again".into();
            return Err(Error::Interrupted { advice });
        }
        self.left = self.left.map(|left| left - 1);
        self.kept.insert(name.into(), found.clone());
        Ok(())
    }

    fn tape(&mut self, _: &str) -> Result<Option<Tape>> {
        Ok(None)
    }
}

#[test]
fn it_goes_on_from_any_block_to_the_same_bits() -> Result<()> {
    let (ensemble, samples, starts) = (noisy(), images([1.0, 0.3])?, SeededStarts::new(5));
    let subject = subject(&ensemble, &samples, &starts, 4);
    let config = short(0.08);
    let (whole, images) = climbed(subject, &starts, &config, &mut Forgetful)?;
    let mut archive = Memory::default();
    let mut stops = 0;
    let found = loop {
        archive.left = Some(5);
        match climbed(subject, &starts, &config, &mut archive) {
            Ok(found) => break found,
            Err(Error::Interrupted { .. }) => stops += 1,
            Err(error) => return Err(error),
        }
    };
    assert_eq!(
        (text(&found.0), found.1.to_vec()?),
        (text(&whole), images.to_vec()?)
    );
    assert!(stops > 4, "{stops}: the test shows little");
    // Nothing is searched again.
    archive.left = Some(0);
    let again = climbed(subject, &starts, &config, &mut archive)?;
    assert_eq!(text(&again.0), text(&whole));
    Ok(())
}

#[test]
fn what_was_kept_is_checked_against_the_clean_images() -> Result<()> {
    let (ensemble, samples, starts) = (noisy(), images([1.0, 0.3])?, SeededStarts::new(5));
    let subject = subject(&ensemble, &samples, &starts, 4);
    let mut archive = Memory::default();
    climbed(subject, &starts, &short(0.08), &mut archive)?;
    // The images of a wider ladder: what an attack would leave that goes on from its own result with a ball around that.
    let mut wider = Memory::default();
    climbed(subject, &starts, &short(0.16), &mut wider)?;
    let name = "warm-start/worst-pgd";
    let spoilt = wider.kept.remove(name);
    archive.kept.extend(spoilt.map(|found| (name.to_owned(), found)));
    let refused = climbed(subject, &starts, &short(0.08), &mut archive);
    let told = refused.err().map_or(String::new(), |error| error.to_string());
    assert!(told.contains("perturbation"), "{told}");
    Ok(())
}
