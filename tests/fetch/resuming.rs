//! Downloads that break off and go on.

use crate::server::Reply;
use crate::{Checked, Scene, content};
use std::time::Duration;

const CUT: usize = 70_000;

#[test]
fn a_download_without_faults() -> Checked {
    let scene = Scene::new(|_, request| Reply::part(request, &content(), "a"))?;
    scene.brings(&[None])?;
    // The second time nothing is asked for.
    scene.brings(&[None])
}

#[test]
fn a_broken_download_goes_on_where_it_ended() -> Checked {
    let scene = Scene::new(|number, request| {
        let reply = Reply::part(request, &content(), "a");
        if number < 2 { reply.cut(CUT) } else { reply }
    })?;
    scene.brings(&[None, Some(CUT), Some(2 * CUT)])?;
    let versions: Vec<_> = scene
        .server
        .requests()
        .into_iter()
        .map(|request| request.if_range)
        .collect();
    assert_eq!(versions, [None, Some("\"a\"".into()), Some("\"a\"".into())]);
    Ok(())
}

#[test]
fn the_next_process_goes_on_too() -> Checked {
    let scene = Scene::new(|number, request| match number {
        0 => Reply::part(request, &content(), "a").cut(CUT),
        1 => Reply::new("403 Forbidden", "", b""),
        _ => Reply::part(request, &content(), "a"),
    })?;
    scene.fails(&["403", "by hand", "--mirror"], 2)?;
    assert_eq!(std::fs::metadata(scene.part())?.len(), CUT as u64);
    scene.brings(&[None, Some(CUT), Some(CUT)])
}

#[test]
fn a_stalled_download_is_given_up_and_goes_on() -> Checked {
    let scene = Scene::new(|number, request| {
        let reply = Reply::part(request, &content(), "a");
        match number {
            0 => reply.cut(CUT).lingering(Duration::from_secs(5)),
            _ => reply,
        }
    })?;
    scene.brings(&[None, Some(CUT)])
}

#[test]
fn a_server_that_never_answers_is_given_up() -> Checked {
    let silent = || Reply {
        head: String::new(),
        ..Reply::raw("", "", b"")
    };
    let scene = Scene::new(move |_, _| silent().lingering(Duration::from_secs(5)))?;
    scene.fails(&["timeout", "4 attempts"], 4)
}

#[test]
fn a_server_that_knows_no_ranges_sends_all_again() -> Checked {
    let scene = Scene::new(|number, _| {
        let reply = Reply::new("200 OK", "", &content());
        if number == 0 { reply.cut(CUT) } else { reply }
    })?;
    scene.brings(&[None, Some(CUT)])
}

#[test]
fn a_file_that_changes_between_parts_is_fetched_anew() -> Checked {
    let old = vec![7; content().len()];
    let scene = Scene::new(move |number, request| match number {
        0 => Reply::part(request, &old, "old").cut(CUT),
        _ => Reply::part(request, &content(), "new"),
    })?;
    scene.brings(&[None, Some(CUT)])
}

#[test]
fn a_changed_file_is_noticed_though_the_server_ignores_versions() -> Checked {
    let old = vec![7; content().len()];
    let scene = Scene::new(move |number, request| match number {
        0 => Reply::part(request, &old, "old").cut(CUT),
        _ => {
            let mut request = request.clone();
            request.if_range = None;
            Reply::part(&request, &content(), "new")
        }
    })?;
    scene.brings(&[None, Some(CUT), None])
}

#[test]
fn parts_of_two_files_without_versions_are_noticed_by_the_hash() -> Checked {
    let scene = Scene::new(|_, request| Reply::part(request, &content(), "a"))?;
    std::fs::create_dir_all(scene.folder.path().join("data"))?;
    std::fs::write(scene.part(), vec![7; CUT])?;
    scene.brings(&[Some(CUT), None])
}

#[test]
fn a_part_that_is_whole_or_too_long_needs_no_luck() -> Checked {
    let scene = Scene::new(|_, request| Reply::part(request, &content(), "a"))?;
    std::fs::create_dir_all(scene.folder.path().join("data"))?;
    std::fs::write(scene.part(), content())?;
    scene.brings(&[])?;
    std::fs::remove_file(scene.target())?;
    std::fs::write(scene.part(), vec![7; content().len() + 1])?;
    scene.brings(&[None])
}

#[test]
fn a_part_of_another_place_is_not_taken() -> Checked {
    let scene = Scene::new(|number, request| match number {
        0 => Reply::part(request, &content(), "a").cut(CUT),
        1 => {
            let range = format!(
                "Content-Range: bytes 0-{}/{}\r\n",
                content().len() - 1,
                content().len()
            );
            Reply::new("206 Partial Content", &range, &content())
        }
        _ => Reply::part(request, &content(), "a"),
    })?;
    scene.brings(&[None, Some(CUT), None])
}
