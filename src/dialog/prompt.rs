use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Item;
use crate::base::Utterance;

/// A tool as described to a responder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolSpec {
    /// Its name: `[a-z_]+`.
    pub name: String,
    /// What it does and when to call it, for a model to read.
    pub description: String,
    /// JSON Schema of its arguments: an object that refuses unknown keys.
    pub parameters: serde_json::Value,
    /// What a call may do to the world; decides whether it may run before the turn is over.
    pub effect: Effect,
}

/// The effect of calling a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// None, and the same arguments give the same result.
    Pure,
    /// None, but it reads the world: the clock, the network.
    Reads,
    /// It changes something; never runs under a tentative epoch.
    Writes,
    /// It makes something slow that is wanted even if the user moves on: as [`Effect::Writes`], but
    /// runs to the end and is announced when done.
    Makes,
    /// It changes something that is hard to undo: as [`Effect::Writes`], but the user is asked
    /// first.
    Dangerous,
}

impl Effect {
    /// Whether it changes anything.
    pub const fn acts(self) -> bool {
        match self {
            Self::Pure | Self::Reads => false,
            Self::Writes | Self::Makes | Self::Dangerous => true,
        }
    }
}

/// Everything a responder gets to answer one turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    /// Who aloud is and how it speaks.
    pub instructions: Arc<str>,
    /// The conversation so far, newest item last.
    pub items: Vec<Item>,
    /// The tools it may call.
    pub tools: Arc<[ToolSpec]>,
    /// The sound of the newest utterances among the items, for a responder that hears.
    pub sounds: Vec<Utterance>,
}

impl Prompt {
    /// Drops the oldest turns until at most `most` items or one turn is left; false if that changes
    /// nothing. Turns are dropped whole, so that no call loses its outcome.
    pub fn keep_newest(&mut self, most: usize) -> bool {
        if self.items.len() <= most {
            return false;
        }
        let least = self.items.len() - most;
        let begins = |at: usize| matches!(self.items[at], Item::User { .. });
        let newest = (0..self.items.len()).rfind(|at| begins(*at));
        let Some(turn) = (least..self.items.len()).find(|at| begins(*at)).or(newest) else {
            return false;
        };
        // Pictures before the words belong to them.
        let shown = self.items[..turn].iter().rev().take_while(|i| matches!(i, Item::Picture(_)));
        let from = turn - shown.count();
        self.items.drain(..from);
        from > 0
    }

    /// The last thing the user said, and what came after it.
    pub fn last_turn(&self) -> Option<(&str, &[Item])> {
        let at = self.items.iter().rposition(|item| matches!(item, Item::User { .. }))?;
        match &self.items[at] {
            Item::User { text, .. } => Some((text, &self.items[at + 1..])),
            Item::Reply { .. }
            | Item::Call { .. }
            | Item::Outcome(_)
            | Item::Picture(_)
            | Item::Notice { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Epoch;

    fn user(text: &str) -> Item {
        Item::User { utterance: None, text: text.into() }
    }

    fn reply(text: &str) -> Item {
        Item::Reply { epoch: Epoch(1), text: text.into(), interrupted: false }
    }

    fn kept(items: Vec<Item>, most: usize) -> (bool, Vec<Item>) {
        let (tools, sounds) = ([].into(), Vec::new());
        let mut prompt = Prompt { instructions: "".into(), items, tools, sounds };
        (prompt.keep_newest(most), prompt.items)
    }

    #[test]
    fn whole_turns_are_left_out_and_the_newest_never() {
        let picture = || Item::Picture("https://pictures.example/1".to_owned().into());
        let items = || vec![user("a"), reply("A"), picture(), user("b"), reply("B"), user("c")];
        assert_eq!(kept(items(), 6), (false, items()));
        assert_eq!(kept(items(), 3), (true, items()[2..].to_vec()), "with its picture");
        assert_eq!(kept(items(), 2), (true, items()[5..].to_vec()));
        assert_eq!(kept(items(), 0), (true, items()[5..].to_vec()));
        let one = vec![user("a"), reply("A")];
        assert_eq!(kept(one.clone(), 1), (false, one));
    }
}
