//! Over real sockets: both Azure APIs, telephone sound, and servers that detect turns.

use aloud::base::{Epoch, FRAME_SAMPLES, Frame};
use aloud::dialog::{Call, Effect, Item, Outcome, Prompt, ToolSpec};
use aloud::engine::openai::realtime::{Dialect, Format, Realtime, Server, Settings, TurnDetection};
use aloud::engine::openai::{Address, Auth};
use aloud::engine::{Order, Partner, Said};

use crate::host::{Host, House};
use crate::sockets::{answer, nobody, open, prompt, said, speak, user, utterance};
use crate::strict::{Manners, samples};
use crate::talk::{brain, expected};
use crate::wave::purity;

fn partner(host: &Host, address: &Address, auth: Auth, settings: Settings) -> Realtime {
    let server = Server::new("test", address, "my model", auth).unwrap();
    let settings = Settings { transcribe: Some("m".into()), ..settings };
    Realtime::new(settings, server, host.clock, nobody())
}

/// A prompt of `items` with one tool.
fn armed(items: Vec<Item>) -> Prompt {
    let tool = ToolSpec {
        name: "get_time".into(),
        description: "Tells the time.".into(),
        parameters: serde_json::json!({ "type": "object", "properties": {} }),
        effect: Effect::Reads,
    };
    Prompt { tools: [tool].into(), ..prompt(items) }
}

/// A spoken question that needs a tool, up to its answer.
async fn turn(partner: &mut Realtime) -> (String, usize) {
    speak(partner, 1, 16_000, 5);
    partner.order(Order::Respond { epoch: Epoch(1), prompt: armed(vec![user(1)]) });
    let mut calls: Vec<Call> = Vec::new();
    loop {
        match said(partner).await {
            Said::Call { call, .. } => calls.push(call),
            Said::Done(Epoch(1)) => break,
            Said::Failed { error, .. } => panic!("{error}"),
            _ => {}
        }
    }
    assert_eq!(calls.iter().map(|call| call.name.as_str()).collect::<Vec<_>>(), ["get_time"]);
    let mut items = vec![user(1)];
    for call in calls {
        let (output, say, id) = ("noon".to_owned(), "noon".to_owned(), call.id.clone());
        items.push(Item::Call { epoch: Epoch(1), call });
        items.push(Item::Outcome(Outcome { id, output, say, ok: true }));
    }
    partner.order(Order::Respond { epoch: Epoch(1), prompt: armed(items) });
    answer(partner, Epoch(1)).await
}

#[tokio::test]
async fn azure_hears_calls_and_speaks_in_both_of_its_forms() {
    let version = "2025-04-01-preview";
    for (dialect, version, path, beta) in [
        (Dialect::Ga, None, "/openai/v1/realtime?model=my+model", None),
        (
            Dialect::Beta,
            Some(version),
            "/openai/realtime?api-version=2025-04-01-preview&deployment=my+model",
            Some("realtime=v1"),
        ),
    ] {
        let house = House { dialect, wants_beta: beta.is_some(), key: Some("secret") };
        let host = Host::start(house, brain);
        let address = Address::azure(&host.origin(), version).unwrap();
        let key = Auth::ApiKey("secret".into());
        let mut partner = partner(&host, &address, key, Settings::default());
        let (text, length) = turn(&mut partner).await;
        assert_eq!((text.as_str(), length), (expected(5).as_str(), samples(text.len())));
        let seen = host.seen.lock().unwrap();
        let header = |name: &str| seen.requests[0].1.get(name).map(String::as_str);
        assert_eq!((seen.requests.len(), seen.requests[0].0.as_str()), (1, path));
        assert_eq!(header("api-key"), Some("secret"));
        assert_eq!(header("authorization"), None);
        assert_eq!(header("openai-beta"), beta);
        drop(seen);
        assert_eq!(host.complaints(), Vec::<String>::new(), "{dialect:?}");
    }
}

#[tokio::test]
async fn telephone_sound_is_heard_and_spoken_as_clearly_as_its_steps_allow() {
    for dialect in [Dialect::Ga, Dialect::Beta] {
        for (format, least) in [(Format::Pcm, 60.0), (Format::Ulaw, 35.0), (Format::Alaw, 35.0)] {
            let host = Host::start(open(dialect), brain);
            let address = Address::v1(&host.base()).unwrap();
            let settings = Settings { format, ..Settings::default() };
            let mut partner = partner(&host, &address, Auth::None, settings);
            speak(&mut partner, 1, 16_000, 4);
            partner.order(Order::Respond { epoch: Epoch(1), prompt: prompt(vec![user(1)]) });
            let (mut pcm, mut rates, mut text) = (Vec::new(), Vec::new(), String::new());
            loop {
                match said(&mut partner).await {
                    Said::Chunk { chunk, .. } => {
                        text.push_str(&chunk.text);
                        rates.push(chunk.rate.0 as usize);
                        pcm.extend(chunk.pcm);
                    }
                    Said::Done(_) => break,
                    Said::Failed { error, .. } => panic!("{error}"),
                    _ => {}
                }
            }
            rates.dedup();
            let rate = if format == Format::Pcm { 24_000 } else { 8_000 };
            assert_eq!((text.as_str(), &rates[..]), (expected(4).as_str(), &[rate][..]));
            assert_eq!(pcm.len(), samples(text.len()) * rate / 24_000);
            let spoken = purity(&pcm, rate, 440.0);
            // 1.3 s with the tone in the middle: at least 200 ms of it.
            let session = host.session();
            let session = session.lock().unwrap();
            let sent = utterance(1, 16_000, 4).pcm.len() * rate / 16_000;
            assert_eq!(session.heard.len(), sent, "{format:?}");
            let middle = &session.heard[rate / 2..rate];
            let middle: Vec<f32> = middle.iter().map(|s| f32::from(*s) / 32_768.0).collect();
            let heard = purity(&middle, rate, 480.0);
            println!("{dialect:?} {format:?}: heard at {heard:.1} dB, spoken at {spoken:.1} dB");
            assert!(heard > least && spoken > least, "{format:?}: {heard} dB, {spoken} dB");
            drop(session);
            assert_eq!(host.complaints(), Vec::<String>::new(), "{dialect:?} {format:?}");
        }
    }
}

/// Speaks as into a microphone that stays open: `silent` milliseconds follow the question.
fn speak_on(partner: &mut Realtime, id: u32, start: u64, number: u32, silent: usize) {
    let mut pcm = utterance(id, start, number).pcm.to_vec();
    pcm.extend(std::iter::repeat_n(0.0, silent * 16));
    for (n, piece) in pcm.chunks_exact(FRAME_SAMPLES).enumerate() {
        let start = start + (n * FRAME_SAMPLES) as u64;
        let samples = piece.try_into().unwrap();
        partner.order(Order::Hear(Box::new(Frame { start, samples })));
    }
}

#[tokio::test]
async fn a_server_that_finds_the_turns_hears_each_question_once_and_answers_it_once() {
    let ways = [
        (TurnDetection::ServerVad, false),
        (TurnDetection::SemanticVad, false),
        // It was told to leave the answer to us, and does not.
        (TurnDetection::ServerVad, true),
    ];
    for dialect in [Dialect::Ga, Dialect::Beta] {
        for (turn_detection, answers) in ways {
            let manners = Manners { answers, ..Manners::default() };
            let host = Host::with(open(dialect), brain, manners, None);
            let address = Address::v1(&host.base()).unwrap();
            let settings = Settings { turn_detection, ..Settings::default() };
            let mut partner = partner(&host, &address, Auth::None, settings);
            // The session is open before anybody speaks.
            let greet = Item::User { utterance: None, text: "tell me 3".into() };
            partner.order(Order::Respond { epoch: Epoch(1), prompt: prompt(vec![greet.clone()]) });
            assert_eq!(answer(&mut partner, Epoch(1)).await.0, expected(3));
            let reply = |epoch, number| Item::Reply {
                epoch: Epoch(epoch),
                text: expected(number),
                interrupted: false,
            };
            let mut items = vec![greet, reply(1, 3)];
            // The server finds the end before we do.
            speak_on(&mut partner, 1, 16_000, 4, 600);
            while said(&mut partner).await != Said::TurnOver {}
            partner.order(Order::Commit { utterance: utterance(1, 16_000, 4), revision: 0 });
            items.push(user(1));
            partner.order(Order::Respond { epoch: Epoch(2), prompt: prompt(items.clone()) });
            assert_eq!(answer(&mut partner, Epoch(2)).await.0, expected(4), "{turn_detection:?}");
            // We find it before the server does.
            items.push(reply(2, 4));
            items.push(user(2));
            speak(&mut partner, 2, 320_000, 6);
            partner.order(Order::Respond { epoch: Epoch(3), prompt: prompt(items) });
            assert_eq!(answer(&mut partner, Epoch(3)).await.0, expected(6), "{turn_detection:?}");
            let told = format!("{dialect:?} {turn_detection:?} {answers}");
            assert_eq!(host.complaints(), Vec::<String>::new(), "{told}");
            let session = host.session();
            let session = session.lock().unwrap();
            let said: Vec<_> = session.items.iter().filter_map(|item| item.said).collect();
            assert_eq!(said, [4, 6], "{told}");
        }
    }
}

#[tokio::test]
async fn a_server_that_finds_turns_unasked_is_found_out_and_heard_as_it_wants() {
    for dialect in [Dialect::Ga, Dialect::Beta] {
        let manners = Manners { detects: true, ..Manners::default() };
        let host = Host::with(open(dialect), brain, manners, None);
        let address = Address::v1(&host.base()).unwrap();
        let mut partner = partner(&host, &address, Auth::None, Settings::default());
        let mut notes = Vec::new();
        for (id, number) in [(1, 4), (2, 6)] {
            speak(&mut partner, id, u64::from(id) * 160_000, number);
            partner.order(Order::Respond { epoch: Epoch(id), prompt: prompt(vec![user(id)]) });
            let mut text = String::new();
            loop {
                match said(&mut partner).await {
                    Said::Chunk { chunk, .. } => text.push_str(&chunk.text),
                    Said::Note(note) => notes.push(note),
                    Said::Done(_) => break,
                    Said::Failed { error, .. } => panic!("{error}"),
                    _ => {}
                }
            }
            assert_eq!(text, expected(number), "{dialect:?}");
        }
        assert_eq!(
            notes,
            ["Provider openai ends turns by its own detection, whatever aloud asks for; \
              set [realtime] turn_detection = \"server_vad\"."]
        );
        assert_eq!(host.seen.lock().unwrap().sessions.len(), 2, "{dialect:?}");
    }
}
