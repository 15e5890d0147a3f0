//! Every event that the client sends, validated with the types of the vendor's own client.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use aloud::base::Moment;
use aloud::dialog::Picture;
use aloud::engine::Transcriber;
use aloud::engine::openai::realtime::{Dialect, Format, Scribe, Server, Settings, TurnDetection};
use aloud::engine::openai::{Address, Auth};
use futures::StreamExt;
use serde_json::{Value, json};

use crate::host::Host;
use crate::sockets::{open, utterance};
use crate::talk::brain;
use crate::tools;
use crate::world::{Say, World};

/// A conversation with a bit of everything.
fn conversation(dialect: Dialect, settings: Settings) -> Vec<Value> {
    let mut world = World::with(dialect, brain, settings);
    let at = Moment::from_millis;
    world.show(at(1_900), Picture::from("https://pictures.example/1.png".to_owned()), "tell me 4");
    world.say(at(10_000), Say { number: 5, ms: 800, pause: None });
    world.say(at(20_000), Say { number: 1, ms: 900, pause: Some(400) });
    // Cut in the middle, then a broken connection in the middle of an answer and after tools.
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

/// The verdict of the types, which must accept everything.
fn validate(dialect: &str, folder: PathBuf, events: &[Value]) -> String {
    let (fine, said) = verdict(dialect, folder, events);
    assert!(fine, "{said}");
    said
}

/// Whether the types accept `events`, and their messages.
fn verdict(dialect: &str, folder: PathBuf, events: &[Value]) -> (bool, String) {
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
    (done.status.success(), said)
}

/// The events of a session that only transcribes.
async fn dictation(dialect: Dialect, model: &str) -> Vec<Value> {
    let host = Host::start(open(dialect), brain);
    let address = Address::v1(&host.base()).unwrap();
    let server = Server::new("test", &address, "gpt-x", Auth::None).unwrap();
    let scribe =
        Scribe::new(server, "test", model, vec!["en".into()], vec!["aloud".into()], host.clock);
    let words: Vec<_> = scribe.transcribe(utterance(1, 16_000, 7)).collect().await;
    assert_eq!(words.last().unwrap().as_ref().unwrap().text, "question 7");
    assert_eq!(host.complaints(), Vec::<String>::new(), "{dialect:?}");
    let session = host.session();
    let session = session.lock().unwrap();
    session.append.iter().chain(&session.got).cloned().collect()
}

fn kinds(events: &[Value]) -> Vec<&str> {
    let mut kinds: Vec<&str> = events.iter().filter_map(|e| e["type"].as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

#[tokio::test]
async fn the_types_accept_every_event_of_a_session_that_only_writes() {
    for (dialect, name, folder, update) in [
        (Dialect::Ga, "ga", tools::folder("openai"), "session.update"),
        (Dialect::Beta, "beta", tools::folder("openai-old"), "transcription_session.update"),
    ] {
        let mut events = dictation(dialect, "gpt-4o-transcribe").await;
        if dialect == Dialect::Ga {
            // The one that takes hints; the old dialect does not know it.
            events.extend(dictation(dialect, "gpt-live-transcribe").await);
        }
        let all = ["input_audio_buffer.append", "input_audio_buffer.commit", update];
        assert_eq!(kinds(&events), all);
        print!("{}", validate(name, folder, &events));
    }
}

#[test]
fn the_types_refuse_what_is_unknown_missing_or_of_another_type_in_a_session() {
    for (name, folder, session) in [
        ("ga", tools::folder("openai"), json!({ "type": "realtime" })),
        ("beta", tools::folder("openai-old"), json!({ "turn_detection": null })),
    ] {
        let event = |change: Value| {
            let mut session = session.clone();
            session.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            json!({ "type": "session.update", "session": session })
        };
        // All at once: loading the types takes seconds.
        let right = event(json!({}));
        let mut wrong = vec![
            json!({ "turn_detektion": null }),
            json!({ "instructions": 5 }),
            json!({ "tools": [{ "type": "function", "nom": "x" }] }),
        ];
        if name == "beta" {
            // Null is accepted, and no other invalid detection.
            wrong.push(json!({ "turn_detection": 5 }));
            wrong.push(json!({ "turn_detection": { "type": "server_vad", "hush": true } }));
        }
        let events: Vec<Value> =
            [right].into_iter().chain(wrong.iter().cloned().map(event)).collect();
        let (_, said) = verdict(name, folder, &events);
        let end = format!("{} {name} events checked, {} wrong\n", events.len(), wrong.len());
        assert!(said.ends_with(&end), "{said}");
    }
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
        assert_eq!(
            kinds(&events),
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
