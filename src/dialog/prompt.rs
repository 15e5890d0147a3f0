use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Item;

/// What a responder is told of a tool.
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

/// What calling a tool does to the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Nothing, and the same arguments give the same result.
    Pure,
    /// Nothing, but it looks at the world: the clock, the network.
    Reads,
    /// It changes something; never run under a tentative epoch.
    Writes,
}

/// All that a responder gets to answer one turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    /// Who aloud is and how it speaks.
    pub instructions: Arc<str>,
    /// The conversation so far, the newest item last.
    pub items: Vec<Item>,
    /// The tools it may call.
    pub tools: Arc<[ToolSpec]>,
}

impl Prompt {
    /// The newest thing the user said, and what came after it.
    pub fn last_turn(&self) -> Option<(&str, &[Item])> {
        let at = self.items.iter().rposition(|item| matches!(item, Item::User { .. }))?;
        match &self.items[at] {
            Item::User { text, .. } => Some((text, &self.items[at + 1..])),
            Item::Reply { .. } | Item::Call { .. } | Item::Outcome(_) | Item::Notice { .. } => None,
        }
    }
}
