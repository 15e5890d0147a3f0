//! Pictures by a chain of painters, as by every other chain.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use crate::home::{Home, provider};
use crate::reply::Reply;
use crate::server::Server;

/// The smallest file that passes for a picture.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\nnot much of a picture";

fn painted() -> Reply {
    Reply::json(&json!({"created": 1, "data": [{"b64_json": BASE64_STANDARD.encode(PNG)}]}))
}

/// A home that paints with `x/m`, and falls back to `y/n`.
fn home(first: &Server, second: &Server) -> Home {
    let image = "[image]\nmodel = [\"x/m\", \"y/n\"]\n";
    let providers =
        format!("{}{}{image}", provider("x", &first.base()), provider("y", &second.base()));
    Home::with(&providers, "chat = \"x/m\"")
}

#[test]
fn the_next_painter_paints_when_the_first_cannot_and_the_user_is_told_why() {
    for command in [&["generate"][..], &["edit", "--image", "fox.png"]] {
        let (first, second) = (Server::start(), Server::start());
        first.reply(Reply::error(429, "insufficient_quota", "Pay first"));
        second.reply(painted());
        let home = home(&first, &second);
        std::fs::write(home.path("fox.png"), PNG).unwrap();
        let told = home.run(
            &[&["image"], command, &["--out", "made.png", "--json", "a fox in the snow"]].concat(),
        );
        assert_eq!(told.code, 0, "{told:?}");
        assert_eq!(std::fs::read(home.path("made.png")).unwrap(), PNG);
        let object: serde_json::Value = serde_json::from_str(&told.printed).unwrap();
        assert_eq!(object["model"], "y/n");
        assert!(told.aside.contains("Pay first"), "{}", told.aside);
        assert!(told.aside.contains("y/n paints instead"), "{}", told.aside);
        assert_eq!((first.requests().len(), second.requests().len()), (1, 1));
    }
}

#[test]
fn a_picture_by_voice_has_the_same_chain() {
    let (first, second) = (Server::start(), Server::start());
    first.reply_to(
        "/v1/chat/completions",
        Reply::calls(&[("call_1", "generate_image", r#"{"prompt": "a fox"}"#)]),
    );
    first.reply_to("/v1/images/generations", Reply::error(404, "model_not_found", "No such."));
    first.reply_to("/v1/chat/completions", Reply::says("There it is."));
    second.reply(painted());
    let told = home(&first, &second).run(&["ask", "--json", "draw me a fox"]);
    assert_eq!(told.code, 0, "{told:?}");
    let object: serde_json::Value = serde_json::from_str(&told.printed).unwrap();
    assert_eq!(object["reply"], "There it is.");
    let result = object["tool_calls"][0]["result"].to_string();
    assert!(result.contains(".png"), "{result}");
    assert!(told.aside.contains("y/n paints instead"), "{}", told.aside);
}

#[test]
fn when_nobody_paints_the_first_reason_is_given() {
    let (first, second) = (Server::start(), Server::start());
    first.reply(Reply::error(429, "insufficient_quota", "Pay first"));
    second.reply(Reply::error(401, "invalid_api_key", "No."));
    let told = home(&first, &second).run(&["image", "generate", "--out", "made.png", "a fox"]);
    told.fails(77, &["Pay first"]);
}

#[test]
fn a_list_without_a_model_and_a_painter_inside_the_machine_are_refused_with_the_line() {
    for (models, why) in
        [("[]", "the list is empty"), ("\"local/templates\"", "no local model does this")]
    {
        let server = Server::start();
        let lines = format!("{}[image]\nmodel = {models}\n", provider("x", &server.base()));
        let told = Home::with(&lines, "chat = \"x/m\"").run(&["ask", "hello"]);
        assert_eq!(told.code, 78, "{told:?}");
        assert!(told.aside.contains(why), "{}", told.aside);
    }
}
