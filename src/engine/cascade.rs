use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use futures::StreamExt;

use super::sentence::Sentences;
use super::{Chunk, Delta, EngineError, Order, Partner, Responder, Said, Synthesizer, Transcriber};
use crate::base::{Epoch, Flow, Rate, SPEAKER_RATE, Utterance, UtteranceId};
use crate::dialog::Prompt;

/// Sentences that wait for the synthesizer while one is spoken; more than that holds the reading
/// of the reply back, so that a runaway reply costs no memory.
const SENTENCES_AHEAD: usize = 2;

/// The partner made of three engines: speech to text, text to text, text to speech.
pub struct Cascade {
    engines: Engines,
    hearing: Vec<((UtteranceId, u32), Flow<Said>)>,
    replying: Vec<(Epoch, Flow<Said>)>,
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
    /// A cascade with nothing to do.
    pub fn new(engines: Engines) -> Self {
        Self { engines, hearing: Vec::new(), replying: Vec::new() }
    }
}

impl Partner for Cascade {
    fn hears(&self) -> bool {
        false
    }

    fn rate(&self) -> Rate {
        self.engines.speak.as_ref().map_or(SPEAKER_RATE, |voice| voice.rate())
    }

    fn order(&mut self, order: Order) {
        match order {
            Order::Hear(_) => {}
            Order::Commit { utterance, take } => {
                let cut = (utterance.id, take);
                self.hearing.retain(|(other, _)| *other != cut);
                self.hearing.push((cut, transcription(&self.engines, utterance, take)));
            }
            Order::Forget { utterance, take } => {
                self.hearing.retain(|(other, _)| *other != (utterance, take));
            }
            Order::Respond { epoch, prompt } => {
                self.replying.retain(|(other, _)| *other != epoch);
                self.replying.push((epoch, reply(self.engines.clone(), epoch, prompt)));
            }
            Order::Announce { epoch, text } => {
                self.replying.retain(|(other, _)| *other != epoch);
                let voice = self.engines.speak.clone();
                self.replying.push((epoch, announcement(voice, epoch, text)));
            }
            Order::Abort(epoch) => self.replying.retain(|(other, _)| *other != epoch),
        }
    }

    fn said(&mut self) -> Pin<Box<dyn Future<Output = Said> + Send + '_>> {
        Box::pin(poll_fn(|cx| {
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
fn poll_each<Id>(
    flows: &mut Vec<(Id, Flow<Said>)>,
    cx: &mut std::task::Context<'_>,
) -> Option<Said> {
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

/// Reads the reply while it is written, and speaks each sentence while the next is read.
fn reply(engines: Engines, epoch: Epoch, prompt: Prompt) -> Flow<Said> {
    let mut deltas = engines.chat.respond(prompt);
    let voice = engines.speak;
    Box::pin(async_stream::stream! {
        let mut sentences = Sentences::default();
        let mut waiting = std::collections::VecDeque::<String>::new();
        let mut speaking: Option<Flow<Result<Chunk, EngineError>>> = None;
        let mut reading = true;
        let mut first = true;
        loop {
            if speaking.is_none() && let Some(sentence) = waiting.pop_front() {
                match &voice {
                    Some(voice) => speaking = Some(voice.speak(sentence)),
                    None => {
                        let chunk = Chunk { pcm: Vec::new(), text: sentence };
                        yield Said::Chunk { epoch, chunk };
                        continue;
                    }
                }
            }
            if !reading && speaking.is_none() {
                yield Said::Done(epoch);
                return;
            }
            let hungry = reading && waiting.len() < SENTENCES_AHEAD;
            let next = tokio::select! {
                biased;
                delta = deltas.next(), if hungry => Heard::Delta(delta),
                chunk = next_chunk(&mut speaking), if speaking.is_some() => Heard::Chunk(chunk),
            };
            match next {
                Heard::Delta(Some(Ok(Delta::Text(text)))) => {
                    if first {
                        first = false;
                        yield Said::FirstWords(epoch);
                    }
                    waiting.extend(sentences.push(&text));
                }
                Heard::Delta(Some(Ok(Delta::Call(call)))) => yield Said::Call { epoch, call },
                Heard::Delta(Some(Err(error))) => {
                    yield Said::Failed { epoch, error };
                    return;
                }
                Heard::Delta(None) => {
                    reading = false;
                    waiting.extend(sentences.finish());
                }
                Heard::Chunk(Some(Ok(chunk))) => yield Said::Chunk { epoch, chunk },
                Heard::Chunk(Some(Err(error))) => {
                    yield Said::Failed { epoch, error };
                    return;
                }
                Heard::Chunk(None) => speaking = None,
            }
        }
    })
}

enum Heard {
    Delta(Option<Result<Delta, EngineError>>),
    Chunk(Option<Result<Chunk, EngineError>>),
}

async fn next_chunk(
    speaking: &mut Option<Flow<Result<Chunk, EngineError>>>,
) -> Option<Result<Chunk, EngineError>> {
    match speaking {
        Some(flow) => flow.next().await,
        None => None,
    }
}

fn announcement(voice: Option<Arc<dyn Synthesizer>>, epoch: Epoch, text: String) -> Flow<Said> {
    Box::pin(async_stream::stream! {
        let mut cutter = Sentences::default();
        let mut sentences = cutter.push(&text);
        sentences.extend(cutter.finish());
        for sentence in sentences {
            let Some(voice) = &voice else {
                yield Said::Chunk { epoch, chunk: Chunk { pcm: Vec::new(), text: sentence } };
                continue;
            };
            let mut chunks = voice.speak(sentence);
            while let Some(chunk) = chunks.next().await {
                match chunk {
                    Ok(chunk) => yield Said::Chunk { epoch, chunk },
                    Err(error) => {
                        yield Said::Failed { epoch, error };
                        return;
                    }
                }
            }
        }
        yield Said::Done(epoch);
    })
}
