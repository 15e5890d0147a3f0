//! The formats of the original API description, with servers that still accept them; requests are
//! checked against the last types that have them.

use serde_json::{Value, json};

use crate::home::{Home, Told, provider};
use crate::reply::Reply;
use crate::server::Server;

/// An old server, and a home that uses it for everything.
fn house() -> (Server, Home) {
    let server = Server::of_old();
    let cascade = "chat = \"x/gpt-3.5-turbo\"\ntranscribe = \"x/whisper-1\"\nspeak = \"x/tts-1\"";
    let providers = format!("{}\n[chat]\nmax_output_tokens = 100\n", provider("x", &server.base()));
    (server, Home::with(&providers, cascade))
}

fn done(home: &Home, args: &[&str]) -> Told {
    let told = home.run(args);
    assert_eq!(told.code, 0, "{args:?}: {}", told.aside);
    told
}

/// What `aloud ask` sends for `model`.
fn asked(model: &str, reply: Reply) -> (String, Value) {
    let (server, home) = house();
    server.reply(reply);
    assert_eq!(done(&home, &["ask", "hello there", "--model", model]).printed, "Hi.\n");
    let request = server.requests().remove(0);
    (request.path().to_owned(), request.json())
}

#[test]
fn an_old_chat_model_gets_the_old_name_of_its_limit() {
    let (path, body) = asked("gpt-3.5-turbo", Reply::says("Hi."));
    assert_eq!(path, "/v1/chat/completions");
    assert_eq!((&body["max_tokens"], &body["max_completion_tokens"]), (&json!(100), &Value::Null));
    assert_eq!(body["messages"][0]["role"], "system");
}

#[test]
fn a_model_without_a_system_role_gets_its_instructions_from_the_user() {
    let (_, body) = asked("o1-mini", Reply::says("Hi."));
    let messages = body["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 1);
    let content = messages[0]["content"].as_str().unwrap();
    assert!(content.starts_with("You are aloud") && content.ends_with("hello there"), "{content}");
    assert_eq!((&body["tools"], &body["max_completion_tokens"]), (&Value::Null, &json!(100)));
}

#[test]
fn a_model_that_searches_is_asked_for_it() {
    let (_, body) = asked("gpt-4o-search-preview", Reply::says("Hi."));
    assert_eq!(body["web_search_options"], json!({}));
}

#[test]
fn a_base_model_goes_on_with_a_text() {
    let end = json!({"choices": [{"index": 0, "text": "", "finish_reason": "stop"}]});
    let reply = Reply::stream()
        .event(&json!({"choices": [{"index": 0, "text": " Hi.", "finish_reason": null}]}))
        .event(&end)
        .done();
    for model in ["gpt-3.5-turbo-instruct", "davinci-002", "ft:babbage-002:acme::7p4"] {
        let (path, body) = asked(model, reply.clone());
        assert_eq!(path, "/v1/completions");
        assert!(body["prompt"].as_str().unwrap().contains("hello there"), "{body}");
    }
}

#[test]
fn the_first_models_hear_speak_and_paint() {
    let (server, home) = house();
    server.reply_to("/audio/transcriptions", Reply::json(&json!({"text": "Hello."})));
    let tone = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/tone.flac");
    assert_eq!(done(&home, &["transcribe", tone]).printed, "Hello.\n");
    let pcm = 9_000i16.to_le_bytes().repeat(2_400);
    server.reply_to("/audio/speech", Reply::pieces("audio/pcm").bytes(pcm));
    done(&home, &["say", "Hello.", "--out", "hello.wav"]);
    let picture = json!({"created": 1, "data": [{"b64_json": "iVBORw0KGgoAAAANSUhEUg=="}]});
    server.reply_to("/images/generations", Reply::json(&picture));
    let paint = ["image", "generate", "a dot", "--model", "x/dall-e-3", "--out", "dot.png"];
    done(&home, &[&paint[..], &["--response-format", "b64_json", "--quality", "hd"]].concat());
    let bodies: Vec<_> = server.requests().into_iter().skip(1).map(|r| r.json()).collect();
    assert_eq!(bodies[0]["model"], "tts-1");
    assert_eq!((&bodies[1]["model"], &bodies[1]["quality"]), (&json!("dall-e-3"), &json!("hd")));
}
