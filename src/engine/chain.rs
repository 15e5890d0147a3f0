use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt;

use super::{
    Alphabet, Chunk, Delta, EngineError, Known, Notes, Painted, Painter, Responder, Synthesizer,
    Transcriber, Transcript, Wish,
};
use crate::base::{Clock, Flow, Job, LISTEN_RATE, Moment, Utterance};
use crate::dialog::Prompt;

/// How long a failed engine is skipped, unless it named a longer time itself.
const REST: Duration = Duration::from_secs(30);

/// The longest time that it may name.
const LONGEST_REST: Duration = Duration::from_secs(600);

/// How long an ear may take for its first words, plus a tenth of the speech's length. The turn
/// waits for 20 s in all, so the next ear still has time to listen.
const TRANSCRIBER_PATIENCE: Duration = Duration::from_secs(8);

/// The same for the first words of a reply, of the 30 s that the turn waits.
const RESPONDER_PATIENCE: Duration = Duration::from_secs(18);

/// Several engines for one job, in order of preference. When one fails before its first output, the
/// next one is asked in the same turn and the user is told why; a failure after that fails the
/// turn.
///
/// A failed engine is skipped for 30 s, so that not every turn pays for it; if all are resting, all
/// are asked. If nobody answers, the error is that of the first one asked.
#[derive(Debug)]
pub struct Chain<E: ?Sized> {
    members: Arc<[Member<E>]>,
    notes: Notes,
    clock: Clock,
    /// Their job: `listens`, `answers`, `speaks`, `paints`.
    does: &'static str,
}

/// One engine of a chain.
#[derive(Debug)]
struct Member<E: ?Sized> {
    name: String,
    engine: Arc<E>,
    standing: Mutex<Standing>,
}

/// The state of a member.
#[derive(Debug, Default)]
struct Standing {
    /// Until when it is skipped; `None` while it works.
    rests: Option<Moment>,
    /// What the user was told about it since it last worked.
    told: Option<String>,
}

impl Standing {
    fn rests(&self, now: Moment) -> bool {
        self.rests.is_some_and(|until| now < until)
    }

    fn failed(&mut self, now: Moment, error: &EngineError) {
        let rest = match error {
            EngineError::Overloaded { retry_after: Some(wait), .. } => (*wait).max(REST),
            EngineError::Overloaded { retry_after: None, .. }
            | EngineError::Unreachable(_)
            | EngineError::Refused(_)
            | EngineError::Rejected(_)
            | EngineError::Broken(_) => REST,
        };
        self.rests = Some(now + rest.min(LONGEST_REST));
    }

    /// Whether `note` is news to the user.
    fn tell(&mut self, note: &str) -> bool {
        self.told.replace(note.to_owned()).as_deref() != Some(note)
    }

    /// It works; returns whether the user thinks otherwise.
    fn answered(&mut self) -> bool {
        self.rests = None;
        self.told.take().is_some()
    }
}

impl<E: ?Sized> Member<E> {
    fn standing(&self) -> std::sync::MutexGuard<'_, Standing> {
        // No holder of this lock can panic halfway.
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The reason in `error` without the next step, as the start of a sentence that names the
    /// engine.
    fn why(&self, error: &EngineError) -> String {
        let message = error.to_string();
        let why = message.rsplit_once("; ").map_or(message.as_str(), |(why, _)| why);
        let why = why.strip_prefix("provider ").unwrap_or(why);
        let provider = self.name.split('/').next().unwrap_or_default();
        if why.contains(provider) { why.to_owned() } else { format!("{}: {why}", self.name) }
    }
}

impl Chain<dyn Transcriber> {
    /// Ears by name, such as `openai/gpt-transcribe`; changes of the engine in use go to `notes`.
    pub fn of_transcribers(
        transcribers: Vec<(String, Arc<dyn Transcriber>)>,
        notes: Notes,
        clock: Clock,
    ) -> Self {
        Self::new(transcribers, notes, clock, "listens")
    }
}

impl Chain<dyn Responder> {
    /// Minds by name; changes of the engine in use go to `notes`.
    pub fn of_responders(
        responders: Vec<(String, Arc<dyn Responder>)>,
        notes: Notes,
        clock: Clock,
    ) -> Self {
        Self::new(responders, notes, clock, "answers")
    }
}

impl Chain<dyn Synthesizer> {
    /// Voices by name; changes of the engine in use go to `notes`.
    pub fn of_synthesizers(
        synthesizers: Vec<(String, Arc<dyn Synthesizer>)>,
        notes: Notes,
        clock: Clock,
    ) -> Self {
        Self::new(synthesizers, notes, clock, "speaks")
    }
}

impl Chain<dyn Painter> {
    /// Painters by name; changes of the engine in use go to `notes`.
    pub fn of_painters(
        painters: Vec<(String, Arc<dyn Painter>)>,
        notes: Notes,
        clock: Clock,
    ) -> Self {
        Self::new(painters, notes, clock, "paints")
    }
}

impl<E: ?Sized + Send + Sync + 'static> Chain<E> {
    fn new(members: Vec<(String, Arc<E>)>, notes: Notes, clock: Clock, does: &'static str) -> Self {
        let members = members.into_iter().map(|(name, engine)| Member {
            name,
            engine,
            standing: Mutex::default(),
        });
        Self { members: members.collect(), notes, clock, does }
    }

    /// The members in the order in which they are asked: all that are not resting, or all.
    fn order(&self) -> Vec<usize> {
        let now = self.clock.now();
        let all = 0..self.members.len();
        let well: Vec<_> =
            all.clone().filter(|at| !self.members[*at].standing().rests(now)).collect();
        if well.is_empty() { all.collect() } else { well }
    }

    /// The first member, if the others are not needed yet.
    fn first(&self) -> Option<&E> {
        self.order().first().map(|at| &*self.members[*at].engine)
    }

    /// Asks one after the other with `ask` until one gives something that `binds`, or ends. All but
    /// the last have `patience` for each step until then; without it they have no time limit.
    fn ask<T: Send + 'static>(
        &self,
        patience: Option<Duration>,
        binds: fn(&T) -> bool,
        ask: impl Fn(&E) -> Flow<Result<T, EngineError>> + Send + 'static,
    ) -> Flow<Result<T, EngineError>> {
        let chain = self.clone();
        Box::pin(async_stream::stream! {
            let mut failed = Vec::new();
            let mut order = chain.order().into_iter().peekable();
            while let Some(at) = order.next() {
                let mut flow = ask(&chain.members[at].engine);
                let mut bound = false;
                let patience = patience.filter(|_| order.peek().is_some());
                loop {
                    let item = match patience.filter(|_| !bound) {
                        None => flow.next().await,
                        Some(patience) => tokio::time::timeout(patience, flow.next())
                            .await
                            .unwrap_or_else(|_| Some(Err(chain.stalled(at, patience)))),
                    };
                    match item {
                        Some(Err(error)) if !bound => {
                            failed.push((at, error));
                            break;
                        }
                        Some(item) => {
                            if !bound && item.as_ref().is_ok_and(binds) {
                                bound = true;
                                chain.answered(at, &failed);
                            }
                            yield item;
                        }
                        None => {
                            // An empty answer is an answer too.
                            if !bound {
                                chain.answered(at, &failed);
                            }
                            return;
                        }
                    }
                }
            }
            for (at, error) in &failed {
                chain.members[*at].standing().failed(chain.clock.now(), error);
            }
            let does = chain.does;
            let nobody = || EngineError::Refused(format!(
                "no engine that {does} is configured; run \"aloud config check\""
            ));
            yield Err(failed.into_iter().next().map_or_else(nobody, |(_, error)| error));
        })
    }

    fn stalled(&self, at: usize, patience: Duration) -> EngineError {
        EngineError::Unreachable(format!(
            "{} gave no output for {} s; check the network",
            self.members[at].name,
            patience.as_secs()
        ))
    }

    /// `by` has answered after those in `failed` did not.
    fn answered(&self, by: usize, failed: &[(usize, EngineError)]) {
        let does = self.does;
        let name = &self.members[by].name;
        let now = self.clock.now();
        for (at, error) in failed {
            let member = &self.members[*at];
            tracing::warn!("{error}");
            let note = format!("{}; {name} {does} instead", member.why(error));
            let mut standing = member.standing();
            standing.failed(now, error);
            if standing.tell(&note) {
                self.notes.tell(note);
            }
        }
        if self.members[by].standing().answered() {
            self.notes.tell(format!("{name} {does} again"));
        }
    }
}

impl<E: ?Sized> Clone for Chain<E> {
    fn clone(&self) -> Self {
        let (members, notes) = (Arc::clone(&self.members), self.notes.clone());
        Self { members, notes, clock: self.clock, does: self.does }
    }
}

impl Transcriber for Chain<dyn Transcriber> {
    fn transcribe(&self, utterance: Utterance) -> Flow<Result<Transcript, EngineError>> {
        self.recognize(utterance, Arc::default())
    }

    /// Provisional words do not bind: the next engine repeats them.
    fn recognize(
        &self,
        utterance: Utterance,
        known: Arc<[Known]>,
    ) -> Flow<Result<Transcript, EngineError>> {
        let spoken = utterance.pcm.len() as f64 / f64::from(LISTEN_RATE.0);
        let patience = TRANSCRIBER_PATIENCE + Duration::from_secs_f64(spoken / 10.0);
        self.ask(
            Some(patience),
            |words| words.last,
            move |ear| ear.recognize(utterance.clone(), Arc::clone(&known)),
        )
    }

    fn timed(&self) -> bool {
        self.members.iter().all(|member| member.engine.timed())
    }

    fn longest(&self) -> Duration {
        let longest = self.members.iter().map(|member| member.engine.longest());
        longest.min().unwrap_or_default()
    }

    fn warm(&self) -> Job<Result<(), EngineError>> {
        self.first().map_or_else(ready, Transcriber::warm)
    }
}

impl Responder for Chain<dyn Responder> {
    fn respond(&self, prompt: Prompt) -> Flow<Result<Delta, EngineError>> {
        self.ask(
            Some(RESPONDER_PATIENCE),
            |_| true,
            move |responder| responder.respond(prompt.clone()),
        )
    }

    /// Only if all of them do: otherwise a fallback would have nothing to answer.
    fn hears(&self) -> bool {
        self.members.iter().all(|member| member.engine.hears())
    }

    fn warm(&self) -> Job<Result<(), EngineError>> {
        self.first().map_or_else(ready, Responder::warm)
    }
}

impl Synthesizer for Chain<dyn Synthesizer> {
    /// A sentence may wait for long behind the previous one, so the time limit for the first sound
    /// is the voice's own.
    fn speak(&self, sentence: String) -> Flow<Result<Chunk, EngineError>> {
        self.ask(None, |_| true, move |voice| voice.speak(sentence.clone()))
    }

    fn alphabet(&self) -> Alphabet {
        self.first().map(|voice| voice.alphabet()).unwrap_or_default()
    }

    fn warm(&self) -> Job<Result<(), EngineError>> {
        self.first().map_or_else(ready, Synthesizer::warm)
    }
}

impl Painter for Chain<dyn Painter> {
    /// A picture takes minutes, so the time limit is the painter's own. An unfinished picture does
    /// not bind: the next painter starts over.
    fn paint(&self, wish: Wish) -> Flow<Result<Painted, EngineError>> {
        self.ask(None, |painted| painted.finished, move |painter| painter.paint(wish.clone()))
    }
}

fn ready() -> Job<Result<(), EngineError>> {
    Box::pin(std::future::ready(Ok(())))
}

#[cfg(test)]
mod tests;
