//! Responses: items in, typed events out.

use serde_json::{Value, json};

use super::lessons::Lessons;
use super::reply::{Calls, Fault, Fragment, Reading, Streamed, source, text};
use super::{ChatSettings, Sampling, ToolChoice};
use crate::dialog::{Item, Prompt};
use crate::engine::Delta;
use crate::engine::openai::error_body::ErrorBody;
use crate::engine::openai::quirks::{Instructions, Quirks};

/// The body of a request. Nothing is stored at the provider: it contains the whole conversation.
pub(super) fn request(
    model: &str,
    settings: &ChatSettings,
    lessons: &Lessons,
    prompt: &Prompt,
) -> Value {
    let quirks = Quirks::of(model);
    let mut body = json!({ "model": model, "input": input(prompt), "store": false });
    if !prompt.instructions.is_empty() {
        instruct(
            lessons.instructions.unwrap_or(quirks.instructions),
            &prompt.instructions,
            &mut body,
        );
    }
    if !settings.whole && !lessons.whole && quirks.streams {
        body["stream"] = json!(true);
    }
    if let Some(effort) = settings.effort.as_ref().filter(|_| quirks.reasons) {
        body["reasoning"] = json!({ "effort": effort });
    }
    let Sampling { temperature, top_p, .. } = settings.sampling;
    for (key, value) in [("temperature", temperature), ("top_p", top_p)] {
        if let Some(value) = value.filter(|_| quirks.sampling) {
            body[key] = json!(value);
        }
    }
    if let Some(max) = settings.max_tokens {
        body["max_output_tokens"] = json!(max);
    }
    let mut tools: Vec<Value> = Vec::new();
    if settings.search {
        tools.push(json!({ "type": "web_search" }));
    }
    if quirks.tools && !lessons.no_tools {
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
    lessons.prune(&mut body);
    body
}

/// Puts the instructions where the model takes them: beside the conversation, unless it has turned
/// out not to know that place, or to take none at all.
fn instruct(form: Instructions, instructions: &str, body: &mut Value) {
    let Some(input) = body["input"].as_array_mut() else { return };
    match form {
        Instructions::Developer | Instructions::System => {
            body["instructions"] = json!(instructions)
        }
        Instructions::Folded => {
            let Some(first) = input.iter_mut().find(|item| item["role"] == "user") else { return };
            let content = &mut first["content"];
            if let Some(parts) = content.as_array_mut() {
                parts.insert(0, json!({ "type": "input_text", "text": instructions }));
            } else {
                let words = content.as_str().unwrap_or_default();
                *content = json!(format!("{instructions}\n\n{words}"));
            }
        }
    }
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

/// Puts pictures that no user words follow into a message of their own.
fn show(input: &mut Vec<Value>, pictures: &mut Vec<Value>) {
    if !pictures.is_empty() {
        input.push(json!({ "role": "user", "content": std::mem::take(pictures) }));
    }
}

/// A reply as its events arrive.
#[derive(Debug, Default)]
pub(super) struct Reply {
    calls: Calls,
    /// All words handed out, and those of each item by its name.
    streamed: Streamed,
    items: Vec<(String, Streamed)>,
    /// Calls handed out: ids, names and arguments.
    called: Vec<crate::dialog::Call>,
    sources: Vec<crate::engine::Source>,
    usage: Value,
    thought: bool,
    /// How it ended.
    end: Option<End>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Complete,
    TooLong,
}

impl Reply {
    /// Hands out words of the item `name`.
    fn say(&mut self, name: &str, words: &str, out: &mut Vec<Delta>) {
        if words.is_empty() {
            return;
        }
        self.streamed.push(words);
        match self.items.iter_mut().find(|(known, _)| known == name) {
            Some((_, item)) => item.push(words),
            None => {
                let mut item = Streamed::default();
                item.push(words);
                self.items.push((name.to_owned(), item));
            }
        }
        out.push(Delta::Text(words.to_owned()));
    }

    /// Hands out what is new in `words`, which is the full text of the item `name`.
    fn say_rest(&mut self, name: &str, words: &str, out: &mut Vec<Delta>) {
        let rest = match self.items.iter().find(|(known, _)| known == name) {
            Some((_, item)) => item.rest(words),
            // Some rename an item with each event.
            None if self.streamed.ends_with(words) => "",
            None => words,
        };
        let rest = rest.to_owned();
        self.say(name, &rest, out);
    }

    fn cite(&mut self, annotation: &Value, out: &mut Vec<Delta>) {
        if let Some(page) = source(annotation)
            && !self.sources.contains(&page)
        {
            self.sources.push(page.clone());
            out.push(Delta::Source(page));
        }
    }

    /// A finished item, however much of it was streamed before.
    fn item(&mut self, event: &Value, out: &mut Vec<Delta>) {
        let item = &event["item"];
        match item["type"].as_str() {
            Some("message") => {
                let (words, annotations) = content(item);
                self.say_rest(&name(event), &words, out);
                annotations.iter().for_each(|annotation| self.cite(annotation, out));
            }
            Some("function_call") => {
                self.calls.set(&fragment(event));
                let call = self.calls.take(&fragment(event));
                self.call(call, out);
            }
            Some("reasoning") => self.thought = true,
            Some(_) | None => {}
        }
    }

    /// Hands out a call, once.
    fn call(&mut self, call: Option<crate::dialog::Call>, out: &mut Vec<Delta>) {
        let Some(call) = call.filter(|call| !call.name.is_empty()) else { return };
        if !self.called.iter().any(|known| known.id == call.id) {
            self.called.push(call.clone());
            out.push(Delta::Call(call));
        }
    }

    /// The complete response, at the end of a stream or alone. It repeats everything, not always
    /// under the same names.
    fn response(&mut self, response: &Value, out: &mut Vec<Delta>) -> Result<(), Fault> {
        self.usage = response["usage"].clone();
        if !response["error"].is_null() {
            return Err(failed(response));
        }
        let items = || response["output"].as_array().into_iter().flatten();
        let (mut words, mut annotations) = (String::new(), Vec::new());
        for item in items() {
            let (more, cited) = content(item);
            words.push_str(&more);
            annotations.extend(cited);
            self.thought |= item["type"] == "reasoning";
        }
        if words.is_empty()
            && let Some(bare) = text(&response["output_text"])
        {
            words = bare;
        }
        let rest = self.streamed.rest(&words).to_owned();
        self.say("", &rest, out);
        annotations.iter().for_each(|annotation| self.cite(annotation, out));
        let streamed = self.called.clone();
        for item in items().filter(|item| item["type"] == "function_call") {
            let event = json!({ "item": item });
            self.calls.set(&fragment(&event));
            let call = self.calls.take(&fragment(&event));
            // The same call was already made under another id.
            let told = call.as_ref().is_some_and(|call| {
                streamed.iter().any(|s| s.name == call.name && s.arguments == call.arguments)
            });
            if !told {
                self.call(call, out);
            }
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

/// The words of a message, and the pages that it cites.
fn content(item: &Value) -> (String, Vec<Value>) {
    let (mut words, mut annotations) = (String::new(), Vec::new());
    if item["type"] == "message" || (item["type"].is_null() && item["role"] == "assistant") {
        words.extend(text(&item["content"]));
        for part in item["content"].as_array().into_iter().flatten() {
            words.extend(text(&part["text"]).or_else(|| text(&part["refusal"])));
            annotations.extend(part["annotations"].as_array().into_iter().flatten().cloned());
        }
    }
    (words, annotations)
}

/// The name of an event's item: its id, or its number if it has none.
fn name(event: &Value) -> String {
    let id = text(&event["item_id"]).or_else(|| text(&event["item"]["id"]));
    id.unwrap_or_else(|| format!("#{}", event["output_index"].as_u64().unwrap_or_default()))
}

/// The fragment of a call in an event.
fn fragment(event: &Value) -> Fragment<'_> {
    let item = &event["item"];
    let full = |value: &'_ Value| value.as_str().is_some_and(|text| !text.is_empty());
    let names = [&event["item_id"], &item["id"], &item["call_id"], &event["call_id"]];
    let name = if full(&item["name"]) { &item["name"] } else { &event["name"] };
    let arguments = item.get("arguments").or_else(|| event.get("arguments"));
    Fragment {
        ids: names.into_iter().filter(|id| full(id)).filter_map(Value::as_str).collect(),
        index: event["output_index"].as_u64(),
        call_id: item["call_id"].as_str().filter(|_| full(&item["call_id"])),
        name: name.as_str().filter(|_| full(name)),
        arguments: arguments.or_else(|| event.get("delta")),
    }
}

fn failed(value: &Value) -> Fault {
    let body = ErrorBody::of(value);
    match body.code() {
        Some("content_filter") => Fault::filtered(),
        Some(_) | None => Fault::Told(body),
    }
}

impl Reading for Reply {
    fn event(&mut self, data: &str, out: &mut Vec<Delta>) -> Result<(), Fault> {
        if data.trim() == "[DONE]" {
            return Ok(());
        }
        let event: Value =
            serde_json::from_str(data).map_err(|_| Fault::broken("it sent invalid JSON"))?;
        match event["type"].as_str().unwrap_or_default() {
            "response.output_text.delta" | "response.refusal.delta" => {
                if let Some(words) = text(&event["delta"]) {
                    self.say(&name(&event), &words, out);
                }
            }
            "response.output_text.done" | "response.refusal.done" => {
                let words = text(&event["text"]).or_else(|| text(&event["refusal"]));
                // An item may have several parts, which its final event combines.
                let known = self.items.iter().any(|(known, _)| *known == name(&event));
                if let Some(words) = words.filter(|_| !known) {
                    self.say_rest(&name(&event), &words, out);
                }
            }
            "response.output_text.annotation.added" => self.cite(&event["annotation"], out),
            "response.output_item.added" if event["item"]["type"] == "function_call" => {
                self.calls.set(&fragment(&event));
            }
            "response.function_call_arguments.delta" => self.calls.add(&fragment(&event)),
            "response.function_call_arguments.done" => self.calls.set(&fragment(&event)),
            "response.output_item.done" => self.item(&event, out),
            "response.completed" | "response.incomplete" | "response.failed" | "response.done" => {
                return self.response(&event["response"], out);
            }
            // Flat in the documentation, nested on some servers.
            "error" => return Err(failed(&event)),
            _ if !event["error"].is_null() => return Err(failed(&event)),
            other => self.thought |= other.starts_with("response.reasoning"),
        }
        Ok(())
    }

    fn whole(&mut self, value: &Value, out: &mut Vec<Delta>) -> Result<(), Fault> {
        if value["output"].is_null() {
            let told = ErrorBody::in_answer(value);
            return Err(told.map_or_else(|| Fault::broken("its answer has no output"), Fault::Told));
        }
        self.response(value, out)
    }

    fn usage(&self) -> &Value {
        &self.usage
    }

    fn thought(&self) -> bool {
        self.thought
    }

    fn cut(&self) -> bool {
        self.end == Some(End::TooLong)
    }

    fn done(&self) -> bool {
        self.end.is_some()
    }

    fn complete(&self) -> bool {
        self.end.is_some()
    }

    fn finish(&mut self, out: &mut Vec<Delta>) -> Result<(), Fault> {
        if self.end.is_none() {
            return Err(Fault::broken("the answer is incomplete"));
        }
        let open: Vec<_> = self.calls.drain().collect();
        open.into_iter().for_each(|call| self.call(Some(call), out));
        Ok(())
    }
}
