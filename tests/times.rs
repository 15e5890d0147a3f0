//! Sentences about timers, alarms, days and the volume: what they lead to, what is asked back,
//! which part was not understood, and what is said after them.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use std::sync::LazyLock;

use aloud::grammar::{Before, Grammar, Meaning, ParsedCall};
use serde_json::{Value, json};

const ROWS: &str = include_str!("data/commands_time.jsonl");

fn written(call: &ParsedCall) -> Value {
    json!({"tool": call.tool, "arguments": call.arguments})
}

#[test]
fn sentences_lead_to_calls_or_to_a_question_or_to_the_part_that_was_not_understood() {
    let grammar = Grammar::new();
    let mut wrong = Vec::new();
    let mut rows = 0;
    for line in ROWS.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let text = row["text"].as_str().unwrap();
        let meaning = grammar.understand(text);
        let right = match &meaning {
            Some(Meaning::Calls(calls)) => {
                row["calls"] == calls.iter().map(written).collect::<Value>()
            }
            Some(Meaning::Ask { question, call }) => {
                row["ask"] == **question
                    && row["tool"] == *call.tool
                    && row["arguments"] == call.arguments
            }
            Some(Meaning::Unclear(words)) => {
                let part = row["unclear"].as_str().unwrap_or("no part at all");
                words.contains(&format!("\"{part}\""))
            }
            Some(_) | None => row["tool"] == "none" && row["ask"].is_null(),
        };
        if !right {
            wrong.push(format!("{text}: {meaning:?}"));
        }
        rows += 1;
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(rows >= 300, "{rows}");
}

/// The meaning of `then` after `first`, as "TOOL ARGUMENTS" joined by " + ".
fn after(first: &str, then: &str) -> String {
    static GRAMMAR: LazyLock<Grammar> = LazyLock::new(Grammar::new);
    let grammar = &*GRAMMAR;
    let before = match grammar.understand(first) {
        Some(Meaning::Calls(mut calls)) => Before::Done(calls.pop().unwrap()),
        Some(Meaning::Ask { call, .. }) => Before::Open(call),
        other => panic!("{first}: {other:?}"),
    };
    said(grammar.follow(&before, then))
}

fn said(meaning: Option<Meaning>) -> String {
    match meaning {
        Some(Meaning::Calls(calls)) => {
            let calls: Vec<String> =
                calls.iter().map(|call| format!("{} {}", call.tool, call.arguments)).collect();
            calls.join(" + ")
        }
        Some(Meaning::Answer(text)) => text,
        Some(other) => panic!("{other:?}"),
        None => "-".into(),
    }
}

#[test]
fn what_was_just_done_is_corrected() {
    let timer = "set a timer for 5 minutes";
    let alarm = "set an alarm for 7";
    for (first, then, want) in [
        (timer, "no, ten minutes", r#"change_timer {"seconds":600,"which":"last"}"#),
        (timer, "make it fifteen", r#"change_timer {"seconds":900,"which":"last"}"#),
        (timer, "No, make it 15.", r#"change_timer {"seconds":900,"which":"last"}"#),
        (timer, "sorry, I meant half an hour", r#"change_timer {"seconds":1800,"which":"last"}"#),
        (
            "set a pasta timer for 5 minutes",
            "actually make that ten",
            r#"change_timer {"seconds":600,"label":"pasta"}"#,
        ),
        (timer, "cancel that", r#"cancel_timer {"which":"last"}"#),
        (timer, "ten minutes", "-"),
        (timer, "no", "-"),
        (timer, "what time is it", "-"),
        (alarm, "no, 8", r#"set_alarm {"time":"08:00","instead":true}"#),
        (alarm, "no, pm", r#"set_alarm {"time":"19:00","instead":true}"#),
        (alarm, "make it seven thirty", r#"set_alarm {"time":"07:30","instead":true}"#),
        (
            alarm,
            "change it to 8 am on friday",
            r#"set_alarm {"time":"08:00","day":"friday","instead":true}"#,
        ),
        (
            "set an alarm for 7 on monday",
            "no, on tuesday",
            r#"set_alarm {"time":"07:00","day":"tuesday","instead":true}"#,
        ),
        (
            "set an alarm for 7 on friday",
            "undo that",
            r#"cancel_alarm {"time":"07:00","day":"friday"}"#,
        ),
        ("set the volume to 40", "no, 50", r#"set_volume {"level":50}"#),
        ("what's the weather tomorrow", "no, friday", r#"get_weather {"day":"friday"}"#),
    ] {
        let (got, want) = (after(first, then), want.to_owned());
        let parsed = |text: &str| -> (String, Value) {
            let (tool, arguments) = text.split_once(' ').unwrap_or((text, "null"));
            (tool.to_owned(), serde_json::from_str(arguments).unwrap_or_default())
        };
        assert_eq!(parsed(&got), parsed(&want), "{first} | {then}");
    }
}

#[test]
fn a_question_is_answered_by_the_value_alone() {
    for (first, then, want) in [
        ("set a timer", "ten minutes", r#"set_timer {"seconds":600}"#),
        ("set a timer", "10", r#"set_timer {"seconds":600}"#),
        ("set an alarm", "seven", r#"set_alarm {"time":"07:00"}"#),
        ("set an alarm", "at 7 tomorrow", r#"set_alarm {"time":"07:00","day":"tomorrow"}"#),
        ("wake me up", "half past six", r#"set_alarm {"time":"06:30"}"#),
        (
            "set three timers",
            "5, 10 and 15 minutes",
            r#"set_timer {"seconds":300} + set_timer {"seconds":600} + set_timer {"seconds":900}"#,
        ),
        ("set a timer for 5 to 10 minutes", "ten", r#"set_timer {"seconds":600}"#),
        ("set a timer for 7", "seven minutes", r#"set_timer {"seconds":420}"#),
        ("set the volume", "30", r#"set_volume {"level":30}"#),
        ("set a timer", "thank you", "-"),
    ] {
        assert_eq!(after(first, then), want, "{first} | {then}");
    }
}

#[test]
fn the_same_is_asked_about_something_else() {
    let time = "what time is it in Tokyo";
    let miles = "convert 10 miles to kilometers";
    let rain = "how much will it rain in Paris tomorrow";
    for (first, then, want) in [
        (time, "and in London?", r#"get_time {"location":"London"}"#),
        (time, "What about New York?", r#"get_time {"location":"New York"}"#),
        (time, "no, I meant Kyoto", r#"get_time {"location":"Kyoto"}"#),
        (time, "London", "-"),
        (time, "and berlin", r#"get_time {"location":"Berlin"}"#),
        (time, "and thank you", "-"),
        (time, "how about dinner", "-"),
        (time, "and the weather", "-"),
        (time, "what about the pasta timer", "-"),
        (
            "what's the weather in Paris",
            "and tomorrow?",
            r#"get_weather {"location":"Paris","day":"tomorrow"}"#,
        ),
        (
            "what's the weather in Paris tomorrow",
            "I meant Paris, Texas",
            r#"get_weather {"day":"tomorrow","location":"Paris, Texas"}"#,
        ),
        (
            "what's the weather in Paris tomorrow",
            "how about on Saturday",
            r#"get_weather {"location":"Paris","day":"saturday"}"#,
        ),
        (rain, "and on Friday", r#"get_weather {"location":"Paris","what":"rain","day":"friday"}"#),
        (
            "what's the date tomorrow",
            "and the day after tomorrow",
            r#"get_date {"day":"in 2 days"}"#,
        ),
        (
            "how many days until Christmas",
            "and until Easter",
            r#"get_date {"date":"easter","count":"days"}"#,
        ),
        ("what's on my calendar today", "and on Friday?", r#"get_events {"day":"friday"}"#),
        (miles, "and 20", r#"convert_units {"value":20,"from":"mile","to":"kilometer"}"#),
        (miles, "and in meters?", r#"convert_units {"value":10,"from":"mile","to":"meter"}"#),
        (miles, "what about 5 feet", r#"convert_units {"value":5,"from":"foot","to":"kilometer"}"#),
        ("what is 15 percent of 80", "plus 5", r#"calculate {"expression":"((15/100*80))+5"}"#),
        ("what's 12 plus 3", "times two", r#"calculate {"expression":"(12+3)*2"}"#),
        ("what's 12 plus 3", "divide that by 5", r#"calculate {"expression":"((12+3))/(5)"}"#),
        ("what's 12 plus 3", "and what time is it", "-"),
        ("what's 12 plus 3", "thank you", "-"),
        ("set a timer for 5 minutes", "and tomorrow?", "-"),
    ] {
        let (got, want) = (after(first, then), want.to_owned());
        let parsed = |text: &str| -> (String, Value) {
            let (tool, arguments) = text.split_once(' ').unwrap_or((text, "null"));
            (tool.to_owned(), serde_json::from_str(arguments).unwrap_or_default())
        };
        assert_eq!(parsed(&got), parsed(&want), "{first} | {then}: {got}");
    }
}

#[test]
fn only_a_yes_does_what_was_asked_about() {
    let grammar = Grammar::new();
    let call = grammar.parse("full volume").unwrap();
    let then = |words: &str| said(grammar.follow(&Before::Unsure(call.clone()), words));
    let sure = r#"set_volume {"level":100,"sure":true}"#;
    for yes in ["yes", "Yes, please.", "do it", "sure", "full volume"] {
        assert_eq!(then(yes), sure, "{yes}");
    }
    for no in ["no", "No thanks", "never mind", "leave it"] {
        assert_eq!(then(no), "All right, I'll leave it as it is.", "{no}");
    }
    assert_eq!(then("60"), r#"set_volume {"level":60}"#);
    assert_eq!(then("what time is it"), "-");
}
