//! What the tools of a turn said, as one answer.

use crate::dialog::{Item, Outcome};
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
