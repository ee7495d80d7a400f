//! Servers that fail or lie, and manifests that do.

use crate::server::{Reply, Server};
use crate::{Checked, NAME, Scene, content, sha256};
use crossmax::fetch::Size;

#[test]
fn servers_in_trouble_are_asked_again() -> Checked {
    let scene = Scene::new(|number, request| match number {
        0 => Reply::new("503 Service Unavailable", "", b"later"),
        1 => Reply::new("500 Internal Server Error", "", b"oh"),
        2 => Reply::new("429 Too Many Requests", "", b""),
        _ => Reply::part(request, &content(), "a"),
    })?;
    scene.brings(&[None; 4])
}

#[test]
fn trouble_that_lasts_is_an_error() -> Checked {
    let scene = Scene::new(|_, _| Reply::new("503 Service Unavailable", "", b""))?;
    scene.fails(&["503", "4 attempts", "by hand"], 4)
}

#[test]
fn a_missing_file_is_not_asked_for_twice() -> Checked {
    let scene = Scene::new(|_, _| Reply::new("404 Not Found", "", &content()))?;
    scene.fails(&["404", "by hand", NAME], 1)
}

#[test]
fn the_next_address_is_tried() -> Checked {
    let mut scene = Scene::new(|_, request| Reply::part(request, &content(), "a"))?;
    let gone = Server::start(|_, _| Reply::new("404 Not Found", "", b""))?;
    scene.entry.files[0]
        .urls
        .insert(0, format!("{}/old.bin", gone.url));
    scene.brings(&[None])?;
    assert_eq!(gone.requests().len(), 1);
    Ok(())
}

#[test]
fn redirects_are_followed() -> Checked {
    let scene = Scene::new(|number, request| match number {
        0 => Reply::new("302 Found", "Location: /elsewhere\r\n", b""),
        1 => Reply::new("301 Moved Permanently", "Location: /there\r\n", b""),
        _ => Reply::part(request, &content(), "a"),
    })?;
    scene.brings(&[None; 3])?;
    assert!(scene.server.requests()[2].line.starts_with("GET /there "));
    Ok(())
}

#[test]
fn redirects_in_a_circle_end() -> Checked {
    let scene = Scene::new(|_, _| Reply::new("302 Found", "Location: /again\r\n", b""))?;
    scene.fails(&["redirect"], 9)
}

#[test]
fn announced_lengths_must_be_the_known_one() -> Checked {
    for wrong in [content().len() - 1, content().len() + 1] {
        let header = format!("Content-Length: {wrong}\r\n");
        let scene = Scene::new(move |_, _| Reply::raw("200 OK", &header, &content()))?;
        scene.fails(&["announces", &wrong.to_string(), "200000 bytes"], 1)?;
    }
    Ok(())
}

#[test]
fn no_more_is_taken_than_the_known_length() -> Checked {
    let longer = [content(), vec![1; 1 << 20]].concat();
    let scene = Scene::new(move |_, _| Reply::raw("200 OK", "", &longer))?;
    scene.fails(&["more than 200000 bytes"], 1)?;
    assert_eq!(std::fs::metadata(scene.part())?.len(), 0);
    Ok(())
}

#[test]
fn an_unannounced_end_is_noticed() -> Checked {
    let scene = Scene::new(|_, _| Reply::raw("200 OK", "", &content()[..1000]))?;
    scene.fails(&["ended after 1000", "4 attempts"], 4)
}

#[test]
fn another_content_never_gets_the_name() -> Checked {
    let other = vec![7; content().len()];
    let scene = Scene::new(move |_, request| Reply::part(request, &other, "a"))?;
    scene.fails(&["is not the file", &sha256(&content())], 1)
}

#[test]
fn a_wrong_manifest_never_gets_the_name_either() -> Checked {
    let mut scene = Scene::new(|_, request| Reply::part(request, &content(), "a"))?;
    scene.entry.files[0].sha256 = Some("0123abcd".into());
    scene.fails(&["is not the file", "0123abcd"], 1)?;
    scene.entry.files[0].size = Size::exactly(5);
    scene.fails(&["announces 200000 bytes", "expected 5 bytes"], 2)
}

#[test]
fn the_first_digits_of_a_hash_and_a_rough_length_are_checked() -> Checked {
    let mut scene = Scene::new(|_, request| Reply::part(request, &content(), "a"))?;
    let file = &mut scene.entry.files[0];
    file.sha256 = Some(sha256(&content())[..8].to_owned());
    file.size = Size {
        least: 199_000,
        most: 201_000,
    };
    scene.brings(&[None])
}

#[test]
fn a_broken_download_of_roughly_known_length_goes_on() -> Checked {
    let mut scene = Scene::new(|number, request| {
        let reply = Reply::part(request, &content(), "a");
        if number == 0 { reply.cut(199_500) } else { reply }
    })?;
    scene.entry.files[0].size = Size {
        least: 199_000,
        most: 201_000,
    };
    scene.brings(&[None, Some(199_500)])
}

#[test]
fn a_file_put_there_by_hand_is_checked() -> Checked {
    let scene = Scene::new(|_, request| Reply::part(request, &content(), "a"))?;
    std::fs::create_dir_all(scene.folder.path().join("data"))?;
    std::fs::write(scene.target(), content())?;
    scene.brings(&[])?;
    let damaged = vec![7; content().len()];
    std::fs::write(scene.target(), &damaged)?;
    let told = scene.fetch().err().ok_or("taken")?.to_string();
    assert!(told.contains("SHA-256") && told.contains("remove it"), "{told}");
    // It is a person's file and stays.
    assert_eq!(std::fs::read(scene.target())?, damaged);
    Ok(())
}

#[test]
fn offline_says_what_to_put_where() -> Checked {
    let mut scene = Scene::new(|_, request| Reply::part(request, &content(), "a"))?;
    scene.options.offline = true;
    let target = scene.target().display().to_string();
    let url = scene.entry.files[0].urls[0].clone();
    scene.fails(&[&target, &url, "by hand", "200000 bytes"], 0)
}

#[test]
fn a_mirror_is_asked_instead() -> Checked {
    let mut scene = Scene::new(|_, request| Reply::part(request, &content(), "a"))?;
    scene.entry.files[0].urls = vec!["http://127.0.0.1:1/nobody".into()];
    scene.options = scene
        .options
        .clone()
        .with_mirror(Some(format!("{}/mirrored/", scene.server.url)));
    scene.brings(&[None])?;
    assert!(
        scene.server.requests()[0]
            .line
            .starts_with("GET /mirrored/file.bin ")
    );
    Ok(())
}

#[test]
fn nobody_there_is_one_line() -> Checked {
    let mut scene = Scene::new(|_, request| Reply::part(request, &content(), "a"))?;
    scene.entry.files[0].urls = vec!["http://127.0.0.1:1/nobody".into()];
    scene.fails(&["http://127.0.0.1:1/nobody", "by hand"], 0)
}
