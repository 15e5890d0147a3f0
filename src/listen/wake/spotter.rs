use std::collections::VecDeque;
use std::sync::Arc;

use crate::base::{FRAME_SAMPLES, Frame, LISTEN_RATE};

use super::features::{Feature, Features};
use super::micro::Micro;

/// Features kept for the networks: 1.5 s, as far as the deepest of them looks back.
const KEPT: usize = 150;
/// Frames without voice after which the networks rest: one second.
const REST: u32 = 100;
/// Frames after a call without another one: one second.
const PAUSE: u32 = 100;
/// The longest word, including the network's delay, in samples: where its utterance may begin.
pub const LONGEST: u64 = 1_500 * LISTEN_RATE.0 as u64 / 1000;
/// How late the gate notices voice, in samples.
const LATE: u64 = 300 * LISTEN_RATE.0 as u64 / 1000;

/// A word to listen for.
pub struct Word {
    name: Arc<str>,
    model: Micro,
    cutoff: f32,
}

impl Word {
    /// `name` as the user writes it, its model, and the score above which it counts as called.
    ///
    /// # Errors
    /// What is wrong with the model.
    pub fn new(name: &str, model: &[u8], cutoff: f32) -> Result<Self, String> {
        Ok(Self { name: name.into(), model: Micro::read(model)?, cutoff })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// A word was called.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Which one.
    pub word: Arc<str>,
    /// How certain the model is, 0.0..=1.0.
    pub score: f32,
    /// The earliest start of the word, and where it was noticed, in samples.
    pub span: std::ops::Range<u64>,
}

/// Listens for words.
pub struct Spotter {
    words: Vec<Word>,
    features: Features,
    recent: VecDeque<Feature>,
    /// Frames since the last voice; the networks are awake below [`REST`].
    lapse: u32,
    /// Where the voice that woke them began.
    since: u64,
    /// Frames until the next call counts.
    pause: u32,
    /// The best score of the frames since it was last read.
    best: f32,
}

impl Spotter {
    /// Listens for any of `words`.
    pub fn new(words: Vec<Word>) -> Self {
        Self {
            words,
            features: Features::new(),
            recent: VecDeque::with_capacity(KEPT),
            lapse: REST,
            since: 0,
            pause: 0,
            best: 0.0,
        }
    }

    /// The names of the words.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(Word::name)
    }

    /// Whether no network is running.
    pub fn rests(&self) -> bool {
        self.lapse >= REST
    }

    /// Forgets what was heard, after a break in the sound.
    pub fn reset(&mut self) {
        self.features.reset();
        self.recent.clear();
        (self.lapse, self.pause) = (REST, 0);
    }

    /// The best score of any word since the last call of this.
    pub fn best(&mut self) -> f32 {
        std::mem::take(&mut self.best)
    }

    /// Takes the next frame; `voice` says that the gate considers voice likely.
    pub fn hear(&mut self, frame: &Frame, voice: bool) -> Option<Call> {
        let mut pcm = [0; FRAME_SAMPLES];
        for (to, from) in pcm.iter_mut().zip(&frame.samples) {
            // The cast saturates, so a clipped sample stays clipped.
            *to = (from * 32_768.0) as i16;
        }
        let feature = self.features.hear(&pcm);
        if voice && self.rests() {
            self.wake(frame.start);
        }
        self.lapse = if voice { 0 } else { (self.lapse + 1).min(REST) };
        self.pause = self.pause.saturating_sub(1);
        let feature = feature?;
        let call = if self.rests() { None } else { self.ask(&feature, frame.start) };
        if self.recent.len() == KEPT {
            self.recent.pop_front();
        }
        self.recent.push_back(feature);
        call
    }

    /// Shows the networks what came before the voice was noticed. Their output for it is out of
    /// date.
    fn wake(&mut self, at: u64) {
        self.since = at.saturating_sub(LATE);
        for word in &mut self.words {
            word.model.reset();
            for feature in &self.recent {
                word.model.hear(feature);
            }
        }
    }

    fn ask(&mut self, feature: &Feature, at: u64) -> Option<Call> {
        let mut call: Option<Call> = None;
        for word in &mut self.words {
            let Some(score) = word.model.hear(feature) else { continue };
            self.best = self.best.max(score);
            let heard = score > word.cutoff && self.pause == 0;
            if heard && call.as_ref().is_none_or(|call| call.score < score) {
                let end = at + FRAME_SAMPLES as u64;
                let span = end.saturating_sub(LONGEST).max(self.since)..end;
                call = Some(Call { word: Arc::clone(&word.name), score, span });
            }
        }
        if call.is_some() {
            self.pause = PAUSE;
            // The word is over: its end must not count as another one.
            self.words.iter_mut().for_each(|word| word.model.reset());
        }
        call
    }
}
