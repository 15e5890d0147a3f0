use std::future::pending;

use futures::StreamExt;

use super::event::Event;
use crate::base::{Flow, Job, Moment, Utterance, UtteranceId};
use crate::engine::ending::{EndOfTurn, Ending, Evidence, Pauses, Why};
use crate::engine::{EngineError, Transcriber, Transcript, heard};
use crate::listen;
use crate::turn::{Input, Revision};

/// How the end of a turn is judged by meaning.
pub struct TurnEnds {
    /// The judge.
    pub judge: EndOfTurn,
    /// The configured pause, in milliseconds, which ends a turn if nothing else is known.
    pub pause_ms: u32,
    /// Whether the partner itself transcribes what was said before the pause is over.
    pub prompt: bool,
    /// Recognizes the words at a pause, if the partner is not prompt.
    pub ear: Option<std::sync::Arc<dyn Transcriber>>,
}

/// How much longer than the configured pause a turn may wait for what is still being judged, in
/// milliseconds. Judging takes some 60 ms for the words and 55 for the sound.
const MORE_MS: u32 = 500;

/// Decides how long a pause ends the turn, while it lasts.
pub(super) struct TurnEnd {
    how: Option<TurnEnds>,
    pauses: Pauses,
    held: bool,
    paused: Option<Paused>,
}

/// Somebody who has paused.
struct Paused {
    utterance: UtteranceId,
    revision: Option<Revision>,
    /// When they fell silent.
    since: Moment,
    evidence: Evidence,
    /// The pause last ordered, in milliseconds.
    pause_ms: u32,
    sound: Option<Job<Result<f32, EngineError>>>,
    words: Option<Flow<Result<Transcript, EngineError>>>,
    /// The partner's transcript, if it needs more words: nothing is prepared for half a sentence.
    kept: Option<Input>,
}

/// A piece of evidence has come.
pub(super) enum Judged {
    Sound(Result<f32, EngineError>),
    Words(Option<String>),
}

impl TurnEnd {
    pub(super) fn new(how: Option<TurnEnds>) -> Self {
        Self { how, pauses: Pauses::default(), held: false, paused: None }
    }

    /// An utterance has begun.
    pub(super) fn begin(&mut self, held: bool) {
        self.held = held;
        self.paused = None;
    }

    /// It is speech, and will be judged: the model is loaded. Noise does not load it.
    pub(super) fn confirm(&self) {
        if let Some(how) = self.how.as_ref().filter(|_| !self.held) {
            // The order is given; nobody needs to wait for it.
            drop(how.judge.warm());
        }
    }

    /// The user has fallen silent at `since`: judging begins. The pause to wait for meanwhile.
    pub(super) fn pause(&mut self, utterance: &Utterance, since: Moment) -> Option<listen::Order> {
        let how = self.how.as_ref().filter(|_| !self.held)?;
        let sound = how.judge.sound(utterance);
        let words = how.ear.as_ref().map(|ear| ear.transcribe(utterance.clone()));
        let evidence = Evidence { usual_ms: self.pauses.usual_ms(), ..Evidence::default() };
        let more = if sound.is_some() || words.is_some() || how.prompt { MORE_MS } else { 0 };
        let pause_ms = how.pause_ms + more;
        let id = utterance.id;
        self.paused = Some(Paused {
            utterance: id,
            revision: None,
            since,
            evidence,
            pause_ms,
            sound,
            words,
            kept: None,
        });
        Some(listen::Order::Pause { id, ms: pause_ms })
    }

    /// The partner transcribes `revision`.
    pub(super) fn commit(&mut self, revision: Revision) {
        if let Some(paused) = self.paused.as_mut().filter(|it| it.utterance == revision.utterance) {
            paused.revision = Some(revision);
        }
    }

    /// The user went on.
    pub(super) fn resume(&mut self, now: Moment) {
        if let Some(paused) = self.paused.take() {
            let ms = now.since(paused.since).as_millis();
            self.pauses.note(u32::try_from(ms).unwrap_or(u32::MAX));
        }
    }

    /// Keeps a transcript of the partner's back until the turn is over, if it needs more words. Most
    /// likely they follow, and an answer to half a sentence would be made, and paid for, in vain.
    pub(super) fn keep(&mut self, revision: Revision, input: Input) -> Option<Input> {
        let open = |paused: &&mut Paused| {
            paused.revision == Some(revision) && paused.evidence.words == Some(Ending::Open)
        };
        match self.paused.as_mut().filter(open) {
            Some(paused) => {
                paused.kept = Some(input);
                None
            }
            None => Some(input),
        }
    }

    /// The transcript that was kept back, for the turn that is over.
    pub(super) fn kept(&mut self) -> Option<Input> {
        self.paused.as_mut()?.kept.take()
    }

    /// The turn was ended `by` that. The event that reports it, if its end was judged.
    pub(super) fn end(&mut self, by: listen::End) -> Option<Event> {
        let how = self.how.as_ref()?;
        let paused = self.paused.take().filter(|_| by == listen::End::Pause)?;
        let (pause_ms, why) = paused.evidence.pause_ms(how.pause_ms);
        Some(Event::EndOfTurn { why, pause_ms, likelihood: paused.evidence.sound })
    }

    /// The partner's transcript of `revision`. The pause to wait for from now on, if it is another.
    pub(super) fn words(&mut self, revision: Revision, text: &str) -> Option<listen::Order> {
        self.paused.as_ref().filter(|paused| paused.revision == Some(revision))?;
        self.judge(Judged::Words(Some(text.to_owned())))
    }

    /// The next piece of evidence; pending while none is expected. Cancel-safe.
    pub(super) async fn next(&mut self) -> Judged {
        let Some(Paused { sound, words, .. }) = &mut self.paused else { return pending().await };
        tokio::select! {
            result = likelihood(sound) => Judged::Sound(result),
            text = text(words) => Judged::Words(text),
        }
    }

    /// Weighs a piece of evidence. The pause to wait for from now on, if it is another.
    pub(super) fn judge(&mut self, judged: Judged) -> Option<listen::Order> {
        let how = self.how.as_ref()?;
        let paused = self.paused.as_mut()?;
        match judged {
            Judged::Sound(Ok(likelihood)) => paused.evidence.sound = Some(likelihood),
            Judged::Sound(Err(error)) => tracing::warn!("the end of a turn: {error}"),
            Judged::Words(Some(text)) => {
                paused.words = None;
                paused.evidence.words = Some(how.judge.words(&text));
            }
            Judged::Words(None) => {}
        }
        let (mut ms, why) = paused.evidence.pause_ms(how.pause_ms);
        let waits = paused.sound.is_some()
            || paused.words.is_some()
            || (how.prompt && paused.evidence.words.is_none());
        if waits && why != Why::Whole {
            ms = ms.max(how.pause_ms + MORE_MS);
        }
        tracing::debug!(evidence = ?paused.evidence, ms, ?why, "a pause");
        let other = std::mem::replace(&mut paused.pause_ms, ms) != ms;
        other.then_some(listen::Order::Pause { id: paused.utterance, ms })
    }
}

/// The answer of the sound's judge; pending without one.
async fn likelihood(sound: &mut Option<Job<Result<f32, EngineError>>>) -> Result<f32, EngineError> {
    let Some(job) = sound else { return pending().await };
    let result = job.await;
    *sound = None;
    result
}

/// The words at the pause, `None` if they cannot be had; pending if nobody recognizes them.
async fn text(words: &mut Option<Flow<Result<Transcript, EngineError>>>) -> Option<String> {
    let Some(flow) = words else { return pending().await };
    let text = loop {
        match flow.next().await {
            Some(Ok(transcript)) if !transcript.last => {}
            Some(Ok(transcript)) => break Some(heard(&transcript.text)),
            Some(Err(error)) => {
                tracing::debug!("the words at a pause: {error}");
                break None;
            }
            None => break None,
        }
    };
    *words = None;
    text
}
