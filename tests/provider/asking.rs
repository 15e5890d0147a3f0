//! Every row of the original API description as `aloud ask` sends it by default, and files at a
//! provider.

use serde_json::{Value, json};

use crate::home::{Home, provider};
use crate::reply::{Reply, delta};
use crate::server::Server;

const QUESTION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/questions/time.wav");

/// A complete answer of the Responses API.
fn responded(words: &str) -> Reply {
    let message = json!({"type": "message", "content": [{"type": "output_text", "text": words}]});
    Reply::json(
        &json!({"status": "completed", "output": [{"type": "reasoning", "summary": []}, message]}),
    )
}

#[test]
fn a_model_that_takes_no_stream_is_asked_for_the_whole() {
    let server = Server::start();
    server.reply(responded("Stockholm."));
    let told = Home::plain(&server).run(&["ask", "--model", "o1-pro", "--effort", "low", "hello"]);
    assert_eq!(told.printed, "Stockholm.\n", "{}", told.aside);
    let request = server.requests().remove(0);
    assert_eq!((request.path(), &request.json()["stream"]), ("/v1/responses", &Value::Null));
}

#[test]
fn the_first_models_that_thought_get_words_alone() {
    let server = Server::start();
    server.reply(Reply::says("Hi."));
    let home = Home::plain(&server);
    assert_eq!(home.run(&["ask", "--model", "o1-mini", "hello"]).printed, "Hi.\n");
    let request = server.requests().remove(0);
    assert_eq!(request.path(), "/v1/chat/completions");
    let body = request.json();
    let messages = body["messages"].as_array().unwrap();
    assert_eq!(
        (messages.len(), &messages[0]["role"], &body["tools"]),
        (1, &json!("user"), &Value::Null)
    );
}

#[test]
fn context_that_is_a_list_of_messages_keeps_its_roles() {
    let server = Server::start();
    server.reply_to("chat/completions", Reply::says("Balls."));
    server.reply_to("responses", Reply::responds("Balls."));
    let compatible = Home::at(&server);
    let context = json!([
        {"role": "system", "content": "You are a helpful vet."},
        {"role": "user", "content": "My dog's name is Piet Kernbom"},
        {"role": "assistant", "content": "A fine name."},
        {"role": "user", "content": "and he's a 3-year-old Golden Retriever."},
    ]);
    for (home, key) in [(compatible, "messages"), (Home::plain(&server), "input")] {
        let file = home.write("context.json", context.to_string());
        let told = home.run(&["ask", "--context", &file, "What toys for Piet?"]);
        assert_eq!(told.printed, "Balls.\n", "{}", told.aside);
        let body = server.requests().last().unwrap().json();
        let messages = body[key].as_array().unwrap();
        let said: Vec<_> = messages.iter().filter(|m| m["role"] != "system").cloned().collect();
        assert_eq!(
            said,
            [
                json!({"role": "user", "content": "My dog's name is Piet Kernbom"}),
                json!({"role": "assistant", "content": "A fine name."}),
                json!({"role": "user", "content": "and he's a 3-year-old Golden Retriever."}),
                json!({"role": "user", "content": "What toys for Piet?"}),
            ]
        );
        assert!(body.to_string().contains("You are a helpful vet."));
    }
    let home = Home::at(&server);
    let odd = home.write("odd.json", json!([{"role": "tool", "content": "x"}]).to_string());
    home.fails(&["ask", "--context", &odd, "hello"], 65, &["odd.json: message 1", "\"tool\""]);
}

#[test]
fn a_model_that_speaks_is_asked_for_words_where_nobody_hears() {
    let server = Server::start();
    server
        .reply_to("transcriptions", Reply::json(&json!({"text": "What time is it?"})))
        .reply_to("completions", Reply::says("Ten."));
    let providers = provider("x", &server.base());
    let home =
        Home::with(&providers, "chat = \"x/m\"\ntranscribe = \"x/whisper-1\"\nspeak = \"x/tts-1\"");
    let args = ["ask", "--partner", "audio-chat", "--model", "x/gpt-audio-1.5"];
    let told = home.run(&[&args[..], &["--audio", QUESTION]].concat());
    assert_eq!((told.code, told.printed.as_str()), (0, "Ten.\n"), "{}", told.aside);
    let asked = server.requests().into_iter().find(|r| r.path().ends_with("completions")).unwrap();
    let body = asked.json();
    assert_eq!((&body["modalities"], &body["audio"]), (&json!(["text"]), &Value::Null));
    // Some require sound on at least one side: then it is made, and its words are read.
    let needs = "This model requires that either input content or output modality contain audio.";
    server.reply_to("completions", Reply::error(400, "invalid_value", needs));
    let sound = json!({"audio": {"id": "a", "transcript": "Ten.", "data": "AAAA"}});
    server.reply_to("completions", Reply::stream().event(&delta(&sound)).stop("stop").done());
    let told = home.run(&[&args[..], &["what time is it?"]].concat());
    assert_eq!((told.code, told.printed.as_str()), (0, "Ten.\n"), "{}", told.aside);
    assert_eq!(server.requests().last().unwrap().json()["modalities"], json!(["text", "audio"]));
}

#[test]
fn a_question_may_be_written_and_spoken_at_once() {
    let server = Server::answering(|request| match request.path() {
        "/v1/audio/transcriptions" => Reply::json(&json!({"text": "What time is it?"})),
        _ => Reply::says("Ten."),
    });
    let providers = provider("x", &server.base());
    let home = Home::with(&providers, "chat = \"x/m\"\ntranscribe = \"x/whisper-1\"");
    let last = || {
        let mut chats = server.requests().into_iter().filter(|r| r.path().ends_with("completions"));
        chats.next_back().unwrap().json()["messages"].clone()
    };
    let args = ["ask", "--audio", QUESTION, "Answer", "in French."];
    let told = home.run(&args);
    assert_eq!((told.code, told.printed.as_str()), (0, "Ten.\n"), "{}", told.aside);
    assert_eq!(last()[1]["content"], "Answer in French.");
    assert_eq!(last()[2]["content"], "What time is it?");
    let told =
        home.run(&[&args[..], &["--partner", "audio-chat", "--model", "x/gpt-audio-1.5"]].concat());
    assert_eq!((told.code, told.printed.as_str()), (0, "Ten.\n"), "{}", told.aside);
    let parts = last()[1]["content"].clone();
    assert_eq!(parts[0], json!({"type": "text", "text": "Answer in French."}));
    assert_eq!(parts[1]["type"], "input_audio");
}

#[test]
fn a_dated_deployment_is_asked_by_the_name_that_its_version_knows() {
    for (version, first) in
        [("2025-04-01-preview", "max_completion_tokens"), ("2024-06-01", "max_tokens")]
    {
        let server = Server::start();
        let home = Home::with(
            &format!(
                "[providers.azure]\nbase_url = \"{}\"\napi_key_env = \"X_KEY\"\napi_version = \"{version}\"\n[chat]\nmax_output_tokens = 800\n",
                server.origin()
            ),
            "chat = \"azure/mine\"",
        );
        server.reply(Reply::says("Hi."));
        assert_eq!(home.ask("hello").printed, "Hi.\n");
        assert_eq!(server.requests()[0].json()[first], 800, "{version}");
        // A deployment of a reasoning model knows only the new name.
        if first == "max_tokens" {
            let refusal = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.";
            server
                .reply(Reply::error(400, "unsupported_parameter", refusal))
                .reply(Reply::says("Hi."));
            assert_eq!(home.ask("hello").printed, "Hi.\n");
            assert_eq!(server.requests()[2].json()["max_completion_tokens"], 800);
        }
    }
}

#[test]
fn files_are_listed_uploaded_and_removed() {
    let server = Server::start();
    let home = Home::at(&server);
    let file = |id: &str, name: &str| json!({"id": id, "object": "file", "bytes": 291, "created_at": 1_683_300_186, "filename": name, "purpose": "user_data"});
    server.reply(Reply::json(&file("file-1", "notes.txt")));
    let notes = home.write("notes.txt", "The gate code is 4711.");
    assert_eq!(home.lines(&["files", "upload", &notes]), ["file-1"]);
    let fields = server.requests()[0].fields();
    assert_eq!(fields[0], ("purpose".to_owned(), "user_data".to_owned()));
    assert!(fields[1].1.starts_with("notes.txt"), "{fields:?}");
    // Two pages.
    server.reply(Reply::json(&json!({"data": [file("file-2", "b.txt")], "has_more": true})));
    server.reply(Reply::json(&json!({"data": [file("file-1", "notes.txt")], "has_more": false})));
    let lines = home.lines(&["files", "list"]);
    assert_eq!(lines.len(), 3);
    assert!(
        lines[1].starts_with("file-2  291 B  2023-05-05") && lines[2].ends_with("notes.txt"),
        "{lines:?}"
    );
    assert_eq!(server.requests()[2].target, "/v1/files?limit=1000&after=file-2");
    server.reply(Reply::json(&json!({"id": "file-1", "object": "file", "deleted": true})));
    assert_eq!(home.lines(&["files", "remove", "file-1"]), ["file-1: removed"]);
    assert_eq!(
        (server.requests()[3].method.as_str(), server.requests()[3].path()),
        ("DELETE", "/v1/files/file-1")
    );
    home.fails(&["files", "upload", "nowhere.txt"], 66, &["nowhere.txt"]);
    server.reply(Reply::error(404, "not_found", "No such File object: file-9"));
    home.fails(&["files", "remove", "file-9"], 69, &["No such File object"]);
}

#[test]
fn a_post_without_a_body_says_so() {
    let server = Server::start();
    let job =
        json!({"id": "ftjob-1", "object": "fine_tuning.job", "status": "cancelled", "model": "m"});
    server.reply(Reply::json(&job));
    let told = Home::at(&server).run(&["finetune", "cancel", "ftjob-1"]);
    assert_eq!(told.code, 0, "{}", told.aside);
    assert_eq!(server.requests()[0].header("content-length"), Some("0"));
}
