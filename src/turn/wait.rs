use serde::{Deserialize, Serialize};

/// What a machine waits for: names the wait behind [`Machine::deadline`](super::Machine::deadline),
/// for logs and for `status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wait {
    /// Somebody may speak while the ear is open for a while.
    FollowUp,
    /// The end of an utterance, or the release of a held key.
    Utterance,
    /// The end of an utterance after its pause or after the key's release.
    UtteranceEnd,
    /// The words of what was said.
    Transcript,
    /// Whether a voice over the reply is an interruption.
    Interruption,
    /// The words of a short sound over the reply, for a partner that hears.
    Murmur,
    /// The reply, or more of it.
    Reply,
    /// The result of a tool.
    Tool,
    /// The result of a tool, before it is said that it takes a while.
    Filler,
    /// The speaker's progress.
    Playback,
    /// The exact count of a reply that was cut.
    Settle,
}
