//! Chat completions: messages in, chunks out; with sound both ways if the model takes it.

use serde_json::{Value, json};

use super::lessons::Lessons;
use super::reply::{Calls, Fault, Fragment, Reading, Streamed, source, text};
use super::turns::taking_turns;
use super::{ChatSettings, ToolChoice};
use crate::base::LISTEN_RATE;
use crate::dialog::{Item, Prompt};
use crate::engine::openai::error_body::ErrorBody;
use crate::engine::openai::quirks::{Instructions, Quirks};
use crate::engine::openai::sound::{VOICE_RATE, base64, unbase64};
use crate::engine::{Chunk, Delta, Pacing};
use crate::pcm::{PcmBytes, unpack, wav};

/// The body of a request.
pub(super) fn request(
    model: &str,
    settings: &ChatSettings,
    lessons: &Lessons,
    prompt: &Prompt,
) -> Value {
    let quirks = Quirks::of(model);
    let instructions = lessons.instructions.unwrap_or(quirks.instructions);
    let mut messages = messages(prompt, lessons.no_tools);
    if lessons.strict {
        // With its own instructions in front, to which the first words may belong.
        messages = taking_turns(instruct(instructions, &prompt.instructions, messages));
    } else {
        messages = instruct(instructions, &prompt.instructions, messages);
    }
    let mut body = json!({ "model": model, "messages": messages });
    let whole = settings.whole || lessons.whole || !quirks.streams;
    if !whole {
        body["stream"] = json!(true);
        // Other servers may not know the key, and most report usage anyway.
        if settings.modern {
            body["stream_options"] = json!({ "include_usage": true });
        }
    }
    if settings.hears {
        let voice = settings.voice.as_deref().filter(|_| !settings.mute || lessons.sounds);
        body["modalities"] =
            if voice.is_some() { json!(["text", "audio"]) } else { json!(["text"]) };
        if let Some(voice) = voice {
            // A stream can only carry raw samples.
            let format = if whole { "wav" } else { "pcm16" };
            body["audio"] = json!({ "voice": voice, "format": format });
        }
    }
    if let Some(effort) = settings.effort.as_ref().filter(|_| quirks.reasons) {
        body["reasoning_effort"] = json!(effort);
    }
    settings.sampling.put(&mut body, quirks.sampling);
    if let Some(max) = settings.max_tokens {
        // Older servers know the old name; reasoning models refuse it.
        let new = (settings.modern || quirks.reasons) != lessons.other_limit;
        body[if new { "max_completion_tokens" } else { "max_tokens" }] = json!(max);
    }
    if settings.search || quirks.searches {
        body["web_search_options"] = json!({});
    }
    if !prompt.tools.is_empty() && quirks.tools && !lessons.no_tools {
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
    lessons.prune(&mut body);
    body
}

/// The conversation as messages. Without tools, their outcomes are given in words.
fn messages(prompt: &Prompt, no_tools: bool) -> Vec<Value> {
    let mut messages: Vec<Value> = Vec::new();
    // Pictures go into the user's next message; a tool's into one of their own.
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
                    let data = base64(&wav(&sound.pcm, LISTEN_RATE));
                    parts.push(json!({ "type": "input_audio", "input_audio": { "data": data, "format": "wav" } }));
                } else if !text.is_empty() {
                    parts.push(json!({ "type": "text", "text": text }));
                }
                parts.append(&mut pictures);
                if sound.is_some() {
                    before(&mut messages, &mut parts);
                }
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
            Item::Call { .. } if no_tools => show(&mut messages, &mut pictures),
            Item::Outcome(outcome) if no_tools => {
                let said = format!("(Looked up for this question: {})", outcome.output);
                messages.push(json!({ "role": "user", "content": said }));
            }
            Item::Call { call, .. } => {
                show(&mut messages, &mut pictures);
                let tool_call = json!({
                    "id": call.id.0,
                    "type": "function",
                    "function": { "name": call.name, "arguments": call.arguments },
                });
                // Parallel calls belong into one message with the words before them, ahead of all
                // their outcomes.
                let last = messages.last_mut().filter(|message| message["role"] == "assistant");
                match last.and_then(Value::as_object_mut) {
                    Some(message) => {
                        match message.get_mut("tool_calls").and_then(Value::as_array_mut) {
                            Some(calls) => calls.push(tool_call),
                            None => {
                                message.insert("tool_calls".to_owned(), json!([tool_call]));
                            }
                        }
                    }
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
    messages
}

/// Moves words right before a sound into its message: they were typed with it.
fn before(messages: &mut Vec<Value>, parts: &mut Vec<Value>) {
    let typed =
        messages.last().filter(|last| last["role"] == "user" && last["content"].is_string());
    if let Some(typed) = typed {
        parts.insert(0, json!({ "type": "text", "text": typed["content"] }));
        messages.pop();
    }
}

/// Puts pictures that no user words follow into a message of their own.
fn show(messages: &mut Vec<Value>, pictures: &mut Vec<Value>) {
    if !pictures.is_empty() {
        messages.push(json!({ "role": "user", "content": std::mem::take(pictures) }));
    }
}

/// Puts the instructions where the model takes them.
fn instruct(form: Instructions, instructions: &str, mut messages: Vec<Value>) -> Vec<Value> {
    if instructions.is_empty() {
        return messages;
    }
    let role = match form {
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

/// A reply as its chunks arrive.
#[derive(Debug, Default)]
pub(super) struct Reply {
    calls: Calls,
    streamed: Streamed,
    pacing: Pacing,
    bytes: PcmBytes,
    usage: Value,
    thought: bool,
    /// Why the model stopped, once it has.
    finished: Option<String>,
    /// The end mark was seen.
    done: bool,
}

/// A fragment of a call in chat format.
pub(super) fn fragment(call: &Value) -> Fragment<'_> {
    let full = |value: &'_ Value| value.as_str().is_some_and(|text| !text.is_empty());
    let id = call["id"].as_str().filter(|_| full(&call["id"]));
    let function = if call["function"].is_object() { &call["function"] } else { call };
    Fragment {
        ids: id.into_iter().collect(),
        index: call["index"].as_u64(),
        call_id: id,
        name: function["name"].as_str().filter(|_| full(&function["name"])),
        arguments: function.get("arguments").or_else(|| function.get("parameters")),
    }
}

impl Reply {
    /// What streamed deltas and complete messages have in common. A `whole` message may repeat what
    /// was streamed.
    fn take(&mut self, part: &Value, whole: bool, out: &mut Vec<Delta>) {
        for call in part["tool_calls"].as_array().into_iter().flatten() {
            self.calls.add(&fragment(call));
        }
        // The format before tools: one call, without an id.
        if part["function_call"].is_object() {
            self.calls.add(&fragment(&part["function_call"]));
        }
        for key in ["reasoning_content", "reasoning", "thinking"] {
            self.thought |= text(&part[key]).is_some();
        }
        let audio = &part["audio"];
        if let Some(words) = text(&audio["transcript"]) {
            self.pacing.words(&words);
        }
        let content = &part["content"];
        let words = match content.as_array() {
            // Some servers send a message's content in parts.
            Some(parts) => parts.iter().filter_map(|part| text(&part["text"])).collect(),
            None => text(content).unwrap_or_default(),
        };
        let words = if whole { self.streamed.rest(&words).to_owned() } else { words };
        for words in [Some(words), text(&part["refusal"])].into_iter().flatten() {
            if !words.is_empty() {
                self.streamed.push(&words);
                out.push(Delta::Text(words));
            }
        }
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
        let chunk: Value =
            serde_json::from_str(data).map_err(|_| Fault::broken("it sent invalid JSON"))?;
        if let Some(told) = ErrorBody::in_answer(&chunk) {
            return Err(Fault::Told(told));
        }
        self.used(&chunk);
        let choice = &chunk["choices"][0];
        if choice["delta"].is_object() {
            self.take(&choice["delta"], false, out);
        } else if choice["message"].is_object() {
            self.take(&choice["message"], true, out);
        } else if let Some(words) = text(&choice["text"]) {
            self.take(&json!({ "content": words }), false, out);
        }
        if let Some(data) = choice["delta"]["audio"]["data"].as_str() {
            let bytes = unbase64(data).ok_or_else(|| Fault::broken("its audio is not base64"))?;
            let pcm = self.bytes.push(&bytes);
            out.push(Delta::Sound(self.pacing.sound(pcm, VOICE_RATE)));
        }
        self.stop(choice)
    }

    fn whole(&mut self, value: &Value, out: &mut Vec<Delta>) -> Result<(), Fault> {
        if let Some(told) = ErrorBody::in_answer(value) {
            return Err(Fault::Told(told));
        }
        let choice = &value["choices"][0];
        // A streaming chunk may come alone.
        let message =
            if choice["message"].is_object() { &choice["message"] } else { &choice["delta"] };
        if !message.is_object() && !choice["text"].is_string() {
            return Err(Fault::broken("its answer has no message"));
        }
        self.used(value);
        self.take(message, true, out);
        if !message.is_object() {
            self.take(&json!({ "content": choice["text"] }), true, out);
        }
        if let Some(data) = message["audio"]["data"].as_str() {
            let bytes = unbase64(data).ok_or_else(|| Fault::broken("its audio is not base64"))?;
            let (pcm, rate) =
                unpack(bytes).map_err(|why| Fault::Broken(format!("its sound {why}")))?;
            out.push(Delta::Sound(self.pacing.sound(pcm, rate)));
        }
        self.done = true;
        self.stop(choice)
    }

    fn usage(&self) -> &Value {
        &self.usage
    }

    fn thought(&self) -> bool {
        self.thought
    }

    fn cut(&self) -> bool {
        self.finished.as_deref() == Some("length")
    }

    fn done(&self) -> bool {
        self.done
    }

    fn complete(&self) -> bool {
        self.done || self.finished.is_some()
    }

    fn finish(&mut self, out: &mut Vec<Delta>) -> Result<(), Fault> {
        if let Some(words) = self.pacing.rest() {
            let chunk = Chunk { pcm: Vec::new(), rate: VOICE_RATE, text: words };
            out.push(Delta::Sound(chunk));
        }
        if !self.done && self.finished.is_none() {
            return Err(Fault::broken("the answer is incomplete"));
        }
        out.extend(self.calls.drain().map(Delta::Call));
        Ok(())
    }
}
