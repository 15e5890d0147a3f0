//! What is done to the microphone's sound before anybody listens to it: the echo of our own speaker
//! is taken out.
//!
//! ```text
//! Tap ─▶ Clocks: where the speaker's samples lie on the microphone's clock
//!     └▶ Far ────── read at that place and pace ──┐
//! 16 kHz ─▶ Front ─▶ blocks of 4 ms ─▶ Canceller ─┴─▶ 16 kHz, to the Listener
//! ```
//!
//! **Invariant:** what comes out is as long as what went in and lies where it lay; while the speaker
//! sounds it comes 8 ms later. So no count and no time of the listener knows of it.
//! **Invariant:** while the speaker is silent, and where it is worn, samples pass untouched and
//! nothing is computed.
//! **Invariant:** the two devices are never assumed to agree: positions are counted on both, and
//! their drift is measured.
//! Absent on purpose: gain control, which would turn what is left of the echo up between words.

mod clocks;
mod echo;
mod far;

use serde::{Deserialize, Serialize};

use self::clocks::{Clocks, Line};
use self::echo::{BLOCK, Canceller, DELAY, LEAD};
use self::far::Far;
use crate::audio::{Form, Tap};
use crate::base::{LISTEN_RATE, SPEAKER_RATE};

/// When the speaker's echo is taken out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Echo {
    /// Unless the speaker is known to be worn.
    #[default]
    Auto,
    /// With every speaker.
    On,
    /// Never.
    Off,
}

/// How it stands with the echo of the speaker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EchoState {
    /// Whether it is taken out when the speaker sounds.
    pub on: bool,
    /// Decibels by which it is made quieter (ERLE), as far as it was measured. Low where the
    /// microphone hardly hears the speaker.
    pub removed_db: Option<i8>,
    /// Milliseconds from the moment when a sample is given out until its echo has come back.
    pub delay_ms: Option<i16>,
    /// By how much more the microphone's clock counts than the speaker's, in parts per million.
    pub drift_ppm: i16,
}

/// What is left when the echo has been taken out, twice, of the same length.
#[derive(Default)]
pub(super) struct Clean {
    /// To find out whether somebody speaks: hardly any echo is left in it, and not all of the words
    /// that were said over it.
    pub(super) voice: Vec<f32>,
    /// To understand what was said: all of the words, and a little of the echo.
    pub(super) words: Vec<f32>,
}

/// How long the room is listened to after the speaker has fallen silent: the way there and back, and
/// the reverberation.
const TAIL: f64 = 0.5 * SPEAKER_RATE.0 as f64;

/// What is worth telling: so many decibels, and so many milliseconds.
const ROUGH_DB: i8 = 6;
const ROUGH_MS: i16 = 20;

/// The way through the microphone that nobody reports, in samples at [`LISTEN_RATE`]: 10 ms.
const MICROPHONE: f64 = 160.0;

/// The longest way that is believed, in samples at [`LISTEN_RATE`]: 400 ms.
const LONGEST: f64 = 6_400.0;

/// Takes the speaker's echo out of the sound that is heard.
pub(super) struct Front {
    echo: Echo,
    tap: Tap,
    clocks: Clocks,
    far: Far,
    /// Made when the speaker first sounds; it keeps what it has learnt of the room.
    canceller: Option<Canceller>,
    /// Whether blocks are worked on, because the speaker sounds.
    working: bool,
    /// The block that is being filled, where it begins, and how much of what comes out of it belongs
    /// to what has passed before.
    block: [f32; BLOCK],
    filled: usize,
    start: u64,
    skip: usize,
    /// Samples that went in, and that came out.
    taken: u64,
    given: u64,
    /// A moment on the microphone's clock, in microseconds, and the sample that belongs to it.
    base: (u64, f64),
    /// By how much the far sound is held back, so that it comes [`LEAD`] before its echo.
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

    /// Another setting.
    pub(super) fn set(&mut self, echo: Echo) {
        self.echo = echo;
    }

    /// The next sample that goes in comes from a newly opened microphone, whose clock shows `micros`.
    /// To be called after [`Front::flush`].
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

    /// Takes `pcm` in, mono at [`LISTEN_RATE`], and appends to `out` what is ready.
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

    /// Appends to `out` what is still inside.
    pub(super) fn flush(&mut self, out: &mut Clean) {
        while self.working && self.given < self.taken {
            // What follows is not known yet.
            self.block[self.filled..].fill(0.0);
            self.work(out);
        }
        self.working = false;
    }

    /// How it stands, where that has changed.
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
        // Neither the drift by itself is news nor a little more or less.
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
        match (self.echo, self.tap.gauge().form()) {
            (Echo::Off, _) | (Echo::Auto, Form::Absent | Form::Headset) => false,
            (Echo::On, _) | (Echo::Auto, Form::Unknown | Form::Loudspeaker) => true,
        }
    }

    /// Reads what the speaker was given since the last time.
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

    /// The speaker's position that belongs to sample `taken` of the microphone, and the step to the
    /// next.
    fn place(&self, taken: u64) -> Option<(f64, f64)> {
        self.clocks.at(taken as f64 - self.held_back)
    }

    /// Whether what the speaker plays can be heard now, or soon.
    fn sounds(&self) -> bool {
        let loud = self.far.loud() as f64;
        loud > 0.0 && self.place(self.taken).is_some_and(|(at, _)| at < loud + TAIL)
    }

    /// From here on the echo is taken out.
    fn begin(&mut self) {
        if self.canceller.is_none() {
            let gauge = self.tap.gauge();
            let latency = gauge.latency().saturating_sub(self.period.into()) as f64;
            let way = latency * f64::from(LISTEN_RATE.0) / f64::from(SPEAKER_RATE.0) + MICROPHONE;
            self.held_back = (way.min(LONGEST) - LEAD).max(0.0);
            self.canceller = Some(Canceller::new());
        }
        if let Some(canceller) = &mut self.canceller {
            canceller.pause();
        }
        (self.working, self.filled, self.skip, self.start) = (true, 0, DELAY, self.taken);
    }

    /// Works on the block, and empties it.
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
        // What was filled up with silence behind the last sample is not given out.
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
