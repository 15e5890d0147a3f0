//! Processing of the microphone's sound before anything listens to it: removes the echo of the
//! speaker.
//!
//! ```text
//! Tap ─▶ Clocks: where the speaker's samples lie on the microphone's clock
//!     └▶ Far ────── read at that place and pace ──┐
//! 16 kHz ─▶ Front ─▶ blocks of 4 ms ─▶ Canceller ─┴─▶ 16 kHz, to the Listener
//! ```
//!
//! **Invariant:** the output is as long as the input and in the same place; while the speaker plays
//! it arrives 8 ms later. No count or time of the listener is affected.
//! **Invariant:** where a [`Loopback`] has measured how long the echo takes, that is where it is
//! expected; where it found none, there is nothing to remove.
//! **Invariant:** while the speaker is silent, or is a headset, samples pass unchanged and nothing
//! is computed. If the microphone turns out not to hear the speaker, they pass unchanged too.
//! **Invariant:** the two devices are never assumed to agree: positions are counted on both, and
//! their drift is measured.
//! Deliberately absent: gain control, which would amplify the remaining echo between words.

mod clocks;
mod coupling;
mod echo;
mod far;
mod loopback;

use serde::{Deserialize, Serialize};

use self::clocks::{Clocks, Line};
use self::echo::{BLOCK, Canceller, DELAY, LEAD};
use self::far::Far;
pub use self::loopback::{Heard, Loopback};
use crate::audio::{Form, Loop, Tap};
use crate::base::{LISTEN_RATE, SPEAKER_RATE};

/// When the speaker's echo is removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Echo {
    /// Unless the speaker is known to be worn, or was measured not to be heard.
    #[default]
    Auto,
    /// With every speaker.
    On,
    /// Never.
    Off,
}

/// State of the speaker's echo.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EchoState {
    /// Whether it is removed while the speaker plays.
    pub on: bool,
    /// How many decibels quieter it becomes (ERLE), if measured. Low if the microphone hardly hears
    /// the speaker.
    pub removed_db: Option<i8>,
    /// Milliseconds from handing out a sample to the return of its echo.
    pub delay_ms: Option<i16>,
    /// How much faster the microphone's clock counts than the speaker's, in parts per million.
    pub drift_ppm: i16,
}

/// The sound without the echo, in two versions of the same length.
#[derive(Default)]
pub(super) struct Clean {
    /// For detecting voice: hardly any echo is left, but words said over it may be missing.
    pub(super) voice: Vec<f32>,
    /// For transcription: every word, and a little of the echo.
    pub(super) words: Vec<f32>,
}

/// How long the echo is still expected after the speaker falls silent, in samples: the latency of
/// both devices, and the reverberation.
const TAIL: f64 = 0.5 * SPEAKER_RATE.0 as f64;

/// Changes worth reporting, in decibels and milliseconds.
const ROUGH_DB: i8 = 6;
const ROUGH_MS: i16 = 20;

/// The latency of the microphone, which nothing reports, in samples at [`LISTEN_RATE`]: 10 ms.
const MICROPHONE: f64 = 160.0;

/// The longest plausible delay, in samples at [`LISTEN_RATE`]: 400 ms.
const LONGEST: f64 = 6_400.0;

/// Removes the speaker's echo from the sound heard.
pub(super) struct Front {
    echo: Echo,
    tap: Tap,
    clocks: Clocks,
    far: Far,
    /// Created when the speaker first plays; keeps what it has learned about the room.
    canceller: Option<Canceller>,
    /// Whether blocks are processed, because the speaker plays.
    working: bool,
    /// The block being filled, where it begins, and how much of its output belongs to sound passed
    /// on before.
    block: [f32; BLOCK],
    filled: usize,
    start: u64,
    skip: usize,
    /// Samples in, and out.
    taken: u64,
    given: u64,
    /// A time on the microphone's clock in microseconds, and its sample.
    base: (u64, f64),
    /// By how many samples the far sound is delayed to arrive [`LEAD`] before its echo.
    held_back: f64,
    /// Samples in the last call of the speaker.
    period: u32,
    told: EchoState,
    pcm: Vec<f32>,
}

impl Front {
    pub(super) fn new(echo: Echo, tap: Tap) -> Self {
        Self {
            echo,
            tap,
            clocks: Clocks::new(),
            far: Far::new(),
            canceller: None,
            working: false,
            block: [0.0; BLOCK],
            filled: 0,
            start: 0,
            skip: 0,
            taken: 0,
            given: 0,
            base: (0, 0.0),
            held_back: 0.0,
            period: 0,
            told: EchoState::default(),
            pcm: Vec::new(),
        }
    }

    /// Changes the setting.
    pub(super) fn set(&mut self, echo: Echo) {
        self.echo = echo;
    }

    /// The next sample comes from a newly opened microphone, whose clock shows `micros`. Call after
    /// [`Front::flush`].
    pub(super) fn restart(&mut self, micros: u64) {
        self.base = (micros, self.taken as f64);
        self.clocks.forget();
        self.canceller = None;
    }

    /// `micros` of the microphone's sound are missing before the next sample.
    pub(super) fn gap(&mut self, micros: u64) {
        self.base.0 += micros;
        self.clocks.shift(-samples(micros as f64));
    }

    /// Takes `pcm`, mono at [`LISTEN_RATE`], and appends to `out` what is ready.
    pub(super) fn hear(&mut self, mut pcm: &[f32], out: &mut Clean) {
        let on = self.wanted();
        self.tap.open(on);
        if on {
            self.follow();
        } else {
            self.flush(out);
        }
        while !pcm.is_empty() {
            if !self.working && on && self.sounds() {
                self.begin();
            }
            let (now, later) = pcm.split_at(pcm.len().min(BLOCK - self.filled));
            self.taken += now.len() as u64;
            pcm = later;
            if !self.working {
                self.give(now, now, out);
                continue;
            }
            self.block[self.filled..self.filled + now.len()].copy_from_slice(now);
            self.filled += now.len();
            if self.filled == BLOCK {
                self.work(out);
                if !self.sounds() {
                    self.flush(out);
                }
            }
        }
    }

    /// Appends to `out` what is still buffered.
    pub(super) fn flush(&mut self, out: &mut Clean) {
        while self.working && self.given < self.taken {
            // What follows is not known yet.
            self.block[self.filled..].fill(0.0);
            self.work(out);
        }
        self.working = false;
    }

    /// The state, if it has changed.
    pub(super) fn news(&mut self) -> Option<EchoState> {
        let measured = self.canceller.as_ref().and_then(Canceller::removed_db);
        let held_back = self.held_back / f64::from(LISTEN_RATE.0) * 1_000.0;
        let state = EchoState {
            on: self.wanted(),
            removed_db: measured.map(|db| db.round() as i8),
            delay_ms: self
                .canceller
                .as_ref()
                .filter(|_| measured.is_some())
                .map(|canceller| canceller.delay_ms() as i16 + held_back as i16),
            drift_ppm: self.clocks.ppm().round() as i16,
        };
        // Neither the drift alone nor a small change is worth reporting.
        let rough = |state: &EchoState| {
            let db = state.removed_db.map(|db| (db + ROUGH_DB / 2) / ROUGH_DB);
            let ms = state.delay_ms.map(|ms| (ms + ROUGH_MS / 2) / ROUGH_MS);
            (state.on, db, ms)
        };
        let new = rough(&state) != rough(&self.told);
        if new {
            self.told = state;
        }
        new.then_some(state)
    }

    /// Whether an echo is to be expected at all.
    fn wanted(&self) -> bool {
        let shared = self.tap.shared();
        match (self.echo, shared.form()) {
            (Echo::Off, _) | (Echo::Auto, Form::Absent | Form::Headset) => false,
            (Echo::On, _) => true,
            (Echo::Auto, Form::Unknown | Form::Loudspeaker) => shared.measured() != Loop::Nothing,
        }
    }

    /// Reads what the speaker was given since the last call.
    fn follow(&mut self) {
        let mut pcm = std::mem::take(&mut self.pcm);
        while let Some(call) = self.tap.next(&mut pcm) {
            if call.fresh {
                self.clocks.forget();
                self.canceller = None;
            }
            self.period = call.len;
            self.far.push(call.at, call.len.into(), &pcm);
            // What came before the microphone was opened is on another clock.
            if let Some(micros) = call.heard.checked_sub(self.base.0) {
                let line = self.clocks.note(call.at, self.base.1 + samples(micros as f64));
                if let (Line::Moved, Some(canceller)) = (line, &mut self.canceller) {
                    canceller.moved();
                }
            }
        }
        self.pcm = pcm;
    }

    /// The speaker's position at sample `taken` of the microphone, and the step to the next.
    fn place(&self, taken: u64) -> Option<(f64, f64)> {
        self.clocks.at(taken as f64 - self.held_back)
    }

    /// Whether the speaker's sound can be heard now or soon.
    fn sounds(&self) -> bool {
        let loud = self.far.loud() as f64;
        loud > 0.0 && self.place(self.taken).is_some_and(|(at, _)| at < loud + TAIL)
    }

    /// Starts to remove the echo.
    fn begin(&mut self) {
        if self.canceller.is_none() {
            let shared = self.tap.shared();
            let way = if let Loop::Echo { delay_ms, .. } = shared.measured() {
                samples(f64::from(delay_ms) * 1e3)
            } else {
                let latency = shared.latency().saturating_sub(self.period.into()) as f64;
                latency * f64::from(LISTEN_RATE.0) / f64::from(SPEAKER_RATE.0) + MICROPHONE
            };
            self.held_back = (way.min(LONGEST) - LEAD).max(0.0);
            self.canceller = Some(Canceller::new());
        }
        if let Some(canceller) = &mut self.canceller {
            canceller.pause();
        }
        (self.working, self.filled, self.skip, self.start) = (true, 0, DELAY, self.taken);
    }

    /// Processes the block, and empties it.
    fn work(&mut self, out: &mut Clean) {
        let mut far = [0.0; BLOCK];
        if let Some((position, step)) = self.place(self.start) {
            self.far.read(position, step, &mut far);
        }
        let mut words = self.block;
        if let Some(canceller) = &mut self.canceller {
            words = canceller.block(&far, &mut self.block);
        }
        let voice = self.block;
        // The silence that padded the last block is not output.
        let owed = usize::try_from(self.taken - self.given).unwrap_or(usize::MAX);
        let end = BLOCK.min(self.skip + owed);
        self.give(&voice[self.skip..end], &words[self.skip..end], out);
        (self.filled, self.skip) = (0, 0);
        self.start += BLOCK as u64;
    }

    fn give(&mut self, voice: &[f32], words: &[f32], out: &mut Clean) {
        out.voice.extend_from_slice(voice);
        out.words.extend_from_slice(words);
        self.given += voice.len() as u64;
    }
}

/// Microseconds as samples at [`LISTEN_RATE`].
fn samples(micros: f64) -> f64 {
    micros * f64::from(LISTEN_RATE.0) / 1e6
}
