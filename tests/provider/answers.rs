//! Answers that are more than words: cited pages, and sound.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::home::{Home, provider};
use crate::reply::{Reply, delta};
use crate::server::Server;

fn house() -> (Server, Home) {
    let server = Server::start();
    let cascade = "chat = \"x/gpt-6-luna\"\ntranscribe = \"x/gpt-transcribe\"\nspeak = \"x/tts-1\"";
    let home = Home::with(&provider("x", &server.base()), cascade);
    (server, home)
}

fn told(home: &Home, args: &[&str]) -> Value {
    let told = home.run(args);
    assert_eq!(told.code, 0, "{args:?}: {}", told.aside);
    serde_json::from_str(&told.printed).unwrap()
}

const PAGE: &str = "https://weather.example/paris";

fn sources() -> Value {
    json!([{ "title": "Weather", "url": PAGE }])
}

#[test]
fn a_search_by_responses_names_its_sources_once() {
    let (server, home) = house();
    let page = json!({"type": "url_citation", "start_index": 0, "end_index": 4, "title": "Weather", "url": PAGE});
    let text = "Rain until noon.";
    server.reply(
        Reply::stream()
            .event(&json!({"type": "response.output_text.delta", "output_index": 1, "delta": text}))
            .event(&json!({"type": "response.output_text.annotation.added", "output_index": 1, "annotation": page}))
            .event(&json!({"type": "response.completed", "response": {"status": "completed", "error": null, "output": [
                {"type": "web_search_call", "id": "ws_1", "status": "completed"},
                {"type": "message", "content": [{"type": "output_text", "text": text, "annotations": [page]}]},
            ]}})),
    );
    let answer = told(&home, &["ask", "--search", "--protocol", "responses", "--json", "rain?"]);
    assert_eq!((&answer["reply"], &answer["sources"]), (&json!(text), &sources()));
    let tools = server.requests()[0].json()["tools"].clone();
    assert_eq!(tools[0], json!({ "type": "web_search" }));
}

#[test]
fn a_model_that_searches_by_itself_names_them_in_the_nested_form() {
    let (server, home) = house();
    let page = json!({"start_index": 0, "end_index": 4, "title": "Weather", "url": PAGE});
    let message = json!({"role": "assistant", "content": "Rain.", "refusal": null, "annotations": [
        {"type": "url_citation", "url_citation": page},
    ]});
    let choice = json!({"index": 0, "message": message, "finish_reason": "stop"});
    server.reply(Reply::json(&json!({ "choices": [choice] })));
    let model = "gpt-4o-search-preview";
    let answer = told(&home, &["ask", "--model", model, "--json", "rain?"]);
    assert_eq!((&answer["reply"], &answer["sources"]), (&json!("Rain."), &sources()));
    let body = server.requests()[0].json();
    assert_eq!((&body["web_search_options"], &body["temperature"]), (&json!({}), &Value::Null));
}

#[test]
fn a_model_that_hears_gets_the_sound_and_gives_sound_back() {
    let (server, home) = house();
    let words = "It is ten o'clock.";
    let second: Vec<u8> =
        (0..24_000).flat_map(|n: i32| ((n % 97 * 100) as i16).to_le_bytes()).collect();
    let mut reply =
        Reply::stream().event(&delta(&json!({"audio": {"id": "audio_1", "transcript": words}})));
    // An odd number of bytes in each piece: a sample may be split in two.
    for piece in second.chunks(4_801) {
        let data = BASE64_STANDARD.encode(piece);
        reply = reply.event(&delta(&json!({ "audio": { "data": data } })));
    }
    server
        .reply_to("chat/completions", reply.stop("stop").done())
        .reply_to("transcriptions", Reply::json(&json!({ "text": "What time is it?" })));
    let question = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/questions/time.wav");
    let spoken = home.path("answer.wav");
    let args =
        ["ask", "--partner", "audio-chat", "--model", "x/gpt-audio-1.5", "--audio", question];
    let out = ["--out", spoken.to_str().unwrap(), "--json"];
    let answer = told(&home, &[&args[..], &out[..]].concat());
    assert_eq!(answer["reply"], words);
    assert_eq!(answer["transcript"], "What time is it?");
    let wav = hound::WavReader::open(&spoken).unwrap();
    let seconds = f64::from(wav.duration()) / f64::from(wav.spec().sample_rate);
    assert!((seconds - 1.0).abs() < 0.02, "{seconds} s of sound");
    let asked = server.requests().into_iter().find(|r| r.path().ends_with("completions")).unwrap();
    let body = asked.json();
    assert_eq!(body["modalities"], json!(["text", "audio"]));
    let part = &body["messages"][1]["content"][0];
    assert_eq!(
        (&part["type"], &part["input_audio"]["format"]),
        (&json!("input_audio"), &json!("wav"))
    );
}
