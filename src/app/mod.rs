//! Wiring: from settings to engines, tools and a driver; readiness and drain.
//!
//! ```text
//! Settings ─▶ App ─▶ engines (by name) ─┐
//!                 ├▶ tools, book ───────┼─▶ drive::Parts ─▶ Driver
//!                 └▶ sound path, ear ───┘
//! ```
//!
//! **Invariant:** problems of the machine (a missing model, an unreadable file) are found here,
//! before anything runs, and reported with the next step. Devices come and go: a conversation
//! starts and lives without them.

mod absent;
mod devices;
mod draft;
mod ended;
mod engines;
mod house;
mod instructions;
mod keys;
mod own_wake;
mod painter;
pub(crate) mod permissions;
mod picture;
mod pulses;
mod realtime;
mod remote;
mod sentences;
mod start_error;
mod talk;
pub(crate) mod tools;
pub(crate) mod tuned;
mod turn_end;
mod wake;

pub(crate) use own_wake::{OwnWords, embedder};
pub use painter::{album, painter};
pub use picture::picture;
pub(crate) use picture::unfit;
pub use pulses::{Pulses, warm};
pub use remote::{Outlook, days, outlook, remote_models, remote_providers};
pub use start_error::StartError;
pub use talk::{Conversation, Output, Talk};
pub(crate) use wake::{WakeWords, cutoff_of, wake_words};

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use self::absent::{Deaf, Mute};
use self::devices::{choice, ready};
use self::draft::Draft;
use self::engines::Accounts;
use self::instructions::Told;
use crate::audio;
use crate::base::{Clock, LocalZone, Volume, WallClock};
use crate::config::{self, Config, Environment};
use crate::dialog::Item;
use crate::drive::{Driver, Ear, Finished, Handle, Parts, Question};
use crate::engine::local::hibari::Hibari;
use crate::engine::local::{Runtime, Silero, Templates};
use crate::engine::{Alphabet, Engines, Meter, Notes, Synthesizer, Transcriber};
use crate::ledger::Ledger;
use crate::listen;
use crate::models::Store;
use crate::tool::{self, Book, Registry, Ringer, Tongue};
use crate::turn;

/// The manifest's model and file of the onnxruntime library.
const RUNTIME: (&str, &str) = ("onnxruntime", "libonnxruntime.so.1.31.1");

/// What every command is built from.
pub struct App {
    /// The settings, and where they came from.
    pub config: Config,
    /// The model files.
    pub store: Store,
    /// Tells the time.
    pub clock: Clock,
    /// The speaker's volume.
    pub volume: Volume,
    locale: String,
    env: Environment,
    /// Whether to request timestamps from a provider's ear.
    pub segments: bool,
    /// Whether nobody will hear the answer, so that a speaking model is asked for text.
    pub mute: bool,
    /// Items that precede the conversation, after those of the context files.
    pub opening: Vec<Item>,
    /// The contents of the context files, once read.
    context: OnceLock<Told>,
    /// Whether our default voice has turned out to be retired.
    speech_ended: Arc<AtomicBool>,
    /// Records the use of providers' models, and what counts it.
    ledger: Ledger,
    meter: Meter,
    accounts: Mutex<Accounts>,
    /// The templates, once used.
    templates: OnceLock<Arc<Templates>>,
    /// The user's own tools, once used.
    own: OnceLock<tool::Own>,
    /// The MCP servers, once started.
    servers: OnceLock<tool::mcp::Servers>,
    /// The local voices used so far.
    voices: Mutex<BTreeMap<String, Arc<Hibari>>>,
}

impl App {
    /// Reads the configuration; opens nothing yet.
    ///
    /// # Errors
    /// [`StartError::Config`] with every mistake, [`StartError::Model`] when the manifest cannot be
    /// read.
    pub fn open(file: Option<&Path>, env: &Environment) -> Result<Self, StartError> {
        let config = Config::load(env, file)?;
        let store = Store::open(model_settings(&config.settings))?;
        Runtime::set_threads(u8::try_from(config.settings.local.threads).unwrap_or(1));
        let volume = Volume::new(config.settings.audio.volume);
        let locale = env.locale("LC_MEASUREMENT").to_owned();
        let (clock, env) = (Clock::start(), env.clone());
        let (accounts, voices) = Default::default();
        let zone = jiff::tz::TimeZone::system();
        let ledger = Ledger::new(config.paths.state.join("usage"), zone, WallClock::System);
        let pen = ledger.clone();
        let prices = config.settings.prices.clone();
        let meter = Meter::new(move |spent| pen.note(spent))
            .priced(move |model, usage| Some(prices.get(model)?.of(usage)));
        let templates = OnceLock::new();
        Ok(Self {
            config,
            store,
            clock,
            volume,
            locale,
            env,
            segments: false,
            mute: false,
            opening: Vec::new(),
            context: OnceLock::new(),
            speech_ended: Arc::default(),
            ledger,
            meter,
            accounts,
            templates,
            own: OnceLock::new(),
            servers: OnceLock::new(),
            voices,
        })
    }

    /// What the providers' models were used for.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The contents of the context files. They are read once: one of them may be standard input.
    fn context(&self) -> Result<&Told, StartError> {
        if let Some(told) = self.context.get() {
            return Ok(told);
        }
        let told = instructions::read_all(&self.config.settings.context)?;
        Ok(self.context.get_or_init(|| told))
    }

    /// The items before the conversation.
    fn before(&self) -> Result<Arc<[Item]>, StartError> {
        let told = self.context()?.messages.iter();
        Ok(told.chain(&self.opening).cloned().collect())
    }

    /// The instructions of a model. A realtime session gets no other words at its start.
    fn instructions(&self) -> Result<Arc<str>, StartError> {
        let told = Arc::clone(&self.context()?.instructions);
        let before = if realtime::hears(self) { self.before()? } else { Arc::default() };
        Ok(if before.is_empty() { told } else { instructions::with_before(&told, &before) })
    }

    /// The instructions of wake words with a persona of their own.
    fn personas(&self) -> Result<BTreeMap<String, Arc<str>>, StartError> {
        let told = self.context()?;
        let own = &self.config.settings.wake.own;
        let personas = own.iter().filter_map(|(word, own)| Some((word, own.persona.as_ref()?)));
        Ok(personas.map(|(word, who)| (word.clone(), told.spoken_by(who))).collect())
    }

    /// The ear of a conversation, or the one behind the `live` ear. A partner that hears by itself
    /// needs it for the record only.
    fn ear(&self, notes: &Notes, live: bool) -> Result<Arc<dyn Transcriber>, StartError> {
        let names = &self.config.settings.cascade.transcribe;
        let names = match names.as_slice() {
            [_, others @ ..] if live && !others.is_empty() => others,
            all => all,
        };
        match (self.transcriber_of(names, notes), self.config.settings.partner) {
            (Err(error), config::Partner::AudioChat) => {
                tracing::warn!("no transcripts: {error}");
                Ok(Arc::new(Deaf))
            }
            (Err(error), config::Partner::Realtime) => Ok(Arc::new(realtime::Absent::new(&error))),
            (ear, _) => ear,
        }
    }

    /// The language of what rings.
    fn tongue(&self, engines: &Engines) -> Tongue {
        let reads = engines.speak.as_ref().is_some_and(|voice| voice.alphabet() == Alphabet::Any);
        Tongue::new(&self.config.settings.transcribe.languages, reads)
    }

    /// The voice of a conversation. A partner that speaks by itself needs it for notices only.
    fn mouth(&self, notes: &Notes) -> Result<Option<Arc<dyn Synthesizer>>, StartError> {
        match (self.voice(notes), self.config.settings.partner) {
            (Err(error), config::Partner::AudioChat | config::Partner::Realtime) => {
                tracing::warn!("notices and errors are shown, not spoken: {error}");
                Ok(None)
            }
            (voice, _) => voice.map(Some),
        }
    }

    /// Makes the voice activity model when the first sound needs it.
    pub fn voice_activity(&self) -> listen::VadFactory {
        Box::new(|| Ok(Box::new(Silero::new())))
    }

    /// The timers and alarms of this user.
    pub fn book(&self) -> Book {
        let path = self.config.paths.state.join("timers.json");
        Book::open(&path, WallClock::System, LocalZone::system())
    }

    /// The enabled tools; those of MCP servers come once their servers are up. What the user should
    /// know goes to `notes`.
    ///
    /// # Errors
    /// When an address in the settings is invalid.
    pub fn tools(
        &self,
        book: &Book,
        ringer: Ringer,
        notes: &Notes,
    ) -> Result<Registry, StartError> {
        tools::registry(self, book, ringer, notes)
    }

    /// The user's own tools, read once, so that tools and sentences belong together.
    pub fn own(&self) -> &tool::Own {
        self.own.get_or_init(|| tool::own(&self.config.settings.tools.dir))
    }

    /// How the listen thread cuts utterances.
    pub fn listening(&self) -> listen::Settings {
        let listen = &self.config.settings.listen;
        listen::Settings {
            // If the server detects turns, our own detection is only the fallback.
            pause_ms: if realtime::theirs(self) {
                listen.pause_ms.max(THEIRS_MS)
            } else {
                listen.pause_ms
            },
            // A pause also tells a murmur from an interruption; whether to prepare a reply then is
            // the machine's setting.
            speculate_ms: Some(listen::LULL_MS),
            preroll_ms: listen.preroll_ms,
            max_utterance_s: listen.max_utterance_s,
            echo: listen.echo,
            ..listen::Settings::default()
        }
    }

    /// How the machine behaves.
    pub fn turns(&self, mode: config::Mode) -> turn::Setup {
        let listen = &self.config.settings.listen;
        let mode = match mode {
            config::Mode::PushToTalk => turn::Mode::PushToTalk,
            config::Mode::Open => turn::Mode::Open,
            config::Mode::Wake => turn::Mode::Wake,
        };
        let mut settings = turn::Settings {
            mode,
            speculate: self.speculates() && !realtime::theirs(self),
            ..turn::Settings::default()
        };
        // A provider's client gives up after this time itself, and knows why.
        let patience = self.config.settings.chat.patience_s + 5;
        settings.patience.reply = Duration::from_secs(patience.into());
        // The listen thread cuts at this length itself; the machine's watchdog comes later.
        settings.filler.on = self.config.settings.tools.filler;
        settings.patience.utterance = Duration::from_secs(u64::from(listen.max_utterance_s) + 5);
        turn::Setup { settings, ..turn::Setup::default() }
    }

    /// The devices or files at both ends of the sound path.
    pub fn devices(&self) -> audio::Settings {
        let audio = &self.config.settings.audio;
        audio::Settings {
            input: Some(choice(&audio.input)),
            output: Some(choice(&audio.output)),
            loops: tuned::loops(self),
            ..audio::Settings::default()
        }
    }

    /// Answers one question and ends. `output` says where the answer sounds, if anywhere.
    ///
    /// # Errors
    /// When an engine that is needed is missing, or the sound cannot be opened.
    pub async fn once(&self, question: Question, output: Output) -> Result<Finished, StartError> {
        self.once_watched(question, output, |_| std::future::ready(())).await
    }

    /// As [`App::once`], with `watch` receiving the events.
    ///
    /// # Errors
    /// As [`App::once`].
    pub async fn once_watched<W: Future<Output = ()>>(
        &self,
        question: Question,
        output: Output,
        watch: impl FnOnce(Handle) -> W,
    ) -> Result<Finished, StartError> {
        let spoken = matches!(question, Question::Heard(_));
        let sounds = !matches!(output, Output::Words);
        let (notes, told) = Notes::new();
        let asks = !matches!(question, Question::Say(_));
        let engines = Engines {
            transcribe: if spoken { self.ear(&notes, false)? } else { Arc::new(Deaf) },
            chat: if asks { self.responder(&notes)? } else { Arc::new(Mute) },
            speak: match output {
                Output::Words => None,
                Output::File(_) | Output::Speaker => self.mouth(&notes)?,
            },
        };
        let path = audio::path(self.volume.clone());
        let (output, draft) = match output {
            Output::Words => (None, None),
            Output::File(file) => {
                let draft = Draft::of(&file)?;
                (Some(audio::Choice::File(draft.path().to_owned())), Some(draft))
            }
            Output::Speaker => (Some(choice(&self.config.settings.audio.output)), None),
        };
        let pace = audio::Pace::Fast;
        let sounding = output.is_some();
        let settings = audio::Settings { input: None, output, pace, ..audio::Settings::default() };
        let sound = if sounding {
            let (sound, _) = audio::Sound::open(&settings, path.capture, path.playback)?;
            Some(ready(sound).await?)
        } else {
            None
        };
        let ringer = self.ringer().await;
        let book = self.book();
        let mut setup = self.turns(config::Mode::PushToTalk);
        setup.settings.filler.on &= sounds;
        let tongue = self.tongue(&engines);
        let driver = Driver::new(Parts {
            clock: self.clock,
            tongue,
            setup,
            partner: realtime::partner(self, engines, told, None, sounds)?,
            instructions: self.instructions()?,
            tools: tools::for_one(self, &question, self.tools(&book, ringer, &notes)?).await?,
            permissions: permissions::permissions(self),
            book: None,
            volume: self.volume.clone(),
            feed: path.feed,
            shared: path.shared,
            ear: None,
            early: None,
            turn_ends: None,
            words: Vec::new(),
            personas: BTreeMap::new(),
            sound: None,
            rest: None,
            question: Some(question),
            record: None,
            spending: self.meter.clone(),
            meter: false,
            earcons: false,
        });
        let watching = watch(driver.handle());
        let (finished, ()) = tokio::join!(driver.run(), watching);
        if let Some(sound) = sound {
            sound.close()?;
        }
        // A failed answer leaves no sound, and the old file stays in place.
        if let Some(draft) = draft.filter(|_| finished.troubles.is_empty()) {
            draft.keep()?;
        }
        Ok(finished)
    }

    /// Who will ring a timer that is set by a short-lived program.
    pub(crate) async fn ringer(&self) -> Ringer {
        match crate::control::Client::reach(&self.config.paths.socket()).await {
            Ok(_) => Ringer::Elsewhere,
            Err(_) => Ringer::Nobody,
        }
    }

    /// Finds what would keep a conversation from starting, without opening anything.
    ///
    /// # Errors
    /// As [`App::converse`].
    pub fn check(&self) -> Result<(), StartError> {
        let (notes, _) = Notes::new();
        self.ear(&notes, realtime::live_ear(self).is_some())?;
        self.responder(&notes)?;
        self.mouth(&notes)?;
        self.instructions().map(drop)
    }

    /// Builds the driver of a conversation: microphone, speaker, everything.
    ///
    /// # Errors
    /// When an engine is missing, or a sound file cannot be opened. Missing devices are not errors:
    /// they are reported as events and used once they are there.
    pub async fn converse(&self, talk: Talk) -> Result<Conversation, StartError> {
        let (notes, told) = Notes::new();
        let live = realtime::live_ear(self);
        let engines = Engines {
            transcribe: self.ear(&notes, live.is_some())?,
            chat: self.responder(&notes)?,
            speak: self.mouth(&notes)?,
        };
        let path = audio::path(self.volume.clone());
        let (sound, events) = audio::Sound::open(&self.devices(), path.capture, path.playback)?;
        let (outbox, heard) = tokio::sync::mpsc::channel(listen::LISTEN_OUTBOX);
        let (cuts, voice) = (self.listening(), Some(self.voice_activity()));
        let words = Some(wake_words(self));
        let handle = listen::spawn(path.tail, path.tap, cuts, voice, words, outbox)
            .map_err(StartError::Thread)?;
        let listening = handle.pulse();
        if self.config.settings.local.warm {
            // The queue cannot be full: this is the first order.
            let _ = handle.order(listen::Order::Warm);
        }
        let book = self.book();
        let views = book.watch();
        let tools = self.tools(&book, Ringer::Here, &notes)?;
        let (early, inside) = self.early(&engines.transcribe);
        let mut at_start = engines.clone();
        if live.is_some() {
            // It is only the fallback, and loaded when needed.
            at_start.transcribe = Arc::new(Deaf);
        }
        let tongue = self.tongue(&engines);
        let driver = Driver::new(Parts {
            clock: self.clock,
            tongue,
            setup: self.turns(talk.mode),
            partner: realtime::partner(self, engines, told, live, true)?,
            instructions: self.instructions()?,
            tools,
            permissions: permissions::permissions(self),
            book: Some((book, views)),
            volume: self.volume.clone(),
            feed: path.feed,
            shared: path.shared,
            ear: Some(Ear { handle, events: heard }),
            turn_ends: turn_end::turn_ends(self, early.as_ref(), inside)?,
            early,
            words: self.config.settings.wake.words.clone(),
            personas: self.personas()?,
            sound: Some(events),
            rest: Some(sound.rest()),
            question: None,
            record: talk.record.as_deref().and_then(crate::drive::record_in),
            spending: self.meter.clone(),
            meter: talk.meter,
            earcons: self.config.settings.audio.earcons,
        });
        let pulses = Pulses { driver: driver.beats(), listening, sound: sound.pulse() };
        Ok(Conversation { driver, sound, engines: at_start, pulses })
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.ledger.flush();
    }
}

/// Silence that ends a turn if the server should have ended it before, in milliseconds.
const THEIRS_MS: u32 = 2_000;

fn model_settings(settings: &config::Settings) -> crate::models::Settings {
    let config::Models { dir, mirror, pip } = settings.models.clone();
    crate::models::Settings { dir, mirror, pip }
}
