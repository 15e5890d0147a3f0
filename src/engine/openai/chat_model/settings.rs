use std::sync::Arc;

use serde_json::{Value, json};

use crate::dialog::{Item, Prompt};

/// The protocol for a chat model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// Depends on model and provider: Responses on OpenAI, chat completions elsewhere, completions
    /// for base models.
    #[default]
    Auto,
    /// `/chat/completions`
    Chat,
    /// `/responses`
    Responses,
    /// `/completions`
    Completions,
}

/// Which tools a model may or must call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ToolChoice {
    /// Any, as it sees fit.
    #[default]
    Auto,
    /// None of them.
    None,
    /// At least one.
    Required,
    /// This one.
    Tool(String),
}

/// Settings of a chat model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChatSettings {
    /// The protocol.
    pub protocol: Protocol,
    /// Whether [`Protocol::Auto`] means Responses: the provider is OpenAI.
    pub responses: bool,
    /// Whether the provider is known to take the current parameter names.
    pub modern: bool,
    /// Whether to request the reply as a whole, because the server cannot stream.
    pub whole: bool,
    /// Reasoning effort: `none` to `max`.
    pub effort: Option<String>,
    /// Sampling parameters, for models that take them.
    pub sampling: Sampling,
    /// The longest reply, in tokens.
    pub max_tokens: Option<u32>,
    /// Which tools it may call.
    pub tool_choice: ToolChoice,
    /// Whether it may search the web.
    pub search: bool,
    /// Whether the model takes the user's sound itself.
    pub hears: bool,
    /// The voice of a model that speaks by itself; `None` for text.
    pub voice: Option<String>,
    /// Whether nobody would hear that voice, so that text is requested.
    pub mute: bool,
    /// Items before the conversation that are never dropped from it.
    pub opening: Arc<[Item]>,
}

/// Sampling parameters.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sampling {
    /// Temperature, 0.0..=2.0.
    pub temperature: Option<f64>,
    /// Nucleus sampling: the share of probability to choose from, 0.0..=1.0.
    pub top_p: Option<f64>,
    /// Penalty for words by how often they occurred, -2.0..=2.0.
    pub frequency_penalty: Option<f64>,
    /// Penalty for words that occurred at all, -2.0..=2.0.
    pub presence_penalty: Option<f64>,
    /// Stop sequences.
    pub stop: Vec<String>,
    /// With the same seed the same question gets the same answer, if the server supports it.
    pub seed: Option<i64>,
}

impl Sampling {
    /// The values of `over`, falling back to these.
    #[must_use]
    pub fn under(self, over: &Self) -> Self {
        Self {
            temperature: over.temperature.or(self.temperature),
            top_p: over.top_p.or(self.top_p),
            frequency_penalty: over.frequency_penalty.or(self.frequency_penalty),
            presence_penalty: over.presence_penalty.or(self.presence_penalty),
            stop: if over.stop.is_empty() { self.stop } else { over.stop.clone() },
            seed: over.seed.or(self.seed),
        }
    }

    /// Adds them to the body of a request. A model that is not `free` takes only the seed.
    pub(super) fn put(&self, body: &mut Value, free: bool) {
        for (key, value) in [
            ("temperature", self.temperature),
            ("top_p", self.top_p),
            ("frequency_penalty", self.frequency_penalty),
            ("presence_penalty", self.presence_penalty),
        ] {
            if let Some(value) = value.filter(|_| free) {
                body[key] = json!(value);
            }
        }
        if free && !self.stop.is_empty() {
            body["stop"] = json!(self.stop);
        }
        if let Some(seed) = self.seed {
            body["seed"] = json!(seed);
        }
    }
}

impl ToolChoice {
    /// Parses a configuration value: `auto`, `none`, `required`, or a tool's name.
    pub fn of(word: &str) -> Self {
        match word {
            "auto" => Self::Auto,
            "none" => Self::None,
            "required" => Self::Required,
            tool => Self::Tool(tool.to_owned()),
        }
    }
}

impl ChatSettings {
    /// The tool choice for this prompt. A forced choice is satisfied by the first call; forcing
    /// more would prevent the reply.
    pub(super) fn tool_choice(&self, prompt: &Prompt) -> &ToolChoice {
        let first = matches!(prompt.items.last(), Some(Item::User { .. }));
        match &self.tool_choice {
            ToolChoice::Required | ToolChoice::Tool(_) if !first => &ToolChoice::Auto,
            choice @ (ToolChoice::Auto
            | ToolChoice::None
            | ToolChoice::Required
            | ToolChoice::Tool(_)) => choice,
        }
    }
}
