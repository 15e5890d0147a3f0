//! Sentences about the world: weather, places, units, zones, sums, spelling; what cannot be done,
//! and talk that only sounds like it. Rows in the form of `commands_dev.jsonl`.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use aloud::grammar::{Grammar, Meaning};
use serde_json::{Value, json};

fn shown(meaning: Option<Meaning>) -> Value {
    match meaning {
        Some(Meaning::Calls(calls)) => match calls.as_slice() {
            [call] => json!({"tool": call.tool, "arguments": call.arguments}),
            _ => json!({ "calls": calls.len() }),
        },
        Some(Meaning::Answer(answer)) => json!({ "answer": answer }),
        Some(Meaning::Refusal(refusal)) => json!({ "cannot": refusal }),
        Some(_) | None => json!({ "tool": "none" }),
    }
}

#[test]
fn sentences_about_the_world_are_understood_or_told_apart() {
    let grammar = Grammar::new();
    let rows = include_str!("data/commands_world.jsonl");
    let mut wrong = Vec::new();
    for line in rows.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let sentence = row["text"].as_str().unwrap();
        // As written, and as a transcriber writes it.
        let mut heard = sentence.to_owned();
        if !heard.ends_with(['.', '?', '!']) {
            heard.push('.');
        }
        if let Some(first) = heard.get(..1) {
            heard.replace_range(..1, &first.to_uppercase());
        }
        for sentence in [sentence, &heard] {
            let got = shown(grammar.understand(sentence));
            let keys = ["tool", "arguments", "answer", "cannot"];
            let fits = keys.iter().all(|key| row[key] == got[key])
                || row["tool"] == "none" && got["tool"] != "none" && got["cannot"].is_string();
            if !fits {
                wrong.push(format!("{sentence}: {got}"));
            }
        }
    }
    assert!(rows.lines().count() >= 1);
    assert_eq!(wrong, Vec::<String>::new());
}
