use std::fmt;

use crate::turn::Wait;

/// What the driver waits for until a moment, named for what is due then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// The machine's own wait.
    Turn(Wait),
    /// The ring may need sound, or has progress to report.
    Speaker,
    /// The exact count of a cut.
    Cut,
    /// The next round of what rings.
    Ring,
    /// The loop shows that it is alive and polls what changes without an input.
    Beat,
    /// The transcript of an answered question is no longer waited for.
    Words,
    /// A reply is prepared in a pause, whatever the words look like.
    Pause,
    /// The user's answer to another program's question is no longer waited for.
    Answer,
    /// The last words are over, or no longer waited for.
    Farewell,
}

impl fmt::Display for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Turn(wait) => write!(f, "turn: {wait:?}"),
            Self::Speaker => f.write_str("speaker"),
            Self::Cut => f.write_str("cut"),
            Self::Ring => f.write_str("ring"),
            Self::Beat => f.write_str("beat"),
            Self::Words => f.write_str("words"),
            Self::Pause => f.write_str("pause"),
            Self::Answer => f.write_str("answer"),
            Self::Farewell => f.write_str("farewell"),
        }
    }
}
