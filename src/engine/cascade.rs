use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::StreamExt;
use tokio::sync::mpsc;

use super::recital::Recital;
use super::sentence::Sentences;
use super::{Chunk, Delta, EngineError, Order, Partner, Responder, Said, Synthesizer, Transcriber};
use crate::base::{Epoch, Flow, Job, Utterance, UtteranceId};
use crate::dialog::{Item, Prompt};

/// Sentences that wait for the synthesizer while one is spoken; more than that holds the reading
/// of the reply back, so that a runaway reply costs no memory.
const SENTENCES_AHEAD: usize = 2;

/// Utterances whose sound is kept for a responder that hears: those of the last turns. Older ones
/// are known by their transcript.
const SOUNDS: usize = 3;

/// The partner made of three engines: speech to text, text to text, text to speech.
///
/// A responder that hears gets the sound itself, at once; the transcript is then made beside it,
/// for the history only.
pub struct Cascade {
    engines: Engines,
    notes: Option<mpsc::Receiver<String>>,
    hearing: Vec<((UtteranceId, u32), Flow<Said>)>,
    replying: Vec<(Epoch, Flow<Said>)>,
    sounds: Vec<Utterance>,
    warming: Vec<Job<()>>,
}

/// The three engines of a [`Cascade`].
#[derive(Clone)]
pub struct Engines {
    /// The ear.
    pub transcribe: Arc<dyn Transcriber>,
    /// The mind.
    pub chat: Arc<dyn Responder>,
    /// The voice; without one, replies are words only.
    pub speak: Option<Arc<dyn Synthesizer>>,
}

impl Cascade {
    /// A cascade with nothing to do, which passes on what its engines tell by `notes`.
    pub fn new(engines: Engines, notes: Option<mpsc::Receiver<String>>) -> Self {
        let (hearing, replying) = (Vec::new(), Vec::new());
        Self { engines, notes, hearing, replying, sounds: Vec::new(), warming: Vec::new() }
    }

    fn keep(&mut self, utterance: &Utterance) {
        if !self.engines.chat.hears() {
            return;
        }
        self.sounds.retain(|other| other.id != utterance.id);
        if self.sounds.len() == SOUNDS {
            self.sounds.remove(0);
        }
        self.sounds.push(utterance.clone());
    }

    /// Connections and models that this turn will need are made ready while the user speaks.
    fn prepare(&mut self) {
        if !self.warming.is_empty() {
            return;
        }
        let Engines { transcribe, chat, speak } = &self.engines;
        let jobs = [Some(transcribe.warm()), Some(chat.warm()), speak.as_ref().map(|v| v.warm())];
        self.warming.extend(jobs.into_iter().flatten().map(|job| -> Job<()> {
            Box::pin(async move {
                // What is not ready is told when it is needed.
                if let Err(error) = job.await {
                    tracing::debug!("{error}");
                }
            })
        }));
    }
}

impl Partner for Cascade {
    fn hears(&self) -> bool {
        self.engines.chat.hears()
    }

    fn order(&mut self, order: Order) {
        match order {
            Order::Hear(_) => {}
            Order::Commit { utterance, take } => {
                let cut = (utterance.id, take);
                self.keep(&utterance);
                self.hearing.retain(|(other, _)| *other != cut);
                self.hearing.push((cut, transcription(&self.engines, utterance, take)));
            }
            Order::Forget { utterance, take } => {
                self.hearing.retain(|(other, _)| *other != (utterance, take));
            }
            Order::Respond { epoch, mut prompt } => {
                self.replying.retain(|(other, _)| *other != epoch);
                prompt.sounds =
                    self.sounds.iter().filter(|u| mentions(&prompt, u.id)).cloned().collect();
                self.replying.push((epoch, reply(self.engines.clone(), epoch, prompt)));
            }
            Order::Announce { epoch, text } => {
                self.replying.retain(|(other, _)| *other != epoch);
                let voice = self.engines.speak.clone();
                self.replying.push((epoch, announcement(voice, epoch, text)));
            }
            Order::Abort(epoch) => self.replying.retain(|(other, _)| *other != epoch),
            // It keeps no record of its own: the history is what it sees next time.
            Order::Rewind { .. } => {}
            Order::Prepare => self.prepare(),
        }
    }

    fn said(&mut self) -> Pin<Box<dyn Future<Output = Said> + Send + '_>> {
        Box::pin(poll_fn(|cx| {
            self.warming.retain_mut(|job| job.as_mut().poll(cx).is_pending());
            if let Some(notes) = &mut self.notes
                && let Poll::Ready(Some(note)) = notes.poll_recv(cx)
            {
                return Poll::Ready(Said::Note(note));
            }
            if let Some(said) = poll_each(&mut self.hearing, cx) {
                return Poll::Ready(said);
            }
            match poll_each(&mut self.replying, cx) {
                Some(said) => Poll::Ready(said),
                None => Poll::Pending,
            }
        }))
    }
}

/// The first ready item of any flow; flows that have ended are dropped.
fn poll_each<Id>(flows: &mut Vec<(Id, Flow<Said>)>, cx: &mut Context<'_>) -> Option<Said> {
    let mut at = 0;
    while at < flows.len() {
        match flows[at].1.as_mut().poll_next(cx) {
            Poll::Ready(Some(said)) => return Some(said),
            Poll::Ready(None) => drop(flows.swap_remove(at)),
            Poll::Pending => at += 1,
        }
    }
    None
}

fn transcription(engines: &Engines, utterance: Utterance, take: u32) -> Flow<Said> {
    let id = utterance.id;
    let mut words = engines.transcribe.transcribe(utterance);
    Box::pin(async_stream::stream! {
        while let Some(result) = words.next().await {
            let last = result.as_ref().map_or(true, |transcript| transcript.last);
            let result = result.map(|transcript| transcript.text);
            yield Said::Transcript { utterance: id, take, result, last };
            if last {
                return;
            }
        }
        let broken = EngineError::Broken(
            "speech recognition ended without a word; say it again".into(),
        );
        yield Said::Transcript { utterance: id, take, result: Err(broken), last: true };
    })
}

/// Whether the history of `prompt` holds the utterance `id`.
fn mentions(prompt: &Prompt, id: UtteranceId) -> bool {
    prompt
        .items
        .iter()
        .any(|item| matches!(item, Item::User { utterance: Some(other), .. } if *other == id))
}

/// Reads the reply while it is written, and speaks each sentence while the next is read.
fn reply(engines: Engines, epoch: Epoch, prompt: Prompt) -> Flow<Said> {
    let deltas = engines.chat.respond(prompt);
    recite(engines.speak, epoch, deltas)
}

fn announcement(voice: Option<Arc<dyn Synthesizer>>, epoch: Epoch, text: String) -> Flow<Said> {
    let words = Box::pin(futures::stream::iter([Ok(Delta::Text(text))]));
    let said = recite(voice, epoch, words);
    // An announcement is not written by anybody.
    Box::pin(said.filter(|said| std::future::ready(!matches!(said, Said::FirstWords(_)))))
}

/// Speaks `deltas` under `epoch`.
fn recite(
    voice: Option<Arc<dyn Synthesizer>>,
    epoch: Epoch,
    mut deltas: Flow<Result<Delta, EngineError>>,
) -> Flow<Said> {
    Box::pin(async_stream::stream! {
        let mut sentences = Sentences::default();
        let mut recital = Recital::new(voice);
        let mut reading = true;
        let mut first = true;
        loop {
            if !reading && recital.is_empty() {
                yield Said::Done(epoch);
                return;
            }
            let hungry = reading && recital.behind() < SENTENCES_AHEAD;
            let speaking = !recital.is_empty();
            let next = tokio::select! {
                biased;
                delta = deltas.next(), if hungry => Heard::Delta(delta),
                chunk = poll_fn(|cx| recital.poll(cx)), if speaking => Heard::Chunk(chunk),
            };
            let begins = matches!(&next, Heard::Delta(Some(Ok(Delta::Text(_) | Delta::Sound(_)))));
            if begins && std::mem::take(&mut first) {
                yield Said::FirstWords(epoch);
            }
            match next {
                Heard::Delta(Some(Ok(Delta::Text(text)))) => recital.extend(sentences.push(&text)),
                Heard::Delta(Some(Ok(Delta::Sound(chunk)))) => yield Said::Chunk { epoch, chunk },
                Heard::Delta(Some(Ok(Delta::Call(call)))) => yield Said::Call { epoch, call },
                Heard::Delta(Some(Ok(Delta::Source(source)))) => yield Said::Source { epoch, source },
                Heard::Delta(Some(Err(error))) => {
                    // What was read before it broke off is said; the failure comes after it.
                    recital.extend(sentences.finish());
                    while let Some(Ok(chunk)) = poll_fn(|cx| recital.poll(cx)).await {
                        yield Said::Chunk { epoch, chunk };
                    }
                    yield Said::Failed { epoch, error };
                    return;
                }
                Heard::Delta(None) => {
                    reading = false;
                    recital.extend(sentences.finish());
                }
                Heard::Chunk(Some(Ok(chunk))) => yield Said::Chunk { epoch, chunk },
                Heard::Chunk(Some(Err(error))) => {
                    yield Said::Failed { epoch, error };
                    return;
                }
                Heard::Chunk(None) => {}
            }
        }
    })
}

enum Heard {
    Delta(Option<Result<Delta, EngineError>>),
    Chunk(Option<Result<Chunk, EngineError>>),
}
