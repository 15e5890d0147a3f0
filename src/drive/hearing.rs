use std::collections::VecDeque;
use std::sync::Arc;

use futures::StreamExt;

use super::parts::Ear;
use crate::base::{Flow, Utterance, UtteranceId};
use crate::engine::{EngineError, Transcriber, Transcript, heard};
use crate::listen;
use crate::turn::{ListenMode, Revision};

/// Utterances whose sound is kept: the current one, the one being answered, and a few that arrived
/// meanwhile. The oldest is dropped first.
const UTTERANCES: usize = 4;

/// The longest end of an utterance that is recognized early, in samples: 4 s.
const LOOK: usize = 4 * 16_000;

/// The listen thread and what it heard: the sound of the last utterances, and the transcripts still
/// to come.
pub(super) struct Hearing {
    ear: Option<Ear>,
    utterances: VecDeque<Utterance>,
    /// Cuts whose transcript is still to come, oldest first. A partner that hears may answer before
    /// transcribing, or never transcribe; when full, the oldest is given up.
    unwritten: VecDeque<Revision>,
    /// Recognizes the first words of an utterance in progress.
    early: Option<Arc<dyn Transcriber>>,
    /// The early recognition in progress.
    look: Option<Look>,
}

/// The first words of an utterance in progress.
pub(super) struct Look {
    utterance: UtteranceId,
    words: Flow<Result<Transcript, EngineError>>,
}

/// The result of an early recognition; no words if there were none.
pub(super) struct Looked {
    pub(super) utterance: UtteranceId,
    pub(super) text: Option<String>,
    pub(super) certainty: Option<f32>,
}

impl Hearing {
    pub(super) fn new(ear: Option<Ear>, early: Option<Arc<dyn Transcriber>>) -> Self {
        let (utterances, unwritten) = (VecDeque::new(), VecDeque::new());
        Self { ear, utterances, unwritten, early, look: None }
    }

    /// Opens the ear.
    pub(super) fn open(&self, mode: ListenMode) {
        self.order(match mode {
            ListenMode::Held => listen::Order::Hold,
            ListenMode::Open | ListenMode::FollowUp => listen::Order::Open,
            ListenMode::Woken => listen::Order::Woken,
        });
    }

    /// Begins to recognize the words of `utterance` so far. Replaces an earlier one in progress.
    pub(super) fn look(&mut self, utterance: UtteranceId) {
        let words = self.early.as_ref().zip(self.sound(utterance)).map(|(early, sound)| {
            // The earlier part of a long utterance was recognized before.
            let from = sound.pcm.len().saturating_sub(LOOK);
            let span = sound.span.start + from as u64..sound.span.end;
            early.transcribe(Utterance { id: utterance, span, pcm: sound.pcm[from..].into() })
        });
        let words = words.unwrap_or_else(|| Box::pin(futures::stream::empty()));
        self.look = Some(Look { utterance, words });
    }

    /// The result of the early recognition; pending while there is none. Cancel-safe.
    pub(super) async fn looked(look: &mut Option<Look>) -> Looked {
        let Some(Look { utterance, words }) = look else { return std::future::pending().await };
        let utterance = *utterance;
        loop {
            let (text, certainty) = match words.next().await {
                Some(Ok(transcript)) if !transcript.last => continue,
                Some(Ok(transcript)) => (Some(heard(&transcript.text)), transcript.certainty),
                Some(Err(error)) => {
                    tracing::debug!("the first words of an utterance: {error}");
                    (None, None)
                }
                None => (None, None),
            };
            *look = None;
            return Looked { utterance, text, certainty };
        }
    }

    /// The listen thread and the early recognition, to be awaited separately.
    pub(super) fn parts(&mut self) -> (&mut Option<Ear>, &mut Option<Look>) {
        (&mut self.ear, &mut self.look)
    }

    /// Whether there is a microphone to listen to.
    pub(super) const fn is_there(&self) -> bool {
        self.ear.is_some()
    }

    /// The listen thread has ended.
    pub(super) fn end(&mut self) {
        self.ear = None;
    }

    /// The next event of the listen thread; `None` once it has ended. Cancel-safe.
    pub(super) async fn next(ear: &mut Option<Ear>) -> Option<listen::Event> {
        match ear {
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

    /// The same for an order that there may be.
    pub(super) fn order_some(&self, order: Option<listen::Order>) {
        if let Some(order) = order {
            self.order(order);
        }
    }

    /// Keeps the sound of an utterance so far.
    pub(super) fn keep(&mut self, utterance: Utterance) {
        self.utterances.retain(|other| other.id != utterance.id);
        if self.utterances.len() == UTTERANCES {
            self.utterances.pop_front();
        }
        self.utterances.push_back(utterance);
    }

    /// The sound of `id` so far.
    fn sound(&self, id: UtteranceId) -> Option<&Utterance> {
        self.utterances.iter().find(|utterance| utterance.id == id)
    }

    /// The sound of `revision`; its transcript is expected from now on.
    pub(super) fn commit(&mut self, revision: Revision) -> Option<Utterance> {
        let utterance = self.sound(revision.utterance).cloned()?;
        if self.unwritten.len() == UTTERANCES {
            self.unwritten.pop_front();
        }
        self.unwritten.push_back(revision);
        Some(utterance)
    }

    /// The transcript of `revision` has come, or is no longer wanted.
    pub(super) fn forget(&mut self, revision: Revision) {
        self.unwritten.retain(|other| *other != revision);
    }

    /// Whether transcripts are still to come.
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
        let mut hearing = Hearing::new(None, None);
        for id in 1..=9 {
            hearing.keep(utterance(id));
        }
        let revision = |id| Revision { utterance: UtteranceId(id), number: 0 };
        assert!(hearing.commit(revision(5)).is_none());
        assert!(hearing.commit(revision(6)).is_some());
        assert!(hearing.awaits_words());
        hearing.forget(revision(6));
        assert!(!hearing.awaits_words());
    }

    #[test]
    fn words_that_never_come_are_given_up_for_new_ones() {
        let mut hearing = Hearing::new(None, None);
        hearing.keep(utterance(1));
        for number in 0..100 {
            hearing.commit(Revision { utterance: UtteranceId(1), number });
        }
        assert_eq!(hearing.unwritten.len(), UTTERANCES);
    }
}
