//! Events of the server, in both dialects: the parts that matter here.

use serde_json::Value;

use super::Dialect;
use super::sound::Format;
use super::trouble::Trouble;
use crate::base::Epoch;
use crate::engine::openai::used::usage;
use crate::engine::{Limit, Usage};

/// A server event. Whatever it leaves out is empty or `None` here.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Event {
    /// The session exists, or its settings were accepted. `None` where it does not say.
    Session {
        created: bool,
        dialect: Option<Dialect>,
        input: Option<Format>,
        output: Option<Format>,
    },
    /// The input buffer became an item.
    Committed { item: String },
    /// The server detected the start or end of speech. Only if it detects turns.
    Speech { began: bool },
    /// Transcript of a sound item; `last` if it is complete, `None` if it failed.
    Heard { item: String, text: Option<String>, last: bool, usage: Option<Usage> },
    /// An answer began.
    Begun { response: Option<String>, epoch: Option<Epoch> },
    /// An answer is over.
    Over(Box<Over>),
    /// An item of an answer, at its start or complete.
    Item { response: Option<String>, item: Item, whole: bool },
    /// Sound.
    Audio { at: Place, delta: String },
    /// Words, spoken or not: the next ones, or all of them repeated.
    Words { at: Place, text: String, spoken: bool, whole: bool },
    /// A complete call.
    Call { at: Place, call: String, name: Option<String>, arguments: String },
    /// Remaining rate limits.
    Limits(Vec<Limit>),
    /// Something went wrong.
    Error(Trouble),
    /// Something else.
    Other,
}

/// A position in an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Place {
    pub(super) response: Option<String>,
    pub(super) item: Option<String>,
    pub(super) content: u64,
}

/// An item of an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Item {
    pub(super) id: Option<String>,
    pub(super) kind: String,
    pub(super) call: Option<String>,
    pub(super) name: Option<String>,
    pub(super) arguments: Option<String>,
}

/// The end of an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Over {
    pub(super) response: Option<String>,
    pub(super) epoch: Option<Epoch>,
    pub(super) status: String,
    pub(super) reason: Option<String>,
    pub(super) trouble: Option<Trouble>,
    pub(super) items: Vec<Item>,
    pub(super) usage: Option<Usage>,
}

/// Parses one message into the event and the server's id for it. `None` if it is not an event.
pub(super) fn parse(message: &str) -> Option<(Event, Option<String>)> {
    let event: Value = serde_json::from_str(message).ok()?;
    let kind = event["type"].as_str()?;
    let name = text(&event, "event_id");
    Some((read(kind, &event), name))
}

fn read(kind: &str, event: &Value) -> Event {
    match kind {
        "session.created"
        | "session.updated"
        | "transcription_session.created"
        | "transcription_session.updated" => session(&event["session"], kind.ends_with("created")),
        "input_audio_buffer.committed" => match text(event, "item_id") {
            Some(item) => Event::Committed { item },
            None => Event::Other,
        },
        "input_audio_buffer.speech_started" => Event::Speech { began: true },
        "input_audio_buffer.speech_stopped" => Event::Speech { began: false },
        "conversation.item.input_audio_transcription.delta" => {
            heard(event, text(event, "delta"), false)
        }
        "conversation.item.input_audio_transcription.completed" => {
            heard(event, Some(text(event, "transcript").unwrap_or_default()), true)
        }
        "conversation.item.input_audio_transcription.failed" => heard(event, None, true),
        "response.created" => {
            let response = &event["response"];
            Event::Begun { response: text(response, "id"), epoch: epoch(response) }
        }
        "response.done" => Event::Over(Box::new(over(&event["response"]))),
        "response.output_item.added" | "response.output_item.done" => Event::Item {
            response: text(event, "response_id"),
            item: item(&event["item"]),
            whole: kind.ends_with("done"),
        },
        "response.output_audio.delta" | "response.audio.delta" => match text(event, "delta") {
            Some(delta) => Event::Audio { at: place(event), delta },
            None => Event::Other,
        },
        "response.output_audio_transcript.delta" | "response.audio_transcript.delta" => {
            words(event, "delta", true)
        }
        "response.output_audio_transcript.done" | "response.audio_transcript.done" => {
            words(event, "transcript", true)
        }
        "response.output_text.delta" | "response.text.delta" => words(event, "delta", false),
        "response.output_text.done" | "response.text.done" => words(event, "text", false),
        "response.function_call_arguments.done" => Event::Call {
            at: place(event),
            // A server that assigns no call id still means one call.
            call: text(event, "call_id").or_else(|| text(event, "item_id")).unwrap_or_default(),
            name: text(event, "name"),
            arguments: text(event, "arguments").unwrap_or_default(),
        },
        "rate_limits.updated" => Event::Limits(limits(&event["rate_limits"])),
        "error" => Event::Error(Trouble::of(event)),
        _ => Event::Other,
    }
}

/// A non-empty string.
fn text(of: &Value, key: &str) -> Option<String> {
    of[key].as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn session(session: &Value, created: bool) -> Event {
    let general = session.get("audio").is_some() || session["type"].is_string();
    let flat = session.get("input_audio_format").is_some() || session.get("modalities").is_some();
    let dialect = match (general, flat) {
        (true, _) => Some(Dialect::Ga),
        (false, true) => Some(Dialect::Beta),
        (false, false) => None,
    };
    let format = |way: &str| {
        let audio = &session["audio"][way]["format"];
        let flat = &session[format!("{way}_audio_format").as_str()];
        let name = audio["type"].as_str().or_else(|| audio.as_str()).or_else(|| flat.as_str());
        name.and_then(Format::named)
    };
    Event::Session { created, dialect, input: format("input"), output: format("output") }
}

fn heard(event: &Value, text_: Option<String>, last: bool) -> Event {
    match text(event, "item_id") {
        Some(item) if last || text_.is_some() => {
            let usage = event["usage"].is_object().then(|| usage(&event["usage"]));
            Event::Heard { item, text: text_, last, usage }
        }
        Some(_) | None => Event::Other,
    }
}

fn words(event: &Value, key: &str, spoken: bool) -> Event {
    match text(event, key) {
        Some(text) => Event::Words { at: place(event), text, spoken, whole: key != "delta" },
        None => Event::Other,
    }
}

fn place(event: &Value) -> Place {
    Place {
        response: text(event, "response_id"),
        item: text(event, "item_id"),
        content: event["content_index"].as_u64().unwrap_or(0),
    }
}

fn item(item: &Value) -> Item {
    Item {
        id: text(item, "id"),
        kind: text(item, "type").unwrap_or_default(),
        call: text(item, "call_id").or_else(|| text(item, "id")),
        name: text(item, "name"),
        arguments: text(item, "arguments"),
    }
}

fn epoch(response: &Value) -> Option<Epoch> {
    response["metadata"]["epoch"].as_str()?.parse().ok().map(Epoch)
}

fn over(response: &Value) -> Over {
    let details = &response["status_details"];
    Over {
        response: text(response, "id"),
        epoch: epoch(response),
        status: text(response, "status").unwrap_or_else(|| "completed".to_owned()),
        reason: text(details, "reason"),
        trouble: details["error"].is_object().then(|| Trouble::of(details)),
        items: response["output"].as_array().into_iter().flatten().map(item).collect(),
        usage: response["usage"].is_object().then(|| usage(&response["usage"])),
    }
}

fn limits(limits: &Value) -> Vec<Limit> {
    let limit = |limit: &Value| {
        Some(Limit {
            name: text(limit, "name")?,
            limit: limit["limit"].as_u64(),
            remaining: limit["remaining"].as_u64(),
            reset_seconds: limit["reset_seconds"].as_f64(),
        })
    };
    limits.as_array().into_iter().flatten().filter_map(limit).collect()
}
