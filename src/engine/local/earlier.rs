//! What was said and done before the last words.

use serde_json::Value;

use super::told::outcome;
use crate::dialog::{Call, Item, Prompt};
use crate::grammar::{Before, ParsedCall};

/// Start of the answer to the first question that matches no template.
pub(super) const NO_ANSWER: &str = "I can't answer that by myself.";
/// The answer to every further request that matches no template.
pub(super) const NO_WISH: &str = "Sorry, I can't do that.";
/// The answer to a sentence that only tells something.
pub(super) const NO_REQUEST: &str = "I'm not sure what you'd like me to do.";
/// Prefix of the ids of calls made by templates.
pub(super) const CALLS: &str = "template-";

/// Whether every call after the user's words was made by templates.
pub(super) fn called_here(after: &[Item]) -> bool {
    let mut calls = after.iter().filter_map(call_of);
    calls.next().is_some_and(is_ours) && calls.all(is_ours)
}

pub(super) fn call_of(item: &Item) -> Option<&Call> {
    match item {
        Item::Call { call, .. } => Some(call),
        Item::User { .. }
        | Item::Reply { .. }
        | Item::Outcome(_)
        | Item::Picture(_)
        | Item::Notice { .. } => None,
    }
}

pub(super) fn is_ours(call: &Call) -> bool {
    call.id.0.starts_with(CALLS)
}

/// The last call of the turn before the last one, if the templates made it, and the words that
/// asked for it.
pub(super) fn before(prompt: &Prompt) -> Option<(Before, String)> {
    let turn = last_turn_but_one(prompt)?;
    if !called_here(turn.1) {
        return None;
    }
    let called = turn.1.iter().rev().find_map(call_of)?;
    let outcome = turn.1.iter().filter_map(outcome).find(|outcome| outcome.id == called.id)?;
    let call = ParsedCall {
        tool: called.name.clone(),
        arguments: serde_json::from_str(&called.arguments).ok()?,
    };
    let data: Value = serde_json::from_str(&outcome.output).unwrap_or_default();
    let before = if data["permission"] == true {
        Before::Asked(call)
    } else if data["asked"] == true {
        Before::Unsure(call)
    } else if outcome.ok {
        Before::Done(call)
    } else {
        // "4 AM today is already over. Say another time."
        Before::Open(call)
    };
    Some((before, turn.0.to_owned()))
}

/// What the user said before the last words.
pub(super) fn last_said(prompt: &Prompt) -> Option<String> {
    last_turn_but_one(prompt).map(|(said, _)| said.to_owned())
}

/// What the user said, the last words first.
pub(super) fn said_latest(items: &[Item]) -> impl Iterator<Item = &str> {
    items.iter().rev().filter_map(|item| match item {
        Item::User { text, .. } => Some(text.as_str()),
        Item::Reply { .. }
        | Item::Call { .. }
        | Item::Outcome(_)
        | Item::Picture(_)
        | Item::Notice { .. } => None,
    })
}

/// What the user said in the two turns before the last words, as one sentence.
pub(super) fn last_said_joined(prompt: &Prompt) -> Option<String> {
    let mut said = said_latest(&prompt.items).skip(1);
    let (last, first) = (said.next()?, said.next()?);
    Some(format!("{first} {last}"))
}

/// How many turns in a row that were not understood leave what came before them in mind.
const MOST_LOST: usize = 2;

/// The words of the turn before the last one, and what came after them. What was not understood is
/// no turn of the conversation, and neither are thanks and what was only said again.
fn last_turn_but_one(prompt: &Prompt) -> Option<(&str, &[Item])> {
    let user = |item: &Item| matches!(item, Item::User { .. });
    let lost = |item: &Item| {
        matches!(item, Item::Reply { text, .. }
            if [NO_WISH, NO_ANSWER, NO_REQUEST, "You're welcome.", "All right."]
                .iter().any(|no| text.starts_with(no)))
    };
    let last = prompt.items.iter().rposition(user)?;
    let mut earlier = &prompt.items[..last];
    let mut at = earlier.iter().rposition(user)?;
    for _ in 0..MOST_LOST {
        let after = &earlier[at + 1..];
        let again = after.iter().filter_map(call_of).any(|call| call.name == "repeat");
        if !again && !matches!(after, [only] if lost(only)) {
            break;
        }
        let Some(before) = earlier[..at].iter().rposition(user) else { break };
        earlier = &earlier[..at];
        at = before;
    }
    match &earlier[at] {
        Item::User { text, .. } => Some((text, &earlier[at + 1..])),
        Item::Reply { .. }
        | Item::Call { .. }
        | Item::Outcome(_)
        | Item::Picture(_)
        | Item::Notice { .. } => None,
    }
}
