//! Text to text: one model of one provider, by whichever protocol it speaks.
//!
//! ```text
//! Prompt ─▶ chat | responses | completions (request) ─▶ Http ─▶ Events ─▶ … (reply) ─▶ Delta…
//! ```
//!
//! **Invariant:** a protocol is two pure halves, a request made of a prompt and a reply made of
//! events; everything that waits is here, once.
//! **Invariant:** a prompt that is too long is cut at whole turns and sent once more, never twice.
//! Absent on purpose: what the words are for; speaking and tools are others' business.

mod chat;
mod completions;
mod reply;
mod responses;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use reqwest::Response;
use serde_json::Value;

use super::Http;
use super::http::is;
use super::quirks::Quirks;
use super::refusal::Declined;
use super::stream::Stream;
use super::used::Tab;
use crate::base::{Flow, Job};
use crate::dialog::{Item, Prompt};
use crate::engine::{Delta, EngineError, Notes, Responder};
use reply::{Fault, Reading};

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
    /// Randomness, 0.0..=2.0, for models that take it.
    pub temperature: Option<f64>,
    /// The longest reply, in tokens.
    pub max_tokens: Option<u32>,
    /// Which tools it may call.
    pub tool_choice: ToolChoice,
    /// Whether it may search the web.
    pub search: bool,
    /// The voice of a model that hears and speaks by itself; none for text.
    pub voice: Option<String>,
}

/// A model behind one of the three protocols.
#[derive(Clone, Debug)]
pub struct Mind {
    http: Http,
    model: String,
    settings: Arc<MindSettings>,
    notes: Notes,
    /// The provider has shown that it has no Responses.
    chat_only: Arc<AtomicBool>,
    /// Items that a prompt may have, once the model has shown that more is too long.
    longest: Arc<AtomicUsize>,
}

impl Mind {
    /// The model `model` of a provider; what is worth knowing and no failure goes to `notes`.
    pub fn new(http: Http, model: &str, settings: MindSettings, notes: Notes) -> Self {
        Self {
            http,
            model: model.to_owned(),
            settings: Arc::new(settings),
            notes,
            chat_only: Arc::default(),
            longest: Arc::new(AtomicUsize::new(usize::MAX)),
        }
    }

    fn protocol(&self) -> Protocol {
        let quirks = Quirks::of(&self.model);
        match self.settings.protocol {
            Protocol::Auto if quirks.completes => Protocol::Completions,
            Protocol::Auto if quirks.searches || self.hears() => Protocol::Chat,
            Protocol::Auto
                if self.settings.responses && !self.chat_only.load(Ordering::Relaxed) =>
            {
                Protocol::Responses
            }
            Protocol::Auto | Protocol::Chat => Protocol::Chat,
            Protocol::Responses => Protocol::Responses,
            Protocol::Completions => Protocol::Completions,
        }
    }

    /// The call, its body, and who reads the reply.
    fn question(
        &self,
        protocol: Protocol,
        prompt: &Prompt,
    ) -> (&'static str, Value, Box<dyn Reading>) {
        let (model, settings) = (&self.model, &self.settings);
        match protocol {
            Protocol::Responses => (
                "responses",
                responses::request(model, settings, prompt),
                Box::new(responses::Reply::default()),
            ),
            Protocol::Completions => (
                "completions",
                completions::request(model, settings, prompt),
                Box::new(completions::Reply::default()),
            ),
            Protocol::Auto | Protocol::Chat => (
                "chat/completions",
                chat::request(model, settings, prompt),
                Box::new(chat::Reply::default()),
            ),
        }
    }

    /// Asks, with a shorter prompt or by another protocol where the first is not taken.
    async fn ask(&self, prompt: &mut Prompt) -> Result<(Response, Box<dyn Reading>), Declined> {
        prompt.keep_newest(self.longest.load(Ordering::Relaxed));
        let mut shortened = false;
        loop {
            let protocol = self.protocol();
            let (path, body, reading) = self.question(protocol, prompt);
            match self.http.post(path, Some(&self.model), &body).await {
                Ok(response) => return Ok((response, reading)),
                Err(declined) if declined.too_long() && !shortened && self.shorten(prompt) => {
                    shortened = true;
                }
                Err(declined)
                    if declined.no_such_call()
                        && protocol == Protocol::Responses
                        && self.settings.protocol == Protocol::Auto =>
                {
                    self.chat_only.store(true, Ordering::Relaxed);
                }
                Err(declined) => return Err(declined),
            }
        }
    }

    /// Leaves the older half of the conversation out; false when there is nothing to leave out.
    fn shorten(&self, prompt: &mut Prompt) -> bool {
        let keep = prompt.items.len() / 2;
        if !prompt.keep_newest(keep) {
            return false;
        }
        self.longest.store(prompt.items.len().max(1), Ordering::Relaxed);
        self.notes.tell(
            "the conversation has become too long for the model; its beginning is left out from now on".into(),
        );
        true
    }

    fn fault(&self, fault: Fault) -> EngineError {
        let name = self.http.name();
        match fault {
            Fault::Broken(why) => self.http.broken(&why),
            Fault::Refused(why) => EngineError::Refused(format!("provider {name}: {why}")),
        }
    }
}

impl Responder for Mind {
    fn respond(&self, mut prompt: Prompt) -> Flow<Result<Delta, EngineError>> {
        let mind = self.clone();
        Box::pin(async_stream::stream! {
            let (response, mut reading) = match mind.ask(&mut prompt).await {
                Ok(asked) => asked,
                Err(declined) => {
                    yield Err(declined.error);
                    return;
                }
            };
            let mut out = Vec::new();
            let mut tab = Tab::new(&mind.http, &mind.model);
            if is(&response, "json") {
                let value = mind.http.json::<Value>(response).await;
                let read = value.and_then(|value| reading.whole(&value, &mut out).map_err(|f| mind.fault(f)));
                tab.told(reading.usage());
                for delta in out.drain(..) {
                    yield Ok(delta);
                }
                if let Err(error) = read {
                    yield Err(error);
                    return;
                }
            } else {
                let mut stream = Stream::new(&mind.http, response);
                while !reading.done() {
                    let event = match stream.next().await {
                        Ok(Some(event)) => event,
                        Ok(None) => break,
                        // Only the end mark was lost.
                        Err(_) if reading.complete() => break,
                        Err(error) => {
                            yield Err(error);
                            return;
                        }
                    };
                    let taken = reading.event(&event, &mut out);
                    tab.told(reading.usage());
                    for delta in out.drain(..) {
                        yield Ok(delta);
                    }
                    if let Err(fault) = taken {
                        yield Err(mind.fault(fault));
                        return;
                    }
                }
                stream.close();
            }
            let ended = reading.finish(&mut out);
            for delta in out.drain(..) {
                yield Ok(delta);
            }
            match ended {
                Ok(None) => {}
                Ok(Some(note)) => mind.notes.tell(note),
                Err(fault) => yield Err(mind.fault(fault)),
            }
        })
    }

    fn hears(&self) -> bool {
        self.settings.voice.is_some()
    }

    fn warm(&self) -> Job<Result<(), EngineError>> {
        self.http.warm()
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
    fn tool_choice(&self, prompt: &Prompt) -> &ToolChoice {
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
