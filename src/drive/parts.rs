use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::event::Timings;
use super::record::Record;
use super::turn_end::TurnEnds;
use crate::audio::{PlaybackFeed, Rest, SharedState, SoundEvent};
use crate::base::{Clock, Flow, Volume};
use crate::dialog::{History, Picture};
use crate::engine::{EngineError, Meter, Partner, Source, Transcriber};
use crate::listen;
use crate::tool::permission::Permissions;
use crate::tool::{Book, Registry, Tongue, View};
use crate::turn::{Mode, Setup};

/// Everything a driver is made of.
pub struct Parts {
    /// Tells the time.
    pub clock: Clock,
    /// The machine's settings; its tools are filled in from `tools`.
    pub setup: Setup,
    /// Who answers.
    pub partner: Box<dyn Partner>,
    /// Who aloud is, for responders that take instructions.
    pub instructions: Arc<str>,
    /// What they are instead in a turn that begins with one of these wake words.
    pub personas: BTreeMap<String, Arc<str>>,
    /// The tools that can be called.
    pub tools: Registry,
    /// Which of them run without asking.
    pub permissions: Permissions,
    /// Timers and alarms, with the stream of their state if this program is to ring them.
    pub book: Option<(Book, Flow<View>)>,
    /// The language of what rings.
    pub tongue: Tongue,
    /// The speaker's volume.
    pub volume: Volume,
    /// The speaker ring.
    pub feed: PlaybackFeed,
    /// Counts and positions of the edges.
    pub shared: SharedState,
    /// The listen thread, if there is a microphone.
    pub ear: Option<Ear>,
    /// Recognizes the first words of an utterance in progress, so that speech over a reply is
    /// understood before it ends; preferably a local engine. Without one its length decides.
    pub early: Option<Arc<dyn Transcriber>>,
    /// Judges the end of a turn by meaning; without it, every pause of the configured length ends
    /// one.
    pub turn_ends: Option<TurnEnds>,
    /// The wake words that the listen thread knows, as the configuration names them.
    pub words: Vec<String>,
    /// Events of the sound devices.
    pub sound: Option<mpsc::Receiver<SoundEvent>>,
    /// Lets the speaker sleep while nothing is said.
    pub rest: Option<Rest>,
    /// One question: the driver answers it and ends. Without one it runs until told to quit.
    pub question: Option<Question>,
    /// Where every input is recorded, for `aloud replay`.
    pub record: Option<Record>,
    /// Counts the engines' use of providers, for the state.
    pub spending: Meter,
    /// Whether a meter is shown, so that level events are sent.
    pub meter: bool,
    /// Whether earcons sound.
    pub earcons: bool,
}

/// The driver's end of the listen thread.
pub struct Ear {
    /// Takes orders.
    pub handle: listen::ListenHandle,
    /// Yields events.
    pub events: mpsc::Receiver<listen::Event>,
}

/// One question, asked before the driver starts.
pub enum Question {
    /// Typed, with the pictures it is about.
    Text {
        /// The words.
        text: String,
        /// The pictures.
        pictures: Vec<Picture>,
    },
    /// Spoken: what the listener made of a recording under a held key.
    Heard(Vec<listen::Event>),
    /// No question; this is spoken.
    Say(String),
}

/// The outcome of a driver that has ended.
#[derive(Debug)]
pub struct Finished {
    /// What was said and heard.
    pub history: History,
    /// What opened the ear at last.
    pub mode: Mode,
    /// Whether the microphone was muted at last.
    pub muted: bool,
    /// Whether it ended for another driver to take over.
    pub left: bool,
    /// How long the last turn took.
    pub timings: Timings,
    /// What went wrong, in order; sentences for the user.
    pub troubles: Vec<String>,
    /// The engine failures among them, in order.
    pub errors: Vec<EngineError>,
    /// How the answer came about, for the user: who stood in for whom, and why.
    pub notes: Vec<String>,
    /// The sources that the replies cite.
    pub sources: Vec<Source>,
}

/// The next value of a part that may be missing: then it never comes.
pub(super) async fn receive<T>(from: &mut Option<mpsc::Receiver<T>>) -> Option<T> {
    match from {
        Some(from) => from.recv().await,
        None => std::future::pending().await,
    }
}
