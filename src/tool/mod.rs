//! Tools: what a spoken command can call.
//!
//! ```text
//! Call ─▶ Registry ─▶ Tool::call ─▶ ToolOutput {data for a model, say for a person, act on aloud itself}
//! ```
//!
//! **Invariant:** arguments are checked against the tool's own schema before it runs; a mistake in
//! them is told to the responder and never ends the turn.

use crate::base::{Job, Moment};
use crate::dialog::ToolSpec;

/// What a tool call came to.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolOutput {
    /// For a model to read.
    pub data: serde_json::Value,
    /// For a person to hear: one or two plain sentences without digits that are hard to speak.
    pub say: String,
    /// What it does to aloud itself.
    pub act: Option<Act>,
}

/// What a tool does to the assistant itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Stop talking; the reply ends here and nothing more is said.
    Stop,
}

/// Why a tool call failed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ToolError {
    /// Told to the responder, who can mend it or say it: a plain sentence.
    #[error("{0}")]
    Tell(String),
    /// The tool itself is broken: told to the user, and logged.
    #[error("{0}")]
    Fatal(String),
}

/// What a call may know of its surroundings.
#[derive(Clone, Debug)]
pub struct ToolCx {
    /// When it was called.
    pub now: Moment,
    /// What aloud said last, for `repeat`.
    pub last_reply: Option<String>,
}

/// Something a responder can call.
pub trait Tool: Send + Sync {
    /// Its name, purpose and arguments.
    fn spec(&self) -> &ToolSpec;

    /// Runs it. `args` is JSON text that has been checked against the schema of [`Tool::spec`].
    fn call(&self, args: String, cx: ToolCx) -> Job<Result<ToolOutput, ToolError>>;
}
