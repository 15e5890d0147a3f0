//! What the tools of a turn said, as one answer; and which of several answers to give.

use crate::dialog::{Item, Outcome, Prompt};
use crate::engine::Delta;

/// What the tools of a turn said, verbatim; empty while one of them is running.
pub(super) fn told(after: &[Item]) -> Vec<Delta> {
    let called = after.iter().filter(|item| matches!(item, Item::Call { .. })).count();
    let outcomes: Vec<_> = after.iter().filter_map(outcome).collect();
    if outcomes.len() < called {
        return Vec::new();
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
    let said = said.join(" ");
    if said.is_empty() { Vec::new() } else { vec![Delta::Text(said)] }
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
