//! Streams as servers send them: split anywhere, with contents that no contract promises.

use std::collections::HashSet;
use std::time::Duration;

use aloud::engine::EngineError;
use aloud::engine::openai::ChatSettings;
use serde_json::json;

use crate::mind::{Answer, Talk, call, user};
use crate::reply::{Gate, Reply, delta};
use crate::server::Server;

async fn answer(reply: Reply) -> Answer {
    let server = Server::start();
    server.reply(reply);
    Talk::at(&server).answer(vec![user("hello")]).await
}

async fn response(reply: Reply) -> Answer {
    let server = Server::start();
    server.reply(reply);
    let answer = Talk::responses(&server).answer(vec![user("hello")]).await;
    assert_eq!(server.requests()[0].path(), "/v1/responses");
    answer
}

fn says(text: &str) -> Answer {
    Answer { text: text.into(), calls: Vec::new(), error: None }
}

/// An answer that broke off after `text`, for a reason that contains `why`.
fn broke_off(answer: &Answer, text: &str, why: &str) {
    assert_eq!(answer.text, text);
    match &answer.error {
        Some(EngineError::Broken(said)) => assert!(said.contains(why), "no {why:?} in {said:?}"),
        other => panic!("not broken off: {other:?}"),
    }
}

/// The same, for an answer that was refused.
fn refused(answer: &Answer, text: &str, why: &str) {
    assert_eq!(answer.text, text);
    match &answer.error {
        Some(EngineError::Refused(said)) => assert!(said.contains(why), "no {why:?} in {said:?}"),
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn a_character_may_be_cut_between_two_packets() {
    let event = format!("data: {}\n\n", delta(&json!({"content": "Grüße 🎈"})));
    let at = event.find('🎈').unwrap() + 2;
    let (one, two) = event.as_bytes().split_at(at);
    let reply = Reply::stream().bytes(one).bytes(two).stop("stop").done();
    assert_eq!(answer(reply).await, says("Grüße 🎈"));
}

#[tokio::test]
async fn bytes_that_are_no_text_break_it_off() {
    let reply = Reply::stream().words("So").bytes(&b"data: \"\xff\xfe\"\n\n"[..]).done();
    broke_off(&answer(reply).await, "So", "UTF-8");
}

#[tokio::test]
async fn comments_other_fields_and_any_line_end_are_taken() {
    for end in ["\n", "\r\n", "\r"] {
        let one = delta(&json!({"role": "assistant", "content": null}));
        let two = delta(&json!({"content": "Hi."}));
        let lines = [
            ": OPENROUTER PROCESSING".to_owned(),
            String::new(),
            "event: message".to_owned(),
            "id: 1".to_owned(),
            "retry: 3000".to_owned(),
            format!("data: {one}"),
            String::new(),
            format!("data:{two}"),
            String::new(),
            ": ping".to_owned(),
            String::new(),
            "data: [DONE]".to_owned(),
            String::new(),
            String::new(),
        ];
        assert_eq!(answer(Reply::stream().bytes(lines.join(end))).await, says("Hi."), "{end:?}");
    }
}

#[tokio::test]
async fn what_is_no_json_breaks_it_off() {
    let reply = Reply::stream().words("So").bytes("data: {\"choices\": [\n\n").done();
    broke_off(&answer(reply).await, "So", "JSON");
    let reply = Reply::of(200).header("content-type", "application/json").bytes("{\"choices\": ");
    broke_off(&answer(reply).await, "", "JSON");
    let reply = Reply::stream().bytes("event: response.created\ndata: {\n\n");
    broke_off(&response(reply).await, "", "JSON");
}

#[tokio::test]
async fn a_whole_answer_is_taken_where_a_stream_was_asked_for() {
    let reply = Reply::json(&json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hi."}}],
    }));
    assert_eq!(answer(reply).await, says("Hi."));
    let reply = Reply::json(&json!({
        "id": "resp_1", "object": "response", "status": "completed", "error": null, "output": [
            {"type": "reasoning", "id": "rs_1", "summary": []},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi."}]},
        ],
    }));
    assert_eq!(response(reply).await, says("Hi."));
}

#[tokio::test]
async fn a_stream_may_end_without_its_mark_but_not_without_its_end() {
    let reply = Reply::stream().words("Hi.").stop("stop");
    assert_eq!(answer(reply).await, says("Hi."));
    // The last event without its empty line.
    let last = delta(&json!({"content": "Hi."}));
    let reply = Reply::stream().stop("stop").bytes(format!("data: {last}"));
    assert_eq!(answer(reply).await, says("Hi."));
    let reply = Reply::stream().words("Hi");
    broke_off(&answer(reply).await, "Hi", "incomplete");
    let event = json!({"type": "response.output_text.delta", "output_index": 0, "delta": "Hi"});
    broke_off(&response(Reply::stream().event(&event)).await, "Hi", "incomplete");
}

#[tokio::test]
async fn what_came_before_a_cut_is_kept_and_nothing_is_asked_again() {
    let reply = Reply::stream().words("One. Two").cut();
    broke_off(&answer(reply).await, "One. Two", "connection was lost");
    let event = json!({"type": "response.output_text.delta", "output_index": 0, "delta": "One"});
    broke_off(&response(Reply::stream().event(&event).cut()).await, "One", "connection was lost");
    let whole =
        Reply::of(200).header("content-type", "application/json").bytes("{\"choices\"").cut();
    broke_off(&answer(whole).await, "", "connection was lost");
}

#[tokio::test]
async fn a_stream_that_stalls_is_given_up() {
    let (server, gate) = (Server::start(), Gate::default());
    server.reply(Reply::stream().words("So").hold(&gate));
    let patience = Duration::from_millis(300);
    let talk = Talk::patient(&server, "m", ChatSettings::default(), patience);
    broke_off(&talk.answer(vec![user("hello")]).await, "So", "no data arrived for too long");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn an_error_in_a_stream_is_told_with_its_words() {
    let error = json!({"error": {"message": "The server had an error", "type": "server_error", "code": null}});
    let reply = Reply::stream().words("So").event(&error).done();
    broke_off(&answer(reply).await, "So", "\"The server had an error\"");
    // In the format of other servers.
    let reply = Reply::stream().event(&json!({"error": "out of memory"})).done();
    broke_off(&answer(reply).await, "", "\"out of memory\"");
    let flat = json!({"type": "error", "code": "server_error", "message": "Oh no", "param": null});
    broke_off(&response(Reply::stream().event(&flat)).await, "", "\"Oh no\"");
    let failed = json!({"type": "response.failed", "response": {
        "status": "failed", "error": {"code": "server_error", "message": "Oh no"}, "output": [],
    }});
    broke_off(&response(Reply::stream().event(&failed)).await, "", "\"Oh no\"");
}

#[tokio::test]
async fn an_answer_that_the_content_filter_cut_is_refused() {
    let reply = Reply::stream().words("First,").stop("content_filter").done();
    refused(&answer(reply).await, "First,", "content filter");
    let event = json!({"type": "response.incomplete", "response": {
        "status": "incomplete", "error": null, "incomplete_details": {"reason": "content_filter"}, "output": [],
    }});
    refused(&response(Reply::stream().event(&event)).await, "", "content filter");
}

#[tokio::test]
async fn a_refusal_is_said() {
    let reply = Reply::stream().event(&delta(&json!({"refusal": "I cannot "})));
    let reply = reply.event(&delta(&json!({"refusal": "help with that."}))).stop("stop").done();
    assert_eq!(answer(reply).await, says("I cannot help with that."));
    let reply = Reply::stream()
        .event(&json!({"type": "response.refusal.delta", "output_index": 0, "delta": "I cannot."}))
        .event(&json!({"type": "response.refusal.done", "output_index": 0, "refusal": "I cannot."}))
        .event(&json!({"type": "response.completed", "response": {"status": "completed", "error": null, "output": [
            {"type": "message", "content": [{"type": "refusal", "refusal": "I cannot."}]},
        ]}}));
    assert_eq!(response(reply).await, says("I cannot."));
}

#[tokio::test]
async fn an_answer_that_was_cut_at_its_longest_length_comes_with_a_note() {
    let server = Server::start();
    server.reply(Reply::stream().words("One, two,").stop("length").done());
    let mut talk = Talk::at(&server);
    assert_eq!(talk.answer(vec![user("count")]).await, says("One, two,"));
    assert!(talk.notes()[0].contains("max_output_tokens"));
    server.reply(Reply::stream().event(&json!({"type": "response.incomplete", "response": {
        "status": "incomplete", "error": null, "incomplete_details": {"reason": "max_output_tokens"},
        "output": [{"type": "message", "content": [{"type": "output_text", "text": "One,"}]}],
    }})));
    let mut talk = Talk::responses(&server);
    assert_eq!(talk.answer(vec![user("count")]).await, says("One,"));
    assert!(talk.notes()[0].contains("max_output_tokens"));
}

#[tokio::test]
async fn fragments_of_parallel_calls_are_put_together() {
    let part = |index, id: Option<&str>, name: Option<&str>, arguments: &str| {
        let mut call = json!({"index": index, "function": {"arguments": arguments}});
        if let Some(id) = id {
            call["id"] = json!(id);
            call["type"] = json!("function");
        }
        if let Some(name) = name {
            call["function"]["name"] = json!(name);
        }
        delta(&json!({"tool_calls": [call]}))
    };
    let reply = Reply::stream()
        .event(&part(0, Some("a"), Some("get_time"), ""))
        .event(&part(0, None, None, "{\"ci"))
        .event(&part(1, Some("b"), Some("get_time"), "{}"))
        .event(&part(0, None, None, "ty\":\"Oslo\"}"))
        .stop("tool_calls")
        .done();
    let calls = vec![call("a", "get_time", "{\"city\":\"Oslo\"}"), call("b", "get_time", "{}")];
    assert_eq!(answer(reply).await, Answer { text: String::new(), calls, error: None });
    let item = |arguments: &str| json!({"type": "function_call", "id": "fc_1", "call_id": "c", "name": "get_time", "arguments": arguments});
    let reply = Reply::stream()
        .event(&json!({"type": "response.output_item.added", "output_index": 0, "item": item("")}))
        .event(&json!({"type": "response.function_call_arguments.delta", "output_index": 0, "item_id": "fc_1", "delta": "{\"city\":"}))
        .event(&json!({"type": "response.function_call_arguments.delta", "output_index": 0, "item_id": "fc_1", "delta": "\"Rome\"}"}))
        .event(&json!({"type": "response.function_call_arguments.done", "output_index": 0, "item_id": "fc_1", "arguments": "{\"city\":\"Rome\"}"}))
        .event(&json!({"type": "response.output_item.done", "output_index": 0, "item": item("{\"city\":\"Rome\"}")}))
        .event(&json!({"type": "response.completed", "response": {"status": "completed", "error": null, "output": [item("{\"city\":\"Rome\"}")]}}));
    let calls = vec![call("c", "get_time", "{\"city\":\"Rome\"}")];
    assert_eq!(response(reply).await, Answer { text: String::new(), calls, error: None });
}

#[tokio::test]
async fn a_call_that_was_cut_is_never_made() {
    let reply = Reply::stream()
        .event(&delta(&json!({"tool_calls": [{"index": 0, "id": "a", "type": "function", "function": {"name": "get_time", "arguments": "{\"ci"}}]})))
        .cut();
    let answer = answer(reply).await;
    broke_off(&answer, "", "connection was lost");
    assert_eq!(answer.calls, []);
}

#[tokio::test]
async fn an_answer_does_not_wait_for_the_end_of_its_stream_and_leaves_a_connection_behind() {
    let server = Server::start();
    let talk = Talk::at(&server);
    for _ in 0..6 {
        let gate = Gate::default();
        server.reply(Reply::says("Hi.").hold(&gate));
        assert_eq!(talk.answer(vec![user("hello")]).await, says("Hi."));
        gate.open();
        let ended = server.ended();
        tokio::task::spawn_blocking(ended).await.unwrap();
    }
    let used: HashSet<_> = server.requests().iter().map(|request| request.connection).collect();
    // The next question may sometimes overtake the last bytes.
    assert!(used.len() <= 3, "{used:?}");
}

#[tokio::test]
async fn an_answer_that_lost_only_its_end_mark_is_whole() {
    assert_eq!(answer(Reply::stream().words("One.").stop("stop").cut()).await, says("One."));
}
