use std::fmt;

use crate::turn::Wait;

/// What the driver waits for until a moment; the name tells which one is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// The machine's own wait.
    Turn(Wait),
    /// The ring wants more sound, or tells how far it is.
    Speaker,
    /// The speaker is asked for the exact count of what was cut.
    Cut,
    /// The next round of what rings.
    Ring,
    /// The loop shows that it moves, and looks at what changes without an input.
    Beat,
    /// The words of a question that was answered are no longer waited for.
    Words,
    /// The last word is over, or no longer waited for.
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
            Self::Farewell => f.write_str("farewell"),
        }
    }
}
