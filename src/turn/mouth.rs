use super::asked::Asked;
use super::attempt::{Attempt, Purpose, Work};
use super::doubt::{Doubt, Look};
use super::ear::{ActiveUtterance, Key};
use super::own::OwnVoice;
use super::{Command, MouthStatus, Patience, Settings, Wait};
use crate::base::{Epoch, Moment, SPEAKER_RATE};

/// Samples about to sound whose words may already sound: words of a remote voice are placed by a
/// speaking rate slower than any.
const AHEAD: u64 = 2 * SPEAKER_RATE.0 as u64;

/// What aloud does with the speaker.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Mouth {
    /// Nothing is being said or about to be.
    #[default]
    Silent,
    /// An attempt is in progress and nothing of it has sounded.
    Awaiting(Box<Attempt>),
    /// It was cued and sounds as it is produced.
    Replying {
        attempt: Box<Attempt>,
        /// What somebody speaking over it has done to it.
        doubt: Doubt,
    },
    /// It was cut; the exact count of what was heard is awaited.
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

    /// The attempt of `epoch` if it is still being produced; a hushed one is not.
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

    /// The words about to sound.
    pub(super) fn ahead(&self) -> String {
        match self {
            Self::Silent | Self::Awaiting(_) | Self::Hushing { .. } => String::new(),
            Self::Replying { attempt, .. } => attempt.script.ahead(AHEAD),
        }
    }

    /// What a voice over the reply has done to it.
    pub(super) const fn doubt(&self) -> Doubt {
        match self {
            Self::Silent | Self::Awaiting(_) | Self::Hushing { .. } => Doubt::None,
            Self::Replying { doubt, .. } => *doubt,
        }
    }

    /// Ducks a reply because somebody may be speaking over it, or turns it up again.
    pub(super) fn suspect(
        &mut self,
        now: Moment,
        on: bool,
        own: &mut OwnVoice,
        out: &mut Vec<Command>,
    ) {
        self.go_on(now, own, out);
        if let Self::Replying { doubt, .. } = self {
            *doubt = if on { Doubt::Suspected { since: now } } else { Doubt::None };
            out.push(Command::Duck(on));
        }
    }

    /// Weighs what is known about the voice over a reply: pauses the reply, and requests the first
    /// words. A voice that may well be its own is judged by its words alone. `silent` says that it
    /// pauses: there is nothing more to wait for.
    pub(super) fn hear_over(
        &mut self,
        now: Moment,
        active: &mut ActiveUtterance,
        settings: &Settings,
        wary: bool,
        silent: bool,
        out: &mut Vec<Command>,
    ) {
        let rules = &settings.interruption;
        let (Key::Free, Some(voiced)) = (active.key, active.voiced) else { return };
        let over = self.is_replying();
        if let Self::Replying { attempt, doubt } = self
            && let Doubt::Suspected { since } = *doubt
            && !wary
            && voiced >= rules.hold
            && active.look == Look::Unasked
        {
            *doubt = Doubt::Held { since, until: now + rules.stand };
            out.push(Command::Pause { epoch: attempt.epoch });
        }
        // A request for silence may turn out to be the beginning of another one after the cut.
        let open = over || matches!(active.look, Look::Halt { .. });
        if let Some(utterance) = active.id
            && rules.looks
            && open
            && voiced >= if silent { rules.hold } else { rules.look }
            && active.look.is_wanted(voiced)
        {
            active.look = Look::Awaited { until: now + settings.patience.look };
            out.push(Command::Look { utterance });
        }
    }

    /// Resumes a paused reply from the beginning of its word.
    pub(super) fn go_on(&mut self, now: Moment, own: &mut OwnVoice, out: &mut Vec<Command>) {
        let Self::Replying { attempt, doubt } = self else { return };
        if !doubt.is_held() {
            return;
        }
        *doubt = Doubt::Suspected { since: now };
        let (from, heard) = (attempt.script.boundary(), attempt.script.heard());
        out.push(Command::Resume { epoch: attempt.epoch, from });
        attempt.script.moved = now;
        for (_, word) in attempt.script.words(from, heard) {
            own.say(now, word);
        }
    }

    /// When the wait for the responder, a tool, the speaker or the count ends, and which it is.
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
            (attempt.filler_deadline(patience), Wait::Filler),
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

/// When the responder has kept the user waiting for too long. The user notices only silence, so the
/// wait begins when everything queued has sounded.
pub(super) fn work_deadline(attempt: &Attempt, patience: &Patience) -> Option<Moment> {
    match attempt.work {
        Work::Busy { since } if attempt.script.drained() => {
            Some(since.max(attempt.script.moved) + patience.reply)
        }
        Work::Busy { .. } | Work::Filling { .. } | Work::RoundDone | Work::Failed(_) => None,
    }
}

/// When the speaker has not moved for too long although it has sound to play.
pub(super) fn stall_deadline(attempt: &Attempt, patience: &Patience) -> Option<Moment> {
    (!attempt.script.drained()).then(|| attempt.script.moved + patience.playback)
}
