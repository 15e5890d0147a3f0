use jiff::Timestamp;
use serde::Serialize;

use crate::listen::Discard;
use crate::turn::Ignored;

/// The last time something happened, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// When.
    pub at: Timestamp,
    /// A sentence for the user.
    pub why: String,
}

/// Why aloud last did what people wonder about; for `aloud why`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reasons {
    /// Why it woke, or heard its wake word and did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub woke: Option<Reason>,
    /// Why it took the user for done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<Reason>,
    /// Why a reply was cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut: Option<Reason>,
    /// Why there was no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silent: Option<Reason>,
}

/// Why speech was ignored, for the user.
pub(super) fn ignored(why: Ignored) -> &'static str {
    match why {
        Ignored::OwnVoice => "that was my own voice",
        Ignored::Murmur => "a sign of listening",
        Ignored::Noise => "that was no speech that could be understood",
    }
}

/// Why an utterance was discarded, for the user.
pub(super) fn discarded(why: Discard) -> &'static str {
    match why {
        Discard::NoSpeech => "nothing was said",
        Discard::TooShort => "that was too short to be speech",
        Discard::Shut => "it was not listening",
        Discard::Muted => "the microphone is muted",
        Discard::Superseded => "the key was pressed instead",
        Discard::Lost => "the microphone was lost",
    }
}
