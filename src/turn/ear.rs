use std::time::Duration;

use super::doubt::Look;
use super::{EarStatus, Wait};
use crate::base::{Moment, UtteranceId};

/// What aloud does with the microphone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Ear {
    /// Hears nothing, or only the wake word.
    Shut,
    /// Waits for speech, until the wake word is needed again.
    Open {
        /// `None` in the mode that is always open.
        until: Option<Moment>,
    },
    /// Someone speaks.
    Hearing(ActiveUtterance),
    /// Someone stopped and may go on, or released the key and the end is not reported yet.
    Trailing(ActiveUtterance),
}

/// An utterance in progress.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ActiveUtterance {
    /// `None` while a held ear waits for the listen thread to name it.
    pub(super) id: Option<UtteranceId>,
    /// When it began.
    pub(super) began: Moment,
    /// How often it resumed after a pause.
    pub(super) revision: u32,
    /// Whether it is confirmed to be speech.
    pub(super) sure: bool,
    /// Whether it began over a reply and may be a mere backchannel.
    pub(super) aside: bool,
    /// How much of it is certainly voice; `None` if it is not measured.
    pub(super) voiced: Option<Duration>,
    /// Its first words, if it speaks over a reply.
    pub(super) look: Look,
    /// The talk key's part in it.
    pub(super) key: Key,
    /// Its deadline.
    pub(super) until: Moment,
}

/// The talk key during an utterance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// Voice activity began the utterance and ends it.
    Free,
    /// It is down.
    Held,
    /// Released; the end of the utterance is awaited.
    Released,
}

impl ActiveUtterance {
    /// An utterance that begins at `now` and is given up at `until`. What a key holds is certainly
    /// speech.
    pub(super) fn new(id: Option<UtteranceId>, now: Moment, key: Key, until: Moment) -> Self {
        let (sure, aside, voiced, look) = (key == Key::Held, false, None, Look::Unasked);
        Self { id, began: now, revision: 0, sure, aside, voiced, look, key, until }
    }
}

impl Ear {
    /// The utterance in progress.
    pub(super) const fn utterance(&self) -> Option<&ActiveUtterance> {
        match self {
            Self::Shut | Self::Open { .. } => None,
            Self::Hearing(active) | Self::Trailing(active) => Some(active),
        }
    }

    /// The utterance in progress, mutable.
    pub(super) const fn utterance_mut(&mut self) -> Option<&mut ActiveUtterance> {
        match self {
            Self::Shut | Self::Open { .. } => None,
            Self::Hearing(active) | Self::Trailing(active) => Some(active),
        }
    }

    /// Whether the talk key is down.
    pub(super) fn held(&self) -> bool {
        self.utterance().is_some_and(|active| active.key == Key::Held)
    }

    /// Whether nobody speaks or may go on. A knock that is not yet speech does not count.
    pub(super) fn quiet(&self) -> bool {
        self.utterance().is_none_or(|active| !active.sure && active.key == Key::Free)
    }

    pub(super) const fn deadline(&self) -> Option<Moment> {
        match self {
            Self::Shut => None,
            Self::Open { until } => *until,
            Self::Hearing(active) | Self::Trailing(active) => Some(active.until),
        }
    }

    /// When the ear's wait ends, and what it waits for.
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
