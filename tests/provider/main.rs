//! A provider over real HTTP: what aloud sends, how it handles every answer, and what a user reads
//! when there is none.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]
#![allow(clippy::disallowed_methods, reason = "the environment of the test is handed to a program")]

mod answers;
mod asking;
mod authority;
mod commands;
mod contract;
mod doctor;
mod ear;
mod faults;
mod golden;
mod habits;
mod home;
mod keyring;
mod looking;
mod mind;
mod models;
mod old;
mod pace;
mod painters;
mod peers;
mod people;
mod pictures;
#[allow(dead_code, reason = "a bench uses all of it")]
mod reply;
mod secrets;
mod secure;
mod server;
mod speech;
mod strangers;
mod streams;
mod tools;
mod tuning;
mod used;
mod voice;

use serde_json::json;

use crate::contract::{Contract, mistakes};
use crate::server::Request;

/// What the vendor's types say about this body.
fn verdict(contract: Contract, path: &str, kind: &str, body: &str) -> String {
    let request = Request {
        method: "POST".into(),
        target: format!("/v1/{path}"),
        headers: vec![("content-type".into(), kind.into())],
        body: body.into(),
        at: aloud::base::Moment::ZERO,
        connection: 1,
    };
    mistakes(contract, &[request])
}

#[test]
fn the_contract_refuses_what_is_unknown_missing_or_of_another_type() {
    let json = |path, body: serde_json::Value| {
        verdict(Contract::Present, path, "application/json", &body.to_string())
    };
    let message = json!({"role": "user", "content": "hi"});
    let chat = |extra: serde_json::Value| {
        let mut body = json!({"model": "m", "messages": [message], "stream": true});
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        json("chat/completions", body)
    };
    assert_eq!(chat(json!({})), "");
    assert!(chat(json!({"tool": []})).contains("tool: Extra inputs"));
    assert!(chat(json!({"temperature": "1"})).contains("temperature"));
    let odd = json!({"role": "user", "content": "hi", "tool_calls": null});
    assert!(chat(json!({"messages": [odd]})).contains("tool_calls: Extra inputs"));
    let responses = json("responses", json!({"model": "m", "input": "hi", "max_tokens": 1}));
    assert!(responses.contains("max_tokens: Extra inputs"), "{responses}");
    let speech = json("audio/speech", json!({"model": "m", "input": "hi"}));
    assert!(speech.contains("voice: Field required"), "{speech}");
    assert!(json("fine-tune", json!({})).contains("no such call"));
    let form =
        "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--b--\r\n";
    let form =
        verdict(Contract::Old, "audio/transcriptions", "multipart/form-data; boundary=b", form);
    assert!(form.contains("file: Field required"), "{form}");
}
