//! The line of a session that only writes: what cannot be written down is said, so that another ear
//! hears it.

use super::act::Act;
use super::line::Line;
use crate::base::{Moment, UtteranceId};
use crate::engine::{EngineError, Said};

impl Line {
    /// Whether words are all that is wanted, and have not come.
    pub(super) fn waits_for_words(&self) -> bool {
        self.settings.writes() && self.asked.open().next().is_some()
    }

    /// When the first wait for words is over.
    pub(super) fn words_due(&self) -> Option<Moment> {
        self.asked.due().filter(|_| self.settings.writes())
    }

    /// Ends the waits for words that are over.
    pub(super) fn time_words(&mut self, now: Moment, out: &mut Vec<Act>) {
        if !self.settings.writes() {
            return;
        }
        for question in self.asked.overdue(now) {
            let why = self.why.clone().unwrap_or_else(|| {
                let provider = &self.settings.provider;
                EngineError::Broken(format!(
                    "provider {provider} did not transcribe that in time; say it again"
                ))
            });
            self.unwritten(question.utterance.id, question.take, why, out);
        }
    }

    /// No words will come of this.
    pub(super) fn unwritten(
        &mut self,
        utterance: UtteranceId,
        take: u32,
        why: EngineError,
        out: &mut Vec<Act>,
    ) {
        self.asked.forget(utterance, take);
        let said = Said::Transcript { utterance, take, result: Err(why), last: true };
        out.push(Act::Say(said));
    }

    /// No session can be had: nothing of what waits for its words will get them.
    pub(super) fn give_up_while_down(&mut self, out: &mut Vec<Act>) {
        let Some((why, _)) = self.down.clone().filter(|_| self.settings.writes()) else { return };
        for question in self.asked.take() {
            self.unwritten(question.utterance.id, question.take, why.clone(), out);
        }
    }
}
