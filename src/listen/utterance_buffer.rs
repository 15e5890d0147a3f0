use std::sync::Arc;

use crate::base::{FRAME_SAMPLES, Frame, LISTEN_RATE, Utterance, UtteranceId};

use super::loudness::Loudness;
use super::past::Past;
use super::settings::{MARKS, MORE_MS};

/// How long quiet speech counts after the last loud speech: a soft ending is part of what was said.
const GRACE: u64 = 400 * LISTEN_RATE.0 as u64 / 1000;

/// How long after the last sound the detector of voice may hear it still. Silero lets go after 40 to
/// 120 ms (`asterisk-core-sounds-en`).
const LAG: u64 = 160 * LISTEN_RATE.0 as u64 / 1000;

/// An utterance being recorded.
#[derive(Debug)]
pub(super) struct UtteranceBuffer {
    pub(super) id: UtteranceId,
    start: u64,
    pcm: Vec<f32>,
    /// Where the voiced sound begins and ends, if there is any yet.
    first: Option<u64>,
    last: u64,
    /// How much of it is voiced, in samples.
    voiced: u64,
    /// Milliseconds of certain voice, and how many of them were reported.
    clear: u32,
    told: u32,
    loudness: Loudness,
    /// Where the sound ends that is about as loud as its loudest: its speaker's own, not somebody
    /// in the background.
    near: u64,
    /// Where the last frame ends that is loud enough to be of the voice.
    sounding: u64,
    /// Where the speech ended that was offered last.
    ended: u64,
    /// What was offered at the current pause.
    pub(super) offered: Option<Utterance>,
    /// The silence, in samples, that ends it at the current pause; `None` for the usual one.
    pub(super) pause: Option<u64>,
    /// Whether it counts as speech already.
    pub(super) confirmed: bool,
    /// How much was passed on as frames.
    streamed: usize,
}

impl UtteranceBuffer {
    /// An utterance that begins at `start` or later, with the sound still available.
    pub(super) fn new(id: UtteranceId, start: u64, past: &Past) -> Self {
        let range = past.available(start);
        let mut pcm = Vec::new();
        past.copy(range.clone(), &mut pcm);
        let loudness = Loudness::after(&pcm);
        Self {
            id,
            start: range.start,
            pcm,
            first: None,
            last: range.start,
            voiced: 0,
            clear: 0,
            told: 0,
            loudness,
            near: range.start,
            sounding: range.start,
            ended: range.start,
            offered: None,
            pause: None,
            confirmed: false,
            streamed: 0,
        }
    }

    /// The same sound as the start of another utterance.
    pub(super) fn renamed(self, id: UtteranceId) -> Self {
        Self { id, offered: None, pause: None, confirmed: false, streamed: 0, told: 0, ..self }
    }

    /// Where it begins.
    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// Where its sound ends so far.
    pub(super) fn end(&self) -> u64 {
        self.start + self.pcm.len() as u64
    }

    /// Adds the samples at `start` that it does not have yet.
    pub(super) fn extend(&mut self, start: u64, samples: &[f32]) {
        let known = usize::try_from(self.end().saturating_sub(start)).unwrap_or(usize::MAX);
        self.pcm.extend_from_slice(samples.get(known..).unwrap_or_default());
    }

    /// The sound from `since` to `until` is voiced.
    pub(super) fn note_speech(&mut self, since: u64, until: u64) {
        let since = since.max(self.start);
        self.first.get_or_insert(since);
        self.voiced += until.saturating_sub(since.max(self.last));
        self.last = self.last.max(until);
    }

    /// Adds this many frames of certain voice.
    pub(super) fn note_clear(&mut self, frames: u32) {
        self.clear += 10 * frames;
    }

    /// Milliseconds of certain voice, if due to be reported: when they passed a mark, or, with
    /// `all`, when they have grown. And whether the words can be recognized.
    pub(super) fn news(&mut self, all: bool) -> Option<(u32, bool)> {
        let [first, second] = MARKS;
        let mark = match self.told {
            told if told < first => first,
            told if told < second => second,
            told => told + MORE_MS,
        };
        let news = self.clear >= mark || (all && self.clear > self.told);
        if news {
            self.told = self.clear;
        }
        news.then_some((self.clear, self.clear >= second))
    }

    /// Takes the loudness of the newest frame. Speech that is much quieter than the loudest part of
    /// the utterance does not hold it open for long, unless a key vouches for it.
    pub(super) fn note_loudness(&mut self, frame: &Frame, now: u64, held: bool) {
        let level = self.loudness.hear(frame);
        if level.near || held {
            self.near = now;
        }
        if level.sounds {
            self.sounding = now;
        }
    }

    /// Where the speech that holds the utterance open ends; its start if there is none. The last
    /// sound rather than where the detector of voice lets go, unless that is much later.
    pub(super) fn end_of_turn(&self) -> u64 {
        let last = self.last.min(self.sounding.max(self.last.saturating_sub(LAG)));
        last.min(self.near + GRACE)
    }

    /// The same, but what was offered ended where it was offered.
    pub(super) fn end_of_speech(&self) -> u64 {
        if self.offered.is_some() { self.ended } else { self.end_of_turn() }
    }

    /// Whether the speech that was offered as ended goes on at `now`. Background speech does not
    /// continue what the speaker has ended.
    pub(super) fn goes_on(&self, now: u64) -> bool {
        let end = self.end_of_turn();
        self.offered.is_some() && end > self.ended && now - end <= LAG
    }

    /// How much of it is voiced, in samples.
    pub(super) fn voiced(&self) -> u64 {
        self.voiced
    }

    /// The utterance so far, with `lead` before the voiced sound and `tail` after it. While the
    /// user is silent it is the one already offered.
    pub(super) fn cut(&mut self, lead: u64, tail: u64) -> Utterance {
        if let Some(offered) = &self.offered {
            return offered.clone();
        }
        let start = self.first.unwrap_or(self.start).saturating_sub(lead).max(self.start);
        self.ended = self.end_of_turn();
        let end = (self.ended + tail).min(self.end());
        let utterance = self.between(start, end.max(start));
        self.offered = Some(utterance.clone());
        utterance
    }

    /// All of it, as it is.
    pub(super) fn whole(&self) -> Utterance {
        self.between(self.start, self.end())
    }

    fn between(&self, start: u64, end: u64) -> Utterance {
        let index = |position: u64| (position - self.start) as usize;
        let pcm: Arc<[f32]> = Arc::from(&self.pcm[index(start)..index(end)]);
        Utterance { id: self.id, span: start..end, pcm }
    }

    /// The next whole frame that was not passed on yet. With `last`, the remaining sound comes too,
    /// padded with silence.
    pub(super) fn frame(&mut self, last: bool) -> Option<Frame> {
        let left = self.pcm.get(self.streamed..).unwrap_or_default();
        if left.is_empty() || (left.len() < FRAME_SAMPLES && !last) {
            return None;
        }
        let count = left.len().min(FRAME_SAMPLES);
        let mut samples = [0.0; FRAME_SAMPLES];
        samples[..count].copy_from_slice(&left[..count]);
        let start = self.start + self.streamed as u64;
        self.streamed += count;
        Some(Frame { start, samples })
    }
}
