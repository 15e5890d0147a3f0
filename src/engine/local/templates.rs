//! The grammar as a responder: a call, then what its tool says; or a short honest answer.

use std::sync::atomic::{AtomicU64, Ordering};

use futures::stream;

use crate::base::{CallId, Flow};
use crate::dialog::{Call, Item, Outcome, Prompt};
use crate::engine::{Delta, EngineError, Responder};
use crate::grammar::{Grammar, Meaning, ParsedCall};

/// What is said to everything that no template meets.
const NO_ANSWER: &str = "I can't answer that by myself. With a chat model I could: set an OpenAI \
                         API key, or run Ollama.";
/// What is said of a known command whose tool is not there and of which the grammar says nothing.
const NO_TOOL: &str = "I understand that, but I can't do it yet.";
/// What is said to a transcript without words.
const NO_WORDS: &str = "I didn't catch that.";

/// Counts calls, so that their names differ within a process.
#[derive(Debug, Default)]
struct Counter(AtomicU64);

impl Counter {
    /// A call name that no item of `items` uses.
    fn next(&self, items: &[Item]) -> CallId {
        loop {
            let number = self.0.fetch_add(1, Ordering::Relaxed);
            let id = CallId(format!("template-{number}"));
            let used = items.iter().any(|item| match item {
                Item::Call { call, .. } => call.id == id,
                Item::Outcome(outcome) => outcome.id == id,
                Item::User { .. } | Item::Reply { .. } | Item::Picture(_) | Item::Notice { .. } => {
                    false
                }
            });
            if !used {
                return id;
            }
        }
    }
}

/// The grammar as a responder. Making it is making a [`Grammar`]; share it.
#[derive(Debug, Default)]
pub struct Templates {
    grammar: Grammar,
    calls: Counter,
}

impl Templates {
    /// Answers by `grammar`.
    pub fn new(grammar: Grammar) -> Self {
        Self { grammar, calls: Counter::default() }
    }
}

impl Responder for Templates {
    fn respond(&self, prompt: Prompt) -> Flow<Result<Delta, EngineError>> {
        Box::pin(stream::iter(self.reply(&prompt).into_iter().map(Ok)))
    }
}

impl Templates {
    /// The next step of the reply to `prompt`; empty when there is nothing left to say.
    fn reply(&self, prompt: &Prompt) -> Vec<Delta> {
        let Some((text, after)) = prompt.last_turn() else { return Vec::new() };
        // What the tools of this turn came to is spoken as it stands.
        let outcomes: Vec<_> = after.iter().filter_map(outcome).collect();
        let called = after.iter().filter(|item| matches!(item, Item::Call { .. })).count();
        if called > 0 {
            // While a tool still runs there is nothing to say.
            if outcomes.len() < called {
                return Vec::new();
            }
            let said: Vec<_> = outcomes.iter().map(|o| o.say.trim()).collect();
            let said = said.join(" ").trim().to_owned();
            return if said.is_empty() { Vec::new() } else { vec![Delta::Text(said)] };
        }
        if !text.chars().any(char::is_alphanumeric) {
            return vec![Delta::Text(NO_WORDS.into())];
        }
        match self.grammar.understand(text) {
            Some(Meaning::Calls(calls)) => self.calls(prompt, calls),
            Some(Meaning::Ask { question, .. }) => vec![Delta::Text(question)],
            Some(Meaning::Unclear(text) | Meaning::Answer(text)) => vec![Delta::Text(text)],
            Some(Meaning::Nothing) | None => vec![Delta::Text(NO_ANSWER.into())],
        }
    }

    /// The calls, or a sentence where there is no such tool. All are made or none.
    fn calls(&self, prompt: &Prompt, calls: Vec<ParsedCall>) -> Vec<Delta> {
        let there = |call: &ParsedCall| prompt.tools.iter().any(|tool| tool.name == call.tool);
        if let Some(call) = calls.iter().find(|call| !there(call)) {
            let missing = self.grammar.missing(&call.tool);
            return vec![Delta::Text(missing.unwrap_or(NO_TOOL).to_owned())];
        }
        let call = |call: ParsedCall| Call {
            id: self.calls.next(&prompt.items),
            name: call.tool,
            arguments: call.arguments.to_string(),
        };
        calls.into_iter().map(|parsed| Delta::Call(call(parsed))).collect()
    }
}

fn outcome(item: &Item) -> Option<&Outcome> {
    match item {
        Item::Outcome(outcome) => Some(outcome),
        Item::User { .. }
        | Item::Reply { .. }
        | Item::Call { .. }
        | Item::Picture(_)
        | Item::Notice { .. } => None,
    }
}
