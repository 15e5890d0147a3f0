//! What the tools of a turn said, as one answer, and what is said behind it; and which of several
//! answers to give.

use crate::dialog::{Item, Outcome, Prompt};
use crate::engine::Delta;
use crate::grammar::{Grammar, Meaning, ParsedCall};

/// What the tools of the last turn said, and behind it what else was asked for; nothing while one of
/// them is running. A question of a tool comes last.
pub(super) fn results(grammar: &Grammar, prompt: &Prompt, after: &[Item]) -> Vec<Delta> {
    let told = told(after);
    if told.is_empty() {
        return Vec::new();
    }
    let mut said = closing(grammar, prompt);
    let asks = told.ends_with('?');
    said.insert(if asks { said.len() } else { 0 }, told);
    vec![Delta::Text(said.join(" "))]
}

/// What the tools of a turn said, verbatim; empty while one of them is running.
fn told(after: &[Item]) -> String {
    let called = after.iter().filter(|item| matches!(item, Item::Call { .. })).count();
    let outcomes: Vec<_> = after.iter().filter_map(outcome).collect();
    if outcomes.len() < called {
        return String::new();
    }
    let mut said: Vec<&str> = outcomes.into_iter().map(|o| o.say.trim()).collect();
    // Two calls that fail alike are reported once.
    said.dedup();
    // So is a reservation that they share, behind the last of them.
    for at in 0..said.len() {
        let (this, later) = (said[at], &said[at + 1..]);
        if let Some(done) = this.find(" But ")
            && later.iter().any(|other| other.ends_with(&this[done..]))
        {
            said[at] = &this[..done];
        }
    }
    said.retain(|said| !said.is_empty());
    said.join(" ")
}

/// What the sentence of the last turn asks to hear behind its last call: "set a timer for ten minutes
/// and tell me a joke".
pub(super) fn closing(grammar: &Grammar, prompt: &Prompt) -> Vec<String> {
    let meaning = prompt.last_turn().and_then(|(text, _)| grammar.understand(text));
    let Some(Meaning::Calls(calls)) = meaning else { return Vec::new() };
    let last = calls.iter().rposition(|call| call.said().is_none() && is_there(call, prompt));
    let behind = last.map_or(calls.len(), |last| last + 1);
    calls[behind..].iter().filter_map(ParsedCall::said).map(|say| fresh(say, prompt)).collect()
}

/// Among several answers, separated by bars, the first one not given yet, or the one given longest
/// ago.
pub(super) fn fresh(answer: &str, prompt: &Prompt) -> String {
    let given = |text: &&str| {
        prompt.items.iter().rposition(
            |item| matches!(item, Item::Reply { text: said, .. } if said.contains(text.trim())),
        )
    };
    let best = answer.split('|').min_by_key(given).unwrap_or(answer);
    best.trim().to_owned()
}

/// Whether the tool of `call` exists, or the call is only something to say.
pub(super) fn is_there(call: &ParsedCall, prompt: &Prompt) -> bool {
    call.said().is_some() || prompt.tools.iter().any(|tool| tool.name == call.tool)
}

/// The outcome that `item` is, if it is one.
pub(super) fn outcome(item: &Item) -> Option<&Outcome> {
    match item {
        Item::Outcome(outcome) => Some(outcome),
        Item::User { .. }
        | Item::Reply { .. }
        | Item::Call { .. }
        | Item::Picture(_)
        | Item::Notice { .. } => None,
    }
}
