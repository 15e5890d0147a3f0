//! `aloud doctor` really uses each configured model, and names the fix for each failure.

use serde_json::json;

use crate::home::{Home, provider};
use crate::reply::Reply;
use crate::server::{Request, Server};

/// A server that lists the model `m`, answers chat and refuses to speak.
fn server() -> Server {
    Server::answering(|request: &Request| match request.path() {
        "/v1/models" => Reply::json(&json!({"object": "list", "data": [{"id": "m"}]})),
        "/v1/chat/completions" => Reply::says("OK."),
        _ => Reply::error(401, "invalid_api_key", "Incorrect API key"),
    })
}

/// The line that `doctor` prints about `what`.
fn line(printed: &str, what: &str) -> String {
    let fits = |line: &&str| line.split_whitespace().nth(1) == Some(what);
    printed.lines().find(fits).unwrap_or_default().to_owned()
}

#[test]
fn each_model_is_asked_for_and_what_fails_is_named_with_its_fix() {
    let server = server();
    let home = Home::with(
        &provider("ollama", &server.base()),
        "transcribe = \"local/moonshine-tiny-en\"\nchat = \"ollama/m\"\nspeak = \"ollama/m\"",
    );
    let told = home.run(&["doctor"]);
    assert_eq!(told.code, 69, "{told:?}");
    assert!(line(&told.printed, "answering").starts_with("ok "), "{}", told.printed);
    let hearing = line(&told.printed, "hearing");
    assert!(hearing.starts_with("BAD") && hearing.contains("aloud models fetch"), "{hearing}");
    let speaking = line(&told.printed, "speaking");
    assert!(speaking.starts_with("BAD") && speaking.contains("key"), "{speaking}");
    let asked = server.requests();
    assert!(asked.iter().any(|request| request.path() == "/v1/chat/completions"), "not asked");
    assert!(asked.iter().any(|request| request.path() == "/v1/audio/speech"), "not asked");
    assert!(told.aside.contains("some checks failed; fixes above"), "{}", told.aside);
}

#[test]
fn a_model_that_ollama_does_not_have_is_named_with_the_command_that_pulls_it() {
    let server = server();
    let home = Home::with(&provider("ollama", &server.base()), "chat = \"ollama/qwen3\"");
    let answering = line(&home.run(&["doctor"]).printed, "answering");
    assert!(answering.starts_with("BAD"), "{answering}");
    assert!(answering.ends_with("run \"ollama pull qwen3\""), "{answering}");
}

#[test]
fn a_service_that_does_not_run_and_a_missing_sound_server_are_told_apart() {
    let home = Home::with("", "chat = \"local/templates\"");
    let printed = home.run(&["doctor"]).printed;
    let service = line(&printed, "service");
    assert!(service.starts_with("--") && service.contains("aloud daemon"), "{service}");
    let microphone = line(&printed, "microphone");
    assert!(microphone.starts_with("BAD"), "{microphone}");
}
