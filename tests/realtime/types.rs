//! Every event that the client sends, validated with the types of the vendor's own client.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use aloud::base::Moment;
use aloud::dialog::Picture;
use aloud::engine::openai::realtime::{Dialect, Format, Settings, TurnDetection};
use serde_json::Value;

use crate::talk::brain;
use crate::tools;
use crate::world::{Say, World};

/// A conversation with something of everything in it.
fn conversation(dialect: Dialect, settings: Settings) -> Vec<Value> {
    let mut world = World::with(dialect, brain, settings);
    let at = Moment::from_millis;
    world.show(at(1_900), Picture::from("https://pictures.example/1.png".to_owned()), "tell me 4");
    world.say(at(10_000), Say { number: 5, ms: 800, pause: None });
    world.say(at(20_000), Say { number: 1, ms: 900, pause: Some(400) });
    // Cut in the middle, then a broken line in the middle of an answer and after tools.
    world.say(at(24_000), Say { number: 7, ms: 800, pause: None });
    world.say(at(34_000), Say { number: 2, ms: 800, pause: None });
    world.kill(at(36_900));
    world.write(at(44_000), "tell me 9");
    world.notice(at(52_000), "Your timer is done.");
    world.run(at(53_000));
    world.rest();
    world.run(world.now + Duration::from_secs(200));
    world.say(world.now + Duration::from_secs(1), Say { number: 3, ms: 800, pause: None });
    world.run(world.now + Duration::from_secs(4));
    world.rest();
    world.sent
}

fn validate(dialect: &str, folder: std::path::PathBuf, events: &[Value]) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/realtime/validate.py");
    let mut python = Command::new("python3")
        .args([script, dialect])
        .env("PYTHONPATH", folder)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = python.stdin.take().unwrap();
    for event in events {
        writeln!(stdin, "{event}").unwrap();
    }
    drop(stdin);
    let done = python.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{said}");
    said
}

#[test]
fn the_types_of_the_vendors_client_accept_every_event() {
    let full = Settings {
        voice: Some("alloy".into()),
        transcribe: Some("whisper-1".into()),
        ..Settings::default()
    };
    let ways = [
        full.clone(),
        Settings { turn_detection: TurnDetection::ServerVad, ..full.clone() },
        Settings { turn_detection: TurnDetection::SemanticVad, silent: true, ..full.clone() },
        Settings { format: Format::Ulaw, voice: None, transcribe: None, ..full.clone() },
    ];
    let packages = [
        (Dialect::Ga, "ga", tools::folder("openai")),
        (Dialect::Beta, "beta", tools::folder("openai-old")),
    ];
    for (dialect, name, folder) in packages {
        let events: Vec<Value> =
            ways.iter().flat_map(|way| conversation(dialect, way.clone())).collect();
        let mut kinds: Vec<&str> = events.iter().filter_map(|e| e["type"].as_str()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(
            kinds,
            [
                "conversation.item.create",
                "conversation.item.delete",
                "conversation.item.truncate",
                "input_audio_buffer.append",
                "input_audio_buffer.clear",
                "input_audio_buffer.commit",
                "response.cancel",
                "response.create",
                "session.update",
            ]
        );
        print!("{}", validate(name, folder, &events));
    }
}
