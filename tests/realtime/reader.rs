//! A realtime model as a voice: what is requested, what is heard and when, and what the history
//! contains if it reads a sentence differently.

use aloud::base::{Flow, Moment};
use aloud::engine::openai::realtime::{Dialect, Reader, Server, Settings};
use aloud::engine::openai::{Address, Auth};
use aloud::engine::{Chunk, EngineError, Meter, Notes, Synthesizer};
use futures::StreamExt;

use crate::host::{Host, House, PATIENCE};
use crate::strict::{Answer, Asked, Brain, Item};

/// Reads what it is told to read; answers `Answer me.`.
fn brain() -> Brain {
    Box::new(|_: &[Item], asked: &Asked| {
        assert!(asked.recital, "it is no part of a conversation");
        let text = asked.instructions.rsplit("nothing else: ").next().unwrap_or_default();
        let text = if text == "Answer me." { "I will not." } else { text };
        Answer { text: text.to_owned(), calls: Vec::new() }
    })
}

const fn house(dialect: Dialect) -> House {
    House { dialect, wants_beta: false, key: None }
}

fn reader(host: &Host) -> (Reader, tokio::sync::mpsc::Receiver<String>) {
    let address = Address::v1(&host.base()).unwrap();
    let server = Server::new("test", &address, "m", Auth::Bearer("mine".into())).unwrap();
    let settings = Settings {
        provider: "test".into(),
        model: "m".into(),
        voice: Some("marin".into()),
        speed: Some(1.25),
        ..Settings::default()
    };
    let (notes, told) = Notes::new();
    (Reader::new(server, settings, None).telling(Meter::default(), notes), told)
}

type Sound = Result<Chunk, EngineError>;

async fn next(sound: &mut Flow<Sound>) -> Option<Sound> {
    tokio::time::timeout(PATIENCE, sound.next()).await.expect("something comes")
}

/// The words of a sentence, and its seconds.
async fn read(mut sound: Flow<Sound>) -> (String, f64) {
    let (mut words, mut seconds) = (String::new(), 0.0);
    while let Some(chunk) = next(&mut sound).await {
        let chunk = chunk.unwrap();
        words.push_str(&chunk.text);
        seconds += chunk.pcm.len() as f64 / f64::from(chunk.rate.0);
    }
    (words, seconds)
}

#[tokio::test]
async fn sentences_are_read_in_one_session_and_outside_of_any_conversation() {
    for dialect in [Dialect::Ga, Dialect::Beta] {
        let host = Host::start(house(dialect), brain);
        let (reader, mut told) = reader(&host);
        reader.warm().await.unwrap();
        let sentences = ["It is ten o'clock.", "The tea — “Assam” — takes 5 minutes."];
        // The next one is requested while the first is read.
        let both = sentences.map(|sentence| read(reader.speak(sentence.into())));
        let read = futures::future::join_all(both).await;
        for ((words, seconds), sentence) in read.iter().zip(sentences) {
            assert_eq!(words, sentence);
            assert!(*seconds > 0.5, "{seconds} s of sound");
        }
        assert_eq!(host.seen.lock().unwrap().requests.len(), 1);
        assert_eq!(host.complaints(), Vec::<String>::new());
        assert!(told.try_recv().is_err());
        let session = host.session();
        let session = session.lock().unwrap();
        assert_eq!(session.items, Vec::<Item>::new());
        let creates: Vec<_> =
            session.got.iter().filter(|e| e["type"] == "response.create").collect();
        assert_eq!(creates.len(), 2);
        assert!(creates.iter().all(|event| event["response"]["conversation"] == "none"));
        let update = session.got.iter().find(|event| event["type"] == "session.update").unwrap();
        let pace = match dialect {
            Dialect::Ga => &update["session"]["audio"]["output"]["speed"],
            Dialect::Beta => &update["session"]["speed"],
        };
        assert_eq!(*pace, 1.25);
    }
}

#[tokio::test]
async fn what_is_read_otherwise_is_what_was_heard() {
    let host = Host::start(house(Dialect::Ga), brain);
    let (reader, mut told) = reader(&host);
    let (words, _) = read(reader.speak("Answer me.".into())).await;
    assert_eq!(words, "I will not.");
    let note = told.try_recv().unwrap();
    assert_eq!(note, "test/m said \"I will not.\" instead of \"Answer me.\"");
}

#[tokio::test]
async fn its_first_sound_is_handed_on_within_milliseconds() {
    let host = Host::start(house(Dialect::Ga), brain);
    let (reader, _) = reader(&host);
    reader.warm().await.unwrap();
    let mut waits = Vec::new();
    for _ in 0..9 {
        host.seen.lock().unwrap().sounds.clear();
        let mut sound = reader.speak("It is ten o'clock in the morning.".into());
        let first = loop {
            let chunk = next(&mut sound).await.unwrap().unwrap();
            if !chunk.pcm.is_empty() {
                break host.clock.now();
            }
        };
        let sent: Moment = host.seen.lock().unwrap().sounds[0];
        waits.push(first.since(sent).as_secs_f64() * 1_000.0);
        read(sound).await;
    }
    waits.sort_by(f64::total_cmp);
    println!("first sound after its first delta: median {:.2} ms", waits[4]);
    assert!(waits[4] < 5.0, "{waits:?}");
}

#[tokio::test]
async fn who_is_interrupted_reads_on_in_the_same_session() {
    let host = Host::start(house(Dialect::Ga), brain);
    let (reader, _) = reader(&host);
    let mut sound =
        reader.speak("This is a long sentence that nobody hears to its end. ".repeat(4));
    assert!(next(&mut sound).await.unwrap().is_ok());
    drop(sound);
    let (words, _) = read(reader.speak("Yes?".into())).await;
    assert_eq!(words, "Yes?");
    assert_eq!(host.seen.lock().unwrap().requests.len(), 1);
    assert_eq!(host.session().lock().unwrap().cancelled, 1);
    assert_eq!(host.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn a_session_that_was_lost_is_opened_again() {
    let host = Host::start(house(Dialect::Ga), brain);
    let (reader, _) = reader(&host);
    assert_eq!(read(reader.speak("One.".into())).await.0, "One.");
    host.drop_lines();
    assert_eq!(read(reader.speak("Two.".into())).await.0, "Two.");
    assert_eq!(host.seen.lock().unwrap().requests.len(), 2);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told() {
    let address = Address::v1("http://127.0.0.1:1/v1").unwrap();
    let server = Server::new("test", &address, "m", Auth::None).unwrap();
    let reader =
        Reader::new(server, Settings { provider: "test".into(), ..Settings::default() }, None);
    let told = next(&mut reader.speak("Hi.".into())).await.unwrap();
    assert!(matches!(told, Err(EngineError::Unreachable(_))), "{told:?}");
}
