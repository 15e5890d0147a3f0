//! Responses: items in, typed events out.

use serde_json::{Value, json};

use super::reply::{Calls, Fault, Reading, TOO_LONG, source, text};
use super::{MindSettings, ToolChoice};
use crate::dialog::{Item, Prompt};
use crate::engine::Delta;
use crate::engine::openai::quirks::Quirks;
use crate::engine::openai::refusal::ErrorBody;

/// The body of a request. Nothing is stored at the provider: the whole conversation is in it.
pub(super) fn request(model: &str, settings: &MindSettings, prompt: &Prompt) -> Value {
    let quirks = Quirks::of(model);
    let mut body = json!({ "model": model, "input": input(prompt), "store": false });
    if !prompt.instructions.is_empty() {
        body["instructions"] = json!(&*prompt.instructions);
    }
    if !settings.whole {
        body["stream"] = json!(true);
    }
    if let Some(effort) = settings.effort.as_ref().filter(|_| quirks.reasons) {
        body["reasoning"] = json!({ "effort": effort });
    }
    if let Some(temperature) = settings.temperature.filter(|_| quirks.sampling) {
        body["temperature"] = json!(temperature);
    }
    if let Some(max) = settings.max_tokens {
        body["max_output_tokens"] = json!(max);
    }
    let mut tools: Vec<Value> = Vec::new();
    if settings.search {
        tools.push(json!({ "type": "web_search" }));
    }
    if quirks.tools {
        tools.extend(prompt.tools.iter().map(|tool| {
            json!({
                "type": "function",
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
                // Strict schemas must require every property, and most of ours are optional.
                "strict": false,
            })
        }));
    }
    if !tools.is_empty() {
        body["tools"] = json!(tools);
        match settings.tool_choice(prompt) {
            ToolChoice::Auto => {}
            ToolChoice::None => body["tool_choice"] = json!("none"),
            ToolChoice::Required => body["tool_choice"] = json!("required"),
            ToolChoice::Tool(name) => {
                body["tool_choice"] = json!({ "type": "function", "name": name });
            }
        }
    }
    body
}

/// The conversation as input items.
fn input(prompt: &Prompt) -> Vec<Value> {
    let mut input: Vec<Value> = Vec::new();
    let mut pictures: Vec<Value> = Vec::new();
    for item in &prompt.items {
        if !matches!(item, Item::Picture(_) | Item::User { .. } | Item::Outcome(_)) {
            show(&mut input, &mut pictures);
        }
        match item {
            Item::Picture(picture) => pictures.push(json!({
                "type": "input_image", "image_url": &*picture.0, "detail": "auto",
            })),
            Item::User { text, .. } => {
                let mut parts = Vec::new();
                if !text.is_empty() {
                    parts.push(json!({ "type": "input_text", "text": text }));
                }
                let plain = pictures.is_empty();
                parts.append(&mut pictures);
                match parts.is_empty() {
                    true => {}
                    false if plain => input.push(json!({ "role": "user", "content": text })),
                    false => input.push(json!({ "role": "user", "content": parts })),
                }
            }
            Item::Reply { text, .. } | Item::Notice { text } => {
                input.push(json!({ "role": "assistant", "content": text }));
            }
            Item::Call { call, .. } => input.push(json!({
                "type": "function_call",
                "call_id": call.id.0,
                "name": call.name,
                "arguments": call.arguments,
            })),
            Item::Outcome(outcome) => input.push(json!({
                "type": "function_call_output",
                "call_id": outcome.id.0,
                "output": outcome.output,
            })),
        }
    }
    show(&mut input, &mut pictures);
    input
}

/// Puts pictures that no words of the user follow into a message of their own.
fn show(input: &mut Vec<Value>, pictures: &mut Vec<Value>) {
    if !pictures.is_empty() {
        input.push(json!({ "role": "user", "content": std::mem::take(pictures) }));
    }
}

/// A reply as its events come in.
#[derive(Debug, Default)]
pub(super) struct Reply {
    calls: Calls,
    /// Outputs of which words were handed out, so that a later summary of them adds nothing.
    spoken: Vec<u64>,
    /// Calls handed out, by their id.
    called: Vec<String>,
    usage: Value,
    /// How it ended.
    end: Option<End>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Complete,
    TooLong,
}

impl Reply {
    /// A finished item, however much of it was streamed before.
    fn item(&mut self, index: u64, item: &Value, out: &mut Vec<Delta>) {
        if item["type"] == "message" {
            let fresh = !self.spoken.contains(&index);
            for part in item["content"].as_array().into_iter().flatten() {
                if fresh {
                    let words = text(&part["text"]).or_else(|| text(&part["refusal"]));
                    out.extend(words.map(Delta::Text));
                }
                let annotations = part["annotations"].as_array().into_iter().flatten();
                out.extend(annotations.filter_map(source).map(Delta::Source));
            }
            self.spoken.push(index);
        }
        if item["type"] == "function_call" {
            let call = self.calls.at(index);
            fill(call, item);
            self.call(index, out);
        }
    }

    /// Hands the call at `index` out, once.
    fn call(&mut self, index: u64, out: &mut Vec<Delta>) {
        let Some(call) = self.calls.take(index) else { return };
        if !call.name.is_empty() && !self.called.contains(&call.id.0) {
            self.called.push(call.id.0.clone());
            out.push(Delta::Call(call));
        }
    }

    /// The whole response: at the end of a stream, or alone.
    fn response(&mut self, response: &Value, out: &mut Vec<Delta>) -> Result<(), Fault> {
        self.usage = response["usage"].clone();
        if !response["error"].is_null() {
            return Err(failed(response));
        }
        for (index, item) in response["output"].as_array().into_iter().flatten().enumerate() {
            self.item(index as u64, item, out);
        }
        self.end = Some(End::Complete);
        match response["status"].as_str() {
            Some("failed") => Err(Fault::broken("it failed")),
            Some("cancelled") => Err(Fault::broken("it was cancelled")),
            Some("incomplete") => match response["incomplete_details"]["reason"].as_str() {
                Some("content_filter") => Err(Fault::filtered()),
                Some(_) | None => {
                    self.end = Some(End::TooLong);
                    Ok(())
                }
            },
            Some(_) | None => Ok(()),
        }
    }
}

fn fill(call: &mut crate::dialog::Call, item: &Value) {
    if let Some(id) = text(&item["call_id"]).or_else(|| text(&item["id"])) {
        call.id.0 = id;
    }
    if let Some(name) = text(&item["name"]) {
        call.name = name;
    }
    if let Some(arguments) = text(&item["arguments"]) {
        call.arguments = arguments;
    }
}

fn failed(response: &Value) -> Fault {
    let body = ErrorBody::of(response);
    let words = body.words();
    match body.code() {
        Some("content_filter") => Fault::filtered(),
        Some("context_length_exceeded") => Fault::Refused(format!(
            "the conversation is too long for the model{words}; begin a new one"
        )),
        Some(_) | None => Fault::broken(format!("it reports an error{words}")),
    }
}

impl Reading for Reply {
    fn event(&mut self, data: &str, out: &mut Vec<Delta>) -> Result<(), Fault> {
        if data.trim() == "[DONE]" {
            return Ok(());
        }
        let event: Value = serde_json::from_str(data)
            .map_err(|_| Fault::broken("it sent something that is no JSON"))?;
        let index = event["output_index"].as_u64().unwrap_or_default();
        match event["type"].as_str().unwrap_or_default() {
            "response.output_text.delta" | "response.refusal.delta" => {
                if let Some(words) = text(&event["delta"]) {
                    if !self.spoken.contains(&index) {
                        self.spoken.push(index);
                    }
                    out.push(Delta::Text(words));
                }
            }
            "response.output_text.done" | "response.refusal.done"
                if !self.spoken.contains(&index) =>
            {
                let words = text(&event["text"]).or_else(|| text(&event["refusal"]));
                if let Some(words) = words {
                    self.spoken.push(index);
                    out.push(Delta::Text(words));
                }
            }
            "response.output_text.annotation.added" => {
                out.extend(source(&event["annotation"]).map(Delta::Source));
            }
            "response.output_item.added" if event["item"]["type"] == "function_call" => {
                fill(self.calls.at(index), &event["item"]);
            }
            "response.function_call_arguments.delta" => {
                let more = event["delta"].as_str().unwrap_or_default();
                self.calls.at(index).arguments.push_str(more);
            }
            "response.function_call_arguments.done" => {
                fill(
                    self.calls.at(index),
                    &json!({ "arguments": event["arguments"], "name": event["name"] }),
                );
            }
            "response.output_item.done" => self.item(index, &event["item"], out),
            "response.completed" | "response.incomplete" | "response.failed" => {
                return self.response(&event["response"], out);
            }
            "error" => {
                // Flat in the contract, nested on some servers.
                let error = if event["error"].is_null() { &event } else { &event["error"] };
                return Err(failed(&json!({ "error": error })));
            }
            _ if !event["error"].is_null() => return Err(failed(&event)),
            _ => {}
        }
        Ok(())
    }

    fn whole(&mut self, value: &Value, out: &mut Vec<Delta>) -> Result<(), Fault> {
        if value["output"].is_null() && value["error"].is_null() {
            return Err(Fault::broken("its answer holds no output"));
        }
        self.response(value, out)
    }

    fn usage(&self) -> &Value {
        &self.usage
    }

    fn done(&self) -> bool {
        self.end.is_some()
    }

    fn complete(&self) -> bool {
        self.end.is_some()
    }

    fn finish(&mut self, out: &mut Vec<Delta>) -> Result<Option<String>, Fault> {
        let Some(end) = self.end else { return Err(Fault::broken("the answer is not complete")) };
        for call in self.calls.drain() {
            if !call.name.is_empty() && !self.called.contains(&call.id.0) {
                out.push(Delta::Call(call));
            }
        }
        Ok((end == End::TooLong).then(|| TOO_LONG.to_owned()))
    }
}
