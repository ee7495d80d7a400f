//! Choosing some classes of a data set.

use super::{Dataset, Split};
use crate::{Error, Result};

impl Dataset {
    /// Only the classes named by `wanted`, numbered anew in that order; all if nothing is wanted.
    ///
    /// Each entry is the name of a class, its number, or a range of numbers such as `0-9`, both ends included. The order
    /// of images stays.
    ///
    /// # Errors
    /// [`Error::Usage`] if an entry is no class, a class is named twice, or only one is left.
    pub fn with_classes(self, wanted: &[String]) -> Result<Self> {
        if wanted.is_empty() {
            return Ok(self);
        }
        let mut old_labels = Vec::new();
        for entry in wanted {
            for label in self.labels_named(entry)? {
                if old_labels.contains(&label) {
                    let name = &self.classes[label];
                    return Err(Error::Usage(format!("--classes names {name} twice")));
                }
                old_labels.push(label);
            }
        }
        if old_labels.len() < 2 {
            return Err(Error::Usage(
                "--classes leaves one class; two are needed to tell apart".into(),
            ));
        }
        let mut new_labels = vec![None; self.classes.len()];
        for (new, &old) in old_labels.iter().enumerate() {
            new_labels[old] = Some(new as u16);
        }
        Ok(Self {
            classes: old_labels.iter().map(|&old| self.classes[old].clone()).collect(),
            train: self.train.relabelled(&new_labels),
            test: self.test.relabelled(&new_labels),
            ..self
        })
    }

    /// The labels that an entry names. A name goes before a number: classes may be called by numbers.
    fn labels_named(&self, entry: &str) -> Result<Vec<usize>> {
        let entry = entry.trim();
        if let Some(label) = self.classes.iter().position(|name| name == entry) {
            return Ok(vec![label]);
        }
        let (first, last) = entry.split_once('-').unwrap_or((entry, entry));
        if let (Ok(first), Ok(last)) = (first.trim().parse::<usize>(), last.trim().parse::<usize>())
            && first <= last
            && last < self.classes.len()
        {
            return Ok((first..=last).collect());
        }
        let known: Vec<&str> = self.classes.iter().take(3).map(String::as_str).collect();
        Err(Error::Usage(format!(
            "--classes names {entry:?}, which is no class of {}: give names ({}, …), numbers from 0 to {}, or ranges such \
             as 0-{}",
            self.name,
            known.join(", "),
            self.classes.len().saturating_sub(1),
            self.classes.len().saturating_sub(1).min(9),
        )))
    }
}

impl Split {
    /// The images whose label has a new one in `new_labels` (index: the old label).
    fn relabelled(&self, new_labels: &[Option<u16>]) -> Self {
        let kept: Vec<(usize, u16)> = self
            .labels()
            .iter()
            .enumerate()
            .filter_map(|(i, &old)| Some((i, new_labels.get(usize::from(old)).copied()??)))
            .collect();
        self.rearranged(kept.into_iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four classes; the one pixel of an image is its number in all three colours.
    fn data() -> Result<Dataset> {
        let split = |labels: &[u16]| {
            let pixels = (0..labels.len() as u8).flat_map(|i| [i; 3]).collect();
            Split::new(1, 1, pixels, labels.to_vec())
        };
        Ok(Dataset {
            name: "four".into(),
            origin: String::new(),
            classes: ["ant", "bee", "3", "cow"].map(String::from).to_vec(),
            train: split(&[0, 1, 2, 3, 3, 1])?,
            test: split(&[3, 0])?,
            warnings: Vec::new(),
        })
    }

    fn chosen(wanted: &[&str]) -> Result<Dataset> {
        data()?.with_classes(&wanted.iter().map(|&name| name.into()).collect::<Vec<_>>())
    }

    #[test]
    fn classes_are_chosen_by_name_number_and_range_in_the_given_order() -> Result<()> {
        let two = chosen(&["cow", "ant"])?;
        assert_eq!(two.classes, ["cow", "ant"]);
        assert_eq!(
            (two.train.labels(), two.test.labels()),
            (&[1, 0, 0][..], &[0, 1][..])
        );
        assert_eq!(
            [
                two.train.image(0)[0],
                two.train.image(1)[0],
                two.train.image(2)[0]
            ],
            [0, 3, 4]
        );
        assert_eq!(chosen(&["0-1"])?.classes, ["ant", "bee"]);
        // The class called 3 is number 2; the class of number 3 is the cow.
        assert_eq!(chosen(&["3", "0"])?.classes, ["3", "ant"]);
        assert_eq!(chosen(&["1", " 0 "])?.train.labels(), [1, 0, 0]);
        assert_eq!(chosen(&[])?, data()?);
        Ok(())
    }

    #[test]
    fn what_is_no_class_or_leaves_one_is_refused() {
        for (wanted, said) in [
            (&["dog", "ant"][..], "names \"dog\""),
            (&["0-4"], "names \"0-4\""),
            (&["2-1"], "names \"2-1\""),
            (&["ant"], "leaves one class"),
            (&["ant", "0-1"], "names ant twice"),
        ] {
            let told = chosen(wanted).err().map(|e| (e.exit_code(), e.to_string()));
            assert!(
                told.as_ref()
                    .is_some_and(|(code, line)| *code == 2 && line.contains(said)),
                "{told:?}"
            );
        }
    }
}
