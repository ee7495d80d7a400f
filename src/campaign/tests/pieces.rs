//! Groups, shards, interruptions: the same bits.

use super::{Scene, campaign, contents};
use crate::Result;
use crate::attacks::tests::Toy;
use crate::campaign::{Journal, Shard, Until, merge};
use tempfile::tempdir;

#[test]
fn groups_do_not_matter() -> Result<()> {
    let whole = tempdir().expect("a folder");
    let results = Scene::new(campaign(100), whole.path()).run(&Toy::new(true)?)?;
    let broken = results
        .iter()
        .filter(|result| result.record.broken.is_some())
        .count();
    assert!(results.len() == 11 && broken > 0, "{broken}");
    for block in [1, 3, 4] {
        let folder = tempdir().expect("a folder");
        Scene::new(campaign(block), folder.path()).run(&Toy::new(true)?)?;
        assert!(
            contents(folder.path()) == contents(whole.path()),
            "groups of {block}"
        );
    }
    let names: Vec<String> = contents(whole.path()).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["adversarial.safetensors", "journal.jsonl", "run.lock"]);
    Ok(())
}

#[test]
fn shards_merged_are_the_whole() -> Result<()> {
    let whole = tempdir().expect("a folder");
    let results = Scene::new(campaign(3), whole.path()).run(&Toy::new(true)?)?;
    for count in [2, 3] {
        let parts: Vec<_> = (0..count).map(|_| tempdir().expect("a folder")).collect();
        for (index, part) in parts.iter().enumerate() {
            let shard = Shard::new(index as u32, count)?;
            Scene {
                shard,
                ..Scene::new(campaign(2), part.path())
            }
            .run(&Toy::new(true)?)?;
        }
        let out = tempdir().expect("a folder");
        let mut folders: Vec<_> = parts.iter().map(|part| part.path().to_owned()).collect();
        folders.reverse();
        assert_eq!(merge(&folders, out.path())?.1, results);
        assert!(contents(out.path()) == contents(whole.path()), "{count} shards");
        // Again, which changes nothing.
        merge(&folders, out.path())?;
        assert!(contents(out.path()) == contents(whole.path()));
        // One that is missing, twice there, or of another campaign.
        let told =
            |folders: &[std::path::PathBuf]| merge(folders, out.path()).map(|_| ()).unwrap_err().to_string();
        assert!(
            told(&folders[1..]).contains("none with shard"),
            "{}",
            told(&folders[1..])
        );
        let twice = [folders.clone(), folders[..1].to_vec()].concat();
        assert!(told(&twice).contains("there twice"), "{}", told(&twice));
        let other = tempdir().expect("a folder");
        let mut changed = campaign(2);
        changed.seed += 1;
        Scene {
            shard: Shard::new(0, count)?,
            ..Scene::new(changed, other.path())
        }
        .run(&Toy::new(true)?)?;
        let mixed = [
            folders[..folders.len() - 1].to_vec(),
            vec![other.path().to_owned()],
        ]
        .concat();
        assert!(told(&mixed).contains("another attack"), "{}", told(&mixed));
    }
    Ok(())
}

#[test]
fn shards_without_images_need_not_be_there() -> Result<()> {
    let whole = tempdir().expect("a folder");
    Scene::new(campaign(3), whole.path()).run(&Toy::new(true)?)?;
    let parts: Vec<_> = (0..11).map(|_| tempdir().expect("a folder")).collect();
    for (index, part) in parts.iter().enumerate() {
        let shard = Shard::new(index as u32, 13)?;
        let scene = Scene {
            shard,
            ..Scene::new(campaign(2), part.path())
        };
        scene.run(&Toy::new(true)?)?;
    }
    let folders: Vec<_> = parts.iter().map(|part| part.path().to_owned()).collect();
    let out = tempdir().expect("a folder");
    merge(&folders, out.path())?;
    assert!(contents(out.path()) == contents(whole.path()));
    Ok(())
}

#[test]
fn a_merge_writes_over_nothing_else() -> Result<()> {
    let parts: Vec<_> = (0..2).map(|_| tempdir().expect("a folder")).collect();
    for (index, part) in parts.iter().enumerate() {
        let shard = Shard::new(index as u32, 2)?;
        let scene = Scene {
            shard,
            ..Scene::new(campaign(4), part.path())
        };
        scene.run(&Toy::new(true)?)?;
    }
    let folders: Vec<_> = parts.iter().map(|part| part.path().to_owned()).collect();
    let refused = |out: &std::path::Path| merge(&folders, out).map(|_| ()).unwrap_err().to_string();
    // One of the shards, by another name.
    let before = contents(parts[0].path());
    let told = refused(&parts[0].path().join("."));
    assert!(told.contains("a shard is in that folder"), "{told}");
    assert!(contents(parts[0].path()) == before);
    // The same attack under way, and another one that is done.
    let (under_way, done) = (tempdir().expect("a folder"), tempdir().expect("a folder"));
    let scene = Scene {
        killed_at: 25,
        ..Scene::new(campaign(2), under_way.path())
    };
    assert!(scene.run(&Toy::new(true)?).is_err());
    let mut other = campaign(4);
    other.seed += 1;
    Scene::new(other, done.path()).run(&Toy::new(true)?)?;
    for out in [&under_way, &done] {
        let journal = |out: &tempfile::TempDir| std::fs::read(out.path().join("journal.jsonl"));
        let before = journal(out).expect("a journal");
        let told = refused(out.path());
        assert!(told.contains("a folder without results"), "{told}");
        assert!(journal(out).expect("a journal") == before);
    }
    Ok(())
}

#[test]
fn a_campaign_goes_on_where_it_was_without_asking_again() -> Result<()> {
    let whole = tempdir().expect("a folder");
    let toy = Toy::new(true)?;
    Scene::new(campaign(4), whole.path()).run(&toy)?;
    let asked = toy.take_asked().len();
    // Killed at every seventh iteration, again and again.
    let folder = tempdir().expect("a folder");
    let mut scene = Scene::new(campaign(4), folder.path());
    let (mut kills, mut asked_in_pieces) = (0, 0);
    scene.killed_at = 7;
    while scene.run(&toy).is_err() {
        kills += 1;
        scene.killed_at += 7;
        asked_in_pieces += toy.take_asked().len();
        assert!(kills < 200);
    }
    asked_in_pieces += toy.take_asked().len();
    assert!(contents(folder.path()) == contents(whole.path()));
    // Nothing was asked twice: answers are on the tape.
    assert!(
        kills > 5 && asked_in_pieces == asked,
        "{kills} kills, {asked_in_pieces} of {asked}"
    );
    // Done, it asks nothing and stays the same.
    scene.killed_at = usize::MAX;
    scene.run(&toy)?;
    assert!(toy.take_asked().is_empty() && contents(folder.path()) == contents(whole.path()));
    Ok(())
}

#[test]
fn it_stops_once_enough_is_known_whatever_the_groups() -> Result<()> {
    let all = tempdir().expect("a folder");
    let all = Scene::new(campaign(4), all.path()).run(&Toy::new(true)?)?;
    let mut counts = Vec::new();
    for half_width in [0.45, 0.3, 0.25, 0.01] {
        let until = Until::Interval(half_width);
        let mut found = Vec::new();
        for block in [1, 4, 100] {
            let folder = tempdir().expect("a folder");
            let scene = Scene {
                until,
                ..Scene::new(campaign(block), folder.path())
            };
            let results = scene.run(&Toy::new(true)?)?;
            assert_eq!(results, all[..results.len()]);
            assert_eq!(Journal::read(&folder.path().join("journal.jsonl"))?.1, results);
            found.push(results.len());
        }
        assert!(found.iter().all(|&n| n == found[0]), "{found:?}");
        counts.push(found[0]);
    }
    assert!(
        counts[0] < counts[1] && counts[1] <= counts[2] && counts[3] == 11,
        "{counts:?}"
    );
    Ok(())
}
