//! Servers that accept only part of a request, or have peculiar formats: what is learned from a
//! refusal, what the user is told about it, and how odd answers are read.

use aloud::engine::EngineError;
use aloud::engine::openai::{ChatSettings, Sampling};
use serde_json::{Value, json};

use crate::home::{Home, provider};
use crate::mind::{Talk, call, outcome, reply, user};
use crate::reply::{Reply, delta};
use crate::server::{Request, Server};

/// A refusal in the vendor's format that names a parameter.
fn names(status: u16, param: Option<&str>, message: &str) -> Reply {
    let error =
        json!({"message": message, "type": "invalid_request_error", "param": param, "code": null});
    Reply::json(&json!({ "error": error })).status(status)
}

/// A server that refuses requests that `refuses` objects to, and says "Hi." to the rest.
fn strict(refuses: impl Fn(&Value) -> Option<Reply> + Send + 'static) -> Server {
    Server::answering(move |request: &Request| {
        let body = request.json();
        refuses(&body).unwrap_or_else(|| match (body["stream"] == true, body["input"].is_null()) {
            (true, true) => Reply::says("Hi."),
            (true, false) => Reply::responds("Hi."),
            (false, true) => Reply::json(&json!({"choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi."}, "finish_reason": "stop"}]})),
            (false, false) => Reply::json(&json!({"status": "completed", "output": [{"type": "message", "content": [{"type": "output_text", "text": "Hi."}]}]})),
        })
    })
}

fn settings() -> ChatSettings {
    ChatSettings {
        modern: true,
        max_tokens: Some(300),
        sampling: Sampling {
            temperature: Some(0.7),
            top_p: Some(0.9),
            stop: vec!["END".into()],
            seed: Some(7),
            ..Sampling::default()
        },
        ..ChatSettings::default()
    }
}

/// Two questions to a server that refuses: both are answered, the second without a detour, and the
/// user is told once.
async fn learns(
    settings: ChatSettings,
    refuses: impl Fn(&Value) -> Option<Reply> + Send + 'static,
) -> (Vec<Request>, Vec<String>) {
    let server = strict(refuses);
    let mut talk = Talk::with(&server, "m", settings);
    for _ in 0..2 {
        let answer = talk.answer(vec![user("hello")]).await;
        assert_eq!((answer.text.as_str(), answer.error), ("Hi.", None));
    }
    (server.requests(), talk.notes())
}

#[tokio::test]
async fn what_a_refusal_names_is_left_out_from_then_on() {
    for (key, status, param, message) in [
        (
            "temperature",
            400,
            Some("temperature"),
            "Unsupported value: 'temperature' does not support 0.7.",
        ),
        ("top_p", 422, None, "Extra inputs are not permitted: top_p"),
        ("stop", 400, None, "Unrecognized request argument supplied: stop"),
        ("seed", 400, Some("seed"), "Unknown parameter."),
        ("stream_options", 400, None, "stream_options is not supported"),
        ("stream", 400, Some("stream"), "This model does not support streaming."),
        ("tools", 400, None, "registry/m does not support tools"),
        ("tools", 500, None, "tools param requires --jinja flag"),
        (
            "tools",
            400,
            None,
            "\"auto\" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set",
        ),
        ("max_completion_tokens", 400, Some("max_completion_tokens"), "Unrecognized parameter."),
    ] {
        let refuses =
            move |body: &Value| (!body[key].is_null()).then(|| names(status, param, message));
        let (requests, notes) = learns(settings(), refuses).await;
        assert_eq!((requests.len(), notes.len()), (3, 1), "{key}: {notes:?}");
        assert!(notes[0].starts_with("x/m "), "{notes:?}");
        // Nothing else is lost.
        let (first, last) = (requests[0].json(), requests[2].json());
        for (other, value) in first.as_object().unwrap() {
            let kept = last[other] == *value;
            let goes = other == key || (key == "stream" && other == "stream_options");
            assert!(kept != goes, "{key}: {other} in {last}");
        }
        if key == "max_completion_tokens" {
            assert_eq!(last["max_tokens"], 300);
        }
    }
}

#[tokio::test]
async fn a_refusal_in_fastapis_form_is_learned_from_too() {
    let refuses = |body: &Value| {
        (!body["seed"].is_null()).then(|| {
            Reply::json(&json!({"detail": [{"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}]})).status(422)
        })
    };
    let (requests, notes) = learns(settings(), refuses).await;
    assert_eq!((requests.len(), notes.len()), (3, 1));
    assert!(notes[0].contains("does not accept seed"), "{notes:?}");
}

#[tokio::test]
async fn a_server_that_refuses_all_of_it_is_asked_in_its_way() {
    let refuses = |body: &Value| {
        let key =
            ["temperature", "top_p", "stop", "seed"].iter().find(|key| !body[**key].is_null())?;
        Some(names(400, Some(key), "Unknown parameter."))
    };
    let (requests, notes) = learns(settings(), refuses).await;
    assert_eq!((requests.len(), notes.len()), (6, 4));
}

#[tokio::test]
async fn instructions_go_where_they_are_taken() {
    let refuses = |body: &Value| {
        let role = body["messages"][0]["role"].as_str().unwrap();
        (role != "user").then(|| {
            let message = format!(
                "Unsupported value: 'messages[0].role' does not support '{role}' with this model."
            );
            names(400, Some("messages[0].role"), &message)
        })
    };
    let (requests, _) = learns(ChatSettings::default(), refuses).await;
    assert_eq!(requests.len(), 3);
    assert_eq!(requests[1].json()["messages"][0]["content"], "You are aloud.\n\nhello");
    let refuses = |body: &Value| {
        (!body["instructions"].is_null())
            .then(|| names(400, Some("instructions"), "Unknown parameter."))
    };
    let responses = ChatSettings { responses: true, ..ChatSettings::default() };
    let (requests, _) = learns(responses, refuses).await;
    assert_eq!((requests.len(), requests[2].path()), (3, "/v1/responses"));
    assert_eq!(requests[2].json()["input"][0]["content"], "You are aloud.\n\nhello");
}

/// A template that wants user and assistant to alternate, and fails with `status` and `words`.
fn alternating(status: u16, words: &'static str) -> impl Fn(&Value) -> Option<Reply> + Send {
    move |body| {
        let roles =
            body["messages"].as_array().unwrap().iter().filter(|m| m["tool_calls"].is_null());
        let roles: Vec<_> = roles
            .map(|m| m["role"].as_str().unwrap())
            .filter(|r| !matches!(*r, "system" | "tool"))
            .collect();
        let fits =
            roles.iter().enumerate().all(|(at, role)| *role == ["user", "assistant"][at % 2]);
        (!fits).then(|| names(status, None, words))
    }
}

#[tokio::test]
async fn a_template_that_wants_turns_gets_them() {
    let words = [
        (500, "Conversation roles must alternate user/assistant/user/assistant/..."),
        (400, "After the optional system message, conversation roles must alternate."),
        (400, "{{ raise_exception('no') }}"),
    ];
    for (status, words) in words {
        let server = strict(alternating(status, words));
        let talk = Talk::at(&server);
        let before = vec![notice("Your tea is ready."), user("thanks")];
        let twice = vec![user("one"), reply("One."), user("lost"), user("three")];
        let after_tool = vec![
            user("time?"),
            reply("Let me check."),
            aloud::dialog::Item::Call {
                epoch: aloud::base::Epoch(1),
                call: call("a", "get_time", "{}"),
            },
            outcome("a", "{}", ""),
            user("and?"),
        ];
        for items in [before, twice, after_tool] {
            let answer = talk.answer(items).await;
            assert_eq!((answer.text.as_str(), answer.error), ("Hi.", None), "{words}");
        }
        // It is learned from the first one.
        assert_eq!(server.requests().len(), 4, "{words}");
    }
}

fn notice(text: &str) -> aloud::dialog::Item {
    aloud::dialog::Item::Notice { text: text.into() }
}

#[tokio::test]
async fn words_before_a_call_stand_in_its_message() {
    let server = Server::start();
    server.reply(Reply::says("Hi."));
    let items = vec![
        user("time?"),
        reply("Let me check."),
        aloud::dialog::Item::Call {
            epoch: aloud::base::Epoch(1),
            call: call("a", "get_time", "{}"),
        },
        outcome("a", "{}", ""),
    ];
    Talk::at(&server).answer(items).await;
    let messages = server.requests()[0].json()["messages"].clone();
    assert_eq!(messages.as_array().unwrap().len(), 4);
    assert_eq!(messages[2]["content"], "Let me check.");
    assert_eq!(messages[2]["tool_calls"][0]["id"], "a");
}

#[test]
fn a_refusal_that_teaches_nothing_is_bad_data_with_its_reason() {
    for (status, body) in [
        (400, json!({"object": "error", "message": "No such thing.", "code": 400})),
        (422, json!({"detail": [{"loc": ["body", "messages"], "msg": "No such thing."}]})),
        (400, json!({"detail": "No such thing."})),
        (400, json!([{"error": {"message": "No such thing.", "status": "INVALID_ARGUMENT"}}])),
        (400, json!({"message": "No such thing."})),
        (400, json!({"error": "No such thing."})),
    ] {
        let server = Server::start();
        server.reply(Reply::json(&body).status(status));
        Home::at(&server)
            .ask("hello")
            .fails(65, &["provider x", "No such thing", &status.to_string()]);
    }
}

#[tokio::test]
async fn a_server_without_responses_is_known_by_whatever_it_says() {
    let html = || Reply::whole("text/html", "<!DOCTYPE html><html></html>");
    for missing in [
        Reply::error(400, "bad_request", "Unknown endpoint: /v1/responses"),
        Reply::error(500, "server_error", "Not implemented"),
        Reply::json(&json!({"error": "Unexpected endpoint or method. (POST /v1/responses)"})),
        html().status(404),
        html().status(400),
        html(),
    ] {
        let server = Server::start();
        let talk = Talk::responses(&server);
        server.reply_to("/responses", missing);
        server.reply_to("/chat/completions", Reply::says("Hi."));
        server.reply_to("/chat/completions", Reply::says("Hi again."));
        assert_eq!(talk.answer(vec![user("hello")]).await.text, "Hi.");
        assert_eq!(talk.answer(vec![user("hello")]).await.text, "Hi again.");
        assert_eq!(server.requests().len(), 3);
    }
}

#[test]
fn a_web_page_is_no_api() {
    for kind in ["text/html; charset=utf-8", "text/plain", "TEXT/HTML"] {
        let server = Server::answering(move |_| {
            Reply::whole(kind, "\n<!doctype HTML><html><p>Welcome</p></html>")
        });
        let told = Home::at(&server).ask("hello");
        told.fails(69, &["provider x (127.0.0.1)", "web page", "not an API", "base_url"]);
        assert_eq!(server.requests().len(), 1);
    }
    // A script that forgets to set a type still works.
    let server = Server::start();
    let answer = json!({"choices": [{"message": {"role": "assistant", "content": "Hi."}, "finish_reason": "stop"}]});
    server.reply(Reply::whole("application/json", answer.to_string()));
    assert_eq!(Home::at(&server).ask("hello").printed, "Hi.\n");
}

#[test]
fn a_full_context_is_known_by_anybodys_wording() {
    for (status, error) in [
        (
            400,
            json!({"code": 400, "message": "the request exceeds the available context size. try increasing it", "type": "exceed_context_size_error", "n_ctx": 4096}),
        ),
        (
            400,
            json!({"message": "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens.", "type": "BadRequestError"}),
        ),
        (500, json!({"message": "Requested tokens (5000) exceed context window of 4096"})),
    ] {
        let server = Server::start();
        server.reply(Reply::json(&json!({ "error": error })).status(status));
        Home::at(&server).ask("hello").fails(65, &["too long for the model"]);
        assert_eq!(server.requests().len(), 1);
    }
}

/// The answer for the words of a stream.
async fn says(words: &[&str]) -> crate::mind::Answer {
    let server = Server::start();
    let stream = words.iter().fold(Reply::stream(), |reply, words| reply.words(words));
    server.reply(stream.stop("stop").done());
    Talk::at(&server).answer(vec![user("hello")]).await
}

#[tokio::test]
async fn thoughts_are_not_answered_and_calls_in_text_are_made() {
    for words in [
        &["<think>Let me see.</think>", "Hello."][..],
        &["<thi", "nking>Let", " me.</thinki", "ng>\n\nHello."],
        &["<THINK>\n</THINK>\n\nHello."],
    ] {
        assert_eq!(says(words).await.text, "Hello.", "{words:?}");
    }
    let answer = says(&[
        "<tool_call>\n{\"name\": \"get_time\", ",
        "\"arguments\": {\"city\": \"Paris\"}}\n</tool_",
        "call>",
    ])
    .await;
    assert_eq!((answer.text.as_str(), answer.error), ("", None));
    assert_eq!(answer.calls, [call("call_0", "get_time", "{\"city\":\"Paris\"}")]);
    let answer = says(&["<tool_call>{\"name\": \"fly\", \"arguments\": {}}</tool_call>"]).await;
    let told = answer.error.unwrap().to_string();
    assert!(answer.text.is_empty() && told.contains("\"fly\", which is not a tool here"), "{told}");
}

#[tokio::test]
async fn an_answer_without_words_is_told() {
    let only_done = || Reply::stream().done();
    let thought = || Reply::stream().event(&delta(&json!({"reasoning_content": "Hm."})));
    for (reply, words) in [
        (only_done(), "gave an empty answer"),
        (Reply::stream().stop("stop").done(), "gave an empty answer"),
        (Reply::stream().stop("length").done(), "max_output_tokens"),
        (thought().stop("length").done(), "still thinking"),
        (thought().stop("stop").done(), "did not answer"),
        (Reply::stream().words("<think>and on").stop("length").done(), "still thinking"),
        (Reply::says("  \n"), "gave an empty answer"),
    ] {
        let server = Server::start();
        server.reply(reply);
        let answer = Talk::at(&server).answer(vec![user("hello")]).await;
        let told = answer.error.map(|error| error.to_string()).unwrap_or_default();
        assert!(told.contains(words), "{words}: {told:?}");
    }
}

#[tokio::test]
async fn a_model_that_says_nothing_of_an_outcome_lets_the_tool_speak() {
    let server = Server::start();
    server.reply(Reply::stream().stop("stop").done());
    let items = vec![
        user("set a timer"),
        aloud::dialog::Item::Call {
            epoch: aloud::base::Epoch(1),
            call: call("a", "set_timer", "{}"),
        },
        outcome("a", "{}", "Ten minutes, starting now."),
    ];
    let answer = Talk::at(&server).answer(items).await;
    assert_eq!((answer.text.as_str(), answer.error), ("Ten minutes, starting now.", None));
}

#[tokio::test]
async fn odd_streams_are_understood() {
    let message = |message: Value| json!({"choices": [{"index": 0, "message": message, "finish_reason": null}]});
    let whole = json!({"choices": [{"index": 0, "delta": {}, "message": {"content": "Hi there."}, "finish_reason": "stop"}]});
    for reply in [
        // `message` instead of `delta`, in pieces that contain everything so far, or once at the
        // end.
        Reply::stream()
            .event(&message(json!({"content": "Hi "})))
            .event(&message(json!({"content": "Hi there."})))
            .done(),
        Reply::stream()
            .words("Hi ")
            .words("there.")
            .event(&message(json!({"content": "Hi there."})))
            .done(),
        Reply::stream().words("Hi ").words("there.").event(&whole).done(),
        // Empty events.
        Reply::stream()
            .bytes("data: \n\ndata:\n\n: ping\n\nid: 1\n\n")
            .words("Hi there.")
            .bytes("data:   \n\n")
            .stop("stop")
            .done(),
    ] {
        let server = Server::start();
        server.reply(reply);
        let answer = Talk::at(&server).answer(vec![user("hello")]).await;
        assert_eq!((answer.text.as_str(), answer.error), ("Hi there.", None));
    }
    // Errors in the stream, in each format.
    for body in [
        "event: error\ndata: {\"message\": \"Out of tea.\"}\n\n",
        "event: error\ndata: Out of tea.\n\n",
        "data: {\"object\":\"error\",\"message\":\"Out of tea.\"}\n\n",
        "data: {\"detail\":\"Out of tea.\"}\n\n",
        "data: {\"type\":\"error\",\"error\":{\"message\":\"Out of tea.\"}}\n\n",
    ] {
        let server = Server::start();
        server.reply(Reply::stream().words("Hi. ").bytes(body));
        let answer = Talk::at(&server).answer(vec![user("hello")]).await;
        assert_eq!(answer.text, "Hi. ");
        assert!(answer.error.unwrap().to_string().contains("Out of tea"), "{body}");
    }
}

#[tokio::test]
async fn packed_answers_are_unpacked() {
    let body = "data: {\"choices\":[{\"delta\":{\"content\":\"Hi.\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    let (gzip, zlib) = (packed(body, true), packed(body, false));
    for (coding, bytes) in [("gzip", gzip), ("deflate", zlib)] {
        let server = Server::start();
        server.reply(Reply::whole("text/event-stream", bytes).header("content-encoding", coding));
        let answer = Talk::at(&server).answer(vec![user("hello")]).await;
        assert_eq!((answer.text.as_str(), answer.error), ("Hi.", None), "{coding}");
    }
}

fn packed(text: &str, gzip: bool) -> Vec<u8> {
    use std::io::Write;
    let level = flate2::Compression::default();
    if gzip {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), level);
        packer.write_all(text.as_bytes()).unwrap();
        return packer.finish().unwrap();
    }
    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), level);
    packer.write_all(text.as_bytes()).unwrap();
    packer.finish().unwrap()
}

#[tokio::test]
async fn fragments_of_calls_find_their_call() {
    let tool = |value: Value| delta(&json!({"tool_calls": [value]}));
    let server = Server::start();
    server.reply(
        Reply::stream()
            .event(&tool(json!({"index": 0, "id": "a", "function": {"name": "get_time", "arguments": "{\"city\":"}})))
            .event(&tool(json!({"index": 0, "id": "a", "function": {"name": "get_time", "arguments": "\"Rome\"}"}})))
            .event(&tool(json!({"index": 0, "id": "b", "function": {"name": "get_time", "arguments": {"city": "Oslo"}}})))
            .stop("tool_calls")
            .done(),
    );
    let answer = Talk::at(&server).answer(vec![user("hello")]).await;
    assert_eq!(
        answer.calls,
        [
            call("a", "get_time", "{\"city\":\"Rome\"}"),
            call("b", "get_time", "{\"city\":\"Oslo\"}")
        ]
    );
    // A server that restarts the numbering of its calls in each turn.
    server.reply(Reply::calls(&[("a", "get_time", "{}")]));
    let items = vec![
        user("time?"),
        aloud::dialog::Item::Call {
            epoch: aloud::base::Epoch(1),
            call: call("a", "get_time", "{}"),
        },
        outcome("a", "{}", ""),
    ];
    let answer = Talk::at(&server).answer(items).await;
    assert_eq!(answer.calls.len(), 1);
    assert_ne!(answer.calls[0].id.0, "a");
}

#[tokio::test]
async fn what_responses_have_streamed_is_not_told_twice() {
    let message = |id: &str| json!({"type": "message", "id": id, "role": "assistant", "content": [{"type": "output_text", "text": "Hi there.", "annotations": []}]});
    let text = |id: &str, words: &str| json!({"type": "response.output_text.delta", "item_id": id, "delta": words});
    let thought = json!({"type": "reasoning", "id": "rs_1", "summary": []});
    let done = |output: Value| json!({"type": "response.completed", "response": {"status": "completed", "output": output}});
    for reply in [
        // A real llama-server: no output_index, and the thoughts come first at the end.
        Reply::stream()
            .event(&text("msg_1", "Hi "))
            .event(&text("msg_1", "there."))
            .event(&done(json!([thought, message("msg_1")]))),
        // Other ids at the end.
        Reply::stream()
            .event(&text("msg_1", "Hi there."))
            .event(&json!({"type": "response.output_item.done", "item": message("msg_9")}))
            .event(&done(json!([message("msg_7")]))),
        // Only at the end.
        Reply::stream().event(&done(json!([thought, message("msg_1")]))),
        // Some of it was lost on the way.
        Reply::stream().event(&text("msg_1", "Hi ")).event(&done(json!([message("msg_1")]))),
    ] {
        let server = Server::start();
        server.reply(reply);
        let answer = Talk::responses(&server).answer(vec![user("hello")]).await;
        assert_eq!((answer.text.as_str(), answer.error), ("Hi there.", None));
    }
    let item = |arguments: &str| json!({"type": "function_call", "call_id": "fc_1", "name": "get_time", "arguments": arguments});
    let server = Server::start();
    server.reply(
        Reply::stream()
            .event(&json!({"type": "response.output_item.added", "item": item("")}))
            .event(&json!({"type": "response.function_call_arguments.delta", "item_id": "fc_1", "delta": "{\"city\":"}))
            .event(&json!({"type": "response.function_call_arguments.delta", "item_id": "fc_1", "delta": "\"Rome\"}"}))
            .event(&json!({"type": "response.output_item.done", "item": item("{\"city\":\"Rome\"}")}))
            .event(&done(json!([item("{\"city\":\"Rome\"}")]))),
    );
    let answer = Talk::responses(&server).answer(vec![user("hello")]).await;
    assert_eq!(answer.calls, [call("fc_1", "get_time", "{\"city\":\"Rome\"}")]);
}

#[test]
fn a_long_wait_is_told_at_once_and_left_to_the_next() {
    let server = Server::start();
    let busy =
        || Reply::error(429, "rate_limit_exceeded", "Slow down.").header("retry-after", "45");
    server.reply(busy());
    Home::at(&server).ask("hello there").fails(75, &["too many requests", "try again in 45 s"]);
    assert_eq!(server.requests().len(), 1);
    server.reply(busy());
    let home = Home::with(&provider("x", &server.base()), r#"chat = ["x/m", "local/templates"]"#);
    let told = home.ask("what is twelve times eleven");
    assert!(told.code == 0 && told.printed.contains("132"), "{told:?}");
}

#[tokio::test]
async fn an_error_inside_of_an_answer_is_learned_from_while_nothing_was_said() {
    let server = Server::start();
    let talk = Talk::at(&server);
    server.reply(
        Reply::stream()
            .event(&json!({"error": {"message": "m does not support tools", "code": 400}})),
    );
    server.reply(Reply::says("Hi."));
    let answer = talk.answer(vec![user("hello")]).await;
    assert_eq!((answer.text.as_str(), answer.error), ("Hi.", None));
    server.reply(Reply::stream().event(&json!({"error": {"message": "no tea"}})));
    let answer = talk.answer(vec![user("hello")]).await;
    assert!(matches!(answer.error, Some(EngineError::Broken(_))), "{answer:?}");
}

#[test]
fn chance_is_set_for_each_provider_and_model() {
    let server = Server::start();
    let home = Home::at(&server);
    home.configure(&format!(
        "{}\n[cascade]\nchat = \"x/m\"\n[chat]\ntemperature = 0.5\nseed = 3\n[chat.x]\ntop_p = 0.9\nstop = [\"END\"]\n[chat.\"x/m\"]\ntemperature = 0.1\npresence_penalty = -1\nmax_output_tokens = 50\n",
        provider("x", &server.base())
    ));
    server.reply(Reply::says("Hi."));
    assert_eq!(home.ask("hello there").printed, "Hi.\n");
    let body = server.requests()[0].json();
    let keys = [
        "temperature",
        "seed",
        "top_p",
        "stop",
        "presence_penalty",
        "frequency_penalty",
        "max_tokens",
    ];
    assert_eq!(
        keys.map(|key| body[key].clone()),
        [json!(0.1), json!(3), json!(0.9), json!(["END"]), json!(-1.0), Value::Null, json!(50)]
    );
    let odd = "[chat.nobody]\ntop_p = 2\n";
    home.configure(odd);
    home.fails(&["config", "check"], 78, &[]);
}
