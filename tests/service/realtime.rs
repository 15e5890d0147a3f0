//! The service with the partner that hears and speaks by itself: real sound, the strict server.
#![allow(clippy::print_stdout, reason = "figures are for whoever runs the test")]

use aloud::engine::openai::realtime::Dialect;
use serde_json::json;

use crate::host::{Host, House as Server};
use crate::house::{House, weather};
use crate::sound::{PATIENCE, RATE, until};
use crate::strict::{Answer, Asked, Brain, Item, samples};
use crate::{heard_whole, loud};

/// Calls the tool, then repeats what it said.
fn forecaster() -> Brain {
    Box::new(|items: &[Item], _: &Asked| {
        let outcome = items.iter().rev().find(|item| item.kind == "function_call_output");
        match outcome {
            None => Answer {
                text: String::new(),
                calls: vec![("get_weather".into(), r#"{"location":"Paris"}"#.into())],
            },
            Some(outcome) if outcome.text.contains("21") => {
                Answer { text: "It is 21 degrees in Paris.".into(), calls: Vec::new() }
            }
            Some(_) => Answer { text: "I do not know.".into(), calls: Vec::new() },
        }
    })
}

/// Talks for half a minute.
fn talker() -> Brain {
    Box::new(|_: &[Item], _: &Asked| {
        let text = "one two three four five six seven eight nine ten ".repeat(9);
        Answer { text, calls: Vec::new() }
    })
}

fn house(host: &Host) -> House {
    let mut house = House::new();
    house.set("ALOUD_PROVIDERS__MINE__BASE_URL", &host.base());
    house.set("ALOUD_REALTIME__MODEL", "mine/gpt-realtime");
    house.set("ALOUD_AUDIO__EARCONS", "false");
    house
}

fn server(brain: fn() -> Brain) -> Host {
    Host::start(Server { dialect: Dialect::Ga, wants_beta: false, key: None }, brain)
}

/// Where a recording has sound, from the first loud sample to the last.
fn sounding(pcm: &[f32]) -> std::ops::Range<usize> {
    let loud = |sample: &f32| sample.abs() > 0.05;
    let first = pcm.iter().position(loud).unwrap_or(0);
    first..pcm.iter().rposition(loud).map_or(0, |last| last + 1)
}

#[test]
fn a_spoken_question_about_the_weather_is_answered_by_the_session() {
    let host = server(forecaster);
    let mut house = house(&host);
    let place = weather();
    house.set("ALOUD_TOOLS__GET_WEATHER__BASE_URL", &place);
    house.set("ALOUD_TOOLS__GET_WEATHER__GEOCODING_URL", &place);
    let pcm = house.spoken("What's the weather in Paris?");
    let mut service = house.serve(&["--partner", "realtime"]);
    let recorder = house.card.record_speaker();
    house.ok(&["press"]);
    house.card.play_into_mic(&pcm);
    house.ok(&["release"]);
    let reply = service.wait_for("reply", |_| true);
    assert_eq!(reply["text"], "It is 21 degrees in Paris.");
    assert_eq!(service.seen("call")[0]["name"], "get_weather");
    let pcm = heard_whole(recorder);
    let seconds = sounding(&pcm).len() as f64 / f64::from(RATE);
    let wanted = samples("It is 21 degrees in Paris.".len()) as f64 / 24_000.0;
    assert!((seconds - wanted).abs() < 0.1, "{seconds} s of sound, {wanted} s were spoken");
    assert_eq!(host.complaints(), Vec::<String>::new());
    let commit = host.session().lock().unwrap().commits[0].1;
    assert!(commit > 24_000, "{commit} samples of the question arrived");
}

#[test]
fn an_interruption_truncates_to_what_was_heard_within_20_ms() {
    let host = server(talker);
    let house = house(&host);
    let pcm = house.spoken("Please count as far as you can.");
    let mut service = house.serve(&["--partner", "realtime"]);
    let recorder = house.card.record_speaker();
    house.ok(&["press"]);
    house.card.play_into_mic(&pcm);
    house.ok(&["release"]);
    service.wait_for("sounding", |_| true);
    recorder.wait_for(PATIENCE, |pcm| sounding(pcm).len() > 3 * RATE as usize);
    house.ok(&["press"]);
    let session = host.session();
    let truncated = until("a truncation", || session.lock().unwrap().truncated.first().cloned());
    house.ok(&["release"]);
    let quiet = RATE as usize / 2;
    recorder.wait_for(PATIENCE, |pcm| !loud(&pcm[pcm.len().saturating_sub(quiet)..]));
    let heard = sounding(&recorder.stop()).len() as u64 * 1_000 / u64::from(RATE);
    println!("truncated to {} ms, {heard} ms are on the recording", truncated.1);
    assert!(truncated.1.abs_diff(heard) <= 20, "{} ms, {heard} ms recorded", truncated.1);
    let reply = service.wait_for("reply", |_| true);
    assert_eq!(reply["interrupted"], true);
    assert_eq!(host.complaints(), Vec::<String>::new());
}

#[test]
fn what_the_user_says_is_shown_while_the_key_is_still_held() {
    let host = server(talker);
    let mut house = house(&host);
    house.set("ALOUD_CASCADE__TRANSCRIBE", "mine/gpt-live-transcribe");
    let pcm = house.spoken("Please count as far as you can.");
    let mut service = house.serve(&[]);
    house.ok(&["press"]);
    house.card.play_into_mic(&pcm);
    // The key is released once the first words have been shown, and not before.
    let partial = service.wait_for("transcript", |_| true);
    assert_eq!((&partial["text"], &partial["last"]), (&json!("question"), &json!(false)));
    house.ok(&["release"]);
    let whole = service.wait_for("transcript", |event| event["last"] == true);
    assert!(whole["text"].as_str().unwrap().starts_with("question "), "{whole}");
    service.wait_for("reply", |_| true);
    assert_eq!(host.seen.lock().unwrap().requests[0].0, "/v1/realtime?intent=transcription");
    assert_eq!(host.complaints(), Vec::<String>::new());
}
