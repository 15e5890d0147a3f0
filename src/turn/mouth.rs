use super::asked::Asked;
use super::attempt::{Attempt, Purpose, Work};
use super::{MouthStatus, Patience, Wait};
use crate::base::{Epoch, Moment};

/// What aloud does with the speaker.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Mouth {
    /// Nothing is said or about to be.
    #[default]
    Silent,
    /// An attempt is made and nothing of it has sounded.
    Awaiting(Box<Attempt>),
    /// It was cued and sounds as it is made.
    Replying {
        attempt: Box<Attempt>,
        /// Since when someone speaks over it: it sounds quietly until that is decided.
        doubt: Option<Moment>,
    },
    /// It was cut, and the exact count of what was heard is awaited.
    Hushing { attempt: Box<Attempt>, until: Moment },
}

impl Mouth {
    /// The attempt that is live in any way.
    pub(super) const fn attempt(&self) -> Option<&Attempt> {
        match self {
            Self::Silent => None,
            Self::Awaiting(attempt)
            | Self::Replying { attempt, .. }
            | Self::Hushing { attempt, .. } => Some(attempt),
        }
    }

    /// The attempt of `epoch` if it is still being made; a hushed one is not.
    pub(super) fn at_work(&mut self, epoch: Epoch) -> Option<&mut Attempt> {
        match self {
            Self::Silent | Self::Hushing { .. } => None,
            Self::Awaiting(attempt) | Self::Replying { attempt, .. } => {
                (attempt.epoch == epoch).then_some(&mut **attempt)
            }
        }
    }

    /// What the live attempt answers.
    pub(super) fn asked_mut(&mut self) -> Option<&mut Asked> {
        match self {
            Self::Silent => None,
            Self::Awaiting(attempt)
            | Self::Replying { attempt, .. }
            | Self::Hushing { attempt, .. } => match &mut attempt.purpose {
                Purpose::Reply(asked) => Some(asked),
                Purpose::Announcement(_) => None,
            },
        }
    }

    /// Whether a reply sounds.
    pub(super) const fn is_replying(&self) -> bool {
        match self {
            Self::Silent | Self::Awaiting(_) | Self::Hushing { .. } => false,
            Self::Replying { .. } => true,
        }
    }

    /// When the wait for the responder, a tool, the speaker or the count is over, and which it is.
    pub(super) fn waits_for(&self, patience: &Patience) -> Option<(Moment, Wait)> {
        let (attempt, sounds) = match self {
            Self::Silent => return None,
            Self::Hushing { until, .. } => return Some((*until, Wait::Settle)),
            Self::Awaiting(attempt) => (attempt, false),
            Self::Replying { attempt, .. } => (attempt, true),
        };
        let waits = [
            (work_deadline(attempt, patience), Wait::Reply),
            (attempt.tool_deadline(), Wait::Tool),
            (stall_deadline(attempt, patience).filter(|_| sounds), Wait::Playback),
        ];
        waits.into_iter().filter_map(|(until, wait)| until.map(|until| (until, wait))).min()
    }

    pub(super) const fn status(&self) -> MouthStatus {
        match self {
            Self::Silent => MouthStatus::Silent,
            Self::Awaiting(_) => MouthStatus::Thinking,
            Self::Replying { .. } => MouthStatus::Speaking,
            Self::Hushing { .. } => MouthStatus::Hushing,
        }
    }
}

/// When the responder has kept the user waiting for too long: silence is what counts, so the wait
/// begins when all that is queued has sounded.
pub(super) fn work_deadline(attempt: &Attempt, patience: &Patience) -> Option<Moment> {
    match attempt.work {
        Work::Busy { since } if attempt.script.drained() => {
            Some(since.max(attempt.script.moved) + patience.reply)
        }
        Work::Busy { .. } | Work::RoundDone | Work::Failed(_) => None,
    }
}

/// When the speaker has not moved for too long although there is sound.
pub(super) fn stall_deadline(attempt: &Attempt, patience: &Patience) -> Option<Moment> {
    (!attempt.script.drained()).then(|| attempt.script.moved + patience.playback)
}
