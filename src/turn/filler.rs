use std::time::Duration;

use super::attempt::{Attempt, PendingCall, PendingState, Work};
use super::doubt::Doubt;
use super::mouth::Mouth;
use super::policy::{Filler, Patience};
use super::{Command, Report};
use crate::base::Moment;

/// When a word about the wait for a tool is due. `None` while somebody speaks or may go on, or
/// nobody could hear it.
pub(super) fn due(mouth: &Mouth, rules: &Filler, audible: bool) -> Option<Moment> {
    let attempt = match mouth {
        Mouth::Awaiting(attempt) | Mouth::Replying { attempt, doubt: Doubt::None } => attempt,
        Mouth::Silent | Mouth::Hushing { .. } | Mouth::Replying { .. } => return None,
    };
    attempt.filler_due(rules).filter(|_| audible && !attempt.tentative())
}

/// What is said while a tool keeps the user waiting: one short word, and after a long while how far
/// it is. It belongs to the reply, so that the user can talk over it, and the history knows what
/// was heard of it.
impl Attempt {
    /// When the next such word is due, if nothing changes before. `None` unless a tool is all that
    /// is waited for, in silence.
    fn filler_due(&self, rules: &Filler) -> Option<Moment> {
        if !rules.on || self.read || self.work != Work::RoundDone || !self.script.drained() {
            return None;
        }
        let since = self.waits_since()?;
        // Whoever has said something himself has said that it takes a moment.
        let said = self.fillers.max(u32::from(!self.script.is_empty()));
        Some(since + rules.after(said))
    }

    /// Has the next word said, after `waited` of the tool's work.
    pub(super) fn fill(&mut self, now: Moment, out: &mut Vec<Command>) {
        let count = self.fillers.max(u32::from(!self.script.is_empty()));
        let waited = self.waits_since().map_or(Duration::ZERO, |since| now.since(since));
        self.fillers = count + 1;
        self.work = Work::Filling { since: now };
        self.script.part();
        out.push(Command::Fill { epoch: self.epoch, count, waited });
    }

    /// Takes a report on such a word, which is no part of the responder's answer, nor is its
    /// failure one of the answer.
    pub(super) fn report_filler(&mut self, now: Moment, report: Report) {
        let says = matches!(self.work, Work::Filling { .. });
        match report {
            Report::Queued { samples, text } if self.fillers > 0 => {
                self.script.push_filler(now, samples, text, self.round());
                if says {
                    self.work = Work::Filling { since: now };
                }
            }
            Report::Done | Report::Failed(_) if says => self.work = Work::RoundDone,
            Report::Queued { .. } | Report::Call(_) | Report::Done | Report::Failed(_) => {}
        }
    }

    /// When a word that does not come is given up.
    pub(super) fn filler_deadline(&self, patience: &Patience) -> Option<Moment> {
        match self.work {
            Work::Filling { since } if self.script.drained() => {
                Some(since.max(self.script.moved) + patience.filler)
            }
            Work::Filling { .. } | Work::Busy { .. } | Work::RoundDone | Work::Failed(_) => None,
        }
    }

    /// Gives up a word that does not come.
    pub(super) fn time_filler(&mut self, now: Moment, patience: &Patience) {
        if self.filler_deadline(patience).is_some_and(|until| until <= now) {
            self.work = Work::RoundDone;
        }
    }

    /// Since when a tool runs that may be heard of.
    fn waits_since(&self) -> Option<Moment> {
        let since = |pending: &PendingCall| match pending.state {
            PendingState::Running { since, .. } if !pending.quiet => Some(since),
            PendingState::Running { .. } | PendingState::Held | PendingState::Done { .. } => None,
        };
        self.pending().filter_map(since).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_comes_soon_and_the_others_rarely() {
        let rules = Filler::default();
        let after = [0, 1, 2, 3].map(|said| rules.after(said).as_millis());
        assert_eq!(after, [1_500, 15_000, 45_000, 105_000]);
        assert!(rules.after(u32::MAX) > Duration::from_secs(3_600));
    }
}
