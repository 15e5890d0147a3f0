//! What the client sends, in both dialects. One function per event.

use serde_json::{Value, json};

use super::sound::Format;
use super::{Dialect, Purpose, Settings, TurnDetection};
use crate::base::Epoch;
use crate::dialog::ToolSpec;
use crate::engine::openai::defaults;

/// The session's settings; `tools` and `instructions` if they are known.
pub(super) fn session_update(
    dialect: Dialect,
    settings: &Settings,
    format: Format,
    prompt: Option<(&str, &[ToolSpec])>,
) -> Value {
    if let Purpose::Write { languages, keywords } = &settings.purpose {
        let model = settings.transcribe.as_deref().unwrap_or(defaults::LIVE);
        return transcription_update(dialect, format, model, languages, keywords);
    }
    let mut session = match dialect {
        Dialect::Ga => ga_session(settings, format),
        Dialect::Beta => beta_session(settings, format),
    };
    if let Some((instructions, tools)) = prompt {
        session["instructions"] = instructions.into();
        session["tools"] = tools.iter().map(tool).collect();
        session["tool_choice"] = "auto".into();
    }
    json!({ "type": "session.update", "session": session })
}

fn ga_session(settings: &Settings, format: Format) -> Value {
    let mut input = json!({
        "format": format.ga(),
        "turn_detection": turn_detection(settings.turn_detection),
    });
    if let Some(model) = &settings.transcribe {
        input["transcription"] = json!({ "model": model });
    }
    let mut output = json!({ "format": format.ga() });
    if let Some(voice) = &settings.voice {
        output["voice"] = voice.as_str().into();
    }
    if let Some(speed) = settings.speed {
        output["speed"] = speed.into();
    }
    let modality = if settings.silent { "text" } else { "audio" };
    json!({
        "type": "realtime",
        "output_modalities": [modality],
        "audio": { "input": input, "output": output },
    })
}

fn beta_session(settings: &Settings, format: Format) -> Value {
    let modalities: &[&str] = if settings.silent { &["text"] } else { &["text", "audio"] };
    let mut session = json!({
        "modalities": modalities,
        "input_audio_format": format.beta(),
        "output_audio_format": format.beta(),
        "turn_detection": turn_detection(settings.turn_detection),
    });
    if let Some(model) = &settings.transcribe {
        session["input_audio_transcription"] = json!({ "model": model });
    }
    if let Some(voice) = &settings.voice {
        session["voice"] = voice.as_str().into();
    }
    if let Some(speed) = settings.speed {
        session["speed"] = speed.into();
    }
    session
}

/// A server that detects turns is told not to act on them.
fn turn_detection(of: TurnDetection) -> Value {
    match of {
        TurnDetection::Ours => Value::Null,
        TurnDetection::ServerVad => json!({
            "type": "server_vad", "create_response": false, "interrupt_response": false,
        }),
        TurnDetection::SemanticVad => json!({
            "type": "semantic_vad", "create_response": false, "interrupt_response": false,
        }),
    }
}

fn tool(spec: &ToolSpec) -> Value {
    json!({
        "type": "function",
        "name": spec.name,
        "description": spec.description,
        "parameters": spec.parameters,
    })
}

pub(super) fn append(audio: String) -> Value {
    json!({ "type": "input_audio_buffer.append", "audio": audio })
}

pub(super) fn commit() -> Value {
    json!({ "type": "input_audio_buffer.commit" })
}

pub(super) fn clear() -> Value {
    json!({ "type": "input_audio_buffer.clear" })
}

/// A new item after `previous` (`"root"`: before all), or at the end.
pub(super) fn create(item: Value, previous: Option<&str>) -> Value {
    let mut event = json!({ "type": "conversation.item.create", "item": item });
    if let Some(previous) = previous {
        event["previous_item_id"] = previous.into();
    }
    event
}

pub(super) fn delete(item: &str) -> Value {
    json!({ "type": "conversation.item.delete", "item_id": item })
}

pub(super) fn truncate(item: &str, content_index: u64, audio_end_ms: u64) -> Value {
    json!({
        "type": "conversation.item.truncate",
        "item_id": item,
        "content_index": content_index,
        "audio_end_ms": audio_end_ms,
    })
}

/// Requests a reply, with its own `instructions` if it needs any. The epoch comes back in
/// `response.created` if the server echoes metadata.
pub(super) fn respond(epoch: Epoch, instructions: Option<&str>) -> Value {
    let mut response = json!({ "metadata": { "epoch": epoch.0.to_string() } });
    if let Some(instructions) = instructions {
        response["instructions"] = instructions.into();
    }
    json!({ "type": "response.create", "response": response })
}

/// Requests that `text` be spoken; nothing of it enters the conversation.
pub(super) fn recite(epoch: Epoch, text: &str) -> Value {
    json!({
        "type": "response.create",
        "response": {
            "conversation": "none",
            "metadata": { "epoch": epoch.0.to_string() },
            // Without the conversation there is nothing that could be answered instead.
            "input": [],
            "instructions": format!("Say exactly this, word by word, and nothing else: {text}"),
            "tool_choice": "none",
        },
    })
}

pub(super) fn cancel(response: Option<&str>) -> Value {
    let mut event = json!({ "type": "response.cancel" });
    if let Some(response) = response {
        event["response_id"] = response.into();
    }
    event
}

/// The role of a text item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    User,
    Assistant,
}

pub(super) fn message(dialect: Dialect, id: &str, role: Role, text: &str) -> Value {
    let (role, kind) = match (role, dialect) {
        (Role::User, _) => ("user", "input_text"),
        (Role::Assistant, Dialect::Ga) => ("assistant", "output_text"),
        (Role::Assistant, Dialect::Beta) => ("assistant", "text"),
    };
    json!({
        "type": "message",
        "id": id,
        "role": role,
        "content": [{ "type": kind, "text": text }],
    })
}

/// A picture that the user shows; the old dialect has none.
pub(super) fn picture(dialect: Dialect, id: &str, url: &str) -> Option<Value> {
    let item = json!({
        "type": "message",
        "id": id,
        "role": "user",
        "content": [{ "type": "input_image", "image_url": url }],
    });
    (dialect == Dialect::Ga).then_some(item)
}

/// A call, by its id in this session.
pub(super) fn function_call(id: &str, call_id: &str, call: &crate::dialog::Call) -> Value {
    json!({
        "type": "function_call",
        "id": id,
        "call_id": call_id,
        "name": call.name,
        "arguments": call.arguments,
    })
}

pub(super) fn function_call_output(id: &str, call_id: &str, output: &str) -> Value {
    json!({ "type": "function_call_output", "id": id, "call_id": call_id, "output": output })
}

/// The settings of a session that only transcribes.
fn transcription_update(
    dialect: Dialect,
    format: Format,
    model: &str,
    languages: &[String],
    keywords: &[String],
) -> Value {
    let mut transcription = json!({ "model": model });
    // Hints that one model takes; the others accept only one language.
    let hints = dialect == Dialect::Ga && model == defaults::LIVE;
    match languages {
        [] => {}
        several if hints => transcription["languages"] = several.into(),
        [only] => transcription["language"] = only.as_str().into(),
        [..] => {}
    }
    if hints && !keywords.is_empty() {
        transcription["keywords"] = keywords.into();
    }
    match dialect {
        Dialect::Ga => json!({
            "type": "session.update",
            "session": {
                "type": "transcription",
                "audio": { "input": {
                    "format": format.ga(),
                    "transcription": transcription,
                    "turn_detection": null,
                }},
            },
        }),
        Dialect::Beta => json!({
            "type": "transcription_session.update",
            "session": {
                "input_audio_format": format.beta(),
                "input_audio_transcription": transcription,
                "turn_detection": null,
            },
        }),
    }
}
