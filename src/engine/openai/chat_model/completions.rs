//! Completions: a text for the model to continue. For base models and their fine-tunes.

use serde_json::{Value, json};

use super::ChatSettings;
use super::lessons::Lessons;
use super::reply::{Fault, Reading, text};
use crate::dialog::{Item, Prompt};
use crate::engine::Delta;
use crate::engine::openai::error_body::ErrorBody;
use crate::engine::openai::quirks::Quirks;

/// The longest reply by default: the endpoint's own default of 16 tokens ends in the middle of most
/// sentences.
const MAX_TOKENS: u32 = 256;

/// Begins a line of the user, and so ends the model's.
const USER: &str = "\nUser:";

/// The body of a request. A model tuned on pairs gets only the newest words, as in its training;
/// others get the conversation as a script.
pub(super) fn request(
    model: &str,
    settings: &ChatSettings,
    lessons: &Lessons,
    prompt: &Prompt,
) -> Value {
    let quirks = Quirks::of(model);
    let words = prompt.last_turn().map_or("", |(text, _)| text);
    let text = if quirks.tuned_pairs { words.to_owned() } else { script(prompt) };
    let mut body = json!({
        "model": model,
        "prompt": text,
        "max_tokens": settings.max_tokens.unwrap_or(MAX_TOKENS),
    });
    if !settings.whole && !lessons.whole {
        body["stream"] = json!(true);
    }
    settings.sampling.put(&mut body, true);
    if !quirks.tuned_pairs {
        let mut stop = vec![json!(USER)];
        // The API takes at most four.
        stop.extend(body["stop"].as_array().into_iter().flatten().take(3).cloned());
        body["stop"] = json!(stop);
    }
    lessons.prune(&mut body);
    body
}

fn script(prompt: &Prompt) -> String {
    let mut text = prompt.instructions.to_string();
    for item in &prompt.items {
        match item {
            Item::User { text: words, .. } => text.push_str(&format!("{USER} {words}")),
            Item::Reply { text: words, .. } | Item::Notice { text: words } => {
                text.push_str(&format!("\nAssistant: {words}"));
            }
            Item::Call { .. } | Item::Outcome(_) | Item::Picture(_) => {}
        }
    }
    text.push_str("\nAssistant:");
    text
}

/// A reply as its chunks arrive.
#[derive(Debug, Default)]
pub(super) struct Reply {
    begun: bool,
    usage: Value,
    finished: Option<String>,
    done: bool,
}

impl Reply {
    fn take(&mut self, value: &Value, out: &mut Vec<Delta>) -> Result<(), Fault> {
        if let Some(told) = ErrorBody::in_answer(value) {
            return Err(Fault::Told(told));
        }
        if value["usage"].is_object() {
            self.usage = value["usage"].clone();
        }
        let choice = &value["choices"][0];
        if let Some(words) = text(&choice["text"]) {
            // A completion begins with the white space that the prompt did not end with.
            let words = if self.begun { words.as_str() } else { words.trim_start() };
            self.begun |= !words.is_empty();
            if !words.is_empty() {
                out.push(Delta::Text(words.to_owned()));
            }
        }
        if let Some(reason) = choice["finish_reason"].as_str() {
            self.finished = Some(reason.to_owned());
            if reason == "content_filter" {
                return Err(Fault::filtered());
            }
        }
        Ok(())
    }
}

impl Reading for Reply {
    fn event(&mut self, data: &str, out: &mut Vec<Delta>) -> Result<(), Fault> {
        if data.trim() == "[DONE]" {
            self.done = true;
            return Ok(());
        }
        let value: Value =
            serde_json::from_str(data).map_err(|_| Fault::broken("it sent invalid JSON"))?;
        self.take(&value, out)
    }

    fn whole(&mut self, value: &Value, out: &mut Vec<Delta>) -> Result<(), Fault> {
        self.done = true;
        self.take(value, out)
    }

    fn usage(&self) -> &Value {
        &self.usage
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

    fn finish(&mut self, _: &mut Vec<Delta>) -> Result<(), Fault> {
        if !self.done && self.finished.is_none() {
            return Err(Fault::broken("the answer is incomplete"));
        }
        Ok(())
    }
}
