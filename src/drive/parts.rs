use std::sync::Arc;

use tokio::sync::mpsc;

use super::event::Timings;
use super::record::Record;
use crate::audio::{Gauge, PlaybackFeed, Rest, SoundEvent};
use crate::base::{Clock, Flow, Volume};
use crate::dialog::{History, Picture};
use crate::engine::{EngineError, Meter, Partner, Source, Transcriber};
use crate::listen;
use crate::tool::{Book, Registry, View};
use crate::turn::Setup;

/// Everything a driver is made of.
pub struct Parts {
    /// Reads the time.
    pub clock: Clock,
    /// The machine's settings; its tools are filled in from `tools`.
    pub setup: Setup,
    /// Who answers.
    pub partner: Box<dyn Partner>,
    /// Who aloud is, for responders that read it.
    pub instructions: Arc<str>,
    /// What can be called.
    pub tools: Registry,
    /// Timers and alarms, and how they stand from now on where this program is to ring them.
    pub book: Option<(Book, Flow<View>)>,
    /// The speaker's volume.
    pub volume: Volume,
    /// The speaker ring and its gauge.
    pub feed: PlaybackFeed,
    /// What the edges tell.
    pub gauge: Gauge,
    /// The listen thread, where there is a microphone.
    pub ear: Option<Ear>,
    /// Recognizes the first words of an utterance under way, so that a voice over a reply is
    /// understood before it ends: best an engine of this machine. Without one its length decides.
    pub early: Option<Arc<dyn Transcriber>>,
    /// The wake words that the listen thread knows, as the configuration names them.
    pub words: Vec<String>,
    /// What happens to the devices.
    pub sound: Option<mpsc::Receiver<SoundEvent>>,
    /// Lets the speaker rest while nothing is said.
    pub rest: Option<Rest>,
    /// One question: the driver answers it and ends. Without one it runs until it is told to quit.
    pub question: Option<Question>,
    /// Where every input is written, for `aloud replay`.
    pub record: Option<Record>,
    /// Counts what the engines use, for the state.
    pub spending: Meter,
    /// Whether a meter is shown: level events are sent.
    pub meter: bool,
    /// Whether earcons sound.
    pub earcons: bool,
}

/// The listen thread as the driver holds it.
pub struct Ear {
    /// Takes orders.
    pub handle: listen::ListenHandle,
    /// Gives events.
    pub events: mpsc::Receiver<listen::Event>,
}

/// One question, asked before the driver starts.
pub enum Question {
    /// Typed, with the pictures that it is about.
    Text {
        /// The words.
        text: String,
        /// What they are about.
        pictures: Vec<Picture>,
    },
    /// Spoken: what the listener made of a recording under a held key.
    Heard(Vec<listen::Event>),
    /// Nothing is asked; this is said.
    Say(String),
}

/// What is left when a driver has ended.
#[derive(Debug)]
pub struct Finished {
    /// What was said and heard.
    pub history: History,
    /// How long the last turn took.
    pub timings: Timings,
    /// What went wrong, in order; sentences for the user.
    pub troubles: Vec<String>,
    /// The engines' failures among them, in order.
    pub errors: Vec<EngineError>,
    /// What the user should know of how the answer came about: who stood in for whom, and why.
    pub notes: Vec<String>,
    /// What the replies rest on.
    pub sources: Vec<Source>,
}
