//! A strict server of the protocol, as a pure model: messages and moments in, messages out. A
//! client's mistakes are collected in [`Strict::faults`].

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aloud::base::Moment;
use aloud::engine::openai::realtime::Dialect;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

pub(crate) use self::says::samples;
use self::says::{lasts, spoken, tone};
use crate::wave::Wave;

#[path = "strict/hears.rs"]
mod hears;
#[path = "strict/says.rs"]
pub(crate) mod says;

/// Sessions so far: ids are never reused.
static SESSIONS: AtomicU64 = AtomicU64::new(1);

/// How long an answer takes to begin.
const THINKING: Duration = Duration::from_millis(100);

/// Default rate in samples per second, both ways.
pub(crate) const RATE: usize = 24_000;

/// Deltas per second of sound.
const DELTAS: usize = 10;

/// The server's answer to a conversation.
pub(crate) type Brain = Box<dyn FnMut(&[Item], &Asked) -> Answer + Send>;

/// The parameters of a request for an answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) instructions: String,
    pub(crate) recital: bool,
}

/// An answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub(crate) text: String,
    /// Name and arguments of each call.
    pub(crate) calls: Vec<(String, String)>,
}

/// An item of the conversation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) role: String,
    /// Words written or spoken; for a call its arguments, for an outcome its output.
    pub(crate) text: String,
    pub(crate) call: String,
    /// Milliseconds of sound: spoken by the server, or heard from the user.
    pub(crate) sound_ms: u64,
    /// The number that a user's sound says.
    pub(crate) said: Option<u32>,
}

/// Peculiarities of a server, within the protocol or nearly so.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Manners {
    /// Numbers its calls from one in each session.
    pub(crate) anew: bool,
    /// Begins an answer at the end of a turn, although it was told not to.
    pub(crate) answers: bool,
    /// Detects turns although it was told not to, and accepts no commit.
    pub(crate) detects: bool,
}

/// One session.
pub(crate) struct Strict {
    dialect: Dialect,
    brain: Brain,
    manners: Manners,
    /// Only transcribes.
    pub(crate) writes: bool,
    input: Wave,
    output: Wave,
    /// Detects turns, and answers them by itself.
    finds: bool,
    creates: bool,
    /// How far the buffer was searched, and the speech that was found: the id of its item and the
    /// silence after it.
    looked: usize,
    speech: Option<(String, Duration)>,
    /// The sound of the last turn, at the wire's rate.
    pub(crate) heard: Vec<i16>,
    calls: u64,
    /// How much faster than speech an answer is made.
    pub(crate) haste: u32,
    pub(crate) items: Vec<Item>,
    pub(crate) faults: Vec<String>,
    /// Received: the first append, and all other events.
    pub(crate) append: Option<Value>,
    pub(crate) got: Vec<Value>,
    pub(crate) truncated: Vec<(String, u64)>,
    /// When each commit came, and how much sound it contained.
    pub(crate) commits: Vec<(Moment, usize)>,
    buffer: Vec<i16>,
    appended: bool,
    updated: bool,
    /// The item of which it has transcribed something before the commit.
    early: Option<String>,
    /// Text only was requested.
    silent: bool,
    instructions: String,
    active: Option<Active>,
    /// What is sent when.
    queue: VecDeque<(Moment, String)>,
    events: BTreeSet<String>,
    made: u64,
    session: u64,
    /// Number of cancelled answers.
    pub(crate) cancelled: u64,
    pub(crate) answers: u64,
}

struct Active {
    id: String,
    item: String,
    metadata: Value,
    recital: bool,
    answer: Answer,
    next: Moment,
    words: VecDeque<String>,
    /// Samples of the answer still to come, and already sent.
    left: usize,
    sent: usize,
    begun: bool,
}

impl Strict {
    pub(crate) fn new(dialect: Dialect, brain: Brain) -> Self {
        Self {
            dialect,
            brain,
            manners: Manners::default(),
            writes: false,
            input: Wave::Pcm,
            output: Wave::Pcm,
            finds: false,
            creates: false,
            looked: 0,
            speech: None,
            heard: Vec::new(),
            calls: 0,
            haste: 5,
            items: Vec::new(),
            faults: Vec::new(),
            append: None,
            got: Vec::new(),
            truncated: Vec::new(),
            commits: Vec::new(),
            buffer: Vec::new(),
            appended: false,
            updated: false,
            early: None,
            silent: false,
            instructions: String::new(),
            active: None,
            queue: VecDeque::new(),
            events: BTreeSet::new(),
            made: 0,
            session: SESSIONS.fetch_add(1, Ordering::Relaxed),
            cancelled: 0,
            answers: 0,
        }
    }

    /// The same with its own manners.
    pub(crate) fn with(self, manners: Manners) -> Self {
        Self { manners, finds: manners.detects, ..self }
    }

    /// The greeting.
    pub(crate) fn greet(&mut self) -> String {
        self.told("created")
    }

    /// The event that the session exists, or was changed.
    fn told(&mut self, what: &str) -> String {
        let flat = self.writes && self.dialect == Dialect::Beta;
        let kind = if flat { "transcription_session" } else { "session" };
        let session = self.session();
        self.event(json!({ "type": format!("{kind}.{what}"), "session": session }))
    }

    fn session(&self) -> Value {
        let format = |wave: Wave| match wave {
            Wave::Pcm => json!({ "type": "audio/pcm", "rate": 24000 }),
            Wave::Ulaw | Wave::Alaw => json!({ "type": wave.names().0 }),
        };
        match self.dialect {
            Dialect::Ga if self.writes => json!({
                "type": "transcription", "object": "realtime.transcription_session", "id": "sess_1",
                "audio": { "input": { "format": format(self.input), "turn_detection": null } },
            }),
            Dialect::Ga => json!({
                "type": "realtime", "object": "realtime.session", "id": "sess_1", "model": "m",
                "output_modalities": ["audio"],
                "audio": {
                    "input": { "format": format(self.input), "turn_detection": null },
                    "output": { "format": format(self.output), "voice": "marin" },
                },
            }),
            Dialect::Beta if self.writes => json!({
                "id": "sess_1", "object": "realtime.transcription_session",
                "input_audio_format": self.input.names().1, "turn_detection": null,
            }),
            Dialect::Beta => json!({
                "id": "sess_1", "object": "realtime.session", "model": "m",
                "modalities": ["text", "audio"], "voice": "alloy",
                "input_audio_format": self.input.names().1,
                "output_audio_format": self.output.names().1,
                "turn_detection": null,
            }),
        }
    }

    /// Takes a message; [`Strict::poll`] returns what to send.
    pub(crate) fn receive(&mut self, now: Moment, message: &str) {
        let Ok(event) = serde_json::from_str::<Value>(message) else {
            return self.fault(format!("no JSON: {message}"));
        };
        let kind = event["type"].as_str().unwrap_or_default().to_owned();
        match event["event_id"].as_str() {
            Some(id) if !self.events.insert(id.to_owned()) => self.fault(format!("{id} twice")),
            Some(_) | None => {}
        }
        let update = if self.writes && self.dialect == Dialect::Beta {
            "transcription_session.update"
        } else {
            "session.update"
        };
        if kind != update && !self.updated {
            self.fault(format!("{kind} before any session.update"));
        }
        match kind.as_str() {
            _ if kind == update && self.writes => self.on_orders(now, &event),
            _ if kind == update => self.on_update(now, &event),
            "input_audio_buffer.append" => self.on_append(now, &event),
            "input_audio_buffer.commit" => self.on_commit(now, &event),
            "input_audio_buffer.clear" => {
                self.buffer.clear();
                (self.looked, self.speech) = (0, None);
                self.later(now, json!({ "type": "input_audio_buffer.cleared" }));
            }
            "conversation.item.create" => self.on_create(now, &event),
            "conversation.item.delete" => self.on_delete(now, &event),
            "conversation.item.truncate" => self.on_truncate(now, &event),
            "response.create" => self.on_respond(now, &event),
            "response.cancel" => self.on_cancel(now, &event),
            _ => self.fault(format!("unknown event {kind}")),
        }
        if kind == "input_audio_buffer.append" {
            self.append.get_or_insert(event);
        } else {
            self.got.push(event);
        }
    }

    /// What is due to be sent.
    pub(crate) fn poll(&mut self, now: Moment) -> Vec<String> {
        while self.active.as_ref().is_some_and(|active| active.next <= now) {
            self.go_on();
        }
        let mut out = Vec::new();
        while self.queue.front().is_some_and(|(at, _)| *at <= now) {
            out.extend(self.queue.pop_front().map(|(_, message)| message));
        }
        out
    }

    /// When [`Strict::poll`] is due.
    pub(crate) fn deadline(&self) -> Option<Moment> {
        let active = self.active.as_ref().map(|active| active.next);
        [active, self.queue.front().map(|(at, _)| *at)].into_iter().flatten().min()
    }

    /// The settings of a session that only transcribes.
    fn on_orders(&mut self, now: Moment, event: &Value) {
        let session = &event["session"];
        let wrong = match self.dialect {
            Dialect::Ga => {
                let input = &session["audio"]["input"];
                session["type"] != "transcription"
                    || input["format"] != json!({ "type": "audio/pcm", "rate": 24000 })
                    || !input["transcription"]["model"].is_string()
                    || input.get("turn_detection") != Some(&Value::Null)
            }
            Dialect::Beta => {
                session.get("type").is_some()
                    || session["input_audio_format"] != "pcm16"
                    || !session["input_audio_transcription"]["model"].is_string()
                    || session.get("turn_detection") != Some(&Value::Null)
            }
        };
        if wrong {
            self.fault(format!("a session of the wrong shape: {session}"));
        }
        self.updated = true;
        let updated = self.told("updated");
        self.queue.push_back((now, updated));
    }

    fn on_update(&mut self, now: Moment, event: &Value) {
        let session = &event["session"];
        let audio = &session["audio"];
        let format = |way: &str| match self.dialect {
            Dialect::Ga => {
                let format = &audio[way]["format"];
                let wave = Wave::named(format["type"].as_str()?)?;
                let rate = (wave == Wave::Pcm).then(|| json!(24_000));
                (format.get("rate") == rate.as_ref()).then_some(wave)
            }
            Dialect::Beta => Wave::named(session[format!("{way}_audio_format")].as_str()?),
        };
        let odd = match self.dialect {
            Dialect::Ga => {
                session["type"] != "realtime" || session.get("input_audio_format").is_some()
            }
            Dialect::Beta => session.get("type").is_some() || session.get("audio").is_some(),
        };
        match (format("input"), format("output")) {
            (Some(input), Some(output)) if !odd => (self.input, self.output) = (input, output),
            _ => self.fault(format!("a session of the wrong shape: {session}")),
        }
        let detection = match self.dialect {
            Dialect::Ga => session["audio"]["input"].get("turn_detection"),
            Dialect::Beta => session.get("turn_detection"),
        };
        match detection {
            None => self.fault("turn detection is left to the server".to_owned()),
            Some(Value::Null) => (self.finds, self.creates) = (self.manners.detects, false),
            Some(of) => {
                let known = matches!(of["type"].as_str(), Some("server_vad" | "semantic_vad"));
                if !known || of["interrupt_response"] != false {
                    self.fault(format!("turns are found by {of}"));
                }
                (self.finds, self.creates) = (true, of["create_response"] != false);
            }
        }
        self.creates |= self.finds && self.manners.answers;
        self.updated = true;
        let modalities = match self.dialect {
            Dialect::Ga => &session["output_modalities"],
            Dialect::Beta => &session["modalities"],
        };
        self.silent = *modalities == json!(["text"]);
        if let Some(text) = session["instructions"].as_str() {
            self.instructions = text.to_owned();
        }
        let updated = self.told("updated");
        self.queue.push_back((now, updated));
    }

    fn on_create(&mut self, now: Moment, event: &Value) {
        let item = &event["item"];
        let text = |key: &str| item[key].as_str().unwrap_or_default().to_owned();
        let id = match item["id"].as_str() {
            Some(id) => id.to_owned(),
            None => self.name("item"),
        };
        if self.items.iter().any(|item| item.id == id) || id.len() > 32 {
            self.fault(format!("item {id} is there already, or its name is too long"));
            return self.refuse(now, event, "item_create_duplicate_item_id");
        }
        let place = match event.get("previous_item_id").map(|id| id.as_str().unwrap_or_default()) {
            None => self.items.len(),
            Some("root") => 0,
            Some(previous) => match self.items.iter().position(|item| item.id == previous) {
                Some(at) => at + 1,
                None => {
                    self.fault(format!("there is no item {previous} to stand behind"));
                    return self.refuse(now, event, "invalid_previous_item_id");
                }
            },
        };
        let content = &item["content"][0];
        let kind = text("type");
        let role = text("role");
        let fits = matches!(
            (kind.as_str(), role.as_str(), content["type"].as_str(), self.dialect),
            ("message", "user" | "system", Some("input_text" | "input_image"), _)
                | ("message", "assistant", Some("output_text"), Dialect::Ga)
                | ("message", "assistant", Some("text"), Dialect::Beta)
                | ("function_call" | "function_call_output", "", None, _)
        );
        if !fits {
            self.fault(format!("an item of the wrong shape: {item}"));
        }
        let call = text("call_id");
        let before = &self.items[..place];
        if kind == "function_call_output"
            && !before.iter().any(|item| item.kind == "function_call" && item.call == call)
        {
            self.fault(format!("an outcome of {call}, which nobody called before it"));
        }
        if self.items.iter().any(|item| item.kind == kind && !call.is_empty() && item.call == call)
        {
            self.fault(format!("{kind} {call} twice"));
        }
        let words = match kind.as_str() {
            "function_call" => text("arguments"),
            "function_call_output" => text("output"),
            _ => content["text"].as_str().unwrap_or_default().to_owned(),
        };
        let previous = place.checked_sub(1).map(|at| self.items[at].id.clone());
        self.items.insert(
            place,
            Item { id: id.clone(), kind, role, text: words, call, sound_ms: 0, said: None },
        );
        let mut shown = item.clone();
        shown["id"] = id.into();
        self.added(now, shown, previous);
    }

    fn on_delete(&mut self, now: Moment, event: &Value) {
        let id = event["item_id"].as_str().unwrap_or_default();
        let Some(at) = self.items.iter().position(|item| item.id == id) else {
            self.fault(format!("there is no item {id} to delete"));
            return self.refuse(now, event, "item_delete_invalid_item_id");
        };
        if self.active.as_ref().is_some_and(|active| active.item == id) {
            self.fault(format!("item {id} is deleted while it is made"));
        }
        self.items.remove(at);
        self.later(now, json!({ "type": "conversation.item.deleted", "item_id": id }));
    }

    fn on_truncate(&mut self, now: Moment, event: &Value) {
        let id = event["item_id"].as_str().unwrap_or_default().to_owned();
        let ms = event["audio_end_ms"].as_u64().unwrap_or(u64::MAX);
        let sent = self.active.as_ref().filter(|active| active.item == id).map(|a| a.sent);
        let found = self.items.iter_mut().find(|item| item.id == id && item.role == "assistant");
        let Some(item) = found else {
            self.fault(format!("there is no reply {id} to truncate"));
            return self.refuse(now, event, "item_truncate_invalid_item_id");
        };
        let rate = self.output.rate() as u64;
        let most = sent.map_or(item.sound_ms, |sent| sent as u64 * 1_000 / rate);
        if ms == 0 || ms > most || event["content_index"] != 0 {
            self.fault(format!("truncated to {ms} of {most} ms: {event}"));
            return self.refuse(now, event, "invalid_value");
        }
        item.sound_ms = ms;
        item.text = spoken(&item.text, ms);
        self.truncated.push((id.clone(), ms));
        self.later(
            now,
            json!({
                "type": "conversation.item.truncated", "item_id": id, "content_index": 0,
                "audio_end_ms": ms,
            }),
        );
    }

    fn on_respond(&mut self, now: Moment, event: &Value) {
        if self.active.is_some() {
            // An answer that it began by itself is not the client's mistake.
            if !self.creates {
                self.fault("an answer is asked for while one is made".to_owned());
            }
            return self.refuse(now, event, "conversation_already_has_active_response");
        }
        let open = |item: &&Item| {
            let done =
                |other: &Item| other.kind == "function_call_output" && other.call == item.call;
            item.kind == "function_call" && !self.items.iter().any(done)
        };
        if let Some(call) = self.items.iter().find(open) {
            let call = call.call.clone();
            self.fault(format!("an answer is asked for while call {call} has no outcome"));
        }
        self.begin(now, &event["response"]);
    }

    /// Begins an answer.
    fn begin(&mut self, now: Moment, response: &Value) {
        let recital = response["conversation"] == "none";
        let own = response["instructions"].as_str();
        let asked = Asked { instructions: own.unwrap_or(&self.instructions).to_owned(), recital };
        let answer = (self.brain)(&self.items, &asked);
        let (id, item) = (self.name("resp"), self.name("item"));
        let metadata = response["metadata"].clone();
        self.answers += 1;
        self.later(
            now,
            json!({ "type": "response.created", "response": {
                "id": id, "object": "realtime.response", "status": "in_progress",
                "metadata": metadata, "output": [],
            }}),
        );
        let words: VecDeque<String> = answer.text.split_inclusive(' ').map(str::to_owned).collect();
        let sounds = if self.silent { 0 } else { answer.text.chars().count() };
        let left = lasts(sounds, self.output.rate());
        let next = now + THINKING;
        let (sent, begun) = (0, false);
        self.active =
            Some(Active { id, item, metadata, recital, answer, next, words, left, sent, begun });
    }

    fn on_cancel(&mut self, now: Moment, event: &Value) {
        let id = event["response_id"].as_str();
        let Some(active) = self.active.take_if(|a| id.is_none_or(|id| id == a.id)) else {
            return self.refuse(now, event, "response_cancel_not_active");
        };
        self.cancelled += 1;
        self.end(now, active, "cancelled");
    }

    /// The next piece of the answer.
    fn go_on(&mut self) {
        let Some(mut active) = self.active.take() else { return };
        let now = active.next;
        if !active.begun && !active.answer.text.is_empty() {
            active.begun = true;
            let shown = json!({
                "id": active.item, "object": "realtime.item", "type": "message",
                "role": "assistant", "status": "in_progress", "content": [],
            });
            self.at(
                now,
                json!({
                    "type": "response.output_item.added", "response_id": active.id,
                    "output_index": 0, "item": shown,
                }),
            );
            if !active.recital {
                let previous = self.items.last().map(|item| item.id.clone());
                self.items.push(Item {
                    id: active.item.clone(),
                    kind: "message".into(),
                    role: "assistant".into(),
                    text: String::new(),
                    call: String::new(),
                    sound_ms: 0,
                    said: None,
                });
                self.added(now, shown, previous);
            }
            let kind = if self.dialect == Dialect::Ga { "audio" } else { "output_audio" };
            // Both spellings occur in both dialects.
            self.at(
                now,
                json!({
                    "type": "response.content_part.added", "response_id": active.id,
                    "item_id": active.item, "output_index": 0, "content_index": 0,
                    "part": { "type": kind, "transcript": "" },
                }),
            );
        }
        // The words precede their sound, as from real servers.
        for _ in 0..3 {
            if let Some(word) = active.words.pop_front() {
                if let Some(item) = self.items.iter_mut().find(|item| item.id == active.item) {
                    item.text.push_str(&word);
                }
                let what = if self.silent { "text.delta" } else { "audio_transcript.delta" };
                let kind = self.audio_kind(what);
                self.at(
                    now,
                    json!({
                        "type": kind, "response_id": active.id, "item_id": active.item,
                        "output_index": 0, "content_index": 0, "delta": word,
                    }),
                );
            }
        }
        let rate = self.output.rate();
        let count = active.left.min(rate / DELTAS);
        if count > 0 {
            let pcm: Vec<i16> = (0..count).map(|n| tone(active.sent + n, rate)).collect();
            let pcm = self.output.write(&pcm);
            active.left -= count;
            active.sent += count;
            if let Some(item) = self.items.iter_mut().find(|item| item.id == active.item) {
                item.sound_ms = (active.sent * 1_000 / rate) as u64;
            }
            let kind = self.audio_kind("audio.delta");
            self.at(
                now,
                json!({
                    "type": kind, "response_id": active.id, "item_id": active.item,
                    "output_index": 0, "content_index": 0, "delta": STANDARD.encode(pcm),
                }),
            );
        }
        if count > 0 || !active.words.is_empty() {
            active.next = now + Duration::from_millis(100) / self.haste;
            self.active = Some(active);
        } else {
            self.end(now, active, "completed");
        }
    }

    fn end(&mut self, now: Moment, active: Active, status: &str) {
        let mut output = Vec::new();
        if active.begun {
            let (what, key) = match self.silent {
                true => ("text.done", "text"),
                false => ("audio_transcript.done", "transcript"),
            };
            let kind = self.audio_kind(what);
            let transcript = active.answer.text.clone();
            if status == "completed" {
                self.at(
                    now,
                    json!({
                        "type": kind, "response_id": active.id, "item_id": active.item,
                        "output_index": 0, "content_index": 0, key: transcript,
                    }),
                );
            }
            let done = if status == "completed" { "completed" } else { "incomplete" };
            let shown = json!({
                "id": active.item, "object": "realtime.item", "type": "message",
                "role": "assistant", "status": done,
                "content": [{ "type": "output_audio", "transcript": transcript }],
            });
            self.at(
                now,
                json!({
                    "type": "response.output_item.done", "response_id": active.id,
                    "output_index": 0, "item": shown,
                }),
            );
            output.push(shown);
        }
        let calls = if status == "completed" { active.answer.calls.clone() } else { Vec::new() };
        for (name, arguments) in calls {
            let (id, mut call) = (self.name("item"), self.name("call"));
            if self.manners.anew {
                self.calls += 1;
                call = format!("call_{}", self.calls);
            }
            if self.items.iter().any(|item| item.call == call) {
                self.fault(format!("a call of the client has the name {call}"));
            }
            let shown = |arguments: &str, status: &str| {
                json!({
                    "id": id, "object": "realtime.item", "type": "function_call",
                    "status": status, "call_id": call, "name": name, "arguments": arguments,
                })
            };
            self.at(
                now,
                json!({
                    "type": "response.output_item.added", "response_id": active.id,
                    "output_index": 1, "item": shown("", "in_progress"),
                }),
            );
            let mut complete = json!({
                "type": "response.function_call_arguments.done", "response_id": active.id,
                "item_id": id, "output_index": 1, "call_id": call, "arguments": arguments,
            });
            if self.dialect == Dialect::Ga {
                complete["name"] = name.as_str().into();
            }
            self.at(now, complete);
            let whole = shown(&arguments, "completed");
            self.at(
                now,
                json!({
                    "type": "response.output_item.done", "response_id": active.id,
                    "output_index": 1, "item": whole,
                }),
            );
            output.push(whole);
            self.items.push(Item {
                id,
                kind: "function_call".into(),
                role: String::new(),
                text: arguments,
                call,
                sound_ms: 0,
                said: None,
            });
        }
        let details = match status {
            "cancelled" => json!({ "type": "cancelled", "reason": "client_cancelled" }),
            _ => Value::Null,
        };
        self.at(
            now,
            json!({ "type": "response.done", "response": {
                "id": active.id, "object": "realtime.response", "status": status,
                "status_details": details, "metadata": active.metadata, "output": output,
                "usage": {
                    "total_tokens": 30, "input_tokens": 20, "output_tokens": 10,
                    "input_token_details": {
                        "text_tokens": 8, "audio_tokens": 12, "cached_tokens": 4,
                        "cached_tokens_details": { "text_tokens": 4, "audio_tokens": 0 },
                    },
                    "output_token_details": { "text_tokens": 3, "audio_tokens": 7 },
                },
            }}),
        );
        self.at(
            now,
            json!({ "type": "rate_limits.updated", "rate_limits": [
                { "name": "tokens", "limit": 1000, "remaining": 900, "reset_seconds": 1.5 },
            ]}),
        );
    }

    fn audio_kind(&self, what: &str) -> String {
        match self.dialect {
            Dialect::Ga => format!("response.output_{what}"),
            Dialect::Beta => format!("response.{what}"),
        }
    }

    fn added(&mut self, now: Moment, item: Value, previous: Option<String>) {
        let kinds: &[&str] = match self.dialect {
            Dialect::Ga => &["conversation.item.added", "conversation.item.done"],
            Dialect::Beta => &["conversation.item.created"],
        };
        for kind in kinds {
            self.later(now, json!({ "type": kind, "item": item, "previous_item_id": previous }));
        }
    }

    fn refuse(&mut self, now: Moment, event: &Value, code: &str) {
        self.later(
            now,
            json!({ "type": "error", "error": {
                "type": "invalid_request_error", "code": code, "message": format!("No: {code}."),
                "param": null, "event_id": event["event_id"],
            }}),
        );
    }

    fn later(&mut self, now: Moment, event: Value) {
        self.at(now, event);
    }

    fn at(&mut self, at: Moment, event: Value) {
        let message = self.event(event);
        let place = self.queue.iter().position(|(other, _)| *other > at);
        self.queue.insert(place.unwrap_or(self.queue.len()), (at, message));
    }

    fn event(&mut self, mut event: Value) -> String {
        event["event_id"] = self.name("event").into();
        event.to_string()
    }

    fn name(&mut self, kind: &str) -> String {
        self.made += 1;
        format!("{kind}_{}_{}", self.session, self.made)
    }

    fn fault(&mut self, what: String) {
        self.faults.push(what);
    }
}
