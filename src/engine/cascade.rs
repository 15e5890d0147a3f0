use std::collections::BTreeSet;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use futures::StreamExt;
use tokio::sync::mpsc;

use super::speech::{announce, speak};
use super::{EngineError, Order, Partner, Responder, Said, Synthesizer, Transcriber, heard};
use crate::base::{Epoch, Flow, Job, Utterance, UtteranceId};
use crate::dialog::{Item, Prompt};

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
    /// What was noted of replies: that the voice cannot read a script is told once.
    noted: BTreeSet<String>,
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
        let noted = BTreeSet::new();
        Self { engines, notes, hearing, replying, sounds, warming, live, inside, held, noted }
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
        !self.engines.transcribe.is_absent()
    }

    fn order(&mut self, order: Order) {
        match order {
            Order::Hear(frame) => {
                if let Some(live) = &mut self.live {
                    live.ear.order(Order::Hear(frame));
                }
            }
            Order::Commit { utterance, revision } => {
                self.keep(&utterance);
                match &mut self.live {
                    Some(live) => live.commit(utterance, revision),
                    None => self.transcribe(utterance, revision),
                }
            }
            Order::Forget { utterance, revision } => {
                self.hearing.retain(|(other, _)| *other != (utterance, revision));
                if let Some(live) = &mut self.live {
                    live.kept.retain(|(kept, of)| (kept.id, *of) != (utterance, revision));
                    live.ear.order(Order::Forget { utterance, revision });
                }
            }
            Order::Respond { epoch, mut prompt } => {
                self.replying.retain(|(other, _)| *other != epoch);
                prompt.sounds =
                    self.sounds.iter().filter(|u| mentions(&prompt, u.id)).cloned().collect();
                let deltas = self.engines.chat.respond(prompt);
                let said = speak(self.engines.speak.clone(), epoch, deltas, self.held());
                self.replying.push((epoch, said));
            }
            Order::Announce { epoch, text, sure } => {
                self.replying.retain(|(other, _)| *other != epoch);
                let (inside, speak) = (self.inside.clone(), self.engines.speak.clone());
                let voice = if sure { inside.or(speak) } else { speak.or(inside) };
                self.replying.push((epoch, announce(voice, epoch, text, self.held())));
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
                let Self { notes, hearing, replying, warming, live, noted, .. } = self;
                let own = poll_fn(|cx| {
                    warming.retain_mut(|job| job.as_mut().poll(cx).is_pending());
                    if let Some(notes) = notes
                        && let Poll::Ready(Some(note)) = notes.poll_recv(cx)
                    {
                        return Poll::Ready(Said::Note(note));
                    }
                    loop {
                        match poll_each(hearing, cx).or_else(|| poll_each(replying, cx)) {
                            Some(Said::Note(note)) if !noted.insert(note.clone()) => {}
                            Some(said) => return Poll::Ready(said),
                            None => return Poll::Pending,
                        }
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
    fn commit(&mut self, utterance: Utterance, revision: u32) {
        self.kept.retain(|(kept, _)| kept.id != utterance.id);
        if self.kept.len() == SOUNDS {
            self.kept.remove(0);
        }
        self.kept.push((utterance.clone(), revision));
        self.ear.order(Order::Commit { utterance, revision });
    }

    /// What to tell the user about `error`, unless they know it.
    fn note(&mut self, error: &EngineError) -> Option<String> {
        tracing::warn!("{error}");
        let message = error.to_string();
        let why = message.rsplit_once("; ").map_or(message.as_str(), |(why, _)| why);
        let note = format!("{why}; what you say is transcribed after you finish");
        (self.told.as_ref() != Some(&note)).then(|| self.told.insert(note).clone())
    }

    /// The sound of a revision whose transcript has come, or will not come.
    fn take(&mut self, utterance: UtteranceId, revision: u32) -> Option<Utterance> {
        let at = self.kept.iter().position(|(kept, of)| (kept.id, *of) == (utterance, revision))?;
        Some(self.kept.remove(at).0)
    }
}

impl Cascade {
    fn transcribe(&mut self, utterance: Utterance, revision: u32) {
        let id = (utterance.id, revision);
        self.hearing.retain(|(other, _)| *other != id);
        self.hearing.push((id, transcription(&self.engines, utterance, revision)));
    }

    fn held(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.held)
    }

    /// What to pass on of the live ear's output. What it cannot transcribe goes to the other ear.
    fn on_live(&mut self, said: Said) -> Option<Said> {
        let said = without_notes(said);
        match &said {
            Said::Transcript { utterance, revision, result, last: true, .. } => {
                let live = self.live.as_mut()?;
                match (result, live.take(*utterance, *revision)) {
                    (Err(error), Some(sound)) => {
                        let note = live.note(error);
                        self.transcribe(sound, *revision);
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

fn transcription(engines: &Engines, utterance: Utterance, revision: u32) -> Flow<Said> {
    let id = utterance.id;
    let mut words = engines.transcribe.transcribe(utterance);
    Box::pin(async_stream::stream! {
        while let Some(result) = words.next().await {
            let last = result.as_ref().map_or(true, |transcript| transcript.last);
            let certainty = result.as_ref().ok().and_then(|transcript| transcript.certainty);
            let result = result.map(|transcript| heard(&transcript.text));
            yield Said::Transcript { utterance: id, revision, result, certainty, last };
            if last {
                return;
            }
        }
        let broken = EngineError::Broken(
            "speech recognition returned nothing; say it again".into(),
        );
        let result = Err(broken);
        yield Said::Transcript { utterance: id, revision, result, certainty: None, last: true };
    })
}

/// Whether the history in `prompt` contains the utterance `id`.
fn mentions(prompt: &Prompt, id: UtteranceId) -> bool {
    prompt
        .items
        .iter()
        .any(|item| matches!(item, Item::User { utterance: Some(other), .. } if *other == id))
}
