//! The language of the scenarios: one line for each event, `seconds what`.

use std::collections::BTreeMap;
use std::future::Future;

use aloud::audio::Side;
use aloud::dialog::Item;
use aloud::drive::Request;
use aloud::engine::EngineError;
use aloud::turn::{Mode, Settings, Setup};

use super::room::Engines;
use super::tools;
use super::world::{Act, Past, World};

/// Plays a scenario and compares everything that someone in the room notices, to the millisecond,
/// and the whole history, with what follows `-- noticed` and `-- told`.
///
/// In every scenario it also checks that the history contains exactly what came out of the
/// loudspeaker, and that the driver's record, replayed on another machine, yields the same history.
pub(crate) fn check(scenario: &str) {
    let lines = |text: &str| -> Vec<String> {
        text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
    };
    let (script, expected) = scenario.split_once("-- noticed").unwrap();
    let (noticed, history) = expected.split_once("-- told").unwrap();
    let past = play(script);
    past.verify();
    past.replay();
    let is = (past.noticed(), told(past.items()));
    let should = (lines(noticed), lines(history));
    assert!(
        is == should,
        "IS\n{}\n-- told\n{}\nSHOULD BE\n{expected}",
        is.0.join("\n"),
        is.1.join("\n")
    );
}

/// Runs `work` in paused time.
pub(crate) fn in_time<T>(work: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().unwrap().block_on(work)
}

/// Runs `work` in paused time, with sockets. Traffic between sockets in `work` takes no time.
pub(crate) fn in_time_with_sockets<T>(work: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().start_paused(true).build().unwrap().block_on(work)
}

/// Plays `script` up to its line `end`.
///
/// The first line names the mode, followed by the enabled options: `speculate`, `hears`, `echo`
/// (the microphone hears the loudspeaker), `smart` (a turn ends by what was said), `blind` (nobody recognizes words before their utterance
/// ends).
pub(crate) fn play(script: &str) -> Past {
    in_time(async {
        let mut lines = script.lines().map(str::trim).filter(|line| !line.is_empty());
        let first = lines.next().unwrap();
        let smart = first.split(' ').any(|word| word == "smart");
        let mut world =
            if smart { World::smart(setup(first)) } else { World::new(setup(first), true) };
        world.room.lock().echo = first.split(' ').any(|word| word == "echo");
        for line in lines {
            let (seconds, what) = line.split_once(' ').unwrap();
            let ms = (seconds.parse::<f64>().unwrap() * 1_000.0).round() as u64;
            if what == "end" {
                world.run(ms).await;
                return world.end().await;
            }
            world.at(ms, act(what));
        }
        panic!("the script has no end");
    })
}

pub(crate) fn setup(line: &str) -> Setup {
    let mut settings = Settings::default();
    settings.interruption.looks = true;
    let mut hears = false;
    for word in line.split(' ') {
        match word {
            "push-to-talk" => settings.mode = Mode::PushToTalk,
            "open" => settings.mode = Mode::Open,
            "speculate" => settings.speculate = true,
            "hears" => hears = true,
            "blind" => settings.interruption.looks = false,
            "echo" | "smart" => {}
            other => panic!("no such word in the first line: {other}"),
        }
    }
    Setup { settings, hears, tools: tools::effects(), ..Setup::default() }
}

pub(crate) fn act(what: &str) -> Act {
    let (verb, rest) = what.split_once(' ').unwrap_or((what, ""));
    let quoted = || rest.trim_matches('"').to_owned();
    match verb {
        "user" => Act::Say(quoted()),
        "noise" => Act::Say(format!("*{rest}")),
        "press" => Act::Ask(Request::Press),
        "toggle" => Act::Ask(Request::Toggle),
        "release" => Act::Ask(Request::Release),
        "stop" => Act::Ask(Request::Stop),
        "quit" => Act::Ask(Request::Quit),
        "mute" => Act::Ask(Request::Mute),
        "unmute" => Act::Ask(Request::Unmute),
        "type" => Act::Ask(Request::Ask { text: quoted() }),
        "inquires" => Act::Inquire(quoted()),
        "tells" => Act::Tell(quoted()),
        "says" => Act::Ask(Request::Say { text: quoted() }),
        "microphone-lost" => Act::Device(Side::Input, false),
        "microphone-back" => Act::Device(Side::Input, true),
        "speaker-lost" => Act::Device(Side::Output, false),
        "speaker-back" => Act::Device(Side::Output, true),
        "microphone-dies" => Act::Microphone(false),
        "speaker-dies" => Act::Speaker(false),
        "speaker-lives" => Act::Speaker(true),
        "transcriber-fails" => Act::Transcriber(Some(EngineError::Broken(quoted()))),
        "transcriber-works" => Act::Transcriber(None),
        "transcriber-takes" => {
            let transcribe = rest.parse().unwrap();
            Act::Engines(Engines { transcribe, ..Engines::default() })
        }
        "responder-takes" => {
            let think = rest.parse().unwrap();
            Act::Engines(Engines { think, ..Engines::default() })
        }
        other => panic!("no such thing happens: {other}"),
    }
}

/// The history as a reader would describe it.
pub(crate) fn told(items: &[Item]) -> Vec<String> {
    let mut names = BTreeMap::new();
    items
        .iter()
        .map(|item| match item {
            Item::User { text, .. } => format!("user: {text}"),
            Item::Reply { text, interrupted: false, .. } => format!("aloud: {text}"),
            Item::Reply { text, interrupted: true, .. } => format!("aloud: {text} --"),
            Item::Call { call, .. } => {
                names.insert(call.id.clone(), call.name.clone());
                format!("call {}", call.name)
            }
            Item::Outcome(outcome) => {
                format!(
                    "{}: {}",
                    names[&outcome.id],
                    if outcome.ok { "done" } else { &outcome.output }
                )
            }
            Item::Picture(_) => "picture".to_owned(),
            Item::Notice { text } => format!("notice: {text}"),
        })
        .collect()
}
