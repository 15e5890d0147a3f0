//! Chat completions: messages in, chunks out; with sound both ways where the model takes it.

use serde_json::{Value, json};

use super::reply::{Calls, Fault, Reading, TOO_LONG, source, text};
use super::{MindSettings, ToolChoice};
use crate::dialog::{Item, Prompt};
use crate::engine::openai::quirks::{Instructions, Quirks};
use crate::engine::openai::refusal::ErrorBody;
use crate::engine::openai::sound::{PcmBytes, VOICE_RATE, base64, read_file, unbase64, wav};
use crate::engine::{Chunk, Delta, Pacing};

/// The body of a request.
pub(super) fn request(model: &str, settings: &MindSettings, prompt: &Prompt) -> Value {
    let quirks = Quirks::of(model);
    let mut body = json!({ "model": model, "messages": messages(quirks, prompt) });
    if !settings.whole {
        body["stream"] = json!(true);
        // Servers of others may not know the key, and most tell it anyway.
        if settings.modern {
            body["stream_options"] = json!({ "include_usage": true });
        }
    }
    if let Some(voice) = &settings.voice {
        // A stream can only carry plain samples.
        let format = if settings.whole { "wav" } else { "pcm16" };
        body["modalities"] = json!(["text", "audio"]);
        body["audio"] = json!({ "voice": voice, "format": format });
    }
    if let Some(effort) = settings.effort.as_ref().filter(|_| quirks.reasons) {
        body["reasoning_effort"] = json!(effort);
    }
    if let Some(temperature) = settings.temperature.filter(|_| quirks.sampling) {
        body["temperature"] = json!(temperature);
    }
    if let Some(max) = settings.max_tokens {
        // The old name is what older servers know; reasoning models refuse it.
        let new = settings.modern || quirks.reasons;
        body[if new { "max_completion_tokens" } else { "max_tokens" }] = json!(max);
    }
    if settings.search || quirks.searches {
        body["web_search_options"] = json!({});
    }
    if !prompt.tools.is_empty() && quirks.tools {
        body["tools"] = prompt
            .tools
            .iter()
            .map(|tool| {
                json!({ "type": "function", "function": {
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": tool.parameters,
                }})
            })
            .collect();
        match settings.tool_choice(prompt) {
            ToolChoice::None => body["tool_choice"] = json!("none"),
            ToolChoice::Required => body["tool_choice"] = json!("required"),
            ToolChoice::Tool(name) => {
                body["tool_choice"] = json!({ "type": "function", "function": { "name": name } });
            }
            ToolChoice::Auto => {}
        }
    }
    body
}

/// The conversation as messages.
fn messages(quirks: Quirks, prompt: &Prompt) -> Vec<Value> {
    let mut messages: Vec<Value> = Vec::new();
    // Pictures go into the user's next message, or into one of their own when it is a tool's.
    let mut pictures: Vec<Value> = Vec::new();
    for item in &prompt.items {
        match item {
            Item::Picture(picture) => {
                pictures.push(json!({ "type": "image_url", "image_url": { "url": &*picture.0 } }));
            }
            Item::User { utterance, text } => {
                let sound = prompt.sounds.iter().find(|sound| Some(sound.id) == *utterance);
                let mut parts = Vec::new();
                if let Some(sound) = sound {
                    let data = base64(&wav(&sound.pcm));
                    parts.push(json!({ "type": "input_audio", "input_audio": { "data": data, "format": "wav" } }));
                } else if !text.is_empty() {
                    parts.push(json!({ "type": "text", "text": text }));
                }
                parts.append(&mut pictures);
                let plain = parts.len() == 1 && parts[0]["type"] == "text";
                match parts.is_empty() {
                    true => {}
                    false if plain => messages.push(json!({ "role": "user", "content": text })),
                    false => messages.push(json!({ "role": "user", "content": parts })),
                }
            }
            Item::Reply { text, .. } | Item::Notice { text } => {
                show(&mut messages, &mut pictures);
                messages.push(json!({ "role": "assistant", "content": text }));
            }
            Item::Call { call, .. } => {
                show(&mut messages, &mut pictures);
                let tool_call = json!({
                    "id": call.id.0,
                    "type": "function",
                    "function": { "name": call.name, "arguments": call.arguments },
                });
                // Calls made at once stand in one message, before all of their outcomes.
                // Indexing would leave a null behind in a message that has none.
                let open = messages.last_mut().and_then(|message| message.get_mut("tool_calls"));
                match open.and_then(Value::as_array_mut) {
                    Some(calls) => calls.push(tool_call),
                    None => {
                        messages.push(json!({ "role": "assistant", "tool_calls": [tool_call] }));
                    }
                }
            }
            Item::Outcome(outcome) => messages.push(json!({
                "role": "tool",
                "tool_call_id": outcome.id.0,
                "content": outcome.output,
            })),
        }
    }
    show(&mut messages, &mut pictures);
    instruct(quirks, &prompt.instructions, messages)
}

/// Puts pictures that no words of the user follow into a message of their own.
fn show(messages: &mut Vec<Value>, pictures: &mut Vec<Value>) {
    if !pictures.is_empty() {
        messages.push(json!({ "role": "user", "content": std::mem::take(pictures) }));
    }
}

/// Puts the instructions where the model takes them.
fn instruct(quirks: Quirks, instructions: &str, mut messages: Vec<Value>) -> Vec<Value> {
    if instructions.is_empty() {
        return messages;
    }
    let role = match quirks.instructions {
        Instructions::System => "system",
        Instructions::Developer => "developer",
        Instructions::Folded => {
            if let Some(first) = messages.iter_mut().find(|message| message["role"] == "user") {
                let content = &mut first["content"];
                if let Some(parts) = content.as_array_mut() {
                    parts.insert(0, json!({ "type": "text", "text": instructions }));
                } else {
                    let words = content.as_str().unwrap_or_default();
                    *content = json!(format!("{instructions}\n\n{words}"));
                }
            }
            return messages;
        }
    };
    messages.insert(0, json!({ "role": role, "content": instructions }));
    messages
}

/// A reply as its chunks come in.
#[derive(Debug, Default)]
pub(super) struct Reply {
    calls: Calls,
    pacing: Pacing,
    bytes: PcmBytes,
    usage: Value,
    /// Why the model stopped, once it has.
    finished: Option<String>,
    /// The end mark was seen.
    done: bool,
}

impl Reply {
    /// What streamed deltas and whole messages have in common.
    fn take(&mut self, part: &Value, out: &mut Vec<Delta>) {
        for call in part["tool_calls"].as_array().into_iter().flatten() {
            let index = call["index"].as_u64().unwrap_or_else(|| self.calls.next());
            let kept = self.calls.at(index);
            if let Some(id) = text(&call["id"]) {
                kept.id.0 = id;
            }
            kept.name.push_str(call["function"]["name"].as_str().unwrap_or_default());
            kept.arguments.push_str(call["function"]["arguments"].as_str().unwrap_or_default());
        }
        // The form before tools: one call, without an id.
        if part["function_call"].is_object() {
            let kept = self.calls.at(0);
            kept.name.push_str(part["function_call"]["name"].as_str().unwrap_or_default());
            kept.arguments
                .push_str(part["function_call"]["arguments"].as_str().unwrap_or_default());
        }
        let audio = &part["audio"];
        if let Some(words) = text(&audio["transcript"]) {
            self.pacing.words(&words);
        }
        let content = &part["content"];
        match content.as_array() {
            // Some servers send a whole message's content in parts.
            Some(parts) => {
                out.extend(parts.iter().filter_map(|part| text(&part["text"])).map(Delta::Text));
            }
            None => out.extend(text(content).map(Delta::Text)),
        }
        out.extend(text(&part["refusal"]).map(Delta::Text));
        let annotations = part["annotations"].as_array().into_iter().flatten();
        out.extend(annotations.filter_map(source).map(Delta::Source));
    }

    fn used(&mut self, value: &Value) {
        if value["usage"].is_object() {
            self.usage = value["usage"].clone();
        }
    }

    fn stop(&mut self, choice: &Value) -> Result<(), Fault> {
        let Some(reason) = choice["finish_reason"].as_str() else { return Ok(()) };
        self.finished = Some(reason.to_owned());
        if reason == "content_filter" { Err(Fault::filtered()) } else { Ok(()) }
    }
}

impl Reading for Reply {
    fn event(&mut self, data: &str, out: &mut Vec<Delta>) -> Result<(), Fault> {
        if data.trim() == "[DONE]" {
            self.done = true;
            return Ok(());
        }
        let chunk: Value = serde_json::from_str(data)
            .map_err(|_| Fault::broken("it sent something that is no JSON"))?;
        if !chunk["error"].is_null() {
            let words = ErrorBody::of(&chunk).words();
            return Err(Fault::broken(format!("it reports an error{words}")));
        }
        self.used(&chunk);
        let choice = &chunk["choices"][0];
        let delta = &choice["delta"];
        self.take(delta, out);
        if let Some(data) = delta["audio"]["data"].as_str() {
            let bytes = unbase64(data).ok_or_else(|| Fault::broken("its sound is no base64"))?;
            let pcm = self.bytes.push(&bytes);
            out.push(Delta::Sound(self.pacing.sound(pcm, VOICE_RATE)));
        }
        self.stop(choice)
    }

    fn whole(&mut self, value: &Value, out: &mut Vec<Delta>) -> Result<(), Fault> {
        if !value["error"].is_null() {
            let words = ErrorBody::of(value).words();
            return Err(Fault::broken(format!("it reports an error{words}")));
        }
        let choice = &value["choices"][0];
        if !choice["message"].is_object() {
            return Err(Fault::broken("its answer holds no message"));
        }
        self.used(value);
        self.take(&choice["message"], out);
        if let Some(data) = choice["message"]["audio"]["data"].as_str() {
            let bytes = unbase64(data).ok_or_else(|| Fault::broken("its sound is no base64"))?;
            let (pcm, rate) = read_file(bytes).map_err(Fault::Broken)?;
            out.push(Delta::Sound(self.pacing.sound(pcm, rate)));
        }
        self.done = true;
        self.stop(choice)
    }

    fn usage(&self) -> &Value {
        &self.usage
    }

    fn done(&self) -> bool {
        self.done
    }

    fn complete(&self) -> bool {
        self.done || self.finished.is_some()
    }

    fn finish(&mut self, out: &mut Vec<Delta>) -> Result<Option<String>, Fault> {
        if let Some(words) = self.pacing.rest() {
            let chunk = Chunk { pcm: Vec::new(), rate: VOICE_RATE, text: words };
            out.push(Delta::Sound(chunk));
        }
        if !self.done && self.finished.is_none() {
            return Err(Fault::broken("the answer is not complete"));
        }
        out.extend(self.calls.drain().map(Delta::Call));
        Ok((self.finished.as_deref() == Some("length")).then(|| TOO_LONG.to_owned()))
    }
}
