//! The language of the scenarios: one line for each thing that happens, `seconds what`.

use std::collections::BTreeMap;

use aloud::base::NoticeId;
use aloud::dialog::Item;
use aloud::turn::{Device, Failure, Input, Mode, Settings, Setup, Trigger};

use super::world::{Act, Engines, World};

/// Plays a scenario and compares everything that someone in the room notices, and the whole
/// history, with what stands behind `-- noticed` and `-- told`.
///
/// Times may be off by a tenth of a second. Besides, in every scenario: the history holds exactly what came out of the loudspeaker, and
/// the log of inputs, written and read again, replays to the same commands.
pub(crate) fn check(scenario: &str) {
    let lines = |text: &str| -> Vec<String> {
        text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
    };
    let (script, expected) = scenario.split_once("-- noticed").unwrap();
    let (noticed, history) = expected.split_once("-- told").unwrap();
    let world = play(script);
    let noticed = lines(noticed);
    let as_expected = world.noticed.len() == noticed.len()
        && world.noticed.iter().zip(&noticed).all(|(is, should)| agree(is, should));
    assert!(
        as_expected,
        "noticed:\n{}\nexpected:\n{}",
        world.noticed.join("\n"),
        noticed.join("\n")
    );
    assert_eq!(told(world.machine.history().items()), lines(history), "told, left is the history");
    world.verify();
    world.replay();
}

/// Whether two lines tell of the same thing at the same time, give or take what the tuning of the
/// voice activity may shift. Counts of samples are not among what is compared here: they are
/// compared with the truth, to the sample, while the scenario runs.
fn agree(is: &str, should: &str) -> bool {
    let parts = |line: &str| {
        let (seconds, what) = line.split_once(' ').unwrap();
        (seconds.parse::<f64>().unwrap(), what.to_owned())
    };
    let ((is_at, is), (should_at, should)) = (parts(is), parts(should));
    is == should && (is_at - should_at).abs() < 0.101
}

/// Plays `script` to its line `end`.
///
/// The first line names the mode, and after it what is switched on: `speculate`, `hears`.
pub(crate) fn play(script: &str) -> World {
    let mut lines = script.lines().map(str::trim).filter(|line| !line.is_empty());
    let setup = setup(lines.next().unwrap());
    let mut world = World::new(setup);
    for line in lines {
        let (seconds, what) = line.split_once(' ').unwrap();
        let ms = (seconds.parse::<f64>().unwrap() * 1_000.0).round() as u64;
        if what == "end" {
            world.run(ms);
            return world;
        }
        world.at(ms, act(what));
    }
    panic!("the script has no end");
}

fn setup(line: &str) -> Setup {
    let mut settings = Settings::default();
    let mut hears = false;
    for word in line.split(' ') {
        match word {
            "push-to-talk" => settings.mode = Mode::PushToTalk,
            "open" => settings.mode = Mode::Open,
            "wake" => settings.mode = Mode::Wake,
            "speculate" => settings.speculate = true,
            "hears" => hears = true,
            other => panic!("no such word in the first line: {other}"),
        }
    }
    Setup { settings, hears, tools: World::tools() }
}

pub(crate) fn act(what: &str) -> Act {
    let (verb, rest) = what.split_once(' ').unwrap_or((what, ""));
    let quoted = || rest.trim_matches('"').to_owned();
    let trigger = |trigger| Act::Input(Input::Trigger(trigger));
    let device = |device| Act::Input(Input::Device(device));
    match verb {
        "user" => Act::Say(quoted()),
        "noise" => Act::Say(format!("*{rest}")),
        "press" => trigger(Trigger::PushToTalk),
        "toggle" => trigger(Trigger::Toggle),
        "release" => Act::Input(Input::Release),
        "wake" => trigger(Trigger::Wake),
        "stop" => trigger(Trigger::Stop),
        "mute" => trigger(Trigger::Mute),
        "unmute" => trigger(Trigger::Unmute),
        "type" => Act::Input(Input::Text { text: quoted(), pictures: Vec::new() }),
        "rings" => Act::Input(Input::Notice { id: NoticeId(1), text: quoted() }),
        "microphone-lost" => device(Device::MicrophoneLost),
        "microphone-back" => device(Device::MicrophoneBack),
        "microphone-dies" => Act::Microphone(false),
        "speaker-lost" => device(Device::SpeakerLost),
        "speaker-back" => device(Device::SpeakerBack),
        "speaker-dies" => Act::Speaker(false),
        "speaker-lives" => Act::Speaker(true),
        "transcriber-fails" => Act::Transcriber(Some(Failure::Engine { text: quoted() })),
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

/// The history as a reader would tell it.
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
