//! Pictures in a conversation: a model that looks, and one that paints.

use std::process::Command;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::home::{Home, Told};
use crate::pictures::{PNG, painter};
use crate::reply::Reply;
use crate::server::{Request, Server};

/// A model that calls the tool `name` once and then says what it has seen.
fn calls(name: &'static str, arguments: Value) -> impl FnMut(&Request) -> Reply + Send + 'static {
    move |request| match request.path() {
        "/v1/responses" => {
            let done = request.json()["input"].to_string().contains("function_call_output");
            let output = if done {
                json!({"type": "message", "role": "assistant", "content": [
                    {"type": "output_text", "text": "There it is.", "annotations": []}]})
            } else {
                json!({"type": "function_call", "id": "f1", "call_id": "c1", "name": name,
                    "arguments": arguments.to_string()})
            };
            Reply::json(
                &json!({"id": "r1", "object": "response", "status": "completed", "error": null,
                "output": [output]}),
            )
        }
        _ => Reply::json(&json!({"data": [{"b64_json": BASE64_STANDARD.encode(PNG)}]})),
    }
}

/// The pictures last shown to the model.
fn shown(server: &Server) -> Vec<String> {
    let last = server.requests().last().unwrap().json();
    let input = last["input"].as_array().unwrap().clone();
    let parts = input.iter().filter_map(|item| item["content"].as_array()).flatten();
    parts.filter_map(|part| part["image_url"].as_str().map(str::to_owned)).collect()
}

#[test]
fn a_model_looks_at_the_screen() {
    let server = Server::answering(calls("look_at_screen", json!({})));
    let home = Home::plain(&server);
    // Screenshot programs: one that fails, and one that works.
    let (picture, programs) = (home.write("shot.png", PNG), home.path("programs"));
    for (name, script) in [
        ("scrot", "echo no luck >&2; exit 1".to_owned()),
        ("import", format!("test \"$1 $2\" = \"-window root\" && cat '{picture}' > \"$3\"")),
    ] {
        use std::os::unix::fs::PermissionsExt as _;
        let path = home.write(&format!("programs/{name}"), format!("#!/bin/sh\n{script}\n"));
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:/usr/bin:/bin", programs.display());
    let ask = ["ask", "--no-stream", "--json", "what is on my screen"];
    let output = home.command(&ask).env("DISPLAY", ":99").env("PATH", &path).output().unwrap();
    let told = Told::of(&output);
    assert_eq!(told.code, 0, "{}", told.aside);
    assert_eq!(shown(&server), [format!("data:image/png;base64,{}", BASE64_STANDARD.encode(PNG))]);

    // Without a desktop the model is told, and can say so.
    let turn: Value = serde_json::from_str(&home.run(&ask).printed).unwrap();
    assert_eq!(turn["tool_calls"][0]["name"], "look_at_screen");
    let result = turn["tool_calls"][0]["result"].as_str().unwrap();
    assert!(result.contains("I see no screen"), "{result}");
    assert_eq!(shown(&server), Vec::<String>::new());
}

#[test]
fn a_model_makes_looks_at_and_changes_pictures() {
    let server = Server::answering(calls("generate_image", json!({"prompt": "a red fox"})));
    let home = Home::plain(&server);
    let turn = home.run(&["ask", "--no-stream", "--json", "paint me a fox"]).printed;
    let turn: Value = serde_json::from_str(&turn).unwrap();
    let made = home.path(".local/share/aloud/pictures/a-red-fox.png");
    assert_eq!(turn["tool_calls"][0]["result"]["path"], made.to_str().unwrap(), "{turn}");
    assert_eq!(std::fs::read(&made).unwrap(), PNG);

    // The picture made last is edited, even by another process.
    server.answer(calls("edit_image", json!({"prompt": "with a hat"})));
    let before = server.requests().len();
    home.lines(&["ask", "--no-stream", "give it a hat"]);
    assert!(made.with_file_name("with-a-hat.png").exists());
    let form = server.requests()[before + 1].clone();
    assert_eq!(form.path(), "/v1/images/edits");
    assert!(form.text().contains("not much of a picture"));

    server.answer(calls("look_at_picture", json!({"path": "a-red-fox.png"})));
    home.lines(&["ask", "--no-stream", "what is on it"]);
    assert_eq!(shown(&server).len(), 1);
}

#[test]
fn without_a_key_nothing_paints_but_everything_looks() {
    let server = painter();
    let home = Home::plain(&server);
    let tools = |command: &mut Command| Told::of(&command.output().unwrap()).printed;
    let with = tools(&mut home.command(&["tools"]));
    let without = tools(home.command(&["tools"]).env_remove("OPENAI_API_KEY"));
    for (name, always) in [
        ("generate_image", false),
        ("edit_image", false),
        ("look_at_picture", true),
        ("look_at_screen", true),
    ] {
        assert!(with.contains(name), "{name} is not in {with}");
        assert_eq!(without.contains(name), always, "{name}: {without}");
    }
}
