use std::time::Duration;

use super::doubt::Look;
use super::{EarStatus, Wait};
use crate::base::{Moment, UtteranceId};

/// What aloud does with the microphone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Ear {
    /// Nothing is heard, or only the wake word.
    Shut,
    /// Waits for speech; until a moment after which the wake word is needed again.
    Open {
        /// `None` in the mode that is always open.
        until: Option<Moment>,
    },
    /// Someone speaks.
    Hearing(Voice),
    /// Someone has stopped and may go on, or let the key go and the end is not reported yet.
    Trailing(Voice),
}

/// An utterance under way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Voice {
    /// `None` while a held ear waits for the listen thread to say which one it is.
    pub(super) id: Option<UtteranceId>,
    /// When it began.
    pub(super) began: Moment,
    /// How often it went on after a pause.
    pub(super) take: u32,
    /// Whether it holds speech for certain.
    pub(super) sure: bool,
    /// Whether it began over a reply and may be a mere sign of listening.
    pub(super) aside: bool,
    /// How much of it is voice beyond doubt; `None` where nobody measures.
    pub(super) voiced: Option<Duration>,
    /// What its first words are, where it speaks over a reply.
    pub(super) look: Look,
    /// What the talk key has to do with it.
    pub(super) key: Key,
    /// When it is given up.
    pub(super) until: Moment,
}

/// The talk key during an utterance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// Voice activity began the utterance and ends it.
    Free,
    /// It is down.
    Held,
    /// It was let go; the end of the utterance is awaited.
    Released,
}

impl Voice {
    /// An utterance that begins at `now` and is given up at `until`. What a key holds is speech for
    /// certain.
    pub(super) fn new(id: Option<UtteranceId>, now: Moment, key: Key, until: Moment) -> Self {
        let (sure, aside, voiced, look) = (key == Key::Held, false, None, Look::Unasked);
        Self { id, began: now, take: 0, sure, aside, voiced, look, key, until }
    }
}

impl Ear {
    /// The utterance under way.
    pub(super) const fn voice(&self) -> Option<&Voice> {
        match self {
            Self::Shut | Self::Open { .. } => None,
            Self::Hearing(voice) | Self::Trailing(voice) => Some(voice),
        }
    }

    /// The same, to change it.
    pub(super) const fn voice_mut(&mut self) -> Option<&mut Voice> {
        match self {
            Self::Shut | Self::Open { .. } => None,
            Self::Hearing(voice) | Self::Trailing(voice) => Some(voice),
        }
    }

    /// Whether the talk key is down.
    pub(super) fn held(&self) -> bool {
        self.voice().is_some_and(|voice| voice.key == Key::Held)
    }

    /// Whether nobody speaks or may go on. A knock that is no speech yet is nobody.
    pub(super) fn quiet(&self) -> bool {
        self.voice().is_none_or(|voice| !voice.sure && voice.key == Key::Free)
    }

    pub(super) const fn deadline(&self) -> Option<Moment> {
        match self {
            Self::Shut => None,
            Self::Open { until } => *until,
            Self::Hearing(voice) | Self::Trailing(voice) => Some(voice.until),
        }
    }

    /// When the ear's wait is over, and what it is for.
    pub(super) fn waits_for(&self) -> Option<(Moment, Wait)> {
        let wait = match self {
            Self::Shut | Self::Open { .. } => Wait::FollowUp,
            Self::Hearing(_) => Wait::Utterance,
            Self::Trailing(_) => Wait::UtteranceEnd,
        };
        self.deadline().map(|until| (until, wait))
    }

    pub(super) const fn status(&self) -> EarStatus {
        match self {
            Self::Shut => EarStatus::Shut,
            Self::Open { .. } => EarStatus::Open,
            Self::Hearing(_) => EarStatus::Hearing,
            Self::Trailing(_) => EarStatus::Trailing,
        }
    }
}
