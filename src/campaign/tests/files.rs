//! Damaged and foreign files.

use super::{Scene, campaign, contents};
use crate::Result;
use crate::attacks::tests::Toy;
use crate::campaign::Files;
use crate::io::FolderLock;
use std::fs;
use tempfile::tempdir;

#[test]
fn a_journal_cut_anywhere_goes_on_to_the_same() -> Result<()> {
    let whole = tempdir().expect("a folder");
    Scene::new(campaign(2), whole.path()).run(&Toy::new(true)?)?;
    let journal = fs::read(whole.path().join("journal.jsonl")).expect("a file");
    let header = journal.iter().position(|&byte| byte == b'\n').expect("a line") + 1;
    for cut in [
        header,
        header + 1,
        (header + journal.len()) / 2,
        journal.len() - 1,
    ] {
        let folder = tempdir().expect("a folder");
        for (name, bytes) in contents(whole.path()) {
            fs::write(folder.path().join(name), bytes).expect("written");
        }
        fs::write(folder.path().join("journal.jsonl"), &journal[..cut]).expect("written");
        Scene::new(campaign(2), folder.path()).run(&Toy::new(true)?)?;
        assert!(contents(folder.path()) == contents(whole.path()), "cut at {cut}");
    }
    Ok(())
}

#[test]
fn what_is_not_this_campaigns_is_refused() -> Result<()> {
    let folder = tempdir().expect("a folder");
    let path = folder.path().join("journal.jsonl");
    let scene = Scene::new(campaign(2), folder.path());
    scene.run(&Toy::new(true)?)?;
    let whole = fs::read_to_string(&path).expect("a file");
    let told = |scene: &Scene<'_>| {
        scene
            .run(&Toy::new(true)?)
            .map(|_| "nothing".to_owned())
            .or_else(|e| Ok(e.to_string()))
    };
    let told = |scene: &Scene<'_>| -> Result<String> { told(scene) };
    let mut other = campaign(2);
    other.seed += 1;
    assert!(told(&Scene::new(other, folder.path()))?.contains("differs in: seed"));
    let mut other = campaign(2);
    other.config.iterations += 1;
    assert!(told(&Scene::new(other, folder.path()))?.contains("settings of the attacks"));
    let mut other = campaign(2);
    other.redraws += 1;
    assert!(told(&Scene::new(other, folder.path()))?.contains("settings of the scores"));
    // Lines that are none, or elsewhere.
    let lines: Vec<&str> = whole.lines().collect();
    for (damaged, part) in [
        (String::new(), "line 1"),
        ("nothing\n".into(), "line 1"),
        (format!("{}\n{{}}\n", lines[0]), "line 2"),
        (
            format!("{}\n{}\n", lines[0], lines[2]),
            "position 1, out of order",
        ),
        (format!("{}\n{}\n", lines[0], "[".repeat(100_000)), "line 2"),
    ] {
        fs::write(&path, damaged).expect("written");
        let told = told(&scene)?;
        assert!(
            told.contains(part) && told.contains("journal.jsonl"),
            "{part}: {told}"
        );
    }
    // Lines without their images.
    fs::write(&path, &whole).expect("written");
    fs::remove_file(folder.path().join("adversarial.safetensors")).expect("removed");
    assert!(
        told(&scene)?.contains("the images of 11 lines"),
        "{}",
        told(&scene)?
    );
    Ok(())
}

#[test]
fn one_process_at_a_time() -> Result<()> {
    let folder = tempdir().expect("a folder");
    let scene = Scene::new(campaign(2), folder.path());
    let toy = Toy::new(true)?;
    let held = FolderLock::take(folder.path())?;
    let told = scene.run(&toy).map(|_| ()).unwrap_err().to_string();
    assert!(told.contains("no other process works in"), "{told}");
    drop(held);
    scene.run(&toy).map(|_| ())
}

#[test]
fn damaged_answers_are_asked_again() -> Result<()> {
    let whole = tempdir().expect("a folder");
    let toy = Toy::new(true)?;
    Scene::new(campaign(11), whole.path()).run(&toy)?;
    let all = toy.take_asked().len();
    for damage in 0..5_usize {
        let folder = tempdir().expect("a folder");
        let killed = Scene {
            killed_at: 8,
            ..Scene::new(campaign(11), folder.path())
        };
        assert!(killed.run(&toy).is_err());
        let before = toy.take_asked().len();
        let path = folder.path().join("answers.tape");
        let mut tape = fs::read(&path).expect("a tape");
        let end = tape.len();
        match damage {
            0 => tape.truncate(end / 2),
            1 => tape[end / 2] ^= 1,
            2 => tape.truncate(3),
            3 => tape[10] ^= 1,
            // A record that says it is endless.
            _ => tape.truncate(tape.iter().position(|&byte| byte == b'\n').expect("a line") + 1),
        }
        if damage == 4 {
            tape.extend_from_slice(&[0xff; 100]);
        }
        fs::write(&path, tape).expect("written");
        Scene::new(campaign(11), folder.path()).run(&toy)?;
        let asked = before + toy.take_asked().len();
        assert!(
            contents(folder.path()) == contents(whole.path()),
            "damage {damage}"
        );
        assert!(
            asked > all && asked < 2 * all,
            "damage {damage}: {asked} of {all}"
        );
    }
    Ok(())
}

#[test]
fn images_of_another_number_are_not_finished() -> Result<()> {
    let folder = tempdir().expect("a folder");
    let scene = Scene::new(campaign(2), folder.path());
    scene.run(&Toy::new(true)?)?;
    let toy = Toy::new(true)?;
    let oracle = crate::attacks::Oracle::new(&toy, 4)?;
    // Of another size: the images of the lines are not there.
    let told = Files::open(folder.path(), &scene.header(&oracle), [9, 4, 3])
        .map(|_| ())
        .unwrap_err()
        .to_string();
    assert!(told.contains("fewer"), "{told}");
    Ok(())
}
