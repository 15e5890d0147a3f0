//! Sentences about the world: weather, places, units, zones, sums, spelling; what cannot be done,
//! and talk that only sounds like it. Rows in the format of `commands_dev.jsonl`.

#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests are tests too"
)]

use aloud::base::{CallId, Epoch};
use aloud::dialog::{Call, Effect, Item, Outcome, Prompt, ToolSpec};
use aloud::engine::local::Templates;
use aloud::engine::{Delta, Responder};
use aloud::grammar::{Grammar, Meaning};
use futures::StreamExt;
use serde_json::{Value, json};

/// What is said of lights as long as there is no house.
const NO_LIGHTS: &str = "I can't switch lights without Home Assistant. Set url under \
    tools.home_assistant in the configuration.";

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

/// What templates answer to the last of `items`.
async fn answer(templates: &Templates, items: &[Item]) -> Vec<Delta> {
    templates.respond(prompt(items)).map(|delta| delta.unwrap()).collect().await
}

/// A prompt with a few tools.
fn prompt(items: &[Item]) -> Prompt {
    let tool = |name: &str| ToolSpec {
        name: name.into(),
        description: String::new(),
        parameters: json!({ "type": "object" }),
        effect: Effect::Reads,
    };
    Prompt {
        instructions: "".into(),
        items: items.to_vec(),
        tools: ["get_weather", "set_home", "get_time", "set_alarm", "set_timer"].map(tool).into(),
        sounds: Vec::new(),
    }
}

fn user(text: &str) -> Item {
    Item::User { utterance: None, text: text.into() }
}

fn reply(text: &str) -> Item {
    Item::Reply { epoch: Epoch(1), text: text.into(), interrupted: false }
}

#[tokio::test]
async fn the_town_in_the_answer_is_remembered_and_the_question_taken_up_again() {
    let templates = Templates::default();
    let id = CallId("template-7".into());
    let asked = [
        user("will it rain tomorrow"),
        Item::Call {
            epoch: Epoch(1),
            call: Call {
                id: id.clone(),
                name: "get_weather".into(),
                arguments: r#"{"day":"tomorrow"}"#.into(),
            },
        },
        Item::Outcome(Outcome { id, output: "x".into(), say: "Which town?".into(), ok: false }),
        reply("I don't know where you are; the weather is told for a place. Which town?"),
    ];
    for (said, town) in [
        ("Ludlow", "Ludlow"),
        ("in Ludlow.", "Ludlow"),
        ("I live in stoke-on-trent please", "Stoke-on-trent"),
        ("I'm in Paris, TX", "Paris, TX"),
    ] {
        let items = [&asked[..], &[user(said)]].concat();
        let deltas = answer(&templates, &items).await;
        let calls: Vec<(String, Value)> = deltas
            .into_iter()
            .map(|delta| match delta {
                Delta::Call(call) => (call.name, serde_json::from_str(&call.arguments).unwrap()),
                other => panic!("{said}: {other:?}"),
            })
            .collect();
        let want = [
            ("set_home".to_owned(), json!({ "location": town })),
            ("get_weather".to_owned(), json!({"day": "tomorrow", "location": town})),
        ];
        assert_eq!(calls, want, "{said}");
    }
    // Another command is not an answer, and what is not a town is not one either.
    let items = [&asked[..], &[user("what time is it")]].concat();
    let deltas = answer(&templates, &items).await;
    assert!(matches!(&deltas[..], [Delta::Call(call)] if call.name == "get_time"), "{deltas:?}");
    let items = [&asked[..], &[user("I would rather not say")]].concat();
    assert!(matches!(&answer(&templates, &items).await[..], [Delta::Text(_)]));
}

#[tokio::test]
async fn the_part_of_the_day_that_was_said_counts_for_the_answer() {
    let templates = Templates::default();
    for (wish, said, want) in [
        ("set an alarm for the evening", "8", json!({"time": "20:00", "exact": true})),
        ("set an alarm for the morning.", "At eight.", json!({"time": "08:00", "exact": true})),
        (
            "wake me up tomorrow evening",
            "six thirty",
            json!({"time": "18:30", "day": "tomorrow", "exact": true}),
        ),
        ("set an alarm", "8", json!({"time": "08:00"})),
        (
            "set a repeating alarm for 7 am",
            "mondays and fridays",
            json!({"time": "07:00", "repeat": "weekly", "day": "monday, friday"}),
        ),
        (
            "set a repeating alarm for 7 am",
            "monday",
            json!({"time": "07:00", "repeat": "weekly", "day": "monday"}),
        ),
    ] {
        let items = [user(wish), reply("For what time?"), user(said)];
        let deltas = answer(&templates, &items).await;
        let [Delta::Call(call)] = &deltas[..] else { panic!("{wish}: {deltas:?}") };
        let arguments: Value = serde_json::from_str(&call.arguments).unwrap();
        assert_eq!((call.name.as_str(), arguments), ("set_alarm", want), "{wish} {said}");
    }
}

#[tokio::test]
async fn of_two_wishes_what_can_be_done_is_done_and_the_rest_is_said() {
    let templates = Templates::default();
    for (sentence, want) in [
        ("turn off the light and set a timer for 5 minutes", NO_LIGHTS),
        ("play music and set a timer for 5 minutes", "I can't play music yet."),
        ("how do you spell cat and set a timer for 5 minutes", "C, A, T."),
    ] {
        let deltas = answer(&templates, &[user(sentence)]).await;
        let [Delta::Text(said), Delta::Call(call)] = &deltas[..] else {
            panic!("{sentence}: {deltas:?}")
        };
        assert_eq!((said.as_str(), call.name.as_str()), (want, "set_timer"), "{sentence}");
    }
}

/// Commands alone are carried out in front of a chat model; words beside them are its own.
#[test]
fn a_wish_for_words_beside_a_command_is_left_to_the_chat_model() {
    let templates = Templates::default();
    let certain = |text: &str| templates.certain(&prompt(&[user(text)])).is_some();
    assert!(certain("set a timer for 10 minutes and what time is it"));
    assert!(!certain("set a timer for 10 minutes and tell me a joke"));
    assert!(!certain("set a timer for 10 minutes called rice and tell me a joke"));
}

#[tokio::test]
async fn the_next_joke_is_another_one() {
    let templates = Templates::default();
    let mut items = Vec::new();
    let mut told = Vec::new();
    for _ in 0..5 {
        items.push(user("tell me a joke"));
        let deltas = answer(&templates, &items).await;
        let [Delta::Text(joke)] = &deltas[..] else { panic!("{deltas:?}") };
        assert!(!told.contains(joke) && !joke.contains('|'), "{joke}");
        items.push(reply(joke));
        told.push(joke.clone());
    }
}

#[tokio::test]
async fn a_refusal_is_short_and_advice_is_given_once() {
    let templates = Templates::default();
    let mut items = Vec::new();
    let mut says = async |text: &str| {
        items.push(user(text));
        let deltas = answer(&templates, &items).await;
        let [Delta::Text(said)] = &deltas[..] else { panic!("{text}: {deltas:?}") };
        items.push(reply(said));
        said.clone()
    };
    assert_eq!(
        says("who wrote hamlet").await,
        "I can't answer that by myself. A chat model could: set an OpenAI API key."
    );
    assert_eq!(says("why is the sky blue?").await, "Sorry, I can't do that.");
    assert_eq!(says("polish my shoes").await, "Sorry, I can't do that.");
    assert_eq!(says("turn off the kitchen light").await, NO_LIGHTS);
    assert_eq!(says("quelle heure est-il").await, "Désolé, je ne comprends que l'anglais.");
}

#[tokio::test]
async fn a_model_server_is_named_while_it_runs() {
    for (server, words) in [
        (Some("ollama"), "or choose Ollama, which runs on this computer."),
        (Some("llama-server"), "or choose the model server that runs on this computer."),
        (None, "set an OpenAI API key."),
    ] {
        let templates = Templates::default()
            .with_nearby(std::sync::Arc::new(move || Box::pin(std::future::ready(server))));
        let deltas = answer(&templates, &[user("who wrote hamlet")]).await;
        let [Delta::Text(said)] = &deltas[..] else { panic!("{deltas:?}") };
        assert!(said.ends_with(words), "{said}");
        assert_eq!(said.contains("Ollama"), server == Some("ollama"), "{said}");
    }
}
