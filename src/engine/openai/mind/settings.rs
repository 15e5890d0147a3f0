use std::sync::Arc;

use serde_json::{Value, json};

use crate::dialog::{Item, Prompt};

/// Which protocol a chat model is asked by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// What suits the model and the provider: Responses on OpenAI, chat completions elsewhere,
    /// completions for base models.
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
    /// As it sees fit.
    #[default]
    Auto,
    /// None of them.
    None,
    /// At least one.
    Required,
    /// This one.
    Tool(String),
}

/// How a chat model is asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MindSettings {
    /// By which protocol.
    pub protocol: Protocol,
    /// Whether [`Protocol::Auto`] means Responses: the provider is OpenAI.
    pub responses: bool,
    /// Whether the provider is known to take the present names of parameters.
    pub modern: bool,
    /// Whether the reply is waited for as a whole, because the server cannot stream.
    pub whole: bool,
    /// How hard a reasoning model thinks: `none` to `max`.
    pub effort: Option<String>,
    /// What bends chance, for models that take it.
    pub sampling: Sampling,
    /// The longest reply, in tokens.
    pub max_tokens: Option<u32>,
    /// Which tools it may call.
    pub tool_choice: ToolChoice,
    /// Whether it may search the web.
    pub search: bool,
    /// Whether the model takes the user's sound itself.
    pub hears: bool,
    /// The voice of a model that speaks by itself; none for text.
    pub voice: Option<String>,
    /// Whether nobody would hear that voice, so that words are asked for.
    pub mute: bool,
    /// What was said before the conversation, and is never left out of it.
    pub opening: Arc<[Item]>,
}

/// What bends a model's chance.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sampling {
    /// Randomness, 0.0..=2.0.
    pub temperature: Option<f64>,
    /// The part of the likely words that is chosen from, 0.0..=1.0.
    pub top_p: Option<f64>,
    /// How much words that were often written are avoided, -2.0..=2.0.
    pub frequency_penalty: Option<f64>,
    /// How much words that were written at all are avoided, -2.0..=2.0.
    pub presence_penalty: Option<f64>,
    /// Texts at which it stops.
    pub stop: Vec<String>,
    /// With the same seed the same question has the same answer, where the server can do that.
    pub seed: Option<i64>,
}

impl Sampling {
    /// What `over` says, and this where it says nothing.
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

    /// Puts it into the body of a request. A model that is not `free` takes the seed alone.
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
    /// What a word of the configuration means: `auto`, `none`, `required`, or a tool's name.
    pub fn of(word: &str) -> Self {
        match word {
            "auto" => Self::Auto,
            "none" => Self::None,
            "required" => Self::Required,
            tool => Self::Tool(tool.to_owned()),
        }
    }
}

impl MindSettings {
    /// The tools that must be called now. A must is met by the first call; after it the reply would
    /// never come.
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
