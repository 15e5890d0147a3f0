//! Making and editing pictures.

use std::io::{BufRead, BufReader};
use std::time::Duration;

use aloud::engine::openai::picture::ImageModel;
use aloud::engine::openai::{Address, Auth, Http};
use aloud::engine::{Painter, Wish};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use futures::StreamExt;
use serde_json::{Value, json};

use crate::contract::hold_answers;
use crate::home::{Home, KEY};
use crate::reply::{Gate, Reply};
use crate::server::{PATIENCE, Request, Server};

/// The smallest file that passes for a picture.
pub(crate) const PNG: &[u8] = b"\x89PNG\r\n\x1a\nnot much of a picture";
const JPEG: &[u8] = b"\xff\xd8\xff\xe0not much of a picture";

/// The fields of a stream event about a picture, besides its kind.
fn event(kind: &str, format: &str, bytes: &[u8]) -> Value {
    json!({
        "type": kind, "b64_json": BASE64_STANDARD.encode(bytes), "created_at": 1_790_000_000,
        "background": "opaque", "output_format": format, "quality": "high", "size": "1024x1024",
    })
}

/// The unfinished picture of `call`.
fn unfinished(call: &str, index: u32) -> Value {
    let mut event = event(&format!("{call}.partial_image"), "png", PNG);
    event["partial_image_index"] = json!(index);
    event
}

/// The finished picture of `call`.
fn finished(call: &str) -> Value {
    let mut event = event(&format!("{call}.completed"), "jpeg", JPEG);
    event["usage"] = json!({
        "input_tokens": 9, "output_tokens": 1_056, "total_tokens": 1_065,
        "input_tokens_details": {"text_tokens": 9, "image_tokens": 0},
    });
    event
}

/// A server that paints.
pub(crate) fn painter() -> Server {
    Server::answering(|request| match (request.method.as_str(), request.path()) {
        ("POST", "/v1/images/generations") => {
            let base = request.header("host").unwrap();
            let body = request.json();
            let count = body["n"].as_u64().unwrap_or(1);
            let item = match body["response_format"].as_str() {
                Some("url") => json!({"url": format!("http://{base}/made/1")}),
                _ => {
                    json!({"b64_json": BASE64_STANDARD.encode(PNG), "revised_prompt": "A red fox."})
                }
            };
            Reply::json(&json!({"created": 1, "data": vec![item; usize::try_from(count).unwrap()]}))
        }
        ("POST", "/v1/images/edits") => {
            Reply::json(&json!({"data": [{"b64_json": BASE64_STANDARD.encode(PNG)}]}))
        }
        ("GET", "/made/1") => Reply::whole("image/png", PNG),
        _ => Reply::error(404, "not_found", "no such thing"),
    })
}

#[test]
fn a_picture_is_saved_under_the_words_that_it_was_asked_for_with() {
    let server = painter();
    let home = Home::plain(&server);
    let first = home.lines(&["image", "generate", "a red fox,", "in the snow"]);
    let folder = home.path(".local/share/aloud/pictures");
    assert_eq!(first, [folder.join("a-red-fox-in-the-snow.png").to_str().unwrap()]);
    assert_eq!(std::fs::read(&first[0]).unwrap(), PNG);
    let second = home.lines(&["image", "generate", "--n", "2", "--json", "A red fox in the snow"]);
    let told: Value = serde_json::from_str(&second[1]).unwrap();
    assert_eq!(told["path"], folder.join("a-red-fox-in-the-snow-3.png").to_str().unwrap());
    assert_eq!(
        (&told["type"], &told["revised_prompt"]),
        (&"image/png".into(), &"A red fox.".into())
    );
    let bodies: Vec<Value> = server.requests().iter().map(Request::json).collect();
    let model = aloud::engine::openai::defaults::IMAGE;
    assert_eq!(bodies[0], json!({"model": model, "prompt": "a red fox, in the snow"}));
    assert_eq!(bodies[1]["n"], 2);
}

#[test]
fn the_old_form_names_an_address_which_never_sees_the_key() {
    let server = painter();
    let home = Home::plain(&server);
    let args = [
        "image",
        "generate",
        "--model",
        "dall-e-3",
        "--size",
        "1024x1024",
        "--response-format",
        "url",
        "--out",
        "fox.png",
        "a fox",
    ];
    home.lines(&args);
    assert_eq!(std::fs::read(home.path("fox.png")).unwrap(), PNG);
    let requests = server.requests();
    assert_eq!(
        requests[0].json(),
        json!({"model": "dall-e-3", "prompt": "a fox", "size": "1024x1024", "response_format": "url"})
    );
    assert_eq!(requests[0].header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    assert_eq!(requests[1].path(), "/made/1");
    assert_eq!(requests[1].header("authorization"), None);
    // The existing file is kept, and nothing is paid for.
    home.fails(&args, 73, &["fox.png", "already exists", "--force"]);
    assert_eq!(server.requests().len(), 2);
    home.lines(&[&args[..], &["--force"]].concat());
}

#[test]
fn unfinished_pictures_are_shown_on_the_way_and_go_when_it_is_done() {
    let generate = ["image", "generate", "--partial", "2", "--out", "fox.jpg", "a fox"];
    let edit = ["image", "edit", "--image", "old.png", "--partial", "2", "--out", "fox.jpg", "hat"];
    for (call, kind, args) in [
        ("image_generation", "image_gen_stream_event.ImageGenStreamEvent", &generate[..]),
        ("image_edit", "image_edit_stream_event.ImageEditStreamEvent", &edit[..]),
    ] {
        let events = [unfinished(call, 0), unfinished(call, 1), finished(call)];
        hold_answers(kind, &events);
        let server = Server::start();
        let (first, second) = (Gate::default(), Gate::default());
        let reply = Reply::stream().event(&events[0]).hold(&first).event(&events[1]);
        server.reply(reply.hold(&second).event(&events[2]));
        let home = Home::plain(&server);
        home.write("old.png", PNG);
        let mut child = home.command(args).spawn().unwrap();
        let mut aside = BufReader::new(child.stderr.take().unwrap()).lines();
        for gate in [&first, &second] {
            assert_eq!(aside.next().unwrap().unwrap(), "unfinished: fox.partial.png");
            assert_eq!(std::fs::read(home.path("fox.partial.png")).unwrap(), PNG);
            assert_eq!(home.names(""), ["fox.partial.png", "old.png"]);
            gate.open();
        }
        assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
        assert!(aside.next().is_none());
        assert_eq!(std::fs::read(home.path("fox.jpg")).unwrap(), JPEG);
        assert_eq!(home.names(""), ["fox.jpg", "old.png"]);
        let asked = server.requests().remove(0);
        if call == "image_generation" {
            let model = aloud::engine::openai::defaults::IMAGE;
            let body = json!({"model": model, "prompt": "a fox", "output_format": "jpeg",
                "partial_images": 2, "stream": true});
            assert_eq!(asked.json(), body);
        } else {
            let fields = asked.fields();
            let said: Vec<_> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
            assert!(said.contains(&("stream", "true")), "{said:?}");
            assert!(said.contains(&("partial_images", "2")), "{said:?}");
        }
    }
}

#[test]
fn a_picture_that_breaks_off_leaves_nothing_and_is_not_paid_for_twice() {
    let server = Server::start();
    let reply = Reply::stream().event(&unfinished("image_generation", 0)).cut();
    server.reply(reply);
    let home = Home::plain(&server);
    home.write("fox.jpg", JPEG);
    let args = ["image", "generate", "--partial", "1", "--out", "fox.jpg", "--force", "a fox"];
    home.fails(&args, 74, &["provider openai", "the connection was lost", "ask again"]);
    // The old file is still there.
    assert_eq!(std::fs::read(home.path("fox.jpg")).unwrap(), JPEG);
    assert_eq!(home.names(""), ["fox.jpg"]);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_picture_is_changed_with_its_mask_and_several_go_as_a_list() {
    let server = painter();
    let home = Home::plain(&server);
    let (fox, mask) = (home.write("fox.png", PNG), home.write("mask.png", PNG));
    home.lines(&["image", "edit", "a hat", "--image", &fox, "--mask", &mask, "--out", "hat.png"]);
    home.lines(&["image", "edit", "both", "--image", &fox, "--image", &mask]);
    let forms: Vec<String> = server.requests().iter().map(Request::text).collect();
    for part in [
        "name=\"model\"",
        "name=\"prompt\"\r\n\r\na hat\r\n",
        "name=\"image\"; filename=\"image-1.png\"\r\nContent-Type: image/png",
        "name=\"mask\"; filename=\"mask.png\"",
    ] {
        let found = forms[0].to_lowercase().contains(&part.to_lowercase());
        assert!(found, "{part:?} is not in {}", forms[0]);
    }
    assert_eq!(forms[1].matches("name=\"image[]\"").count(), 2);
}

#[test]
fn what_cannot_be_made_changed_or_saved_has_a_code_and_a_reason() {
    let server = Server::answering(|_| {
        Reply::error(400, "content_filter", "Your request was rejected by our safety system.")
    });
    let home = Home::plain(&server);
    let words = home.write("words.png", "no picture");
    home.fails(&["image", "edit", "x", "--image", "none.png"], 66, &["none.png"]);
    home.fails(&["image", "edit", "x", "--image", &words], 65, &["words.png", "convert it"]);
    home.fails(&["image", "generate", "x", "--out", "no/such/x.png"], 73, &["no such folder"]);
    assert!(server.requests().is_empty());
    home.fails(&["image", "generate", "x"], 77, &["content filter", "rephrase"]);
    assert_eq!(home.names(""), ["words.png"]);
}

#[test]
fn a_picture_is_asked_for_again_only_when_surely_none_was_made() {
    let busy = |status| Reply::error(status, "busy", "Busy.").header("retry-after-ms", "1");
    let told = |status| busy(status).header("x-should-retry", "true");
    for (reply, tries, code) in [
        (busy(429), 3, 75),
        (busy(500), 3, 75),
        (busy(503), 3, 75),
        // A gateway lost track of a picture that may have been made, and the connection broke as
        // well.
        (busy(502), 1, 75),
        (busy(504), 1, 75),
        (told(504), 3, 75),
        (Reply::none(), 1, 69),
    ] {
        for args in
            [&["image", "generate", "a fox"][..], &["image", "edit", "a hat", "--image", "fox.png"]]
        {
            let server = Server::answering({
                let reply = reply.clone();
                move |_| reply.clone()
            });
            let home = Home::plain(&server);
            home.write("fox.png", PNG);
            home.fails(args, code, &["provider openai"]);
            assert_eq!(server.requests().len(), tries, "{args:?} {reply:?}");
        }
    }
}

#[tokio::test]
async fn a_picture_that_does_not_come_in_time_is_not_asked_for_again() {
    let server = Server::start();
    // Made and paid for, but never delivered.
    server.answer(|_| Reply::none().late(&Gate::default()));
    let address = Address::v1(&server.base()).unwrap();
    let http = Http::new("acme", address, Auth::Bearer(KEY.into()), PATIENCE).unwrap();
    let wish = Wish { prompt: "a fox".into(), ..Wish::default() };
    let mut painted = ImageModel::new(&http, "m").unwrap().paint(wish);
    let waiting = tokio::spawn(async move { painted.next().await.unwrap() });
    let asked = server.comes();
    tokio::task::spawn_blocking(asked).await.unwrap();
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(180)).await;
    let told = waiting.await.unwrap().unwrap_err().to_string();
    assert!(told.starts_with("provider acme (127.0.0.1) did not answer in time"), "{told}");
    assert_eq!(server.requests().len(), 1);
}
