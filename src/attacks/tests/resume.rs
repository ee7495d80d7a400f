//! Interrupted runs of AutoAttack go on to the same bits.

use super::{EPS, Toy, assert_same_bits, samples};
use crate::attacks::{AutoAttackConfig, AutoAttackState, LabelledImages, Oracle, SeededStarts, autoattack};
use crate::io::{Stored, TensorFile};
use crate::tensor::Tensor;
use crate::{Error, Result};
use std::path::Path;

fn config() -> AutoAttackConfig {
    AutoAttackConfig {
        iterations: 6,
        eot: 2,
        block: 3,
        ..AutoAttackConfig::rand(EPS)
    }
}

fn run(
    samples: &LabelledImages,
    config: &AutoAttackConfig,
    resume: Option<AutoAttackState>,
    files: &mut Vec<TensorFile>,
) -> Result<AutoAttackState> {
    let toy = Toy::new(true)?;
    let oracle = Oracle::new(&toy, 8)?;
    let mut keep = |state: &AutoAttackState| {
        files.push(state.to_file()?);
        Ok(())
    };
    autoattack(
        &oracle,
        &SeededStarts::new(2),
        samples,
        config,
        resume,
        &mut keep,
        &mut |_| Ok(()),
    )
}

#[test]
fn every_saved_state_leads_to_the_same_end() -> Result<()> {
    let samples = samples(8)?;
    let mut files = Vec::new();
    let whole = run(&samples, &config(), None, &mut files)?;
    assert_eq!(
        files.len(),
        1 + 2 * 3,
        "the beginning, and two attacks on three blocks"
    );
    let folder = tempfile::tempdir().map_err(|error| Error::io(".", "make a folder", error))?;
    let path = folder.path().join("state.safetensors");
    for (i, file) in files.iter().enumerate() {
        file.save(&path)?;
        let state = AutoAttackState::from_file(&TensorFile::load(&path)?, &path)?;
        assert_eq!(state.is_finished(), i == 6);
        let mut rest = Vec::new();
        let resumed = run(&samples, &config(), Some(state), &mut rest)?;
        assert_eq!(rest.len(), 6 - i, "only what was left");
        assert_same_bits(resumed.adversarial(), whole.adversarial());
        assert_eq!(resumed.records(), whole.records());
        assert_eq!(resumed.to_file()?.metadata, whole.to_file()?.metadata);
    }
    Ok(())
}

#[test]
fn a_state_of_another_run_is_refused() -> Result<()> {
    let samples = samples(8)?;
    let mut files = Vec::new();
    run(&samples, &config(), None, &mut files)?;
    let path = Path::new("state.safetensors");
    let refused = |samples: &LabelledImages, config: &AutoAttackConfig| {
        let state = AutoAttackState::from_file(&files[2], path)?;
        match run(samples, config, Some(state), &mut Vec::new()) {
            Err(error) => Ok(error.to_string()),
            Ok(_) => Ok::<_, Error>("accepted".to_owned()),
        }
    };
    let other = AutoAttackConfig {
        iterations: 7,
        ..config()
    };
    assert!(refused(&samples, &other)?.contains("settings"));
    let ids = (0..8).collect();
    let renamed = LabelledImages::new(samples.images().clone(), samples.labels().to_vec(), ids)?;
    assert!(refused(&renamed, &config())?.contains("ids or labels"));
    let grey = samples.with_images(Tensor::full(*samples.images().shape(), 0.5))?;
    assert!(refused(&grey, &config())?.contains("images"));
    assert_eq!(refused(&samples, &config())?, "accepted");
    Ok(())
}

#[test]
fn files_that_are_no_state_are_refused() -> Result<()> {
    let mut files = Vec::new();
    run(&samples(4)?, &config(), None, &mut files)?;
    let whole = &files[1];
    let refusal = |file: &TensorFile| {
        let state = AutoAttackState::<f32>::from_file(file, Path::new("state.safetensors"));
        state.err().map(|error| error.to_string()).unwrap_or_default()
    };
    let json = whole.note("autoattack").unwrap_or_default();
    let with = |json: String| {
        let mut file = whole.clone();
        file.metadata.insert("autoattack".into(), json);
        refusal(&file)
    };
    assert!(json.contains("\"block\":1,"), "{json}");
    assert!(with(json.replace("\"block\":1,", "\"block\":2,")).contains("block 2"));
    assert!(!with(json[..json.len() / 2].to_owned()).is_empty());
    assert!(refusal(&TensorFile::default()).contains("no entry"));
    let mut file = whole.clone();
    file.tensors.clear();
    assert!(refusal(&file).contains("no tensor"));
    file.tensors
        .insert("adversarial".into(), Stored::F32(Tensor::zeros([3, 4, 4, 3])));
    assert!(refusal(&file).contains("records"));
    assert_eq!(refusal(whole), "");
    Ok(())
}
