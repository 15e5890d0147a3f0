//! The line of a session that only writes: what cannot be written down is said, so that another ear
//! hears it.

use std::time::Duration;

use super::line::{Act, Line};
use crate::base::{LISTEN_RATE, Moment, Utterance, UtteranceId};
use crate::engine::{EngineError, Said};

/// How long words may take, besides a tenth of what was said. The turn waits for 20 s in all, so
/// that another ear still has the time to listen.
const WRITING: Duration = Duration::from_secs(8);

/// Until when the words of `utterance` are waited for.
pub(super) fn until(now: Moment, utterance: &Utterance) -> Moment {
    let spoken = utterance.pcm.len() as f64 / f64::from(LISTEN_RATE.0);
    now + WRITING + Duration::from_secs_f64(spoken / 10.0)
}

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
                    "provider {provider} does not write in time; say it again"
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
