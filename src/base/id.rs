use serde::{Deserialize, Serialize};

/// One attempt at a reply. Whatever carries an epoch that is no longer live is stale and has no
/// effect. Only the low 24 bits travel in the playback progress word, so epochs wrap there.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Epoch(pub u32);

impl Epoch {
    /// The epoch before the first attempt; never live.
    pub const NONE: Self = Self(0);

    /// The next attempt. Never [`Epoch::NONE`], and never more than 24 bits.
    #[must_use]
    pub const fn next(self) -> Self {
        match (self.0 + 1) & 0x00ff_ffff {
            0 => Self(1),
            n => Self(n),
        }
    }
}

/// One stretch of the user's speech.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct UtteranceId(pub u32);

/// One thing that aloud says unasked: a ringing timer, a `say` from the socket.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct NoticeId(pub u32);

/// The id of one tool call, as the engine that requested it wrote it. Unique in a history.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CallId(pub String);
