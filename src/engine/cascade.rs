use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use futures::StreamExt;
use tokio::sync::mpsc;

use super::prose::Prose;
use super::speech_queue::SpeechQueue;
use super::{
    Chunk, Delta, EngineError, Order, Partner, Responder, Said, Synthesizer, Transcriber, heard,
};
use crate::base::{Epoch, Flow, Job, Utterance, UtteranceId};
use crate::dialog::{Item, Prompt};

/// Sentences that may wait for the synthesizer while one is spoken: a few pages, so that a reply is
/// on the screen as it is written. Beyond that the reply is not read any further, so that a runaway
/// reply costs no memory.
const SENTENCES_AHEAD: usize = 256;

/// Utterances whose sound is kept for a responder that hears: those of the last turns. For older
/// ones the transcript must do.
const SOUNDS: usize = 3;

/// The partner made of three engines: speech to text, text to text, text to speech.
///
/// With an ear that hears the user while they speak ([`Cascade::with_ear`]), words are shown as
/// they are recognized; the transcriber is its fallback.
///
/// A responder that hears gets the sound itself, immediately; the transcript is then made in
/// parallel, for the history only.
pub struct Cascade {
    engines: Engines,
    notes: Option<mpsc::Receiver<String>>,
    hearing: Vec<((UtteranceId, u32), Flow<Said>)>,
    replying: Vec<(Epoch, Flow<Said>)>,
    sounds: Vec<Utterance>,
    warming: Vec<Job<()>>,
    /// The ear that hears the user while they speak.
    live: Option<Live>,
    /// The local voice for what must be heard.
    inside: Option<Arc<dyn Synthesizer>>,
    /// Whether enough sound is waiting for the speaker.
    held: Arc<AtomicBool>,
}

/// An ear for ongoing speech, in front of the one for complete utterances.
struct Live {
    ear: Box<dyn Partner>,
    /// What it is transcribing, in case it fails.
    kept: Vec<(Utterance, u32)>,
    /// The last failure that the user was told about.
    told: Option<String>,
}

/// The three engines of a [`Cascade`].
#[derive(Clone)]
pub struct Engines {
    /// The ear.
    pub transcribe: Arc<dyn Transcriber>,
    /// The mind.
    pub chat: Arc<dyn Responder>,
    /// The voice; without one, replies are text only.
    pub speak: Option<Arc<dyn Synthesizer>>,
}

impl Cascade {
    /// An idle cascade, which passes on the `notes` of its engines.
    pub fn new(engines: Engines, notes: Option<mpsc::Receiver<String>>) -> Self {
        let (hearing, replying) = (Vec::new(), Vec::new());
        let (sounds, warming) = (Vec::new(), Vec::new());
        let (live, inside, held) = (None, None, Arc::default());
        Self { engines, notes, hearing, replying, sounds, warming, live, inside, held }
    }

    /// Adds an ear that hears the user while they speak: a partner whose transcripts alone
    /// are used. What it cannot transcribe goes to the transcriber.
    #[must_use]
    pub fn with_ear(self, ear: Box<dyn Partner>) -> Self {
        Self { live: Some(Live { ear, kept: Vec::new(), told: None }), ..self }
    }

    /// Adds a local voice for what must be heard: failures and rings, which would otherwise depend
    /// on the server that has failed.
    #[must_use]
    pub fn with_voice_inside(self, voice: Option<Arc<dyn Synthesizer>>) -> Self {
        Self { inside: voice, ..self }
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

    /// Prepares connections and models for this turn while the user speaks.
    fn prepare(&mut self) {
        if let Some(live) = &mut self.live {
            live.ear.order(Order::Prepare);
        }
        if !self.warming.is_empty() {
            return;
        }
        let Engines { transcribe, chat, speak } = &self.engines;
        // While a live ear works, the other one is not needed.
        let spare = self.live.as_ref().is_some_and(|live| live.told.is_none());
        let ear = (!spare).then(|| transcribe.warm());
        let jobs = [ear, Some(chat.warm()), speak.as_ref().map(|voice| voice.warm())];
        self.warming.extend(jobs.into_iter().flatten().map(|job| -> Job<()> {
            Box::pin(async move {
                // What is not ready is reported when it is needed.
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

    fn streams(&self) -> bool {
        self.live.is_some()
    }

    fn writes(&self) -> bool {
        !self.engines.transcribe.deaf()
    }

    fn order(&mut self, order: Order) {
        match order {
            Order::Hear(frame) => {
                if let Some(live) = &mut self.live {
                    live.ear.order(Order::Hear(frame));
                }
            }
            Order::Commit { utterance, take } => {
                self.keep(&utterance);
                match &mut self.live {
                    Some(live) => live.commit(utterance, take),
                    None => self.transcribe(utterance, take),
                }
            }
            Order::Forget { utterance, take } => {
                self.hearing.retain(|(other, _)| *other != (utterance, take));
                if let Some(live) = &mut self.live {
                    live.kept.retain(|(kept, of)| (kept.id, *of) != (utterance, take));
                    live.ear.order(Order::Forget { utterance, take });
                }
            }
            Order::Respond { epoch, mut prompt } => {
                self.replying.retain(|(other, _)| *other != epoch);
                prompt.sounds =
                    self.sounds.iter().filter(|u| mentions(&prompt, u.id)).cloned().collect();
                self.replying
                    .push((epoch, reply(self.engines.clone(), epoch, prompt, self.held())));
            }
            Order::Announce { epoch, text, sure } => {
                self.replying.retain(|(other, _)| *other != epoch);
                let (inside, speak) = (self.inside.clone(), self.engines.speak.clone());
                let voice = if sure { inside.or(speak) } else { speak.or(inside) };
                self.replying.push((epoch, announcement(voice, epoch, text, self.held())));
            }
            Order::Abort(epoch) => self.replying.retain(|(other, _)| *other != epoch),
            // A cascade keeps no conversation of its own: the next prompt has the history.
            Order::Rewind { .. } => {}
            Order::Hold(held) => self.held.store(held, Ordering::Relaxed),
            Order::Prepare => self.prepare(),
        }
    }

    fn said(&mut self) -> Pin<Box<dyn Future<Output = Said> + Send + '_>> {
        Box::pin(async move {
            loop {
                let Self { notes, hearing, replying, warming, live, .. } = self;
                let own = poll_fn(|cx| {
                    warming.retain_mut(|job| job.as_mut().poll(cx).is_pending());
                    if let Some(notes) = notes
                        && let Poll::Ready(Some(note)) = notes.poll_recv(cx)
                    {
                        return Poll::Ready(Said::Note(note));
                    }
                    match poll_each(hearing, cx).or_else(|| poll_each(replying, cx)) {
                        Some(said) => Poll::Ready(said),
                        None => Poll::Pending,
                    }
                });
                let fresh = tokio::select! {
                    biased;
                    said = live_says(live) => said,
                    said = own => return said,
                };
                if let Some(said) = self.on_live(fresh) {
                    return said;
                }
            }
        })
    }
}

impl Live {
    fn commit(&mut self, utterance: Utterance, take: u32) {
        self.kept.retain(|(kept, _)| kept.id != utterance.id);
        if self.kept.len() == SOUNDS {
            self.kept.remove(0);
        }
        self.kept.push((utterance.clone(), take));
        self.ear.order(Order::Commit { utterance, take });
    }

    /// What to tell the user about `error`, unless they know it.
    fn note(&mut self, error: &EngineError) -> Option<String> {
        tracing::warn!("{error}");
        let message = error.to_string();
        let why = message.rsplit_once("; ").map_or(message.as_str(), |(why, _)| why);
        let note = format!("{why}; what you say is transcribed after you finish");
        (self.told.as_ref() != Some(&note)).then(|| self.told.insert(note).clone())
    }

    /// The sound of a cut whose transcript has come, or will not come.
    fn take(&mut self, utterance: UtteranceId, take: u32) -> Option<Utterance> {
        let at = self.kept.iter().position(|(kept, of)| (kept.id, *of) == (utterance, take))?;
        Some(self.kept.remove(at).0)
    }
}

impl Cascade {
    fn transcribe(&mut self, utterance: Utterance, take: u32) {
        let cut = (utterance.id, take);
        self.hearing.retain(|(other, _)| *other != cut);
        self.hearing.push((cut, transcription(&self.engines, utterance, take)));
    }

    fn held(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.held)
    }

    /// What to pass on of the live ear's output. What it cannot transcribe goes to the other ear.
    fn on_live(&mut self, said: Said) -> Option<Said> {
        let said = without_notes(said);
        match &said {
            Said::Transcript { utterance, take, result, last: true, .. } => {
                let live = self.live.as_mut()?;
                match (result, live.take(*utterance, *take)) {
                    (Err(error), Some(sound)) => {
                        let note = live.note(error);
                        self.transcribe(sound, *take);
                        note.map(Said::Note)
                    }
                    (Ok(_), _) => {
                        live.told = None;
                        Some(said)
                    }
                    (Err(_), None) => Some(said),
                }
            }
            Said::Transcript { last: false, .. } | Said::Hearing(_) => Some(said),
            Said::FirstWords(_)
            | Said::Written { .. }
            | Said::Chunk { .. }
            | Said::Source { .. }
            | Said::Note(_)
            | Said::TurnOver
            | Said::Call { .. }
            | Said::Done(_)
            | Said::Failed { .. } => None,
        }
    }
}

/// Removes what nobody said from a transcript.
fn without_notes(mut said: Said) -> Said {
    if let Said::Transcript { result: Ok(text), .. } | Said::Hearing(text) = &mut said {
        *text = heard(text);
    }
    said
}

/// What the live ear says, if there is one.
async fn live_says(live: &mut Option<Live>) -> Said {
    match live {
        Some(live) => live.ear.said().await,
        None => std::future::pending().await,
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
            let certainty = result.as_ref().ok().and_then(|transcript| transcript.certainty);
            let result = result.map(|transcript| heard(&transcript.text));
            yield Said::Transcript { utterance: id, take, result, certainty, last };
            if last {
                return;
            }
        }
        let broken = EngineError::Broken(
            "speech recognition returned nothing; say it again".into(),
        );
        let result = Err(broken);
        yield Said::Transcript { utterance: id, take, result, certainty: None, last: true };
    })
}

/// Whether the history in `prompt` contains the utterance `id`.
fn mentions(prompt: &Prompt, id: UtteranceId) -> bool {
    prompt
        .items
        .iter()
        .any(|item| matches!(item, Item::User { utterance: Some(other), .. } if *other == id))
}

/// Reads the reply as it is written, and speaks each sentence while the next is read.
fn reply(engines: Engines, epoch: Epoch, prompt: Prompt, held: Arc<AtomicBool>) -> Flow<Said> {
    let deltas = engines.chat.respond(prompt);
    recite(engines.speak, epoch, deltas, held)
}

fn announcement(
    voice: Option<Arc<dyn Synthesizer>>,
    epoch: Epoch,
    text: String,
    held: Arc<AtomicBool>,
) -> Flow<Said> {
    let words = Box::pin(futures::stream::iter([Ok(Delta::Text(text))]));
    let said = recite(voice, epoch, words, held);
    // Nobody writes an announcement.
    Box::pin(said.filter(|said| std::future::ready(!matches!(said, Said::FirstWords(_)))))
}

/// Speaks `deltas` under `epoch`; makes no sound while `held` is set. Whoever changes it must poll
/// the flow afterwards.
fn recite(
    voice: Option<Arc<dyn Synthesizer>>,
    epoch: Epoch,
    mut deltas: Flow<Result<Delta, EngineError>>,
    held: Arc<AtomicBool>,
) -> Flow<Said> {
    Box::pin(async_stream::stream! {
        let mut prose = Prose::new(voice.as_ref().map(|voice| voice.alphabet()).unwrap_or_default());
        let mut recital = SpeechQueue::new(voice);
        let mut cited: Vec<String> = Vec::new();
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
                chunk = next_sound(&mut recital, &held), if speaking => Heard::Chunk(chunk),
            };
            let begins = matches!(&next, Heard::Delta(Some(Ok(Delta::Text(_) | Delta::Sound(_)))));
            if begins && std::mem::take(&mut first) {
                yield Said::FirstWords(epoch);
            }
            match next {
                Heard::Delta(Some(Ok(Delta::Text(text)))) => {
                    recital.extend(prose.push(&text));
                    yield Said::Written { epoch, text };
                }
                Heard::Delta(Some(Ok(Delta::Sound(chunk)))) => yield Said::Chunk { epoch, chunk },
                Heard::Delta(Some(Ok(Delta::Call(call)))) => yield Said::Call { epoch, call },
                Heard::Delta(Some(Ok(Delta::Source(source)))) => {
                    if !cited.contains(&source.url) {
                        cited.push(source.url.clone());
                        yield Said::Source { epoch, source };
                    }
                }
                Heard::Delta(Some(Err(error))) => {
                    // What was read before the failure is spoken first.
                    recital.extend(prose.finish());
                    while let Some(Ok(chunk)) = next_sound(&mut recital, &held).await {
                        yield Said::Chunk { epoch, chunk };
                    }
                    yield Said::Failed { epoch, error };
                    return;
                }
                Heard::Delta(None) => {
                    reading = false;
                    recital.extend(prose.finish());
                }
                Heard::Chunk(Some(Ok(chunk))) => yield Said::Chunk { epoch, chunk },
                Heard::Chunk(Some(Err(error))) => {
                    yield Said::Failed { epoch, error };
                    return;
                }
                Heard::Chunk(None) => {}
            }
            for source in prose.sources() {
                if !cited.contains(&source.url) {
                    cited.push(source.url.clone());
                    yield Said::Source { epoch, source };
                }
            }
            for note in prose.notes() {
                yield Said::Note(note);
            }
        }
    })
}

/// The next sound, unless enough is waiting.
async fn next_sound(
    recital: &mut SpeechQueue,
    held: &AtomicBool,
) -> Option<Result<Chunk, EngineError>> {
    poll_fn(|cx| if held.load(Ordering::Relaxed) { Poll::Pending } else { recital.poll(cx) }).await
}

enum Heard {
    Delta(Option<Result<Delta, EngineError>>),
    Chunk(Option<Result<Chunk, EngineError>>),
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A voice that never makes a sound.
    struct Silent;

    impl Synthesizer for Silent {
        fn speak(&self, _: String) -> Flow<Result<Chunk, EngineError>> {
            Box::pin(futures::stream::pending())
        }
    }

    #[test]
    fn a_reply_is_written_to_its_end_while_its_first_sentence_waits_for_the_voice() {
        let lines = ["# Plan\n", "\n1. **Eat**.\n2. Sl", "eep. Then go.", " And rest. Bye."];
        let deltas = lines.map(|line| Ok(Delta::Text(line.to_owned())));
        let deltas = Box::pin(futures::stream::iter(deltas));
        let mut said = recite(Some(Arc::new(Silent)), Epoch(7), deltas, Arc::default());
        let mut written = String::new();
        let mut cx = Context::from_waker(futures::task::noop_waker_ref());
        while let Poll::Ready(Some(next)) = said.as_mut().poll_next(&mut cx) {
            if let Said::Written { epoch: Epoch(7), text } = next {
                written.push_str(&text);
            } else {
                assert_eq!(next, Said::FirstWords(Epoch(7)));
            }
        }
        assert_eq!(written, lines.concat());
    }

    /// A voice that returns everything at once.
    struct Quick;

    impl Synthesizer for Quick {
        fn speak(&self, text: String) -> Flow<Result<Chunk, EngineError>> {
            let chunk = Chunk { pcm: vec![0.1], rate: crate::base::SPEAKER_RATE, text };
            Box::pin(futures::stream::iter([Ok(chunk)]))
        }
    }

    #[test]
    fn only_sound_is_held_back_never_words_and_calls() {
        let call = crate::dialog::Call {
            id: crate::base::CallId("1".into()),
            name: "stop".into(),
            arguments: "{}".into(),
        };
        let text = "One. Two. Three.".to_owned();
        let deltas = [Ok(Delta::Text(text)), Ok(Delta::Call(call))];
        let held = Arc::new(AtomicBool::new(true));
        let deltas = Box::pin(futures::stream::iter(deltas));
        let mut said = recite(Some(Arc::new(Quick)), Epoch(7), deltas, Arc::clone(&held));
        let mut cx = Context::from_waker(futures::task::noop_waker_ref());
        let mut next = || said.as_mut().poll_next(&mut cx);
        assert!(matches!(next(), Poll::Ready(Some(Said::FirstWords(_)))));
        assert!(matches!(next(), Poll::Ready(Some(Said::Written { .. }))));
        assert!(matches!(next(), Poll::Ready(Some(Said::Call { .. }))));
        assert_eq!(next(), Poll::Pending, "the sound waits");
        held.store(false, Ordering::Relaxed);
        assert!(matches!(next(), Poll::Ready(Some(Said::Chunk { .. }))));
    }
}
