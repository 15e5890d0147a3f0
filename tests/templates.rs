//! The grammar on labelled sentences: those it was built from, those written against it, and talk
//! that asks for nothing; then as a responder, and with custom templates.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use std::sync::Arc;

use aloud::base::{CallId, Epoch, LocalZone, Volume, WallClock};
use aloud::dialog::{Call, Effect, Item, Outcome, Prompt, ToolSpec};
use aloud::engine::local::Templates;
use aloud::engine::{Delta, Responder};
use aloud::grammar::{Grammar, Meaning};
use aloud::tool::{Book, Pad, Registry, Ringer, Settings, ToolCx, builtin};
use futures::StreamExt;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use serde_json::{Value, json};

const GIVEN: &str = include_str!("data/commands_dev.jsonl");
const OWN: &str = include_str!("data/commands_own.jsonl");

fn rows(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The tools as the program builds them, with a throwaway book.
fn tools(folder: &tempfile::TempDir) -> Registry {
    let book = Book::open(
        &folder.path().join("timers.json"),
        WallClock::System,
        LocalZone::fixed(TimeZone::UTC),
    );
    builtin(Settings::new(
        book,
        Ringer::Here,
        Volume::new(50),
        Pad::new(folder.path().join("lists")),
    ))
}

/// The result of the tool `calculate` for an expression.
async fn result(tools: &Registry, expression: &Value) -> f64 {
    let call = Call {
        id: CallId("sum".into()),
        name: "calculate".into(),
        arguments: json!({ "expression": expression }).to_string(),
    };
    let cx = ToolCx { now: aloud::base::Moment::default(), ..ToolCx::default() };
    let done = tools.call(&call, cx).await;
    let data: Value = serde_json::from_str(&done.outcome.output).unwrap_or_default();
    data["result"].as_f64().unwrap_or(f64::NAN)
}

async fn right(tools: &Registry, label: &Value, tool: &str, arguments: &Value) -> bool {
    if label["tool"] != tool {
        return false;
    }
    let wanted = label["arguments"].as_object().cloned().unwrap_or_default();
    if let Some(value) = wanted.get("result").and_then(Value::as_f64) {
        return (result(tools, &arguments["expression"]).await - value).abs() <= 1e-6;
    }
    let got = arguments.as_object().cloned().unwrap_or_default();
    wanted.len() == got.len()
        && wanted.iter().all(|(name, want)| match (want.as_f64(), got.get(name)) {
            (Some(want), Some(got)) => got.as_f64().is_some_and(|got| (got - want).abs() <= 1e-6),
            (None, Some(got)) => got == want,
            (_, None) => false,
        })
}

/// The commands that were not understood, and the sentences that were wrongly acted upon.
async fn faults(text: &str) -> (Vec<String>, Vec<String>, usize) {
    let folder = tempfile::tempdir().unwrap();
    let tools = tools(&folder);
    let templates = Grammar::new();
    let (mut wrong, mut acted, mut commands) = (Vec::new(), Vec::new(), 0);
    for row in rows(text) {
        let sentence = row["text"].as_str().unwrap();
        let call = templates.parse(sentence);
        if row["tool"] == "none" {
            acted.extend(call.map(|call| format!("{sentence}: {call:?}")));
            acted.extend(templates.nearest(sentence).map(|near| format!("{sentence}: {near:?}")));
            continue;
        }
        commands += 1;
        let labels = row["any"].as_array().cloned().unwrap_or_else(|| vec![row.clone()]);
        let mut good = false;
        for label in &labels {
            good |= match &call {
                Some(call) => right(&tools, label, &call.tool, &call.arguments).await,
                None => label["tool"] == "none",
            };
        }
        if !good {
            wrong.push(format!("{sentence}: {call:?}"));
        }
    }
    (wrong, acted, commands)
}

#[tokio::test]
async fn all_given_sentences_are_understood() {
    let (wrong, acted, commands) = faults(GIVEN).await;
    assert_eq!((wrong, acted, commands), (vec![], vec![], 182));
}

#[tokio::test]
async fn sentences_written_against_the_grammar_are_understood() {
    let (wrong, acted, commands) = faults(OWN).await;
    assert!(wrong.len() * 100 <= commands * 2, "{} of {commands} wrong: {wrong:#?}", wrong.len());
    assert_eq!(acted, Vec::<String>::new(), "talk that asks for nothing was acted upon");
}

#[test]
fn ordinary_prose_is_no_command() {
    let prose = "\
        The wind had dropped by evening, and the boats came home one after another.\n\
        She set the lamp on the table and waited for the kettle to sing.\n\
        It was ten minutes past four when the train at last pulled out of the station.\n\
        He asked whether the weather in the mountains would hold until Sunday.\n\
        My grandfather kept a list of every bird he had ever seen.\n\
        There is a time for everything, he used to say, and then he would fall asleep.\n\
        Add the flour a spoonful at a time and stir until the dough comes together.\n\
        The alarm rang twice, but nobody in the house got up.\n\
        We walked six miles along the coast before the rain began.\n\
        Two pounds of apples and a pound of sugar make a good jam.\n\
        Nobody remembered to remind the captain of the date.\n\
        You stop at the second bridge and turn left at the mill.\n\
        What she could do, she did, and what she could not do she left to others.\n\
        The volume was bound in green leather and smelled of dust.\n\
        Next came the children, playing drums and singing as loud as they could.\n\
        Please enter your account number followed by the hash key.\n\
        All our lines are busy; your call will be answered in turn.\n\
        To repeat this message, press one.\n\
        The office closes at noon on Friday, the notice said.\n\
        If it rains tomorrow the match will be played on Monday.\n\
        Half of the people in the room had never seen snow.\n\
        He paid forty dollars for the coat and wore it for ten years.\n\
        In Paris the cafes stay open late; in London they do not.\n\
        The temperature of the water should not exceed sixty degrees.\n\
        How long the silence lasted, no one could say.\n\
        Help came from a village on the far side of the lake.";
    let templates = Grammar::new();
    let acted: Vec<_> = prose
        .lines()
        .flat_map(|line| [line.trim().to_owned(), line.trim().to_lowercase()])
        .filter_map(|line| templates.parse(&line).map(|call| (line, call)))
        .collect();
    assert_eq!(acted, []);
}

fn parsed(sentence: &str) -> Value {
    match Grammar::new().parse(sentence) {
        Some(call) => json!([call.tool, call.arguments]),
        None => Value::Null,
    }
}

#[test]
fn clock_times_are_read_in_every_form() {
    let templates = Grammar::new();
    for (said, time) in [
        ("7", "07:00"),
        ("seven", "07:00"),
        ("7 am", "07:00"),
        ("7 a m", "07:00"),
        ("7 P.M.", "19:00"),
        ("seven thirty p.m.", "19:30"),
        ("7:05", "07:05"),
        ("7.05", "07:05"),
        ("seven oh five", "07:05"),
        ("half past six", "06:30"),
        ("half six", "06:30"),
        ("quarter to nine", "08:45"),
        ("a quarter after nine", "09:15"),
        ("twenty five past seven in the evening", "19:25"),
        ("twenty to eight", "07:40"),
        ("ten to one", "12:50"),
        ("noon", "12:00"),
        ("12 noon", "12:00"),
        ("midnight", "00:00"),
        ("12 am", "00:00"),
        ("12 pm", "12:00"),
        ("12:30 in the afternoon", "12:30"),
        ("eleven at night", "23:00"),
        ("three in the morning", "03:00"),
        ("0730", "07:30"),
        ("nineteen hundred hours", "19:00"),
        ("16:40", "16:40"),
        ("seven o'clock sharp", "07:00"),
        ("six no seven pm", "19:00"),
        ("about eight", "08:00"),
    ] {
        let call = templates.parse(&format!("set an alarm for {said}")).unwrap();
        assert_eq!(call.arguments, json!({ "time": time }), "{said}");
    }
    assert_eq!(templates.parse("set an alarm for 25:00"), None);
    assert_eq!(templates.parse("set an alarm for 7:65"), None);
}

#[test]
fn lengths_are_read_in_every_form() {
    let templates = Grammar::new();
    for (said, seconds) in [
        ("10 minutes", 600),
        ("ten minutes", 600),
        ("1.5 hours", 5400),
        ("an hour and a half", 5400),
        ("one and a half hours", 5400),
        ("hour and 15 minutes", 4500),
        ("half an hour", 1800),
        ("three quarters of an hour", 2700),
        ("a quarter of an hour", 900),
        ("90 secs", 90),
        ("2h 30m", 9000),
        ("2h30m", 9000),
        ("a couple of minutes", 120),
        ("a dozen minutes", 720),
        ("1,000 seconds", 1000),
        ("two hundred and fifty seconds", 250),
        ("one hour twenty", 4800),
        ("five no six minutes", 360),
        ("five minutes no six minutes", 360),
        ("five minutes, no, make it ten", 600),
        ("1 hour, 5 minutes and 10 seconds", 3910),
        ("½ hour", 1800),
    ] {
        let call = templates.parse(&format!("set a timer for {said}")).unwrap();
        assert_eq!(call.arguments, json!({ "seconds": seconds }), "{said}");
    }
    assert_eq!(templates.parse("set a timer for zero minutes"), None);
    assert_eq!(templates.parse("set a timer for minus five minutes"), None);
    assert_eq!(templates.parse("set a timer"), None);
}

#[test]
fn politeness_and_address_change_nothing() {
    for sentence in [
        "aloud, set a timer for ten minutes",
        "hey computer could you please set a timer for ten minutes",
        "Okay, would you mind... um, set a timer for, uh, ten minutes? Thanks!",
        "SET A TIMER FOR TEN MINUTES",
        "set a timer for ten minutes, I'm boiling eggs",
        "I have to leave soon, so set a timer for ten minutes",
        "ten minute timer if you don't mind",
    ] {
        assert_eq!(parsed(sentence), json!(["set_timer", { "seconds": 600 }]), "{sentence}");
    }
}

#[test]
fn a_corrected_sentence_means_its_last_words() {
    for (sentence, arguments) in [
        ("cancel the rice timer no the pasta timer", json!({ "label": "pasta" })),
        (
            "set an alarm for 7 on tuesday, I mean wednesday",
            json!({ "time": "07:00", "day": "wednesday" }),
        ),
        ("what's the weather in Paris no in Rome", json!({ "location": "Rome" })),
        (
            "add oat milk no almond milk to the grocery list",
            json!({ "list": "grocery", "item": "almond milk" }),
        ),
        ("remind me to call tom no tim at 5 pm", json!({ "text": "call tim", "time": "17:00" })),
        ("set the volume to 40 no 45", json!({ "level": 45 })),
        ("set a timer, no wait, what's the weather", json!({})),
        (
            "convert twenty no thirty miles to kilometers",
            json!({ "value": 30, "from": "mile", "to": "kilometer" }),
        ),
    ] {
        assert_eq!(parsed(sentence)[1], arguments, "{sentence}");
    }
}

fn spec(name: &str) -> ToolSpec {
    ToolSpec {
        name: name.into(),
        description: String::new(),
        parameters: json!({ "type": "object" }),
        effect: Effect::Writes,
    }
}

fn prompt(items: Vec<Item>, tools: &[&str]) -> Prompt {
    Prompt {
        instructions: "".into(),
        items,
        tools: tools.iter().map(|name| spec(name)).collect::<Vec<_>>().into(),
        sounds: Vec::new(),
    }
}

fn user(text: &str) -> Item {
    Item::User { utterance: None, text: text.into() }
}

async fn reply(templates: &Templates, prompt: Prompt) -> Vec<Delta> {
    templates.respond(prompt).map(|delta| delta.unwrap()).collect().await
}

#[tokio::test]
async fn a_command_becomes_a_call_and_its_outcome_is_spoken() {
    let templates = Templates::default();
    let mut items = vec![user("set a timer for ten minutes")];
    let deltas = reply(&templates, prompt(items.clone(), &["set_timer"])).await;
    let [Delta::Call(call)] = deltas.as_slice() else { panic!("no call: {deltas:?}") };
    assert_eq!((call.name.as_str(), call.arguments.as_str()), ("set_timer", r#"{"seconds":600}"#));
    items.push(Item::Call { epoch: Epoch(1), call: call.clone() });
    // While the tool still runs there is nothing to say.
    assert_eq!(reply(&templates, prompt(items.clone(), &["set_timer"])).await, []);
    items.push(Item::Outcome(Outcome {
        id: call.id.clone(),
        output: "{}".into(),
        say: "Ten minutes, starting now.".into(),
        ok: true,
    }));
    assert_eq!(
        reply(&templates, prompt(items.clone(), &["set_timer"])).await,
        [Delta::Text("Ten minutes, starting now.".into())]
    );
    // The next turn makes a call with another id.
    items.push(user("and another timer for five minutes"));
    let deltas = reply(&templates, prompt(items, &["set_timer"])).await;
    let [Delta::Call(next)] = deltas.as_slice() else { panic!("no call: {deltas:?}") };
    assert_ne!(next.id, call.id);
}

#[tokio::test]
async fn a_call_name_is_never_one_of_the_history() {
    // A history of an earlier run contains the ids that a fresh responder would assign.
    let call = |n: usize| Call {
        id: CallId(format!("template-{n}")),
        name: "get_time".into(),
        arguments: "{}".into(),
    };
    let mut items: Vec<_> = (0..3).map(|n| Item::Call { epoch: Epoch(1), call: call(n) }).collect();
    items.push(user("what time is it"));
    let deltas = reply(&Templates::default(), prompt(items.clone(), &["get_time"])).await;
    let [Delta::Call(made)] = deltas.as_slice() else { panic!("no call: {deltas:?}") };
    assert!((0..3).all(|n| call(n).id != made.id), "{:?}", made.id);
}

#[tokio::test]
async fn what_cannot_be_done_is_said_in_a_sentence() {
    let templates = Templates::default();
    let said = async |text: &str| match reply(&templates, prompt(vec![user(text)], &["get_time"]))
        .await
        .as_slice()
    {
        [Delta::Text(text)] => text.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        said("remind me to call mom at 5 pm").await,
        "I can't keep reminders. I could set a timer or an alarm instead."
    );
    assert_eq!(
        said("who wrote hamlet").await,
        "I can't answer that by myself. A chat model could: set an OpenAI API key."
    );
    assert_eq!(
        said("sell my car").await,
        "Sorry, I can't do that. Say \"help\" to hear what I can do."
    );
    assert_eq!(
        said("turn off the kitchen light").await,
        "I can't switch lights without Home Assistant. Set url under tools.home_assistant in the \
         configuration."
    );
    assert_eq!(said("play some jazz").await, "I can't play music yet.");
    assert_eq!(said("wie spät ist es").await, "Ich verstehe leider nur Englisch.");
    assert_eq!(said("thank you so much").await, "You're welcome.");
    assert_eq!(said("hello").await, "Hello.");
    assert_eq!(said(" ... ").await, "I didn't catch that.");
    assert_eq!(reply(&templates, prompt(vec![], &["get_time"])).await, []);
}

#[test]
fn templates_of_ones_own_come_first() {
    let templates = Grammar::with_text(
        r#"
        [parts]
        rooms = "(kitchen|bedroom|living room)"

        [[template]]
        tool = "lights"
        with = { on = true }
        say = ["(switch|turn) on the {room:label} (light|lights)", "light the {room:name}"]

        [[template]]
        tool = "scene"
        with = { command = "scene {_n} at {_l}" }
        say = ["scene {_n:number} [at {_l:level} percent]"]

        [[template]]
        answer = "Forty two."
        say = ["what is the meaning of life"]

        [[template]]
        tool = "none"
        say = ["set a timer for ten minutes"]
        "#,
    )
    .unwrap();
    let call =
        |sentence: &str| templates.parse(sentence).map(|call| json!([call.tool, call.arguments]));
    assert_eq!(
        call("please turn on the kitchen lights"),
        Some(json!(["lights", { "room": "kitchen", "on": true }]))
    );
    assert_eq!(
        call("scene four at 20 percent"),
        Some(json!(["scene", { "command": "scene 4 at 20" }]))
    );
    assert_eq!(
        templates.understand("what's the meaning of life"),
        Some(Meaning::Answer("Forty two.".into()))
    );
    assert_eq!(call("set a timer for ten minutes"), None);
    assert_eq!(
        call("set a timer for nine minutes"),
        Some(json!(["set_timer", { "seconds": 540 }]))
    );
}

#[test]
fn mistakes_in_a_file_are_reported_with_their_lines() {
    let problems = Grammar::with_text(
        "[[template]]\ntool = \"a\"\nsay = [\n\"turn (on the light\",\n\"{x:colour} light\",\n\
         \"<room> light\",\n\"[please] [now]\",\n]\n[[template]]\nsay = [\"hello\"]\n",
    )
    .unwrap_err();
    let found: Vec<_> = problems.iter().map(|p| (p.line, p.message.as_str())).collect();
    assert_eq!(
        found.iter().map(|(line, _)| *line).collect::<Vec<_>>(),
        [4, 5, 6, 7, 10],
        "{found:?}"
    );
    assert!(found[0].1.contains("has no \")\""), "{found:?}");
    assert!(found[1].1.contains("no kind of slot; there are length"), "{found:?}");
    assert!(found[2].1.contains("no part \"room\""), "{found:?}");
    let syntax = Grammar::with_text("\n[[template]\n").unwrap_err();
    assert_eq!(syntax[0].line, 2);
    let circle = Grammar::with_text(
        "[parts]\na = \"<b>\"\nb = \"<a>\"\n[[template]]\ntool = \"t\"\nsay = [\"go <a>\"]\n",
    );
    assert_eq!(circle.unwrap_err()[0].line, 6);
}

#[test]
fn talk_too_long_for_a_command_is_none() {
    let templates = Grammar::new();
    assert_eq!(templates.understand(&"set a timer for ten minutes ".repeat(4000)), None);
    assert_eq!(templates.understand(&"a".repeat(100_000)), None);
    assert_eq!(templates.understand(&"five no ".repeat(60)), None);
}

/// The grammar's most frequent words, for sentences that nearly mean something.
const SOUP: &str = "set a timer for five no six minutes and half an hour quarter past to seven \
    thirty am in the morning tomorrow monday sum of 5 10 two hundred plus times minus double \
    square root 15 percent point ( ) - 1/2 three quarters wait sorry remind me alarm in paris \
    weather add milk to shopping list note that : , convert miles kilometers dollars how many is";

fn templates() -> Arc<Grammar> {
    static SHARED: std::sync::OnceLock<Arc<Grammar>> = std::sync::OnceLock::new();
    Arc::clone(SHARED.get_or_init(|| Arc::new(Grammar::new())))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// No text from a transcriber or keyboard causes a panic, and a call's arguments are an object.
    #[test]
    fn any_text_is_read(text in ".{0,200}") {
        if let Some(call) = templates().parse(&text) {
            prop_assert!(call.arguments.is_object());
        }
    }

    #[test]
    fn any_words_of_the_grammar_are_read(
        words in proptest::collection::vec(
            proptest::sample::select(SOUP.split_whitespace().collect::<Vec<_>>()), 1..70)
    ) {
        if let Some(call) = templates().parse(&words.join(" ")) {
            prop_assert!(call.arguments.is_object());
        }
    }
}
