use std::collections::VecDeque;
use std::sync::Arc;

use crate::base::{FRAME_SAMPLES, Frame, LISTEN_RATE};

use super::features::{Feature, Features};
use super::micro::Micro;
use super::own::{Embedding, SharedEmbedder, Template, Window};

/// Features kept for the networks: 1.5 s, as far as the deepest of them looks back.
const KEPT: usize = 150;
/// Frames without voice after which the networks rest: one second.
const REST: u32 = 100;
/// Frames after a call without another one: one second.
const PAUSE: u32 = 100;
/// The longest word of a network, including its delay, in samples: where its utterance may begin.
pub const LONGEST: u64 = 1_500 * LISTEN_RATE.0 as u64 / 1000;
/// How late the gate notices voice, in samples.
const LATE: u64 = 300 * LISTEN_RATE.0 as u64 / 1000;

/// A word to listen for.
pub struct Word {
    name: Arc<str>,
    kind: Kind,
    cutoff: f32,
}

/// What recognizes it.
enum Kind {
    /// A network that was trained for it.
    Micro(Box<Micro>),
    /// Recordings of it.
    Own { template: Template, spellings: Arc<[String]>, embedder: SharedEmbedder },
}

impl Word {
    /// `name` as the user writes it, its model, and the score above which it counts as called.
    ///
    /// # Errors
    /// What is wrong with the model.
    pub fn new(name: &str, model: &[u8], cutoff: f32) -> Result<Self, String> {
        let kind = Kind::Micro(Box::new(Micro::read(model)?));
        Ok(Self { name: name.into(), kind, cutoff })
    }

    /// A word of the user's own: `name`, what its recordings are like, and the score above which it
    /// counts as called. `spellings` is how recognizers write it, if known. The own words of one
    /// listener share one `embedder`.
    pub fn own(
        name: &str,
        template: Template,
        spellings: &[String],
        cutoff: f32,
        embedder: SharedEmbedder,
    ) -> Self {
        let kind = Kind::Own { template, spellings: spellings.into(), embedder };
        Self { name: name.into(), kind, cutoff }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The longest that it may take from its start until it is noticed, in samples.
    pub(in crate::listen) fn length(&self) -> u64 {
        match &self.kind {
            Kind::Micro(_) => LONGEST,
            Kind::Own { template, .. } => template.length(),
        }
    }

    fn reset(&mut self) {
        match &mut self.kind {
            Kind::Micro(model) => model.reset(),
            Kind::Own { template, .. } => template.reset(),
        }
    }

    /// How likely it has just been said, if there is news.
    fn hear(&mut self, feature: Option<&Feature>, seen: Option<&Embedding>) -> Option<f32> {
        match &mut self.kind {
            Kind::Micro(model) => model.hear(feature?),
            Kind::Own { template, .. } => seen.map(|seen| template.hear(seen)),
        }
    }

    /// How recognizers write a word of one's own.
    fn spellings(&self) -> Option<Arc<[String]>> {
        match &self.kind {
            Kind::Micro(_) => None,
            Kind::Own { spellings, .. } => Some(Arc::clone(spellings)),
        }
    }
}

/// A word was called.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Which one.
    pub word: Arc<str>,
    /// For a word of one's own, how recognizers write it; empty if nobody knows. Others are written
    /// much as they are called.
    pub spellings: Option<Arc<[String]>>,
    /// How certain the model is, 0.0..=1.0.
    pub score: f32,
    /// The earliest start of the word, and where it was noticed, in samples.
    pub span: std::ops::Range<u64>,
}

/// Listens for words.
pub struct Spotter {
    words: Vec<Word>,
    /// The input of the networks, if there are any.
    features: Option<Features>,
    recent: VecDeque<Feature>,
    /// The last sound, if there are words of one's own.
    window: Option<Window>,
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
        let embedder = words.iter().find_map(|word| match &word.kind {
            Kind::Own { embedder, .. } => Some(Arc::clone(embedder)),
            Kind::Micro(_) => None,
        });
        let micro = words.iter().any(|word| matches!(word.kind, Kind::Micro(_)));
        Self {
            words,
            window: embedder.map(Window::new),
            features: micro.then(Features::new),
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

    /// The longest that any of them may take until it is noticed, in samples.
    pub(in crate::listen) fn longest(&self) -> u64 {
        self.words.iter().map(Word::length).max().unwrap_or(0)
    }

    /// Whether no network is running.
    pub fn rests(&self) -> bool {
        self.lapse >= REST
    }

    /// Forgets what was heard, after a break in the sound.
    pub fn reset(&mut self) {
        if let Some(features) = &mut self.features {
            features.reset();
        }
        self.recent.clear();
        if let Some(window) = &mut self.window {
            window.reset();
        }
        (self.lapse, self.pause) = (REST, 0);
    }

    /// The best score of any word since the last call of this.
    pub fn best(&mut self) -> f32 {
        std::mem::take(&mut self.best)
    }

    /// Takes the next frame; `voice` says that the gate considers voice likely.
    pub fn hear(&mut self, frame: &Frame, voice: bool) -> Option<Call> {
        let feature = self.features.as_mut().and_then(|features| {
            let mut pcm = [0; FRAME_SAMPLES];
            for (to, from) in pcm.iter_mut().zip(&frame.samples) {
                // The cast saturates, so a clipped sample stays clipped.
                *to = (from * 32_768.0) as i16;
            }
            features.hear(&pcm)
        });
        if let Some(window) = &mut self.window {
            window.hear(&frame.samples);
        }
        if voice && self.rests() {
            self.wake(frame.start);
        }
        self.lapse = if voice { 0 } else { (self.lapse + 1).min(REST) };
        self.pause = self.pause.saturating_sub(1);
        let call = if self.rests() { None } else { self.ask(feature.as_ref(), frame.start) };
        if let Some(feature) = feature {
            if self.recent.len() == KEPT {
                self.recent.pop_front();
            }
            self.recent.push_back(feature);
        }
        call
    }

    /// Shows the networks what came before the voice was noticed. Their output for it is out of
    /// date.
    fn wake(&mut self, at: u64) {
        self.since = at.saturating_sub(LATE);
        let seen = self.window.as_mut().map_or_else(Vec::new, Window::all);
        for word in &mut self.words {
            word.reset();
            match &mut word.kind {
                Kind::Micro(model) => {
                    for feature in &self.recent {
                        model.hear(feature);
                    }
                }
                Kind::Own { template, .. } => {
                    for seen in &seen {
                        template.hear(seen);
                    }
                }
            }
        }
    }

    fn ask(&mut self, feature: Option<&Feature>, at: u64) -> Option<Call> {
        let mut call: Option<Call> = None;
        let seen = self.window.as_mut().and_then(Window::next);
        for word in &mut self.words {
            let Some(score) = word.hear(feature, seen.as_ref()) else { continue };
            self.best = self.best.max(score);
            let heard = score > word.cutoff && self.pause == 0;
            if heard && call.as_ref().is_none_or(|call| call.score < score) {
                let end = at + FRAME_SAMPLES as u64;
                let span = end.saturating_sub(word.length()).max(self.since)..end;
                let spellings = word.spellings();
                call = Some(Call { word: Arc::clone(&word.name), spellings, score, span });
            }
        }
        if call.is_some() {
            self.pause = PAUSE;
            // The word is over: its end must not count as another one.
            self.words.iter_mut().for_each(Word::reset);
        }
        call
    }
}
