use std::time::Duration;

use crate::base::Moment;

/// What a voice over the reply has done to it: reversible, until it is certain that it is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Doubt {
    /// Nobody speaks over it, or only its own echo.
    #[default]
    None,
    /// Somebody may have been speaking since then: it is ducked.
    Suspected { since: Moment },
    /// Somebody is: it is paused, until then at most.
    Held { since: Moment, until: Moment },
}

impl Doubt {
    /// Whether the reply is ducked.
    pub(super) const fn is_some(self) -> bool {
        match self {
            Self::None => false,
            Self::Suspected { .. } | Self::Held { .. } => true,
        }
    }

    /// Whether it is paused.
    pub(super) const fn is_held(self) -> bool {
        match self {
            Self::None | Self::Suspected { .. } => false,
            Self::Held { .. } => true,
        }
    }

    /// Since when somebody may be speaking.
    pub(super) const fn since(self) -> Option<Moment> {
        match self {
            Self::None => None,
            Self::Suspected { since } | Self::Held { since, .. } => Some(since),
        }
    }

    /// When it resumes, whatever is known by then.
    pub(super) const fn deadline(self) -> Option<Moment> {
        match self {
            Self::None | Self::Suspected { .. } => None,
            Self::Held { until, .. } => Some(until),
        }
    }
}

/// The words of a voice over the reply, while it is still speaking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Not requested.
    Unasked,
    /// Awaited, until then.
    Awaited { until: Moment },
    /// Not available.
    Failed,
    /// They proved nothing so far.
    Nothing,
    /// They are meant for us.
    Meant,
    /// They ask for silence; this much was voiced by then.
    Halt { voiced: Duration },
}

/// Voice after a request for silence that makes it another request: "stop the timer".
const MORE: Duration = Duration::from_millis(250);

impl Look {
    /// Until when the words are awaited.
    pub(super) const fn deadline(self) -> Option<Moment> {
        match self {
            Self::Awaited { until } => Some(until),
            Self::Unasked | Self::Failed | Self::Nothing | Self::Meant | Self::Halt { .. } => None,
        }
    }

    /// Whether they may be requested, again or for the first time, when this much is voiced.
    pub(super) fn is_wanted(self, voiced: Duration) -> bool {
        match self {
            Self::Unasked | Self::Nothing => true,
            Self::Halt { voiced: before } => voiced > before + MORE,
            Self::Awaited { .. } | Self::Failed | Self::Meant => false,
        }
    }

    /// Whether it is still open what they are.
    pub(super) const fn is_open(self) -> bool {
        match self {
            Self::Unasked | Self::Awaited { .. } => true,
            Self::Failed | Self::Nothing | Self::Meant | Self::Halt { .. } => false,
        }
    }

    /// Whether everything that was said, of which this much is voiced, is a request for silence.
    pub(super) fn halts(self, all: Option<Duration>) -> bool {
        match self {
            Self::Halt { voiced } => all.is_none_or(|all| all <= voiced + MORE),
            Self::Unasked | Self::Awaited { .. } | Self::Failed | Self::Nothing | Self::Meant => {
                false
            }
        }
    }
}
