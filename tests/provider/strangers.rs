//! The commands against third-party servers, as a user would run them. A server of ours in between
//! records the requests and checks them against the vendor's types.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::home::{Home, KEY, Told, provider};
use crate::peers::Peer;
use crate::server::Server;

/// The smallest picture.
const PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";

/// aimock with these answers, our server in front of it, and a home that uses it for everything.
fn aimock(fixtures: &Value) -> (Peer, Server, Home) {
    // It does not start without any.
    let mut fixtures = fixtures.clone();
    let last = json!({"match": {"userMessage": "nothing"}, "response": {"content": "Nothing."}});
    fixtures.as_array_mut().unwrap().push(last);
    let peer = Peer::aimock(&json!({ "fixtures": fixtures }));
    let server = Server::before(peer.address);
    let cascade = "chat = \"x/m\"\ntranscribe = \"x/whisper-1\"\nspeak = \"x/tts-1\"";
    let home = Home::with(&provider("x", &server.base()), cascade);
    (peer, server, home)
}

/// Runs a command that must succeed.
fn done(home: &Home, args: &[&str]) -> Told {
    let told = home.run(args);
    assert_eq!(told.code, 0, "{args:?}: {}", told.aside);
    told
}

#[test]
fn a_question_is_answered_in_both_protocols_streamed_and_whole() {
    let answer = "Hello there. How can I help you today?";
    let fixtures = json!([{"match": {"userMessage": "hello"}, "response": {"content": answer}}]);
    let (_peer, server, home) = aimock(&fixtures);
    for args in [
        &["ask", "hello"][..],
        &["ask", "hello", "--no-stream"],
        &["ask", "hello", "--protocol", "responses"],
        &["ask", "hello", "--protocol", "responses", "--no-stream"],
        &["ask", "hello", "--model", "o1-mini"],
        &["ask", "hello", "--model", "gpt-6-luna", "--effort", "low"],
    ] {
        assert_eq!(done(&home, args).printed, format!("{answer}\n"), "{args:?}");
    }
    let paths: Vec<_> = server.requests().iter().map(|r| r.path().to_owned()).collect();
    let (chat, responses) = ("/v1/chat/completions", "/v1/responses");
    assert_eq!(paths, [chat, chat, responses, responses, chat, chat]);
}

#[test]
fn a_tool_is_called_and_its_outcome_answered() {
    let call = json!({"name": "calculate", "arguments": {"expression": "12*11"}});
    let fixtures = json!([
        {"match": {"userMessage": "twelve", "hasToolResult": false}, "response": {"toolCalls": [call, call]}},
        {"match": {"toolResultContains": "132"}, "response": {"content": "It is 132."}},
    ]);
    let (_peer, _server, home) = aimock(&fixtures);
    for protocol in ["chat", "responses"] {
        let args = ["ask", "what is twelve times eleven", "--json", "--protocol", protocol];
        let turn: Value = serde_json::from_str(&done(&home, &args).printed).unwrap();
        assert_eq!(turn["reply"], "It is 132.", "{protocol}");
        let calls = turn["tool_calls"].as_array().unwrap();
        assert_eq!(calls.len(), 2, "{protocol}: {turn}");
        for call in calls {
            assert_eq!(call["arguments"], json!({"expression": "12*11"}));
            assert!(call["result"].to_string().contains("132"), "{turn}");
        }
    }
}

#[test]
fn a_picture_is_looked_at() {
    let fixtures =
        json!([{"match": {"userMessage": "what is this"}, "response": {"content": "A dot."}}]);
    let (_peer, server, home) = aimock(&fixtures);
    std::fs::write(home.path("dot.png"), PNG).unwrap();
    let shown = ["--image", "dot.png", "--image", "https://pictures.example/dot.png"];
    for protocol in ["chat", "responses"] {
        let args = [&["ask", "what is this", "--protocol", protocol][..], &shown].concat();
        assert_eq!(done(&home, &args).printed, "A dot.\n");
    }
    for request in server.requests() {
        let seen = request.json().to_string();
        assert!(seen.contains("https://pictures.example/dot.png"), "{seen}");
        assert!(seen.contains(&BASE64_STANDARD.encode(PNG)), "{seen}");
    }
    // What it understood of the request.
    let journal = server.send("GET", "/__aimock/journal", &Value::Null);
    let entries: Value = serde_json::from_str(&journal).unwrap();
    let content = &entries[0]["body"]["messages"][1]["content"];
    let kinds: Vec<_> = content.as_array().unwrap().iter().map(|part| &part["type"]).collect();
    assert_eq!(kinds, ["text", "image_url", "image_url"]);
}

#[test]
fn models_are_listed() {
    let (_peer, _server, home) = aimock(&json!([]));
    let listed = done(&home, &["models", "--remote", "--provider", "x"]).printed;
    assert!(listed.contains("gpt-4o"), "{listed}");
}

#[test]
fn a_text_is_spoken_into_a_file() {
    let pcm = 9_000i16.to_le_bytes().repeat(12_000);
    let audio = BASE64_STANDARD.encode(pcm);
    let fixtures =
        json!([{"match": {"endpoint": "speech"}, "response": {"audio": audio, "format": "pcm"}}]);
    let (_peer, server, home) = aimock(&fixtures);
    done(&home, &["say", "Hello there.", "--out", "hello.wav"]);
    let mut wav = hound::WavReader::open(home.path("hello.wav")).unwrap();
    let loud = wav.samples::<i16>().filter(|sample| *sample.as_ref().unwrap() > 4_000).count();
    assert!(loud.abs_diff(24_000) < 2_400, "half a second at 48 kHz: {loud}");
    assert_eq!(server.requests()[0].json()["input"], "Hello there.");
}

#[test]
fn a_recording_is_written_down() {
    let fixtures = json!([{"match": {"endpoint": "transcription"}, "response": {"transcription": {"text": "Set a timer."}}}]);
    let (_peer, _server, home) = aimock(&fixtures);
    let tone = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/tone.flac");
    assert_eq!(done(&home, &["transcribe", tone]).printed, "Set a timer.\n");
    let told = done(&home, &["transcribe", "--json", tone]).printed;
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["text"], "Set a timer.");
}

#[test]
fn a_picture_is_made_and_changed() {
    let image = json!({"image": {"b64Json": BASE64_STANDARD.encode(PNG)}});
    let fixtures = json!([{"match": {"endpoint": "image"}, "response": image}]);
    let (_peer, _server, home) = aimock(&fixtures);
    done(&home, &["image", "generate", "a dot", "--model", "x/gpt-image-2", "--out", "dot.png"]);
    assert_eq!(std::fs::read(home.path("dot.png")).unwrap(), PNG);
    let edit = ["image", "edit", "a larger dot", "--model", "x/gpt-image-2", "--image", "dot.png"];
    done(&home, &[&edit[..], &["--mask", "dot.png", "--out", "larger.png"]].concat());
    assert_eq!(std::fs::read(home.path("larger.png")).unwrap(), PNG);
}

#[test]
fn a_model_is_tuned_and_another_job_is_cancelled() {
    let (_peer, server, home) = aimock(&json!([]));
    let example = json!({"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "Ahoy."}]});
    std::fs::write(home.path("talk.jsonl"), format!("{example}\n").repeat(12)).unwrap();
    let create =
        ["finetune", "create", "talk.jsonl", "--json", "--suffix", "sailor", "--seed", "7"];
    let ordered = || {
        let job: Value = serde_json::from_str(&done(&home, &create).printed).unwrap();
        job["id"].as_str().unwrap().to_owned()
    };
    let (one, other) = (ordered(), ordered());
    let ended = done(&home, &["finetune", "cancel", &other]);
    assert!(format!("{ended:?}").contains("cancelled"), "{ended:?}");
    // The server advances one step per poll.
    let states: Vec<_> = (0..3)
        .map(|_| {
            let looked = done(&home, &["finetune", "status", &one, "--json"]).printed;
            let job: Value = serde_json::from_str(looked.lines().next().unwrap()).unwrap();
            (job["status"].clone(), job["fine_tuned_model"].clone())
        })
        .collect();
    let (state, model) = states.last().unwrap();
    assert_eq!(state, "succeeded", "{states:?}");
    assert!(model.as_str().unwrap().starts_with("ft:"), "{states:?}");
    let listed = done(&home, &["finetune", "list"]).printed;
    assert!(listed.contains(&one) && listed.contains(&other), "{listed}");
    let sent = server.requests().iter().filter(|r| r.path() == "/v1/files").count();
    assert_eq!(sent, 2);
}

#[test]
fn azure_is_asked_in_both_of_its_forms() {
    let peer = Peer::aimock(&json!({"fixtures": [
        {"match": {"userMessage": "hello"}, "response": {"content": "Hello there."}},
    ]}));
    for (version, target) in [
        (
            "api_version = \"2025-04-01-preview\"",
            "/openai/deployments/m/chat/completions?api-version=2025-04-01-preview",
        ),
        ("", "/openai/v1/chat/completions"),
    ] {
        let server = Server::before(peer.address);
        let azure = format!(
            "[providers.a]\nkind = \"azure\"\nbase_url = \"{}\"\napi_key_env = \"X_KEY\"\n{version}\n",
            server.origin()
        );
        let home = Home::with(&azure, "chat = \"a/m\"");
        let told = home.ask("hello");
        let requests = server.requests();
        assert_eq!(requests[0].target, target);
        assert_eq!(requests[0].header("api-key"), Some(KEY));
        assert_eq!(requests[0].header("authorization"), None);
        // The server knows only the dated API.
        if !version.is_empty() {
            assert_eq!(told.printed, "Hello there.\n", "{}", told.aside);
        }
    }
}

#[test]
fn too_many_requests_are_told_after_the_waits_that_the_server_names() {
    let error = json!({"message": "Rate limited", "type": "rate_limit_error", "code": "rate_limit_exceeded"});
    let fixtures =
        json!([{"match": {"userMessage": "hello"}, "response": {"error": error, "status": 429}}]);
    let (_peer, server, home) = aimock(&fixtures);
    home.ask("hello").fails(75, &["provider x", "too many requests", "Rate limited"]);
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn whatever_goes_wrong_is_told_and_it_answers_again_afterwards() {
    let fixtures =
        json!([{"match": {"userMessage": "hello"}, "response": {"content": "Hello there."}}]);
    let (_peer, server, home) = aimock(&fixtures);
    for (fault, code, words) in [
        (json!({"malformedRate": 1}), 74, &["provider x", "ask again"][..]),
        (json!({"disconnectRate": 1}), 69, &["provider x", "cannot be reached"]),
        (json!({"dropRate": 1}), 75, &["provider x", "returned an error (500)"]),
    ] {
        server.send("POST", "/__aimock/chaos", &fault);
        home.ask("hello").fails(code, words);
        server.send("DELETE", "/__aimock/chaos", &Value::Null);
        assert_eq!(home.ask("hello").printed, "Hello there.\n", "after {fault}");
    }
}

#[test]
fn a_simulator_answers_in_both_protocols() {
    let peer = Peer::llmsim("here is the simulator.");
    let server = Server::before(peer.address);
    let base = format!("{}/openai/v1", server.origin());
    let home = Home::with(&provider("x", &base), "chat = \"x/gpt-5-mini\"");
    for args in [
        &["ask", "hello"][..],
        &["ask", "hello", "--no-stream"],
        &["ask", "hello", "--protocol", "responses"],
        &["ask", "hello", "--protocol", "responses", "--no-stream"],
    ] {
        assert_eq!(done(&home, args).printed, "here is the simulator.\n", "{args:?}");
    }
    let listed = done(&home, &["models", "--remote", "--provider", "x"]).printed;
    assert!(listed.contains("gpt-5-mini"), "{listed}");
}
