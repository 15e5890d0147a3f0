//! The partner: its answers to words, and their timing.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use aloud::base::{CallId, Epoch, Flow, SPEAKER_RATE, Utterance};
use aloud::dialog::{Call, Heard, Item};
use aloud::engine::{Chunk, EngineError, Order, Partner, Said, Transcriber, Transcript};
use serde_json::json;
use tokio::time::Instant;

use super::loudspeaker::level;
use super::room::Room;

/// Answers from a table, each thing at its time; also things that nobody wants any more.
pub(crate) struct Engine {
    room: Room,
    hears: bool,
    queue: BTreeMap<(Instant, u64), Next>,
    sequence: u64,
    aborted: BTreeSet<Epoch>,
}

/// Recognizes what the user says while they say it, as the transcriber does afterwards.
pub(crate) struct Early(pub(crate) Room);

impl Transcriber for Early {
    fn transcribe(&self, utterance: Utterance) -> Flow<Result<Transcript, EngineError>> {
        let room = self.0.clone();
        Box::pin(async_stream::stream! {
            let ms = { room.lock().engines.transcribe };
            tokio::time::sleep(Duration::from_millis(ms)).await;
            let words = { room.lock().words_begun_in(&utterance.span) };
            yield Ok(Transcript::whole(words));
        })
    }
}

/// What to say when its time comes.
enum Next {
    Said(Said),
    /// This many milliseconds of sound that says this.
    Sound(Epoch, u64, String),
    /// The same while a tool runs.
    Filler(Epoch, u64, String),
}

impl Engine {
    pub(crate) fn new(room: &Room, hears: bool) -> Self {
        let (queue, aborted) = (BTreeMap::new(), BTreeSet::new());
        Self { room: room.clone(), hears, queue, sequence: 0, aborted }
    }

    fn after(&mut self, ms: u64, next: Next) {
        self.sequence += 1;
        let at = Instant::now() + Duration::from_millis(ms);
        self.queue.insert((at, self.sequence), next);
    }

    fn say(&mut self, ms: u64, said: Said) {
        self.after(ms, Next::Said(said));
    }

    fn respond(&mut self, epoch: Epoch, items: &[Item]) {
        let at = items.iter().rposition(|item| matches!(item, Item::User { .. })).unwrap();
        let Item::User { text, .. } = &items[at] else { unreachable!() };
        let outcome = items[at..].iter().rev().find_map(|item| match item {
            Item::Outcome(outcome) => Some(outcome.say.clone()),
            _ => None,
        });
        let think = self.room.lock().engines.think;
        let has = |word: &str| text.split(' ').any(|w| w == word);
        let tool = [
            ("time", "get_time"),
            ("forecast", "get_weather"),
            ("timer", "set_timer"),
            ("stop", "stop"),
            ("loop", "get_time"),
            ("screen", "look_at_screen"),
            ("search", "search"),
            ("survey", "survey"),
            ("louder", "set_volume"),
        ]
        .into_iter()
        .find(|(word, _)| has(word) && (outcome.is_none() || *word == "loop"));
        let failed = |text: &str| Said::Failed { epoch, error: EngineError::Broken(text.into()) };
        if has("dead") {
        } else if has("busy") {
            self.say(think, failed("The service is busy. Try again in a minute."));
        } else if has("quiet") {
            self.say(think, Said::Done(epoch));
        } else if has("breaks") {
            self.speak(epoch, think, "Once upon a", false);
            self.say(think + 200, failed("The connection broke. Ask again."));
        } else if has("everything") {
            // A minute of sound in one piece.
            self.after(think, Next::Sound(epoch, 60_000, "Everything.".into()));
            self.say(think, Said::Done(epoch));
        } else if has("endless") {
            for part in 0..10 {
                self.after(think, Next::Sound(epoch, 60_000, format!("Part {part}. ")));
            }
            self.say(think, Said::Done(epoch));
        } else if let Some((_, tool)) = tool {
            let id = {
                let mut room = self.room.lock();
                room.calls += 1;
                CallId(format!("c{}", room.calls))
            };
            let arguments = match tool {
                "look_at_screen" => json!({}),
                _ => json!({"text": text}),
            };
            let arguments = arguments.to_string();
            let call = Call { id, name: tool.into(), arguments };
            let speech = if has("forecast") { "Let me look." } else { "" };
            let done = self.speak(epoch, think, speech, false);
            self.say(done, Said::Call { epoch, call });
            self.say(done, Said::Done(epoch));
        } else {
            let reply = match outcome {
                Some(outcome) => outcome,
                None if text.is_empty() => "I heard you.".to_owned(),
                None => format!("You said {text}."),
            };
            self.speak(epoch, think, &reply, true);
        }
    }

    /// Makes the pieces of `text`; returns the time of the last one in milliseconds.
    fn speak(&mut self, epoch: Epoch, think: u64, text: &str, done: bool) -> u64 {
        let engines = self.room.lock().engines;
        let mut at = think;
        for (n, word) in text.split_whitespace().enumerate() {
            let text = if n == 0 { word.to_owned() } else { format!(" {word}") };
            self.after(at, Next::Sound(epoch, engines.word, text));
            at += engines.piece;
        }
        if done {
            self.say(at, Said::Done(epoch));
        }
        at
    }

    fn rewind(&self, epoch: Epoch, heard: &Heard) {
        let mut room = self.room.lock();
        let line = match heard {
            Heard::Nothing => format!("rewind {} to nothing", epoch.0),
            Heard::Part { samples, text } => {
                // The one number that must agree to the sample, unless the device died.
                if !room.died {
                    let given = room.truth[&epoch].given_of_answer();
                    assert_eq!(*samples, given, "what was heard");
                }
                format!("rewind {} to {text:?}", epoch.0)
            }
            Heard::All => panic!("All is never sent"),
        };
        room.notice(&line);
    }

    /// The output for `next`, now that its time has come.
    fn utter(&self, next: Next) -> Said {
        match next {
            Next::Said(said) => said,
            Next::Sound(epoch, ms, text) => self.sound(epoch, ms, text, false),
            Next::Filler(epoch, ms, text) => self.sound(epoch, ms, text, true),
        }
    }

    fn sound(&self, epoch: Epoch, ms: u64, text: String, filler: bool) -> Said {
        let samples = ms * 48;
        let mut room = self.room.lock();
        let truth = room.truth.entry(epoch).or_default();
        let pieces = &mut truth.pieces;
        let pcm = vec![level(pieces.len()); samples as usize];
        // Dropped work still produces output: nobody must listen.
        if !self.aborted.contains(&epoch) {
            if filler {
                truth.fillers.insert(pieces.len());
            }
            pieces.push((samples, text.clone()));
        }
        Said::Chunk { epoch, chunk: Chunk { pcm, rate: SPEAKER_RATE, text } }
    }
}

impl Partner for Engine {
    fn hears(&self) -> bool {
        self.hears
    }

    fn order(&mut self, order: Order) {
        match order {
            Order::Commit { utterance, revision } => {
                let (words, failure, ms) = {
                    let room = self.room.lock();
                    let words = room.words_in(&utterance.span);
                    (words, room.transcriber.clone(), room.engines.transcribe)
                };
                let result = failure.map_or(Ok(words), Err);
                let utterance = utterance.id;
                let certainty = None;
                self.say(
                    ms,
                    Said::Transcript { utterance, revision, result, certainty, last: true },
                );
            }
            Order::Respond { epoch, prompt } => {
                {
                    let mut room = self.room.lock();
                    room.turns += 1;
                    let gone = room.gone;
                    room.truth.entry(epoch).or_default().read |= gone;
                }
                self.room.notice(&format!("asked {}", epoch.0));
                self.respond(epoch, &prompt.items);
            }
            Order::Announce { epoch, text, .. } => {
                let (engines, fills) = {
                    let mut room = self.room.lock();
                    let fills = room.truth.contains_key(&epoch);
                    if !fills {
                        room.announced.insert(epoch);
                    }
                    (room.engines, fills)
                };
                if !fills {
                    self.speak(epoch, engines.think, &text, true);
                    return;
                }
                self.room.notice(&format!("meanwhile {text:?}"));
                let mut at = engines.think;
                for (n, word) in text.split_whitespace().enumerate() {
                    let text = if n == 0 { word.to_owned() } else { format!(" {word}") };
                    self.after(at, Next::Filler(epoch, engines.word, text));
                    at += engines.piece;
                }
                self.say(at, Said::Done(epoch));
            }
            Order::Abort(epoch) => {
                self.aborted.insert(epoch);
            }
            Order::Rewind { epoch, heard } => self.rewind(epoch, &heard),
            Order::Hear(_) | Order::Forget { .. } | Order::Hold(_) | Order::Prepare => {}
        }
    }

    fn said(&mut self) -> Pin<Box<dyn Future<Output = Said> + Send + '_>> {
        Box::pin(async move {
            let Some(((at, _), _)) = self.queue.first_key_value() else {
                return std::future::pending().await;
            };
            tokio::time::sleep_until(*at).await;
            let (_, next) = self.queue.pop_first().unwrap();
            self.utter(next)
        })
    }
}
