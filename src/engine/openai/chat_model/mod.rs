//! Text to text: one model of one provider, by whichever protocol it speaks.
//!
//! ```text
//! Prompt ─▶ chat | responses | completions (request) ─▶ Http ─▶ Events ─▶ … (reply) ─▶ Markup ─▶ Delta…
//!            ◀── Lessons ◀── a refusal that names what is not supported
//! ```
//!
//! **Invariant:** a protocol is two pure halves, a request made from a prompt and a reply made from
//! events; everything that waits is here, once.
//! **Invariant:** a prompt that is too long is cut at whole turns and sent once more, never twice.
//! **Invariant:** a question is asked again only if something new was learned.
//! **Invariant:** an answer without words, sound or calls is an error: silence is reported.
//! Deliberately absent: what the words are for; speaking and tools are handled elsewhere.

mod chat;
mod completions;
mod lessons;
mod markup;
mod replies;
mod reply;
mod responses;
mod settings;
mod turns;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::Http;
use super::quirks::Quirks;
use super::refusal::Declined;
use super::used::Tab;
use crate::base::{Flow, Job};
use crate::dialog::{Call, Item, Prompt};
use crate::engine::{Delta, EngineError, Notes, Responder};
use lessons::Lessons;
use markup::{Markup, Piece};
use replies::{Replies, Step};
use reply::{Fault, Reading, TOO_LONG};
pub use settings::{ChatSettings, Protocol, Sampling, ToolChoice};

/// Parts of the names of models whose templates open their thoughts for them.
const THINKERS: [&str; 5] = ["deepseek-r1", "qwq", "thinking", "magistral", "-r1"];

/// A model behind one of the three protocols.
#[derive(Clone, Debug)]
pub struct ChatModel {
    http: Http,
    model: String,
    settings: Arc<ChatSettings>,
    notes: Notes,
    /// What it has turned out not to support.
    lessons: Arc<Mutex<Lessons>>,
    /// Its template opens its thoughts for it.
    thinks_first: Arc<AtomicBool>,
    /// The most items in a prompt, once the model has turned out to take no more.
    longest: Arc<AtomicUsize>,
}

impl ChatModel {
    /// The model `model` of a provider; remarks that are not failures go to `notes`.
    pub fn new(http: Http, model: &str, settings: ChatSettings, notes: Notes) -> Self {
        let name = model.to_lowercase();
        let thinks_first = THINKERS.iter().any(|part| name.contains(part));
        Self {
            http,
            model: model.to_owned(),
            settings: Arc::new(settings),
            notes,
            lessons: Arc::default(),
            thinks_first: Arc::new(AtomicBool::new(thinks_first)),
            longest: Arc::new(AtomicUsize::new(usize::MAX)),
        }
    }

    fn lessons(&self) -> MutexGuard<'_, Lessons> {
        // No holder of this lock can panic halfway.
        self.lessons.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn protocol(&self) -> Protocol {
        let quirks = Quirks::of(&self.model);
        let chat_only = quirks.searches || quirks.chat_only || self.lessons().chat_only;
        match self.settings.protocol {
            Protocol::Auto if quirks.completes => Protocol::Completions,
            Protocol::Auto if chat_only || self.hears() => Protocol::Chat,
            Protocol::Auto if self.settings.responses => Protocol::Responses,
            Protocol::Auto | Protocol::Chat => Protocol::Chat,
            Protocol::Responses => Protocol::Responses,
            Protocol::Completions => Protocol::Completions,
        }
    }

    /// The endpoint, the body, and the reader of the reply.
    fn question(
        &self,
        protocol: Protocol,
        prompt: &Prompt,
    ) -> (&'static str, Value, Box<dyn Reading>) {
        let (model, settings, lessons) = (&self.model, &self.settings, &*self.lessons());
        match protocol {
            Protocol::Responses => (
                "responses",
                responses::request(model, settings, lessons, prompt),
                Box::new(responses::Reply::default()),
            ),
            Protocol::Completions => (
                "completions",
                completions::request(model, settings, lessons, prompt),
                Box::new(completions::Reply::default()),
            ),
            Protocol::Auto | Protocol::Chat => (
                "chat/completions",
                chat::request(model, settings, lessons, prompt),
                Box::new(chat::Reply::default()),
            ),
        }
    }

    /// Whether the question can be asked another way after this refusal of `body`: with a shorter
    /// prompt, by another protocol, or without what is not supported.
    fn adapt(&self, asking: &mut Asking, body: &Value, declined: &Declined) -> bool {
        if asking.tries == lessons::MOST {
            return false;
        }
        asking.tries += 1;
        if declined.too_long() {
            let first = !std::mem::replace(&mut asking.shortened, true);
            return first && self.shorten(&mut asking.prompt);
        }
        let by_choice = self.settings.protocol == Protocol::Auto;
        let responses = asking.protocol == Protocol::Responses;
        if declined.no_such_call() {
            let other = responses && by_choice;
            self.lessons().chat_only |= other;
            return other;
        }
        let quirks = Quirks::of(&self.model);
        let mut lessons = self.lessons();
        let instructions = lessons.instructions.unwrap_or(quirks.instructions);
        // Beside the conversation they have no role yet, so the next place is the one without a
        // role.
        let instructions =
            if responses { super::quirks::Instructions::System } else { instructions };
        let Some(lesson) = lessons.learn(declined, body, instructions) else { return false };
        // Alternating turns are arranged in the protocol that has messages.
        lessons.chat_only |= responses && by_choice && lessons.strict;
        drop(lessons);
        tracing::debug!(model = self.model, refused = declined.message, "learned");
        self.notes.tell(format!("{}/{} {lesson}", self.http.name(), self.model));
        true
    }

    /// Drops the older half of the conversation; false if there is nothing to drop.
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
            Fault::Told(told) => self.http.broken(&format!("it reported an error{}", told.words())),
            Fault::Broken(why) => self.http.broken(&why),
            Fault::Refused(why) => EngineError::Refused(format!("provider {name}: {why}")),
        }
    }

    /// Why an answer is empty, and what helps.
    fn nothing(&self, thought: bool, cut: bool, odd_call: Option<&str>) -> EngineError {
        let (name, model) = (self.http.name(), &self.model);
        EngineError::Broken(match (odd_call, thought, cut) {
            (Some(call), ..) => {
                format!(
                    "provider {name}: {model} answered with only a call {call}; rephrase the question"
                )
            }
            (None, true, true) => format!(
                "provider {name}: {model} ran out of tokens while it was still thinking; raise [chat] max_output_tokens or lower reasoning_effort"
            ),
            (None, true, false) => format!(
                "provider {name}: {model} thought but did not answer; ask again, or lower [chat] reasoning_effort"
            ),
            (None, false, true) => format!(
                "provider {name}: the answer reached its length limit before the first word; raise [chat] max_output_tokens"
            ),
            (None, false, false) => {
                format!(
                    "provider {name}: {model} gave an empty answer; ask again, or choose another model"
                )
            }
        })
    }

    /// The delta for `piece`, with a call id that is unique in the conversation.
    fn delta(&self, piece: Piece, names: &mut Vec<String>) -> Delta {
        match piece {
            Piece::Words(words) => Delta::Text(words),
            Piece::Call(mut call) => {
                let known = |id: &str| names.iter().any(|name| name == id);
                if call.id.0.is_empty() || known(&call.id.0) {
                    let fresh = (names.len()..).map(|number| format!("call_{number}"));
                    call.id.0 = fresh.into_iter().find(|id| !known(id)).unwrap_or_default();
                }
                names.push(call.id.0.clone());
                Delta::Call(call)
            }
        }
    }
}

/// A question in progress, in its current form.
struct Asking {
    prompt: Prompt,
    protocol: Protocol,
    shortened: bool,
    /// How often it was asked another way.
    tries: usize,
}

/// What an answer has produced so far.
#[derive(Default)]
struct Given {
    /// Something was handed out, so the question cannot be asked again.
    any: bool,
    /// There was something to hear or to do.
    real: bool,
}

impl Given {
    fn note(&mut self, delta: &Delta) {
        self.any = true;
        self.real |= match delta {
            Delta::Text(words) => !words.trim().is_empty(),
            Delta::Sound(_) | Delta::Call(_) => true,
            Delta::Source(_) => false,
        };
    }
}

/// The tools' own words for their outcomes, if they were called for the newest question: they can
/// replace the answer of a model that gives none.
fn outcomes(prompt: &Prompt) -> Option<String> {
    let (_, items) = prompt.last_turn()?;
    let mut said = Vec::new();
    for item in items.iter().rev() {
        match item {
            Item::Outcome(outcome) if outcome.ok && !outcome.say.trim().is_empty() => {
                said.insert(0, outcome.say.trim());
            }
            Item::Outcome(_) => return None,
            Item::Call { .. } | Item::Picture(_) => {}
            Item::User { .. } | Item::Reply { .. } | Item::Notice { .. } => break,
        }
    }
    (!said.is_empty()).then(|| said.join(" "))
}

impl Responder for ChatModel {
    fn respond(&self, prompt: Prompt) -> Flow<Result<Delta, EngineError>> {
        let this = self.clone();
        Box::pin(async_stream::stream! {
            let mut names: Vec<String> = prompt.items.iter().filter_map(|item| match item {
                Item::Call { call, .. } => Some(call.id.0.clone()),
                Item::User { .. }
                | Item::Reply { .. }
                | Item::Outcome(_)
                | Item::Picture(_)
                | Item::Notice { .. } => None,
            }).collect();
            let tools: Vec<String> = prompt.tools.iter().map(|tool| tool.name.clone()).collect();
            let mut asking = Asking { prompt, protocol: this.protocol(), shortened: false, tries: 0 };
            asking.prompt.keep_newest(this.longest.load(Ordering::Relaxed));
            let mut given = Given::default();
            'ask: loop {
                asking.protocol = this.protocol();
                let opened = this.opened(&asking.prompt);
                let (path, body, mut reading) = this.question(asking.protocol, &opened);
                let response = match this.http.post(path, Some(&this.model), &body).await {
                    Ok(response) => response,
                    Err(declined) if this.adapt(&mut asking, &body, &declined) => continue 'ask,
                    Err(declined) => {
                        yield Err(declined.error);
                        return;
                    }
                };
                let mut tab = Tab::new(&this.http, &this.model);
                let mut markup = Markup::new(tools.clone(), this.thinks_first.load(Ordering::Relaxed));
                let mut replies = Replies::new(&this.http, response);
                let mut out = Vec::new();
                loop {
                    let step = replies.next(&mut *reading, &mut out).await;
                    tab.told(reading.usage());
                    if reading.thought() {
                        markup.thinks_elsewhere();
                    }
                    let over = !matches!(step, Step::More);
                    for delta in this.pieces(&mut out, &mut markup, over) {
                        let delta = match delta {
                            Ok(piece) => this.delta(piece, &mut names),
                            Err(other) => other,
                        };
                        given.note(&delta);
                        yield Ok(delta);
                    }
                    match step {
                        Step::More => {}
                        Step::Over => break,
                        // Some report the error inside the answer.
                        Step::Fault(Fault::Told(told)) if !given.any => {
                            let declined = this.http.reported(&told);
                            if this.adapt(&mut asking, &body, &declined) {
                                continue 'ask;
                            }
                            // A context that is too long is the more useful error.
                            let error = if declined.too_long() { declined.error } else { this.fault(Fault::Told(told)) };
                            yield Err(error);
                            return;
                        }
                        Step::Fault(fault) => {
                            yield Err(this.fault(fault));
                            return;
                        }
                        Step::Lost(error) => {
                            yield Err(error);
                            return;
                        }
                    }
                }
                replies.close();
                if markup.found.open_thought {
                    this.thinks_first.store(true, Ordering::Relaxed);
                }
                let thought = reading.thought() || markup.found.thought;
                let odd_call = markup.found.odd_call.as_deref();
                if given.real {
                    if reading.cut() {
                        this.notes.tell(TOO_LONG.to_owned());
                    }
                    if let Some(call) = odd_call {
                        this.notes.tell(format!("{}/{} wrote a call {call}", this.http.name(), this.model));
                    }
                } else if let Some(said) = outcomes(&asking.prompt) {
                    yield Ok(Delta::Text(said));
                } else {
                    yield Err(this.nothing(thought, reading.cut(), odd_call));
                }
                return;
            }
        })
    }

    fn hears(&self) -> bool {
        self.settings.hears
    }

    fn warm(&self) -> Job<Result<(), EngineError>> {
        self.http.warm()
    }
}

impl ChatModel {
    /// `prompt` after the opening items.
    fn opened(&self, prompt: &Prompt) -> Prompt {
        let mut prompt = prompt.clone();
        if !self.settings.opening.is_empty() {
            prompt.items = self.settings.opening.iter().cloned().chain(prompt.items).collect();
        }
        prompt
    }

    /// Parses `out` into pieces; sound and sources pass through. `over` says that nothing more
    /// comes.
    fn pieces(
        &self,
        out: &mut Vec<Delta>,
        markup: &mut Markup,
        over: bool,
    ) -> Vec<Result<Piece, Delta>> {
        let mut all = Vec::new();
        let mut pieces = Vec::new();
        // Calls made through the protocol come after the words.
        let mut calls: Vec<Call> = Vec::new();
        for delta in out.drain(..) {
            match delta {
                Delta::Text(words) => markup.push(&words, &mut pieces),
                // Nobody would hear it.
                Delta::Sound(chunk) if self.settings.mute => markup.push(&chunk.text, &mut pieces),
                Delta::Call(call) => calls.push(call),
                other @ (Delta::Sound(_) | Delta::Source(_)) => {
                    all.extend(pieces.drain(..).map(Ok));
                    all.push(Err(other));
                }
            }
        }
        if over {
            markup.finish(&mut pieces);
        }
        all.extend(pieces.into_iter().map(Ok));
        all.extend(calls.into_iter().map(|call| Ok(Piece::Call(call))));
        all
    }
}
