//! The partner over real sockets, against the strict server in both dialects.

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

use aloud::base::{Epoch, FRAME_SAMPLES, Frame, Utterance, UtteranceId};
use aloud::dialog::{Heard, Item, Prompt};
use aloud::engine::openai::realtime::{Dialect, Fallback, Realtime, Scribe, Server, Settings};
use aloud::engine::openai::{Address, Auth, Http};
use aloud::engine::{Meter, Order, Partner, Said, Transcriber, Transcript};
use futures::StreamExt;
use serde_json::json;

use crate::host::{Host, House, PATIENCE};
use crate::strict::says::question;
use crate::talk::{brain, expected};

/// A fallback that must not be needed.
pub(crate) struct Nobody;

impl Partner for Nobody {
    fn hears(&self) -> bool {
        false
    }

    fn order(&mut self, order: Order) {
        assert!(!matches!(order, Order::Respond { .. }), "the fallback is asked: {order:?}");
    }

    fn said(&mut self) -> std::pin::Pin<Box<dyn Future<Output = Said> + Send + '_>> {
        Box::pin(std::future::pending())
    }
}

/// That fallback, behind a realtime partner.
pub(crate) fn nobody() -> Fallback {
    Fallback { partner: Box::new(Nobody), name: "nobody".into(), voiced: false }
}

pub(crate) fn open(dialect: Dialect) -> House {
    House { dialect, wants_beta: false, key: None }
}

fn partner(host: &Host, auth: Auth) -> Realtime {
    let address = Address::v1(&host.base()).unwrap();
    let server = Server::new("test", &address, "gpt-x", auth).unwrap();
    let settings = Settings { transcribe: Some("m".into()), ..Settings::default() };
    Realtime::new(settings, server, host.clock, nobody())
}

pub(crate) fn prompt(items: Vec<Item>) -> Prompt {
    Prompt { instructions: "Be brief.".into(), items, tools: [].into(), sounds: Vec::new() }
}

pub(crate) fn utterance(id: u32, start: u64, number: u32) -> Utterance {
    let pcm = question(number, 700);
    let span = start..start + pcm.len() as u64;
    Utterance { id: UtteranceId(id), span, pcm: Arc::from(pcm) }
}

pub(crate) async fn said(partner: &mut Realtime) -> Said {
    tokio::time::timeout(PATIENCE, partner.said()).await.expect("something is said")
}

/// Speaks `number` as it would come from a microphone, and commits it.
pub(crate) fn speak(partner: &mut Realtime, id: u32, start: u64, number: u32) {
    let utterance = utterance(id, start, number);
    for (n, piece) in utterance.pcm.chunks_exact(FRAME_SAMPLES).enumerate() {
        let start = start + (n * FRAME_SAMPLES) as u64;
        let samples = piece.try_into().unwrap();
        partner.order(Order::Hear(Box::new(Frame { start, samples })));
    }
    partner.order(Order::Commit { utterance, revision: 0 });
}

/// Reads until the answer is over; returns its words and samples.
pub(crate) async fn answer(partner: &mut Realtime, epoch: Epoch) -> (String, usize) {
    let (mut text, mut samples) = (String::new(), 0);
    loop {
        match said(partner).await {
            Said::Chunk { epoch: of, chunk } if of == epoch => {
                text.push_str(&chunk.text);
                samples += chunk.pcm.len();
            }
            Said::Done(of) if of == epoch => return (text, samples),
            Said::Failed { error, .. } => panic!("{error}"),
            _ => {}
        }
    }
}

pub(crate) fn user(id: u32) -> Item {
    Item::User { utterance: Some(UtteranceId(id)), text: String::new() }
}

#[tokio::test]
async fn speech_goes_out_and_comes_back_in_both_dialects() {
    for dialect in [Dialect::Ga, Dialect::Beta] {
        let host = Host::start(open(dialect), brain);
        let meter = Meter::default();
        let mut partner = partner(&host, Auth::None).metered(meter.clone());
        speak(&mut partner, 1, 16_000, 4);
        partner.order(Order::Respond { epoch: Epoch(1), prompt: prompt(vec![user(1)]) });
        let (text, samples) = answer(&mut partner, Epoch(1)).await;
        assert_eq!(text, expected(4));
        assert_eq!(samples, crate::strict::samples(text.len()));
        // Cut in the middle: the answer ends, the item is truncated, the next answer is right.
        speak(&mut partner, 2, 160_000, 6);
        let items = || {
            vec![user(1), Item::Reply { epoch: Epoch(1), text: expected(4), interrupted: false }]
        };
        let mut next = items();
        next.push(user(2));
        partner.order(Order::Respond { epoch: Epoch(2), prompt: prompt(next) });
        loop {
            if let Said::Chunk { .. } = said(&mut partner).await {
                break;
            }
        }
        partner.order(Order::Abort(Epoch(2)));
        let heard = Heard::Part { samples: 2_400, text: String::new() };
        partner.order(Order::Rewind { epoch: Epoch(2), heard });
        let mut next = items();
        next.extend([user(2), Item::User { utterance: None, text: "and 8".into() }]);
        partner.order(Order::Respond { epoch: Epoch(3), prompt: prompt(next) });
        let (text, _) = answer(&mut partner, Epoch(3)).await;
        assert_eq!(text, expected(8));
        assert_eq!(host.complaints(), Vec::<String>::new(), "{dialect:?}");
        let session = host.session();
        let session = session.lock().unwrap();
        assert_eq!(session.truncated.iter().map(|(_, ms)| *ms).collect::<Vec<_>>(), [50]);
        // Three answers, and two utterances that were transcribed by the second.
        let usage = meter.so_far().usage;
        assert_eq!((usage.requests, usage.audio_in, usage.seconds_in), (3 + 2, 3 * 12, 2.0));
    }
}

#[tokio::test]
async fn a_commit_is_on_the_wire_at_once_and_sound_is_handed_on_at_once() {
    let host = Host::start(open(Dialect::Ga), brain);
    let mut partner = partner(&host, Auth::None);
    partner.order(Order::Prepare);
    // The session is open before anybody has finished speaking.
    speak(&mut partner, 1, 16_000, 4);
    partner.order(Order::Respond { epoch: Epoch(1), prompt: prompt(vec![user(1)]) });
    answer(&mut partner, Epoch(1)).await;
    let (mut commits, mut sounds) = (Vec::new(), Vec::new());
    for turn in 2..8_u32 {
        let utterance = utterance(turn, u64::from(turn) * 160_000, turn * 2);
        let frames: Vec<_> = utterance.pcm.chunks_exact(FRAME_SAMPLES).collect();
        for (n, piece) in frames.iter().enumerate() {
            let start = utterance.span.start + (n * FRAME_SAMPLES) as u64;
            let samples = (*piece).try_into().unwrap();
            partner.order(Order::Hear(Box::new(Frame { start, samples })));
            if n % 20 == 0 {
                // The socket's task runs between frames, as in the driver.
                tokio::task::yield_now().await;
            }
        }
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        host.seen.lock().unwrap().sounds.clear();
        let spoken = host.clock.now();
        partner.order(Order::Commit { utterance, revision: 0 });
        let epoch = Epoch(turn);
        partner.order(Order::Respond { epoch, prompt: prompt(vec![user(turn)]) });
        let mut chunks = Vec::new();
        loop {
            match said(&mut partner).await {
                Said::Chunk { chunk, .. } if !chunk.pcm.is_empty() => chunks.push(host.clock.now()),
                Said::Done(_) => break,
                Said::Failed { error, .. } => panic!("{error}"),
                _ => {}
            }
        }
        let commit = host.session().lock().unwrap().commits.last().unwrap().0;
        commits.push(commit.since(spoken));
        let sent = host.seen.lock().unwrap().sounds.clone();
        sounds.extend(sent.iter().zip(&chunks).map(|(sent, come)| come.since(*sent)));
    }
    let middle = |spans: &mut Vec<Duration>| {
        spans.sort();
        spans[spans.len() / 2]
    };
    let (commit, sound) = (middle(&mut commits), middle(&mut sounds));
    println!(
        "last frame to commit at the server: median {commit:?}, worst {:?}; \
         sound from the server to the speaker: median {sound:?}, worst {:?}, of {}",
        commits.last().unwrap(),
        sounds.last().unwrap(),
        sounds.len(),
    );
    assert_eq!(host.complaints(), Vec::<String>::new());
    // Budgets of the design; the medians, since the machine may be busy with something else.
    assert!(commit <= Duration::from_millis(5), "{commit:?}");
    assert!(sound <= Duration::from_millis(2), "{sound:?}");
}

#[tokio::test]
async fn a_server_of_the_old_dialect_is_told_so_when_it_wants_to_be() {
    let house = House { dialect: Dialect::Beta, wants_beta: true, key: Some("secret") };
    let host = Host::start(house, brain);
    let mut partner = partner(&host, Auth::Bearer("secret".into()));
    let ask = Item::User { utterance: None, text: "tell me 3".into() };
    partner.order(Order::Respond { epoch: Epoch(1), prompt: prompt(vec![ask]) });
    assert_eq!(answer(&mut partner, Epoch(1)).await.0, expected(3));
    let seen = host.seen.lock().unwrap();
    let beta: Vec<bool> =
        seen.requests.iter().map(|(_, headers)| headers.contains_key("openai-beta")).collect();
    assert_eq!(beta, [false, true]);
    assert_eq!(seen.requests[1].0, "/v1/realtime?model=gpt-x");
    drop(seen);
    assert_eq!(host.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn a_session_that_only_writes_gives_the_words_as_they_come() {
    let host = Host::start(open(Dialect::Ga), brain);
    let address = Address::v1(&host.base()).unwrap();
    let server = Server::new("test", &address, "gpt-x", Auth::None).unwrap();
    let scribe = Scribe::new(
        server,
        "test",
        "gpt-live-transcribe",
        vec!["en".into(), "de".into()],
        vec!["aloud".into()],
        host.clock,
    );
    let words: Vec<_> = scribe.transcribe(utterance(1, 16_000, 7)).collect().await;
    let transcript = |text: &str, last| Ok(Transcript { last, ..Transcript::whole(text) });
    assert_eq!(words, [transcript("question 7", false), transcript("question 7", true)]);
    assert_eq!(host.seen.lock().unwrap().requests[0].0, "/v1/realtime?intent=transcription");
    let update = host.session().lock().unwrap().got[0].clone();
    let hints = &update["session"]["audio"]["input"]["transcription"];
    assert_eq!(
        (&hints["languages"], &hints["keywords"]),
        (&json!(["en", "de"]), &json!(["aloud"]))
    );
}

#[tokio::test]
async fn each_session_can_have_a_key_of_its_own() {
    let house = House { dialect: Dialect::Ga, wants_beta: false, key: Some("ek_1") };
    let host = Host::start(house, brain);
    let desk = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}/v1", desk.local_addr().unwrap());
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = desk.accept().unwrap();
        let mut request = [0; 2_048];
        let length = stream.read(&mut request).unwrap();
        let body = r#"{"value":"ek_1","expires_at":1}"#;
        let length_of = body.len();
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
        write!(stream, "{head}\r\ncontent-length: {length_of}\r\n\r\n{body}").unwrap();
        String::from_utf8_lossy(&request[..length]).into_owned()
    });
    let own = Auth::Bearer("own".into());
    let http = Http::new("test", Address::v1(&base).unwrap(), own.clone(), PATIENCE).unwrap();
    let address = Address::v1(&host.base()).unwrap();
    let server = Server::new("test", &address, "gpt-x", own).unwrap().with_secrets(http, "gpt-x");
    let settings = Settings::default();
    let mut partner = Realtime::new(settings, server, host.clock, nobody());
    let ask = Item::User { utterance: None, text: "tell me 3".into() };
    partner.order(Order::Respond { epoch: Epoch(1), prompt: prompt(vec![ask]) });
    assert_eq!(answer(&mut partner, Epoch(1)).await.0, expected(3));
    let asked = asked.join().unwrap();
    assert!(asked.starts_with("POST /v1/realtime/client_secrets HTTP/1.1"), "{asked}");
    assert_eq!(host.complaints(), Vec::<String>::new());
}

#[test]
fn every_provider_has_its_address() {
    let url = |address: Address| {
        Server::new("p", &address, "my model", Auth::None).unwrap().url().to_string()
    };
    let azure = |version| Address::azure("https://r.openai.azure.com", version).unwrap();
    for (address, wanted) in [
        (
            Address::v1("https://api.openai.com/v1").unwrap(),
            "wss://api.openai.com/v1/realtime?model=my+model",
        ),
        (
            Address::v1("http://127.0.0.1:8080/v1/").unwrap(),
            "ws://127.0.0.1:8080/v1/realtime?model=my+model",
        ),
        (azure(None), "wss://r.openai.azure.com/openai/v1/realtime?model=my+model"),
        (
            azure(Some("2025-04-01-preview")),
            "wss://r.openai.azure.com/openai/realtime?api-version=2025-04-01-preview&deployment=my+model",
        ),
    ] {
        assert_eq!(url(address), wanted);
    }
}
