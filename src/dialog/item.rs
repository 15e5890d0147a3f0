use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::{CallId, Epoch, UtteranceId};

/// A request by a responder to run a tool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// The id that its outcome refers to.
    pub id: CallId,
    /// The tool's name; may not exist.
    pub name: String,
    /// Arguments as the responder wrote them: JSON text, not necessarily valid.
    pub arguments: String,
}

/// The result of a tool call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The call that it answers.
    pub id: CallId,
    /// For a model to read: JSON, or a plain sentence if the call failed.
    pub output: String,
    /// What may be spoken as it stands, for responders that write no sentences of their own.
    pub say: String,
    /// False if the tool failed, was unknown or was interrupted.
    pub ok: bool,
}

/// A picture that somebody showed: its URL, `https:` or `data:` with the bytes in base64. Cheap to
/// clone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Picture(pub Arc<str>);

impl From<String> for Picture {
    fn from(url: String) -> Self {
        Self(url.into())
    }
}

impl From<Picture> for String {
    fn from(picture: Picture) -> Self {
        picture.0.as_ref().into()
    }
}

/// Megabytes of base64 would swamp a log.
impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let head: String = self.0.chars().take(40).collect();
        write!(f, "Picture({head}…, {} bytes)", self.0.len())
    }
}

/// One entry of a history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    /// What the user said or typed. `utterance` is `None` for typed text.
    User {
        /// The stretch of sound it came from.
        utterance: Option<UtteranceId>,
        /// The transcript.
        text: String,
    },
    /// What aloud said, cut to what was heard.
    Reply {
        /// The attempt that it came from.
        epoch: Epoch,
        /// The words heard.
        text: String,
        /// Whether it was cut short.
        interrupted: bool,
    },
    /// A tool call of a reply.
    Call {
        /// The attempt that made it.
        epoch: Epoch,
        /// The call.
        call: Call,
    },
    /// The outcome of a call.
    Outcome(Outcome),
    /// A picture: the user's, before the words about it, or a tool's, after its outcome.
    Picture(Picture),
    /// Something that aloud said unasked, such as a ringing timer.
    Notice {
        /// The words heard.
        text: String,
    },
}

/// How much of a reply the user heard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Heard {
    /// Not a single sample.
    Nothing,
    /// The beginning.
    Part {
        /// Samples output at the speaker's rate (48 kHz).
        samples: u64,
        /// The words of the pieces heard to their end; may be empty.
        text: String,
    },
    /// All of it.
    All,
}
