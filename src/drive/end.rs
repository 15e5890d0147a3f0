//! When a driver ends.

use std::time::Duration;

use super::timer::Timer;
use crate::base::Moment;

/// How long shutdown may take: cutting the speaker, then the end.
const FAREWELL: Duration = Duration::from_millis(400);

/// How long to wait for the transcript of the last question once it has been answered.
const WRITING: Duration = Duration::from_secs(3);

/// When the loop ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum End {
    /// On request only.
    Never,
    /// Once nothing is going on.
    Idle,
    /// Once the question is answered and transcribed; the transcript is waited for until `words`.
    Answered { words: Option<Moment> },
    /// Once silent, at the latest at `until`.
    Told { until: Moment },
}

/// What is going on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    /// Nothing sounds.
    pub(super) silent: bool,
    /// No turn is in progress.
    pub(super) quiet: bool,
    /// Something rings.
    pub(super) rings: bool,
    /// A question has no transcript yet.
    pub(super) untranscribed: bool,
}

impl End {
    /// The end of a driver that was told to end at `now`.
    pub(super) fn told(now: Moment) -> Self {
        Self::Told { until: now + FAREWELL }
    }

    /// Whether the end is reached at `now`. A partner that hears may answer before it has
    /// transcribed the question, and some never transcribe it.
    pub(super) fn reached(&mut self, now: Moment, standing: Standing) -> bool {
        let Standing { silent, quiet, rings, untranscribed } = standing;
        match self {
            Self::Never => false,
            Self::Idle => silent && quiet && !rings,
            Self::Told { until } => silent || now >= *until,
            Self::Answered { words } => {
                silent && quiet && !(untranscribed && now < *words.get_or_insert(now + WRITING))
            }
        }
    }

    /// The wait that the end depends on.
    pub(super) fn wake(self) -> Option<(Moment, Timer)> {
        match self {
            Self::Never | Self::Idle | Self::Answered { words: None } => None,
            Self::Answered { words: Some(until) } => Some((until, Timer::Words)),
            Self::Told { until } => Some((until, Timer::Farewell)),
        }
    }
}
