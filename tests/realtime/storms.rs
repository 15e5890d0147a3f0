//! Random storms: any order at any time, and a server that sends anything at all. The output keeps
//! its promises: nothing of an unwanted answer, one end for each, and no message to a connection
//! that does not exist.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use aloud::base::{Epoch, Frame, Moment, Utterance, UtteranceId};
use aloud::dialog::{Call, Heard, Item, Outcome, Prompt};
use aloud::engine::openai::realtime::{
    Act, Behind, Line, Settings, SocketEvent, SocketId, TurnDetection,
};
use aloud::engine::{EngineError, Order, Said};
use proptest::prelude::*;
use serde_json::{Value, json};

#[derive(Clone, Debug)]
enum Op {
    Wait(u16),
    Hear(u8),
    Commit { new: bool },
    Forget,
    Respond { new: bool },
    Announce,
    Abort,
    Rewind(u16),
    Prepare,
    Open,
    Fail(bool),
    Close(u16),
    Pong,
    Server { kind: u8, item: u8, response: u8, drop: u8, twice: bool },
    Garbage(String),
    Fallback(u8),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => prop_oneof![8 => 0u16..900, 1 => 900u16..60_000].prop_map(Op::Wait),
        4 => (1u8..60).prop_map(Op::Hear),
        3 => any::<bool>().prop_map(|new| Op::Commit { new }),
        1 => Just(Op::Forget),
        4 => prop::bool::weighted(0.7).prop_map(|new| Op::Respond { new }),
        1 => Just(Op::Announce),
        2 => Just(Op::Abort),
        2 => any::<u16>().prop_map(Op::Rewind),
        1 => Just(Op::Prepare),
        6 => Just(Op::Open),
        1 => any::<bool>().prop_map(Op::Fail),
        1 => prop::sample::select(vec![1000, 1001, 1006, 1011, 1012, 1013, 4000]).prop_map(Op::Close),
        1 => Just(Op::Pong),
        40 => (0u8..KINDS, 0u8..4, 0u8..4, any::<u8>(), prop::bool::weighted(0.1)).prop_map(
            |(kind, item, response, drop, twice)| Op::Server { kind, item, response, drop, twice }
        ),
        2 => ".{0,40}".prop_map(Op::Garbage),
        3 => (0u8..4).prop_map(Op::Fallback),
    ]
}

const KINDS: u8 = 30;

/// The kinds of event about speech, and about an answer cut by speech.
const SPEECH: u8 = 5;
const CUT: u8 = 14;

/// A server event, in either dialect, about things that may or may not exist. Calls have `calls`
/// different ids, over and over.
fn event(kind: u8, item: u8, response: u8, n: u32, calls: u32) -> Value {
    let name = |n: u32| format!("c{}", n % calls);
    let item = format!("item_{item}");
    // Answers have new ids now and then.
    let response = format!("resp_{}", u32::from(response) + n / 40);
    let at = |kind: &str| {
        json!({
            "type": kind, "response_id": response, "item_id": item, "output_index": 0,
            "content_index": 0, "delta": "AAAAAA==", "event_id": format!("e{n}"),
        })
    };
    let with = |kind: &str, key: &str, value: Value| {
        let mut event = at(kind);
        event[key] = value;
        event
    };
    let done = |status: &str, details: Value| {
        json!({ "type": "response.done", "response": {
            "id": response, "status": status, "status_details": details,
            "output": [{ "id": item, "type": "function_call", "call_id": name(n), "name": "get_time", "arguments": "{}" }],
            "usage": { "input_token_details": { "cached_tokens": 1 } },
        }})
    };
    let error = |code: &str| json!({ "type": "error", "error": { "code": code, "message": "No.", "event_id": null } });
    let call = json!({ "id": item, "type": "function_call", "call_id": name(n / 3), "name": "get_time", "arguments": "" });
    match kind {
        0 | 1 => json!({ "type": "session.created", "session": { "type": "realtime" } }),
        2 => json!({ "type": "session.created", "session": { "input_audio_format": "pcm16" } }),
        3 => {
            json!({ "type": "session.updated", "session": { "audio": { "output": { "format": { "type": "audio/pcmu" } } } } })
        }
        4 => at("input_audio_buffer.committed"),
        SPEECH => at("input_audio_buffer.speech_started"),
        6 => at("input_audio_buffer.speech_stopped"),
        7 => with("conversation.item.input_audio_transcription.delta", "delta", "wo".into()),
        8 => with(
            "conversation.item.input_audio_transcription.completed",
            "transcript",
            "words".into(),
        ),
        9 => at("conversation.item.input_audio_transcription.failed"),
        10 | 11 => json!({ "type": "response.created", "response": { "id": response } }),
        12 => {
            json!({ "type": "response.created", "response": { "id": response, "metadata": { "epoch": (n % 9).to_string() } } })
        }
        13 => done("completed", Value::Null),
        CUT => done("cancelled", json!({ "reason": "turn_detected" })),
        15 => {
            done("failed", json!({ "error": { "code": "rate_limit_exceeded", "message": "slow" } }))
        }
        16 => done("incomplete", json!({ "reason": "content_filter" })),
        17 => with("response.output_item.added", "item", json!({ "id": item, "type": "message" })),
        18 => with("response.output_item.done", "item", call),
        19 => at("response.output_audio.delta"),
        20 => at("response.audio.delta"),
        21 => with("response.output_audio_transcript.delta", "delta", "word ".into()),
        22 => with("response.audio_transcript.done", "transcript", "word ".into()),
        23 => with("response.text.delta", "delta", "text ".into()),
        24 => with("response.function_call_arguments.done", "call_id", name(n / 3).into()),
        25 => error("response_cancel_not_active"),
        26 => error("conversation_already_has_active_response"),
        27 => error(
            ["session_expired", "insufficient_quota", "strange", "input_audio_buffer_commit_empty"]
                [n as usize % 4],
        ),
        28 => {
            json!({ "type": "rate_limits.updated", "rate_limits": [{ "name": "tokens", "remaining": 1 }] })
        }
        _ => json!({ "type": "something.new", "x": [1, 2, 3] }),
    }
}

/// Removes a field, wherever it is.
fn without(event: &mut Value, drop: u8) {
    let mut keys = Vec::new();
    if let Some(object) = event.as_object() {
        keys.extend(object.keys().filter(|key| *key != "type").cloned());
    }
    if keys.is_empty() {
        return;
    }
    let key = &keys[usize::from(drop) % keys.len()];
    match drop % 3 {
        0 => drop_key(event, key),
        1 => without(&mut event[key.as_str()], drop / 3),
        _ => event[key.as_str()] = Value::Null,
    }
}

fn drop_key(event: &mut Value, key: &str) {
    if let Some(object) = event.as_object_mut() {
        object.remove(key);
    }
}

/// Reads along and fails when a promise is broken.
struct Watch {
    line: Line,
    now: Moment,
    /// Connections dialed, and open ones.
    dialed: Vec<SocketId>,
    open: BTreeSet<SocketId>,
    /// The epoch that may speak, and whether its round is over.
    live: Option<Epoch>,
    ended: bool,
    calls: BTreeSet<String>,
    names: BTreeMap<SocketId, BTreeSet<String>>,
    falls: Vec<Order>,
}

impl Watch {
    fn act(&mut self, acts: Vec<Act>) {
        for act in acts {
            match act {
                Act::Dial { socket, .. } => self.dialed.push(socket),
                Act::Send { socket, text } => {
                    assert!(self.open.contains(&socket), "sent to nobody: {text}");
                    let event: Value = serde_json::from_str(&text).unwrap();
                    assert!(event["type"].is_string());
                    let name = event["event_id"].as_str().unwrap().to_owned();
                    assert!(self.names.entry(socket).or_default().insert(name), "a name twice");
                    if event["type"] == "conversation.item.truncate" {
                        assert!(event["audio_end_ms"].as_u64().unwrap() > 0);
                    }
                }
                Act::Ping(socket) => assert!(self.open.contains(&socket)),
                Act::Hang(socket) => {
                    self.open.remove(&socket);
                    self.dialed.retain(|other| *other != socket);
                }
                Act::Say(said) => self.hear(said),
                Act::Fall(order) => self.falls.push(order),
                Act::Count { .. } | Act::Limits(_) => {}
            }
        }
        self.falls.truncate(32);
    }

    fn hear(&mut self, said: Said) {
        let live = |epoch: Epoch| assert_eq!(self.live, Some(epoch), "a dead epoch speaks");
        match said {
            Said::Chunk { epoch, .. } | Said::FirstWords(epoch) | Said::Written { epoch, .. } => {
                live(epoch);
                assert!(!self.ended, "sound after the end");
            }
            Said::Call { epoch, call } => {
                live(epoch);
                assert!(!self.ended, "a call after the end");
                assert!(self.calls.insert(call.id.0), "called twice");
            }
            Said::Done(epoch) | Said::Failed { epoch, .. } => {
                live(epoch);
                assert!(!std::mem::replace(&mut self.ended, true), "two ends");
            }
            Said::Transcript { .. }
            | Said::Hearing(_)
            | Said::Note(_)
            | Said::Source { .. }
            | Said::TurnOver => {}
        }
    }

    fn order(&mut self, order: Order) {
        let mut acts = Vec::new();
        self.line.order(self.now, order, &mut acts);
        self.act(acts);
    }

    fn handle(&mut self, socket: SocketId, event: SocketEvent) {
        let mut acts = Vec::new();
        self.line.handle(self.now, socket, event, &mut acts);
        self.act(acts);
    }

    fn wait(&mut self, span: Duration) {
        let end = self.now + span;
        let mut ticks = 0;
        while let Some(at) = self.line.deadline().filter(|at| *at <= end) {
            self.now = at.max(self.now);
            let mut acts = Vec::new();
            self.line.tick(self.now, &mut acts);
            self.act(acts);
            ticks += 1;
            assert!(ticks < 2_000, "a deadline that ends nothing: {at:?}");
        }
        self.now = end;
    }
}

/// `calls`: how many different ids the server gives to its calls. `detects`: it reports speech
/// although it was told not to detect it.
fn storm(ops: Vec<Op>, turn_detection: TurnDetection, calls: u32, detects: bool) {
    let settings = Settings { turn_detection, ..Settings::default() };
    let mut watch = Watch {
        line: Line::new(
            settings,
            Behind { name: "The cascade".into(), voiced: true, hears: false },
        ),
        now: Moment::from_millis(1_000),
        dialed: Vec::new(),
        open: BTreeSet::new(),
        live: None,
        ended: true,
        calls: BTreeSet::new(),
        names: BTreeMap::new(),
        falls: Vec::new(),
    };
    let (mut stream, mut utterance, mut revision, mut epoch) = (0u64, 1u32, 0u32, 0u32);
    let mut items: Vec<Item> = Vec::new();
    for (n, op) in ops.into_iter().enumerate() {
        let socket = watch.open.iter().next_back().copied();
        match op {
            Op::Wait(ms) => watch.wait(Duration::from_millis(ms.into())),
            Op::Hear(frames) => {
                for _ in 0..frames {
                    let frame = Frame { start: stream, samples: [0.1; 160] };
                    watch.order(Order::Hear(Box::new(frame)));
                    stream += 160;
                }
            }
            Op::Commit { new } => {
                (utterance, revision) =
                    if new { (utterance + 1, 0) } else { (utterance, revision + 1) };
                let id = UtteranceId(utterance);
                let start = stream.saturating_sub(4_000);
                let pcm = vec![0.1; usize::try_from(stream - start).unwrap()];
                let utterance = Utterance { id, span: start..stream, pcm: Arc::from(pcm) };
                watch.order(Order::Commit { utterance, revision });
            }
            Op::Forget => {
                watch.order(Order::Forget { utterance: UtteranceId(utterance), revision })
            }
            Op::Respond { new } => {
                // A round may follow only when the previous one is over.
                if new || !watch.ended || watch.live.is_none() {
                    if let Some(epoch) = watch.live {
                        watch.live = None;
                        watch.order(Order::Abort(epoch));
                    }
                    epoch += 1;
                    watch.live = Some(Epoch(epoch));
                    let utterance = (n % 3 > 0).then_some(UtteranceId(utterance));
                    let text = if n % 2 == 0 { String::new() } else { format!("words {n}") };
                    items.push(Item::User { utterance, text });
                } else {
                    let calls: Vec<String> = watch.calls.iter().cloned().collect();
                    for id in calls.into_iter().rev().take(2) {
                        let id = aloud::base::CallId(id);
                        let call = Call {
                            id: id.clone(),
                            name: "get_time".into(),
                            arguments: "{}".into(),
                        };
                        items.push(Item::Call { epoch: Epoch(epoch), call });
                        let (output, say) = ("9".into(), "9".into());
                        items.push(Item::Outcome(Outcome { id, output, say, ok: true }));
                    }
                }
                watch.ended = false;
                let prompt = Prompt {
                    instructions: "Be brief.".into(),
                    items: items.clone(),
                    tools: [].into(),
                    sounds: Vec::new(),
                };
                watch.order(Order::Respond { epoch: Epoch(epoch), prompt });
            }
            Op::Announce => {
                if let Some(epoch) = watch.live.take() {
                    watch.order(Order::Abort(epoch));
                }
                epoch += 1;
                (watch.live, watch.ended) = (Some(Epoch(epoch)), false);
                watch.order(Order::Announce {
                    epoch: Epoch(epoch),
                    text: "Ding.".into(),
                    sure: false,
                });
            }
            Op::Abort => {
                if let Some(epoch) = watch.live.take() {
                    watch.order(Order::Abort(epoch));
                }
            }
            Op::Rewind(samples) => {
                let heard = match samples % 3 {
                    0 => Heard::Nothing,
                    _ => Heard::Part { samples: samples.into(), text: String::new() },
                };
                if watch.live.is_none() {
                    watch.order(Order::Rewind { epoch: Epoch(epoch), heard });
                }
            }
            Op::Prepare => watch.order(Order::Prepare),
            Op::Open => {
                if let Some(socket) = watch.dialed.pop() {
                    watch.open.insert(socket);
                    watch.handle(socket, SocketEvent::Open);
                    let greeting = event(0, 0, 0, 0, calls);
                    if n % 4 > 0 {
                        watch.handle(socket, SocketEvent::Text(greeting.to_string()));
                    }
                }
            }
            Op::Fail(mend) => {
                if let Some(socket) = watch.dialed.pop() {
                    let error = if mend {
                        EngineError::Refused("no; fix it".into())
                    } else {
                        EngineError::Unreachable("nobody there; try later".into())
                    };
                    watch.handle(socket, SocketEvent::Failed(error));
                }
            }
            Op::Close(code) => {
                if let Some(socket) = socket {
                    watch.open.remove(&socket);
                    watch.handle(socket, SocketEvent::Closed(Some(code)));
                }
            }
            Op::Pong => {
                if let Some(socket) = socket {
                    watch.handle(socket, SocketEvent::Pong);
                }
            }
            Op::Server { kind, item, response, drop, twice } => {
                let Some(socket) = socket else { continue };
                let kind = if kind == SPEECH && !detects { SPEECH + 1 } else { kind };
                let mut event = event(kind, item, response, u32::try_from(n).unwrap(), calls);
                if kind == CUT && !detects {
                    event["response"]["status_details"]["reason"] = "client_cancelled".into();
                }
                if drop > 200 {
                    without(&mut event, drop);
                }
                for _ in 0..=u8::from(twice) {
                    watch.handle(socket, SocketEvent::Text(event.to_string()));
                }
            }
            Op::Garbage(text) => {
                if let Some(socket) = socket {
                    watch.handle(socket, SocketEvent::Text(text));
                }
            }
            Op::Fallback(what) => {
                let Some(order) = watch.falls.pop() else { continue };
                let mut acts = Vec::new();
                let said = match (order, what) {
                    (Order::Commit { utterance, revision }, 0) => Said::Transcript {
                        utterance: utterance.id,
                        revision,
                        result: Err(EngineError::Broken("deaf; say it again".into())),
                        certainty: None,
                        last: true,
                    },
                    (Order::Commit { utterance, revision }, _) => Said::Transcript {
                        utterance: utterance.id,
                        revision,
                        result: Ok("words".into()),
                        certainty: None,
                        last: true,
                    },
                    // A fallback keeps its promises: nothing of what was aborted.
                    (Order::Respond { epoch, .. } | Order::Announce { epoch, .. }, _)
                        if watch.live == Some(epoch) && !watch.ended =>
                    {
                        Said::Done(epoch)
                    }
                    _ => continue,
                };
                watch.line.stand_in(watch.now, said, &mut acts);
                watch.act(acts);
            }
        }
    }
    // Whatever was wanted ends by itself, at least as a failure or by the fallback.
    watch.wait(Duration::from_secs(600));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_events_keeps_the_promises(ops in proptest::collection::vec(op(), 1..250)) {
        storm(ops, TurnDetection::Ours, u32::MAX, false);
    }

    #[test]
    fn so_it_does_where_the_server_finds_the_turns(ops in proptest::collection::vec(op(), 1..250)) {
        storm(ops, TurnDetection::SemanticVad, u32::MAX, true);
    }

    #[test]
    fn so_it_does_where_calls_repeat_their_names(ops in proptest::collection::vec(op(), 1..250)) {
        storm(ops, TurnDetection::Ours, 3, false);
    }

    #[test]
    fn so_it_does_where_turns_are_found_unasked(ops in proptest::collection::vec(op(), 1..250)) {
        storm(ops, TurnDetection::Ours, 3, true);
    }

    #[test]
    fn any_text_is_no_danger(texts in proptest::collection::vec(".{0,200}", 1..20)) {
        let ops = texts.into_iter().map(Op::Garbage);
        storm([Op::Prepare, Op::Open].into_iter().chain(ops).collect(), TurnDetection::Ours, u32::MAX, false);
    }
}
