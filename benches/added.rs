//! The time that aloud adds to a turn whose three engines are across a network: `cargo bench
//! --bench added`.
//!
//! Whole turns run through the real driver against a server on the loopback with fixed delays. The
//! server records when each request was complete and when it sent what the turn waited for, the
//! loudspeaker when its first sample came; the rest is aloud's time (and the loopback's).
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench that cannot go on fails")]
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a bench prints figures")]

#[path = "../tests/provider/contract.rs"]
#[allow(dead_code, reason = "the tests use all of it")]
mod contract;
#[path = "../tests/provider/reply.rs"]
#[allow(dead_code, reason = "the tests use all of it")]
mod reply;
#[path = "../tests/provider/server.rs"]
#[allow(dead_code, reason = "the tests use all of it")]
mod server;
#[path = "../tests/provider/tools.rs"]
mod tools;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use aloud::audio::{self, PlaybackEdge};
use aloud::base::{Clock, SPEAKER_RATE, Utterance, UtteranceId, Volume};
use aloud::drive::{Driver, Parts, Question};
use aloud::engine::openai::{
    Address, Auth, ChatModel, ChatSettings, Http, SpeechModel, SpeechSettings, TranscriptionModel,
    TranscriptionSettings,
};
use aloud::engine::{Cascade, Chain, Engines, Notes};
use aloud::{listen, tool, turn};
use reply::{Reply, delta};
use serde_json::json;
use server::{Request, Server};

/// Turns measured, after one that opens the connections.
const TURNS: usize = 100;

/// The server's delays: for a transcript, for the first token and each further one, and for the
/// first sound of a sentence.
const TRANSCRIBE: Duration = Duration::from_millis(40);
const TOKEN: Duration = Duration::from_millis(15);
const SPEAK: Duration = Duration::from_millis(20);

/// The reply, token by token. The third token completes the first sentence.
const TOKENS: [&str; 6] = ["It will", " rain.", " Take", " a coat", " with you", "."];
const COMPLETING: usize = 2;

/// The sound of each sentence: 200 ms at 24 kHz, sent in pieces of 50 ms.
const SENTENCE: usize = 4_800;
const PIECES: usize = 4;

/// The moments recorded.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mark {
    /// The utterance was over.
    Over,
    /// The request of the ear was complete at the server.
    EarAsked,
    /// The transcript left the server.
    Transcribed,
    MindAsked,
    /// The token that completes the first sentence left the server.
    Completed,
    /// The request for the first sentence's sound was complete at the server.
    VoiceAsked,
    /// The first bytes of sound left the server.
    Spoken,
    /// The loudspeaker got the first sample.
    Sounded,
}

/// What happened in one turn.
type Marks = Arc<Mutex<Vec<(Mark, Instant)>>>;

fn note(marks: &Marks, mark: Mark) {
    let mut marks = marks.lock().unwrap();
    // Of two sentences the first one counts.
    if marks.iter().all(|(other, _)| *other != mark) {
        marks.push((mark, Instant::now()));
    }
}

/// Records `mark` when everything before it in the reply was sent.
fn marking(reply: Reply, marks: &Marks, mark: Mark) -> Reply {
    let marks = Arc::clone(marks);
    reply.act(move || note(&marks, mark))
}

/// Adds a delay to the reply.
fn waiting(reply: Reply, span: Duration) -> Reply {
    reply.act(move || thread::sleep(span))
}

fn answer(request: &Request, marks: &Marks) -> Reply {
    match request.path() {
        "/v1/audio/transcriptions" => {
            note(marks, Mark::EarAsked);
            let reply = waiting(Reply::stream(), TRANSCRIBE);
            marking(reply, marks, Mark::Transcribed)
                .event(&json!({ "type": "transcript.text.done", "text": "Will it rain?" }))
        }
        "/v1/chat/completions" => {
            note(marks, Mark::MindAsked);
            let mut reply = Reply::stream();
            for (at, token) in TOKENS.iter().enumerate() {
                reply = waiting(reply, TOKEN);
                if at == COMPLETING {
                    reply = marking(reply, marks, Mark::Completed);
                }
                reply = reply.event(&delta(&json!({ "content": token })));
            }
            reply.stop("stop").done()
        }
        "/v1/audio/speech" => {
            note(marks, Mark::VoiceAsked);
            let sound: Vec<u8> = (0..SENTENCE)
                .flat_map(|n| (((n % 100) * 100) as i16 + 5_000).to_le_bytes())
                .collect();
            let reply = waiting(Reply::pieces("audio/pcm"), SPEAK);
            let mut reply = marking(reply, marks, Mark::Spoken);
            for piece in sound.chunks(sound.len() / PIECES) {
                reply = waiting(reply.bytes(piece), Duration::from_millis(5));
            }
            reply
        }
        _ => Reply::json(&json!({})),
    }
}

/// The base URL of the server, which shares nothing with aloud.
fn serve(marks: &Marks) -> String {
    let marks = Arc::clone(marks);
    let server = Server::answering(move |request| answer(request, &marks));
    let base = server.base();
    // The tests check requests against the contract; here the server stays to the end.
    std::mem::forget(server);
    base
}

/// Plays in real time, polling four times a millisecond, until told to stop. Returns the samples
/// played, and those missing between the first and the last of them.
fn play(mut edge: PlaybackEdge, marks: &Marks, stop: &AtomicBool) -> (usize, usize) {
    let begun = Instant::now();
    let (mut asked, mut played, mut gap, mut silent) = (0, 0, 0, 0);
    while !stop.load(Ordering::Relaxed) {
        thread::sleep(Duration::from_micros(250));
        let due = (begun.elapsed().as_secs_f64() * f64::from(SPEAKER_RATE.0)) as usize - asked;
        let mut out = vec![0.0; due];
        let given = edge.drain(&mut out);
        asked += due;
        if given > 0 {
            note(marks, Mark::Sounded);
            // Silence before the first sound is not a gap, nor is silence after the last.
            gap += if played > 0 { silent } else { 0 };
            silent = 0;
        }
        played += given;
        silent += due - given;
    }
    (played, gap)
}

/// Noise of `seconds`: what it says does not matter here.
fn utterance(seconds: usize) -> Utterance {
    let pcm: Arc<[f32]> = (0..seconds * 16_000).map(|n| ((n * n) as f32).sin() * 0.3).collect();
    Utterance { id: UtteranceId(1), span: 0..pcm.len() as u64, pcm }
}

fn driver(engines: &Engines, path: audio::Path) -> (Driver, PlaybackEdge) {
    let said = utterance(5);
    let (id, end) = (said.id, said.span.end);
    let heard = vec![
        listen::Event::Started { id, at: 0, held: true },
        listen::Event::Ended {
            utterance: said,
            end_of_speech: end,
            heard: end,
            by: listen::End::Release,
        },
    ];
    let driver = Driver::new(Parts {
        clock: Clock::start(),
        tongue: aloud::tool::Tongue::default(),
        setup: turn::Setup::default(),
        partner: Box::new(Cascade::new(engines.clone(), None)),
        instructions: "Answer.".into(),
        tools: tool::Registry::new([]),
        permissions: aloud::tool::permission::Permissions::default(),
        book: None,
        volume: Volume::new(100),
        feed: path.feed,
        shared: path.shared,
        ear: None,
        early: None,
        turn_ends: None,
        words: Vec::new(),
        personas: std::collections::BTreeMap::new(),
        sound: None,
        rest: None,
        question: Some(Question::Heard(heard)),
        record: None,
        spending: aloud::engine::Meter::default(),
        meter: false,
        earcons: false,
    });
    (driver, path.playback)
}

fn main() {
    let marks = Marks::default();
    let base = serve(&marks);
    let http =
        Http::new("bench", Address::v1(&base).unwrap(), Auth::None, TRANSCRIBE * 100).unwrap();
    let (notes, _told) = Notes::new();
    let ear =
        TranscriptionModel::new(http.clone(), "gpt-transcribe", TranscriptionSettings::default());
    let chat = ChatModel::new(http.clone(), "a-model", ChatSettings::default(), notes.clone());
    let settings = SpeechSettings { voice: "alloy".into(), instructions: None, speed: None };
    let voice = SpeechModel::new(http, "tts-1", settings);
    let clock = Clock::start();
    let engines = Engines {
        transcribe: Arc::new(Chain::of_transcribers(
            vec![("bench/e".into(), Arc::new(ear))],
            notes.clone(),
            clock,
        )),
        chat: Arc::new(Chain::of_responders(
            vec![("bench/m".into(), Arc::new(chat))],
            notes.clone(),
            clock,
        )),
        speak: Some(Arc::new(Chain::of_synthesizers(
            vec![("bench/v".into(), Arc::new(voice))],
            notes,
            clock,
        ))),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();

    let mut parts: [Vec<Duration>; 5] = Default::default();
    let mut gaps = Vec::new();
    for turn in 0..=TURNS {
        marks.lock().unwrap().clear();
        let (driver, edge) = driver(&engines, audio::path(Volume::new(100)));
        let stop = Arc::new(AtomicBool::new(false));
        let (marks_too, stop_too) = (Arc::clone(&marks), Arc::clone(&stop));
        let speaker = thread::spawn(move || play(edge, &marks_too, &stop_too));
        note(&marks, Mark::Over);
        let finished = runtime.block_on(driver.run());
        stop.store(true, Ordering::Relaxed);
        let (played, gap) = speaker.join().unwrap();
        assert!(finished.troubles.is_empty(), "{:?}", finished.troubles);
        assert!(played >= 2 * SENTENCE, "{played} samples sounded");
        if turn == 0 {
            continue;
        }
        let marks = marks.lock().unwrap();
        let at = |mark| marks.iter().find(|(other, _)| *other == mark).unwrap().1;
        let steps = [
            at(Mark::EarAsked) - at(Mark::Over),
            at(Mark::MindAsked) - at(Mark::Transcribed),
            at(Mark::VoiceAsked) - at(Mark::Completed),
            at(Mark::Sounded) - at(Mark::Spoken),
        ];
        for (part, step) in parts.iter_mut().zip(steps) {
            part.push(step);
        }
        parts[4].push(steps.iter().sum());
        gaps.push(Duration::from_secs_f64(gap as f64 / f64::from(SPEAKER_RATE.0)));
    }

    println!("{TURNS} turns, utterances of 5 s; the server takes {TRANSCRIBE:?} to transcribe,");
    println!("{TOKEN:?} a token and {SPEAK:?} to begin to speak\n");
    println!("{:<42}{:>9}{:>9}   budget", "", "p50", "p99");
    row("utterance over -> request of the ear there", &mut parts[0], "<= 5 ms");
    row("transcript sent -> request of the mind there", &mut parts[1], "");
    row("completing token -> request of the voice", &mut parts[2], "<= 1 ms");
    row("first bytes of sound -> speaker ring", &mut parts[3], "<= 5 ms");
    row("all that aloud added", &mut parts[4], "<= 5 ms, p99 <= 15 ms");
    row("gap between sentences", &mut gaps, "0");
}

fn row(name: &str, all: &mut [Duration], budget: &str) {
    all.sort();
    let at = |percent: usize| all[(all.len() * percent / 100).min(all.len() - 1)];
    println!("{name:<46}{:>9.2?}{:>9.2?}   {budget}", at(50), at(99));
}
