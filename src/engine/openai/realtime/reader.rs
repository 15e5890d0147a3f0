//! A realtime model as a voice: it reads what it is given.
//!
//! ```text
//! sentence ─▶ Reader ─▶ Booth (one session, one sentence at a time) ─▶ response.create {conversation: "none"}
//!                         └─ sound ─▶ Pacing ◀─ Reading (its words against the sentence) ─▶ Chunk…
//! ```
//!
//! Such a model sometimes says something other than what it was given. So its own transcript is
//! compared with the sentence as it arrives, and the chunks carry what is actually heard.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::oneshot;

use super::event::{Event, Over, parse};
use super::reading::Reading;
use super::socket::{INBOX, Socket};
use super::sound::Decoder;
use super::trouble::broke_off;
use super::{Dialect, Server, Settings, SocketEvent, SocketId, wire};
use crate::base::{Epoch, Flow, Job};
use crate::engine::{Chunk, EngineError, Meter, Notes, Pacing, Synthesizer};

/// Sentences that may wait while one is read. The caller requests two at once.
const WAITING: usize = 8;

/// Pieces of sound that may wait for the caller; a session that is further ahead is not read.
const AHEAD: usize = 256;

/// Time limit for opening a session.
const GREETING: Duration = Duration::from_secs(10);

/// Silence of the server in the middle of a sentence after which the session counts as broken.
const PATIENCE: Duration = Duration::from_secs(15);

/// The same for the end of an unwanted sentence.
const FAREWELL: Duration = Duration::from_secs(3);

/// An unused session is closed after this time.
const PARK: Duration = Duration::from_secs(300);

/// The model's instructions.
const PART: &str = "You are the voice of a program. You read its sentences aloud, word for word, in \
    their language. You never answer them, and you add and leave out nothing.";

/// A realtime model that reads sentences aloud. Cheap to clone; clones share its session.
#[derive(Clone, Debug)]
pub struct Reader {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    server: Server,
    settings: Settings,
    manner: Option<String>,
    meter: Meter,
    notes: Option<Notes>,
    /// The queue into the booth, once somebody has asked.
    asks: OnceLock<Sender<Ask>>,
}

/// Requests to the booth.
#[derive(Debug)]
enum Ask {
    /// Open a session.
    Warm(oneshot::Sender<Result<(), EngineError>>),
    /// Read this.
    Read { sentence: String, to: Sender<Result<Chunk, EngineError>> },
}

impl Reader {
    /// A reader at `server` with these `settings`, in a `manner` if one is wanted.
    pub fn new(server: Server, settings: Settings, manner: Option<String>) -> Self {
        let (meter, notes, asks) = (Meter::default(), None, OnceLock::new());
        Self { shared: Arc::new(Shared { server, settings, manner, meter, notes, asks }) }
    }

    /// Counts usage with `meter` and reports misreadings to `notes`.
    #[must_use]
    pub fn telling(self, meter: Meter, notes: Notes) -> Self {
        let Shared { server, settings, manner, .. } = &*self.shared;
        let (server, settings, manner) = (server.clone(), settings.clone(), manner.clone());
        let (notes, asks) = (Some(notes), OnceLock::new());
        Self { shared: Arc::new(Shared { server, settings, manner, meter, notes, asks }) }
    }

    fn asks(&self) -> Sender<Ask> {
        let begin = || {
            let (to, asks) = mpsc::channel(WAITING);
            let Shared { server, settings, manner, meter, notes, .. } = &*self.shared;
            let mut part = PART.to_owned();
            if let Some(manner) = manner {
                part.push_str(&format!(" How you speak: {manner}"));
            }
            let booth = Booth {
                server: server.clone(),
                settings: settings.clone(),
                part,
                meter: meter.clone(),
                notes: notes.clone(),
                line: None,
                count: 0,
            };
            tokio::spawn(booth.run(asks));
            to
        };
        self.shared.asks.get_or_init(begin).clone()
    }
}

impl Synthesizer for Reader {
    fn speak(&self, sentence: String) -> Flow<Result<Chunk, EngineError>> {
        let reader = self.clone();
        Box::pin(async_stream::stream! {
            let (to, mut sound) = mpsc::channel(AHEAD);
            if reader.asks().send(Ask::Read { sentence, to }).await.is_err() {
                yield Err(broke_off(&reader.shared.settings.provider));
                return;
            }
            while let Some(chunk) = sound.recv().await {
                yield chunk;
            }
        })
    }

    fn warm(&self) -> Job<Result<(), EngineError>> {
        let reader = self.clone();
        Box::pin(async move {
            let (to, made) = oneshot::channel();
            let gone = || broke_off(&reader.shared.settings.provider);
            reader.asks().send(Ask::Warm(to)).await.map_err(|_| gone())?;
            made.await.unwrap_or_else(|_| Err(gone()))
        })
    }
}

/// Reads the sentences, one after the other.
struct Booth {
    server: Server,
    settings: Settings,
    part: String,
    meter: Meter,
    notes: Option<Notes>,
    line: Option<Line>,
    /// Sentences so far; identifies the server's answers.
    count: u32,
}

/// An open session.
struct Line {
    socket: Socket,
    inbox: Receiver<(SocketId, SocketEvent)>,
}

/// How reading a sentence ended.
enum End {
    /// It was read, or nobody wants it any more.
    Read,
    /// The session is lost; whether some of the sentence was heard.
    Lost(EngineError, bool),
    /// It will not be read.
    Refused(EngineError),
}

impl Booth {
    async fn run(mut self, mut asks: Receiver<Ask>) {
        loop {
            let ask = match &mut self.line {
                None => asks.recv().await,
                Some(line) => tokio::select! {
                    biased;
                    ask = asks.recv() => ask,
                    () = line.ended() => {
                        self.line = None;
                        continue;
                    }
                    () = tokio::time::sleep(PARK) => {
                        self.close();
                        continue;
                    }
                },
            };
            match ask {
                None => return self.close(),
                Some(Ask::Warm(made)) => {
                    // The caller may be gone.
                    let _ = made.send(self.ready().await);
                }
                Some(Ask::Read { sentence, to }) => {
                    if let Err(error) = self.read(&sentence, &to).await {
                        let _ = to.send(Err(error)).await;
                    }
                }
            }
        }
    }

    fn close(&mut self) {
        if let Some(line) = self.line.take() {
            line.socket.close();
        }
    }

    /// Makes sure that there is a session.
    async fn ready(&mut self) -> Result<(), EngineError> {
        if self.line.is_some() {
            return Ok(());
        }
        let greeted = tokio::time::timeout(GREETING, self.open()).await;
        let late = |_| {
            let provider = &self.settings.provider;
            let why = format!("provider {provider} opened no session in time; check the network");
            Err(EngineError::Unreachable(why))
        };
        let line = greeted.unwrap_or_else(late)?;
        self.line = Some(line);
        Ok(())
    }

    async fn open(&self) -> Result<Line, EngineError> {
        let Settings { provider, dialect, .. } = &self.settings;
        let (to, inbox) = mpsc::channel(INBOX);
        let socket = Socket::dial(&self.server, SocketId(0), *dialect, to);
        let mut line = Line { socket, inbox };
        loop {
            match line.event().await {
                Ok(Event::Session { created: true, dialect: spoken, .. }) => {
                    let dialect = (*dialect).or(spoken).unwrap_or(Dialect::Ga);
                    let part = Some((self.part.as_str(), &[][..]));
                    let update =
                        wire::session_update(dialect, &self.settings, self.settings.format, part);
                    line.send(update.to_string()).map_err(|()| broke_off(provider))?;
                    return Ok(line);
                }
                Ok(Event::Error(trouble)) => return Err(trouble.error(provider)),
                Ok(_) => {}
                Err(Some(error)) => return Err(error),
                Err(None) => return Err(broke_off(provider)),
            }
        }
    }

    /// Reads a sentence, in a fresh session if the old one turns out to be gone.
    async fn read(
        &mut self,
        sentence: &str,
        to: &Sender<Result<Chunk, EngineError>>,
    ) -> Result<(), EngineError> {
        loop {
            if to.is_closed() {
                return Ok(());
            }
            let fresh = self.line.is_none();
            self.ready().await?;
            match self.recite(sentence, to).await {
                End::Read => return Ok(()),
                End::Refused(error) => return Err(error),
                End::Lost(error, heard) => {
                    self.line = None;
                    if heard || fresh {
                        return Err(error);
                    }
                }
            }
        }
    }

    async fn recite(&mut self, sentence: &str, to: &Sender<Result<Chunk, EngineError>>) -> End {
        let provider = self.settings.provider.clone();
        let lost = |heard| End::Lost(broke_off(&provider), heard);
        let Some(line) = &mut self.line else { return lost(false) };
        self.count += 1;
        let epoch = Epoch(self.count);
        if line.send(wire::recite(epoch, sentence).to_string()).is_err() {
            return lost(false);
        }
        let rate = self.settings.format.rate();
        let mut recital = SpeechQueue::new(sentence, self.settings.speed.unwrap_or(1.0));
        let mut own: Option<String> = None;
        let mut unwanted = false;
        loop {
            let patience = if unwanted { FAREWELL } else { PATIENCE };
            let event = tokio::select! {
                biased;
                () = to.closed(), if !unwanted => {
                    unwanted = true;
                    if line.send(wire::cancel(own.as_deref()).to_string()).is_err() {
                        return lost(true);
                    }
                    continue;
                }
                event = tokio::time::timeout(patience, line.event()) => event,
            };
            let event = match event {
                Ok(Ok(event)) => event,
                Ok(Err(error)) => {
                    let error = error.unwrap_or_else(|| broke_off(&provider));
                    return End::Lost(error, recital.heard);
                }
                Err(_) => return lost(recital.heard),
            };
            let mine =
                |response: &Option<String>| own.is_none() || response.is_none() || *response == own;
            match event {
                Event::Begun { response, epoch: of } if of.is_none_or(|of| of == epoch) => {
                    own = response;
                }
                Event::Audio { at, delta } if mine(&at.response) && !unwanted => {
                    let Some(pcm) = recital.decoder.decode(self.settings.format, &delta) else {
                        return End::Refused(broke_off(&provider));
                    };
                    if !pcm.is_empty() {
                        recital.heard = true;
                        // A missing listener is noticed above.
                        let _ = to.send(Ok(recital.pacing.sound(pcm, rate))).await;
                    }
                }
                Event::Words { at, text, whole, .. } if mine(&at.response) => {
                    recital.words(&text, whole);
                }
                Event::Over(over) if mine(&over.response) => {
                    if let Some(usage) = over.usage {
                        let Settings { provider, model, .. } = &self.settings;
                        self.meter.count(&format!("{provider}/{model}"), usage);
                    }
                    if unwanted {
                        return End::Read;
                    }
                    return self.over(sentence, recital, &over, to).await;
                }
                // It was already over when it was cancelled.
                Event::Error(trouble)
                    if unwanted && trouble.code == "response_cancel_not_active" =>
                {
                    return End::Read;
                }
                Event::Error(trouble) => {
                    let error = trouble.error(&provider);
                    let expired = trouble.code == "session_expired";
                    if trouble.is_final() {
                        self.line = None;
                    }
                    return if expired {
                        End::Lost(error, recital.heard)
                    } else {
                        End::Refused(error)
                    };
                }
                Event::Limits(limits) => self.meter.limits(&provider, limits),
                Event::Begun { .. }
                | Event::Audio { .. }
                | Event::Words { .. }
                | Event::Over(_)
                | Event::Session { .. }
                | Event::Committed { .. }
                | Event::Speech { .. }
                | Event::Heard { .. }
                | Event::Item { .. }
                | Event::Call { .. }
                | Event::Other => {}
            }
        }
    }

    /// The server has ended its answer: the rest of the words, and whether they were the right
    /// ones.
    async fn over(
        &self,
        sentence: &str,
        mut recital: SpeechQueue,
        over: &Over,
        to: &Sender<Result<Chunk, EngineError>>,
    ) -> End {
        let provider = &self.settings.provider;
        let trouble = over.trouble.as_ref().map(|trouble| trouble.error(provider));
        if !recital.heard || over.status == "failed" {
            let silent =
                EngineError::Broken(format!("provider {provider} sent no audio; ask again"));
            return End::Refused(trouble.unwrap_or(silent));
        }
        let complete = over.status == "completed";
        if let Some(text) = recital.rest(complete) {
            let chunk = Chunk { pcm: Vec::new(), rate: self.settings.format.rate(), text };
            // As above.
            let _ = to.send(Ok(chunk)).await;
        }
        if recital.reading.differs()
            && let Some(notes) = &self.notes
        {
            let (model, said) = (&self.settings.model, recital.reading.said().trim());
            tracing::info!(sentence, said, "read otherwise");
            notes.tell(format!(
                "{provider}/{model} said \"{said}\" instead of \"{}\"",
                sentence.trim()
            ));
        }
        if complete {
            End::Read
        } else {
            End::Refused(trouble.unwrap_or_else(|| broke_off(provider)))
        }
    }
}

/// A sentence being read.
struct SpeechQueue {
    reading: Reading,
    decoder: Decoder,
    pacing: Pacing,
    /// Whether some of it was heard.
    heard: bool,
    /// Whether the server transcribes what it says.
    told: bool,
}

impl SpeechQueue {
    fn new(sentence: &str, speed: f64) -> Self {
        let (reading, decoder) = (Reading::of(sentence), Decoder::default());
        Self { reading, decoder, pacing: Pacing::at_speed(speed), heard: false, told: false }
    }

    /// Words of the transcript: the next ones, or all of them repeated.
    fn words(&mut self, text: &str, whole: bool) {
        if !(whole && self.told) {
            self.told = true;
            let words = self.reading.push(text);
            self.pacing.words(&words);
        }
    }

    /// The words left over when the sound is complete. Without a transcript, the sentence is
    /// assumed to have been read.
    fn rest(&mut self, complete: bool) -> Option<String> {
        let words = match (self.told, complete) {
            (true, _) => self.reading.finish(),
            (false, true) => self.reading.all(),
            (false, false) => String::new(),
        };
        self.pacing.words(&words);
        self.pacing.rest()
    }
}

impl Line {
    fn send(&self, message: String) -> Result<(), ()> {
        self.socket.send(message).map_err(|_| ())
    }

    /// The server's next event; an error if the session is over, with the reason if there is one.
    async fn event(&mut self) -> Result<Event, Option<EngineError>> {
        loop {
            match self.inbox.recv().await {
                Some((_, SocketEvent::Text(text))) => {
                    if let Some((event, _)) = parse(&text) {
                        return Ok(event);
                    }
                }
                Some((_, SocketEvent::Open | SocketEvent::Pong)) => {}
                Some((_, SocketEvent::Failed(error))) => return Err(Some(error)),
                Some((_, SocketEvent::Closed(_))) | None => return Err(None),
            }
        }
    }

    /// Waits until the idle session is over.
    async fn ended(&mut self) {
        while self.event().await.is_ok() {}
    }
}
