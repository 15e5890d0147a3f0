//! The service with a provider's engines: real sound, real HTTP.

use serde_json::{Value, json};

use crate::house::House;
use crate::reply::{Gate, Reply};
use crate::server::Server;
use crate::{ask, heard};

/// A spoken sentence as a provider sends it: 24 kHz, 16 bits, without a header.
fn spoken(house: &House, sentence: &str) -> Vec<u8> {
    let pcm = house.spoken(sentence);
    let halves = pcm.chunks_exact(2).map(|pair| (pair[0] + pair[1]) / 2.0);
    // Within -1.0..=1.0, so the cast is exact except for rounding.
    halves.flat_map(|sample| ((sample * 32_000.0) as i16).to_le_bytes()).collect()
}

#[test]
fn a_spoken_question_goes_to_the_provider_and_its_voice_comes_back() {
    let server = Server::start();
    let mut house = House::new();
    let question = "What is the capital of Sweden?";
    let (first, second) = ("The capital is Stockholm.", "It lies on fourteen islands.");
    // Requested at start, to see whether one of them will be retired.
    let models = ["gpt-transcribe", "gpt-6-luna", "gpt-4o-mini-tts"]
        .map(|id| json!({"id": id, "object": "model", "created": 1, "owned_by": "x"}));
    server
        .reply_to("models", Reply::json(&json!({ "object": "list", "data": models })))
        .reply_to("transcriptions", Reply::json(&json!({ "text": question })))
        .reply_to("responses", Reply::responds(&format!("{first} {second}")))
        .reply_to("speech", Reply::pieces("audio/pcm").bytes(spoken(&house, first)))
        .reply_to("speech", Reply::pieces("audio/pcm").bytes(spoken(&house, second)));
    let spoken_question = house.spoken(question);
    house.set("OPENAI_API_KEY", "sk-of-a-test");
    house.set("OPENAI_BASE_URL", &server.base());
    let mut service = house.serve(&[]);
    let recorder = house.card.record_speaker();
    house.ok(&["press"]);
    house.card.play_into_mic(&spoken_question);
    house.ok(&["release"]);
    let reply = service.wait_for("reply", |_| true);
    service.wait_for_rest();
    assert_eq!(reply["text"], format!("{first} {second}"));
    // The service knows the usage, and it is recorded for later.
    let status: Value = serde_json::from_str(&house.ok(&["status", "--json"])).unwrap();
    assert_eq!(status["spending"]["usage"]["requests"], 4);
    let usage: Value = serde_json::from_str(&house.ok(&["usage", "--json"])).unwrap();
    let requests = usage["models"].as_array().unwrap().iter().map(|model| &model["requests"]);
    assert_eq!(requests.collect::<Vec<_>>(), [2, 1, 1]);
    // The local engine transcribes the recording.
    house.set("OPENAI_API_KEY", "");
    house.set("OPENAI_BASE_URL", "");
    let answer = heard(&house, recorder);
    assert!(answer.contains("stockholm") && answer.contains("islands"), "{answer:?}");
    let paths: Vec<String> = server.requests().iter().map(|r| r.path().to_owned()).collect();
    let calls = ["models", "audio/transcriptions", "responses", "audio/speech", "audio/speech"];
    assert_eq!(paths, calls.map(|call| format!("/v1/{call}")));
}

#[test]
fn when_the_provider_is_gone_the_engines_inside_answer_and_say_why() {
    let mut house = House::new();
    // Nothing listens there.
    house.set("OPENAI_BASE_URL", "http://127.0.0.1:9/v1");
    house.set("ALOUD_CASCADE__TRANSCRIBE", r#"["openai/x", "local/moonshine-tiny-en"]"#);
    house.set("ALOUD_CASCADE__CHAT", r#"["openai/x", "local/templates"]"#);
    house.set("ALOUD_CASCADE__SPEAK", r#"["openai/x", "local/hibari-heart"]"#);
    house.set("ALOUD_CASCADE__COMMANDS", "chat");
    let mut service = house.serve(&[]);
    let answer = ask(&house, &mut service, "What is twelve times eleven?");
    assert!(["132", "hundred"].iter().any(|words| answer.contains(words)), "{answer:?}");
    let told: Vec<&str> =
        service.seen("aside").iter().filter_map(|event| event["message"].as_str()).collect();
    for does in ["listens", "answers", "speaks"] {
        let why = |told: &&str| told.contains("cannot be reached") && told.contains(does);
        assert!(told.iter().any(why), "{does}: {told:?}");
    }
}

#[test]
fn a_picture_is_finished_while_the_user_talks_of_something_else() {
    let server = Server::start();
    let gate = Gate::default();
    let picture = json!({"created": 1, "data": [{"b64_json": "iVBORw0KGgo="}]}).to_string();
    let call = [("call_1", "generate_image", r#"{"prompt": "a red fox"}"#)];
    server
        .reply_to("models", Reply::json(&json!({"object": "list", "data": []})))
        .reply_to("chat/completions", Reply::calls(&call))
        .reply_to("chat/completions", Reply::says("It is a fine day."))
        .reply_to("chat/completions", Reply::says("You are welcome."))
        .reply_to("generations", Reply::pieces("application/json").late(&gate).bytes(picture));
    let mut house = House::new();
    house.set("ALOUD_PROVIDERS__X__BASE_URL", &server.base());
    house.set("ALOUD_CASCADE__CHAT", "x/m");
    house.set("ALOUD_IMAGE__MODEL", "x/p");
    house.set("ALOUD_CASCADE__COMMANDS", "chat");
    let mut service = house.serve(&[]);
    house.types("draw me a red fox");
    service.wait_for("call", |_| true);
    gate.reached();
    house.types("how is the weather?");
    service.wait_for("reply", |reply| reply["text"] == "It is a fine day.");
    service.wait_for_rest();
    gate.open();
    let said = service.wait_for("reply", |_| true);
    let text = said["text"].as_str().unwrap();
    assert!(text.starts_with("I saved the picture as a-red-fox.png in "), "{text}");
    service.wait_for_rest();
    // The model knows about it too.
    house.types("thank you");
    service.wait_for("reply", |reply| reply["text"] == "You are welcome.");
    let last = server.requests().pop().unwrap().json();
    let last = last["messages"].to_string();
    assert!(last.contains("It goes on while") && last.contains("I saved the picture as"), "{last}");
}
