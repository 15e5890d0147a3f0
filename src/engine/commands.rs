use std::sync::Arc;

use futures::{StreamExt, stream};

use super::local::Templates;
use super::{Delta, EngineError, Responder};
use crate::base::{Flow, Job};
use crate::dialog::{Item, Prompt};

/// Templates in front of a chat model: an unambiguous command is carried out immediately and
/// without a network, everything else goes to the model, with one shared history.
///
/// The templates report results of their own calls; results of the model's calls go back to the
/// model, which sees the others as its own. If the model cannot be reached, a merely likely command
/// is carried out too.
pub struct Commands {
    templates: Arc<Templates>,
    mind: Arc<dyn Responder>,
}

impl Commands {
    /// Puts `templates` in front of `mind`.
    pub fn new(templates: Arc<Templates>, mind: Arc<dyn Responder>) -> Self {
        Self { templates, mind }
    }
}

impl Responder for Commands {
    fn respond(&self, prompt: Prompt) -> Flow<Result<Delta, EngineError>> {
        let known = match leans_on_talk(&prompt) {
            true => self.templates.asked(&prompt),
            false => self.templates.certain(&prompt),
        };
        if let Some(deltas) = known {
            return Box::pin(stream::iter(deltas.into_iter().map(Ok)));
        }
        let likely = self.templates.likely(&prompt);
        let mut flow = self.mind.respond(prompt);
        let Some(likely) = likely else { return flow };
        Box::pin(async_stream::stream! {
            match flow.next().await {
                Some(Err(EngineError::Unreachable(why))) => {
                    tracing::warn!("{why}; the command was carried out without the chat model");
                    for delta in likely {
                        yield Ok(delta);
                    }
                }
                Some(first) => {
                    yield first;
                    while let Some(delta) = flow.next().await {
                        yield delta;
                    }
                }
                None => {}
            }
        })
    }

    fn hears(&self) -> bool {
        self.mind.hears()
    }

    fn warm(&self) -> Job<Result<(), EngineError>> {
        self.mind.warm()
    }
}

/// Words that refer to what was said before, unless the tool is about the conversation or the
/// sound.
const POINTING: [&str; 8] = ["that", "those", "these", "them", "him", "her", "there", "one"];

/// Openings of sentences that continue what was said before.
const GOING_ON: [&str; 9] =
    ["and", "but", "or", "what about", "how about", "then", "also", "so", "no"];

/// Words that make a sentence about the conversation or the sound, whatever it refers to.
const ABOUT_TALK: [&str; 12] = [
    "stop", "cancel", "quiet", "silence", "repeat", "again", "louder", "quieter", "volume", "mute",
    "unmute", "say",
];

/// Whether the user's last words depend on what was said before, which templates ignore: a question
/// about a picture, "what about tomorrow", the answer to a question of the model.
fn leans_on_talk(prompt: &Prompt) -> bool {
    let items = &prompt.items;
    let Some(at) = items.iter().rposition(|item| matches!(item, Item::User { .. })) else {
        return false;
    };
    let Item::User { text, .. } = &items[at] else { return false };
    if at + 1 < items.len() {
        return false;
    }
    if items[..at].last().is_some_and(|item| matches!(item, Item::Picture(_))) {
        return true;
    }
    let before = items[..at].iter().rev().find_map(|item| match item {
        Item::Reply { text, .. } => Some(text.trim()),
        Item::User { .. }
        | Item::Call { .. }
        | Item::Outcome(_)
        | Item::Picture(_)
        | Item::Notice { .. } => None,
    });
    let Some(before) = before else { return false };
    let text = text.to_lowercase();
    let words: Vec<&str> = text
        .split(|c: char| !(c.is_alphanumeric() || c == '\''))
        .filter(|word| !word.is_empty())
        .collect();
    if words.iter().any(|word| ABOUT_TALK.contains(word)) {
        return false;
    }
    let points = words.iter().enumerate().any(|(at, word)| {
        // "Is there rain?" refers to nothing.
        let there = *word == "there"
            && at
                .checked_sub(1)
                .is_some_and(|before| ["is", "are", "will", "was", "if"].contains(&words[before]));
        POINTING.contains(word) && !there
    });
    let begins = GOING_ON.iter().any(|start| {
        text.strip_prefix(start).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    });
    let answers = before.ends_with('?') && words.len() <= 3;
    points || begins || answers
}
