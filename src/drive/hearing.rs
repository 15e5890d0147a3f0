use std::collections::VecDeque;

use super::parts::Ear;
use crate::base::{Utterance, UtteranceId};
use crate::listen;
use crate::turn::Cut;

/// Utterances whose sound is kept: the one under way, the one being answered, and room for those
/// that came meanwhile. The oldest makes room.
const UTTERANCES: usize = 4;

/// The listen thread, and what was heard of it: the sound of the last utterances, and whose words
/// are to come.
pub(super) struct Hearing {
    ear: Option<Ear>,
    utterances: VecDeque<Utterance>,
    /// Cuts whose transcript is to come, oldest first. A partner that hears may have answered
    /// before, and not every one writes down what it hears: the oldest is given up for a new one.
    unwritten: VecDeque<Cut>,
}

impl Hearing {
    pub(super) fn new(ear: Option<Ear>) -> Self {
        Self { ear, utterances: VecDeque::new(), unwritten: VecDeque::new() }
    }

    /// Whether there is a microphone to listen to.
    pub(super) const fn is_there(&self) -> bool {
        self.ear.is_some()
    }

    /// The listen thread has ended.
    pub(super) fn end(&mut self) {
        self.ear = None;
    }

    /// What the listen thread tells next; `None` when it has ended. Dropping the future loses
    /// nothing.
    pub(super) async fn next(&mut self) -> Option<listen::Event> {
        match &mut self.ear {
            Some(ear) => ear.events.recv().await,
            None => std::future::pending().await,
        }
    }

    pub(super) fn order(&self, order: listen::Order) {
        if let Some(ear) = &self.ear
            && let Err(order) = ear.handle.order(order)
        {
            // The thread is stuck or gone; its beats stop, and the watchdog acts on that.
            tracing::error!(?order, "the listen thread takes no orders");
        }
    }

    /// Keeps the sound of an utterance as far as it has come.
    pub(super) fn keep(&mut self, utterance: Utterance) {
        self.utterances.retain(|other| other.id != utterance.id);
        if self.utterances.len() == UTTERANCES {
            self.utterances.pop_front();
        }
        self.utterances.push_back(utterance);
    }

    /// The sound of `id` as far as it has come.
    fn sound(&self, id: UtteranceId) -> Option<&Utterance> {
        self.utterances.iter().find(|utterance| utterance.id == id)
    }

    /// The sound of `cut`, whose words are awaited from now on.
    pub(super) fn commit(&mut self, cut: Cut) -> Option<Utterance> {
        let utterance = self.sound(cut.utterance).cloned()?;
        if self.unwritten.len() == UTTERANCES {
            self.unwritten.pop_front();
        }
        self.unwritten.push_back(cut);
        Some(utterance)
    }

    /// The words of `cut` have come, or are not wanted any more.
    pub(super) fn forget(&mut self, cut: Cut) {
        self.unwritten.retain(|other| *other != cut);
    }

    /// Whether words are still to come.
    pub(super) fn awaits_words(&self) -> bool {
        !self.unwritten.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utterance(id: u32) -> Utterance {
        Utterance { id: UtteranceId(id), span: 0..160, pcm: [0.0; 160].into() }
    }

    #[test]
    fn the_sound_of_the_last_utterances_is_kept_and_no_more() {
        let mut hearing = Hearing::new(None);
        for id in 1..=9 {
            hearing.keep(utterance(id));
        }
        let cut = |id| Cut { utterance: UtteranceId(id), take: 0 };
        assert!(hearing.commit(cut(5)).is_none());
        assert!(hearing.commit(cut(6)).is_some());
        assert!(hearing.awaits_words());
        hearing.forget(cut(6));
        assert!(!hearing.awaits_words());
    }

    #[test]
    fn words_that_never_come_are_given_up_for_new_ones() {
        let mut hearing = Hearing::new(None);
        hearing.keep(utterance(1));
        for take in 0..100 {
            hearing.commit(Cut { utterance: UtteranceId(1), take });
        }
        assert_eq!(hearing.unwritten.len(), UTTERANCES);
    }
}
