//! What all parts of the world share: who talks, how the engines behave, what somebody in the room
//! notices, and what really came out of the loudspeaker.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};

use aloud::base::{Epoch, Moment};
use aloud::engine::EngineError;
use tokio::time::Instant;

use super::user::User;

/// The engines' delays, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Engines {
    pub(crate) transcribe: u64,
    pub(crate) think: u64,
    pub(crate) piece: u64,
    /// Sound per word of a reply.
    pub(crate) word: u64,
}

impl Default for Engines {
    fn default() -> Self {
        Self { transcribe: 60, think: 40, piece: 20, word: 250 }
    }
}

/// The pieces of one epoch and how many of their samples came out of the loudspeaker, counted
/// separately from all counters of the program.
#[derive(Clone, Debug, Default)]
pub(crate) struct Truth {
    pub(crate) pieces: Vec<(u64, String)>,
    /// Which of them were said while a tool ran, and are no part of the partner's answer.
    pub(crate) fillers: BTreeSet<usize>,
    pub(crate) given: u64,
    /// There was no speaker when it was asked for: it may be read instead.
    pub(crate) read: bool,
}

impl Truth {
    /// The samples of the partner's own answer that came out.
    pub(crate) fn given_of_answer(&self) -> u64 {
        let mut end = 0;
        let heard = self.pieces.iter().enumerate().map(|(n, (samples, _))| {
            let start = end;
            end += samples;
            let heard = self.given.clamp(start, end) - start;
            if self.fillers.contains(&n) { 0 } else { heard }
        });
        heard.sum()
    }

    pub(crate) fn queued(&self) -> u64 {
        self.pieces.iter().map(|(samples, _)| samples).sum()
    }
}

pub(crate) struct State {
    start: Instant,
    log: bool,
    pub(crate) user: User,
    pub(crate) engines: Engines,
    /// The transcriber's answer from now on, instead of the words.
    pub(crate) transcriber: Option<EngineError>,
    /// One line each.
    pub(crate) noticed: Vec<String>,
    /// What tools did to the world.
    pub(crate) effects: Vec<String>,
    pub(crate) truth: BTreeMap<Epoch, Truth>,
    pub(crate) announced: BTreeSet<Epoch>,
    /// Whether timers ring in this scenario: their tones are not pieces of a reply.
    pub(crate) rings: bool,
    /// Epochs that were heard since.
    pub(crate) sounded: BTreeSet<Epoch>,
    /// Microphone samples that were never delivered: it was lost, or in a hurry.
    pub(crate) unheard: u64,
    /// Whether the driver was told that there is no loudspeaker.
    pub(crate) gone: bool,
    /// Whether the loudspeaker was dead at any time since the last reply began.
    pub(crate) died: bool,
    /// When the loudspeaker played its last sample.
    pub(crate) silent: Option<Moment>,
    /// Whether the microphone hears the loudspeaker.
    pub(crate) echo: bool,
    pub(crate) calls: u64,
    pub(crate) turns: u64,
}

/// A handle to the room; all clones share it.
#[derive(Clone)]
pub(crate) struct Room(Arc<Mutex<State>>);

impl Room {
    pub(crate) fn new(log: bool) -> Self {
        Self(Arc::new(Mutex::new(State {
            start: Instant::now(),
            log,
            user: User::new(),
            engines: Engines::default(),
            transcriber: None,
            noticed: Vec::new(),
            effects: Vec::new(),
            truth: BTreeMap::new(),
            announced: BTreeSet::new(),
            rings: false,
            sounded: BTreeSet::new(),
            unheard: 0,
            gone: false,
            died: false,
            silent: None,
            echo: false,
            calls: 0,
            turns: 0,
        })))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(crate) fn notice(&self, what: &str) {
        self.lock().notice(what);
    }
}

impl State {
    pub(crate) fn notice(&mut self, what: &str) {
        if self.log {
            let ms = self.start.elapsed().as_millis();
            self.noticed.push(format!("{}.{:03} {what}", ms / 1_000, ms % 1_000));
        }
    }

    /// The microphone's current sample.
    pub(crate) fn now_in_samples(&self) -> u64 {
        self.start.elapsed().as_millis() as u64 * 16
    }

    /// The loudspeaker plays `samples` in the period that begins now.
    pub(crate) fn sounds(&mut self, samples: usize) {
        let micros = self.start.elapsed().as_micros() as u64 + samples as u64 * 1_000_000 / 48_000;
        self.silent = Some(Moment::from_micros(micros));
    }

    /// The same including a word that has only begun: an early look guesses what it is.
    pub(crate) fn words_begun_in(&self, span: &Range<u64>) -> String {
        self.user.words_begun_in(&(span.start + self.unheard..span.end + self.unheard))
    }

    /// The words in `span`, in samples as the listener counts them.
    pub(crate) fn words_in(&self, span: &Range<u64>) -> String {
        self.user.words_in(&(span.start + self.unheard..span.end + self.unheard))
    }
}
