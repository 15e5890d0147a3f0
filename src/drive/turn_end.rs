use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;

use super::event::Event;
use super::in_vain::{InVain, Preparing};
use super::stopwatch::ago;
use super::timer::Timer;
use crate::base::{Flow, Job, LISTEN_RATE, Moment, Utterance};
use crate::engine::ending::{EndOfTurn, Ending, Evidence, Pauses, Why};
use crate::engine::{EngineError, Meter, Transcriber, Transcript, heard};
use crate::listen::{self, LULL_MS, TAIL_MS};
use crate::turn::{Input, Revision};

/// How the end of a turn is judged by meaning.
pub struct TurnEnds {
    /// The judge.
    pub judge: EndOfTurn,
    /// Whether it decides how long a pause ends a turn. If not, it only says whether a pause is
    /// likely to, so that a reply is prepared early.
    pub decides: bool,
    /// The configured pause, in milliseconds, which ends a turn if nothing else is known.
    pub pause_ms: u32,
    /// Recognizes the words at a pause, on this machine.
    pub ear: Option<Arc<dyn Transcriber>>,
}

/// How much longer than the configured pause a turn may wait for what is still being judged, in
/// milliseconds. Judging takes some 60 ms for the words and 55 for the sound.
const MORE_MS: u32 = 500;

/// The silence after which a reply is prepared even if the words do not look complete. The listen
/// thread reports a pause much earlier, so that they can be recognized until then.
const DOUBTED: Duration = Duration::from_millis(200);

/// Follows a pause: decides whether a reply is prepared while it lasts, and how long it may last.
pub(super) struct TurnEnd {
    how: Option<TurnEnds>,
    pauses: Pauses,
    held: bool,
    paused: Option<Paused>,
    /// The words so far, if a live ear writes them while the user speaks.
    written: String,
    preparing: Preparing,
}

/// Somebody who has paused.
struct Paused {
    utterance: Utterance,
    revision: Option<Revision>,
    /// When they fell silent.
    since: Moment,
    /// Whether the machine knows. It is not told of a stop within a word.
    told: bool,
    /// Whether the words look complete, so that a reply is worth preparing.
    likely: bool,
    evidence: Evidence,
    /// The pause last ordered, in milliseconds.
    pause_ms: Option<u32>,
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

/// A pause that the machine is to be told of.
pub(super) struct Told {
    pub(super) utterance: Utterance,
    /// When the user fell silent.
    pub(super) since: Moment,
    /// The pause to wait for meanwhile.
    pub(super) order: Option<listen::Order>,
}

impl TurnEnd {
    /// `meter` counts the use of providers.
    pub(super) fn new(how: Option<TurnEnds>, meter: Meter) -> Self {
        let (pauses, written) = (Pauses::default(), String::new());
        let preparing = Preparing::new(meter);
        Self { how, pauses, held: false, paused: None, written, preparing }
    }

    /// An utterance has begun.
    pub(super) fn begin(&mut self, held: bool) {
        self.held = held;
        self.paused = None;
        self.written.clear();
    }

    /// It is speech, and will be judged: the model is loaded. Noise does not load it.
    pub(super) fn confirm(&self) {
        if let Some(how) = self.judges() {
            // The order is given; nobody needs to wait for it.
            drop(how.judge.warm());
            drop(how.ear.as_ref().map(|ear| ear.warm()));
        }
    }

    /// A live ear has written this so far.
    pub(super) fn written(&mut self, text: &str) {
        text.clone_into(&mut self.written);
    }

    /// The user fell silent `age` samples ago, perhaps only between two sounds: the words are judged.
    pub(super) fn pause(&mut self, utterance: Utterance, now: Moment, age: u64) {
        let since = ago(now, age);
        let how = self.judges();
        let words =
            how.and_then(|how| how.ear.as_ref()).map(|ear| ear.transcribe(utterance.clone()));
        let written = &*self.written;
        let likely = !written.is_empty()
            && how.is_some_and(|how| EndOfTurn::is_likely(how.judge.words(written), written));
        if words.is_some() {
            self.preparing.start(now);
        }
        let evidence = Evidence { usual_ms: self.pauses.usual_ms(), ..Evidence::default() };
        self.paused = Some(Paused {
            utterance,
            revision: None,
            since,
            told: false,
            likely,
            evidence,
            pause_ms: None,
            sound: None,
            words,
            kept: None,
        });
    }

    /// When the machine is told of the pause, whatever is known by then.
    pub(super) fn wake(&self) -> Option<(Moment, Timer)> {
        let paused = self.paused.as_ref().filter(|paused| !paused.told)?;
        Some((paused.since + DOUBTED, Timer::Pause))
    }

    /// The pause, if it is time to tell the machine of it: the sound is judged from now on.
    pub(super) fn tell(&mut self, now: Moment) -> Option<Told> {
        let due =
            |paused: &&mut Paused| !paused.told && (paused.likely || now >= paused.since + DOUBTED);
        let how = self.how.as_ref().filter(|how| how.decides && !self.held);
        let paused = self.paused.as_mut().filter(due)?;
        paused.told = true;
        let order = how.map(|how| {
            paused.sound = how.judge.sound(&with_silence(&paused.utterance));
            let waits = paused.sound.is_some() || paused.words.is_some();
            let ms = how.pause_ms + if waits { MORE_MS } else { 0 };
            paused.pause_ms = Some(ms);
            listen::Order::Pause { id: paused.utterance.id, ms }
        });
        Some(Told { utterance: paused.utterance.clone(), since: paused.since, order })
    }

    /// The partner transcribes `revision`, and answers it.
    pub(super) fn commit(&mut self, revision: Revision, now: Moment) {
        let same = |paused: &&mut Paused| paused.utterance.id == revision.utterance;
        if let Some(paused) = self.paused.as_mut().filter(same) {
            paused.revision = Some(revision);
            self.preparing.start(now);
        }
    }

    /// The partner has nothing more to prepare for the moment.
    pub(super) fn prepared(&mut self, now: Moment) {
        self.preparing.rest(now);
    }

    /// What was prepared in vain so far.
    pub(super) fn in_vain(&mut self) -> InVain {
        self.preparing.sum()
    }

    /// The user went on. Whether the machine knows of the pause.
    pub(super) fn resume(&mut self, now: Moment) -> bool {
        let Some(paused) = self.paused.take() else { return false };
        self.preparing.lose(now);
        let length = now.since(paused.since);
        if self.judges().is_some() && length >= DOUBTED {
            self.pauses.note(u32::try_from(length.as_millis()).unwrap_or(u32::MAX));
        }
        paused.told
    }

    /// The utterance is dropped.
    pub(super) fn discard(&mut self, now: Moment) {
        self.paused = None;
        self.preparing.lose(now);
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
        self.preparing.keep();
        let paused = self.paused.take().filter(|_| by == listen::End::Pause)?;
        let how = self.judges().filter(|how| how.decides)?;
        let (pause_ms, why) = paused.evidence.pause_ms(how.pause_ms);
        Some(Event::EndOfTurn { why, pause_ms, likelihood: paused.evidence.sound })
    }

    /// The partner's transcript of `revision`. The pause to wait for from now on, if it is another.
    pub(super) fn words(
        &mut self,
        now: Moment,
        revision: Revision,
        text: &str,
    ) -> Option<listen::Order> {
        self.paused.as_ref().filter(|paused| paused.revision == Some(revision))?;
        self.judge(now, Judged::Words(Some(text.to_owned())))
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
    pub(super) fn judge(&mut self, now: Moment, judged: Judged) -> Option<listen::Order> {
        let how = self.how.as_ref().filter(|_| !self.held)?;
        let paused = self.paused.as_mut()?;
        if !paused.told {
            self.preparing.rest(now);
        }
        match judged {
            Judged::Sound(Ok(likelihood)) => paused.evidence.sound = Some(likelihood),
            Judged::Sound(Err(error)) => tracing::warn!("the end of a turn: {error}"),
            Judged::Words(Some(text)) => {
                paused.words = None;
                let ending = how.judge.words(&text);
                paused.evidence.words = Some(ending);
                paused.likely = EndOfTurn::is_likely(ending, &text);
            }
            Judged::Words(None) => {}
        }
        // Nothing was ordered as long as it may be a stop within a word.
        let before = paused.pause_ms?;
        let (mut ms, why) = paused.evidence.pause_ms(how.pause_ms);
        let waits = paused.sound.is_some() || paused.words.is_some();
        if waits && why != Why::Whole {
            ms = ms.max(how.pause_ms + MORE_MS);
        }
        tracing::debug!(evidence = ?paused.evidence, ms, ?why, "a pause");
        paused.pause_ms = Some(ms);
        (ms != before).then_some(listen::Order::Pause { id: paused.utterance.id, ms })
    }

    /// The judge, unless a key decides.
    fn judges(&self) -> Option<&TurnEnds> {
        self.how.as_ref().filter(|_| !self.held)
    }
}

/// `utterance` with as much silence behind it as the sound's judge is used to.
fn with_silence(utterance: &Utterance) -> Utterance {
    let mut pcm = utterance.pcm.to_vec();
    pcm.resize(pcm.len() + (TAIL_MS - LULL_MS) as usize * LISTEN_RATE.0 as usize / 1000, 0.0);
    let span = utterance.span.start..utterance.span.start + pcm.len() as u64;
    Utterance { id: utterance.id, span, pcm: pcm.into() }
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
