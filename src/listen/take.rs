use std::sync::Arc;

use crate::base::{FRAME_SAMPLES, Frame, Utterance, UtteranceId};

use super::past::Past;

/// An utterance in the making.
#[derive(Debug)]
pub(super) struct Take {
    pub(super) id: UtteranceId,
    start: u64,
    pcm: Vec<f32>,
    /// Where the voiced sound begins and ends, as far as there is any.
    first: Option<u64>,
    last: u64,
    /// How much of it is voiced, in samples.
    voiced: u64,
    /// What was offered at the pause under way.
    pub(super) offered: Option<Utterance>,
    /// Whether it counts as speech already.
    pub(super) confirmed: bool,
    /// How much has been passed on as frames.
    streamed: usize,
}

impl Take {
    /// An utterance that begins at `start` at the earliest, with the sound that is kept of it.
    pub(super) fn new(id: UtteranceId, start: u64, past: &Past) -> Self {
        let range = past.available(start);
        let mut pcm = Vec::new();
        past.copy(range.clone(), &mut pcm);
        Self {
            id,
            start: range.start,
            pcm,
            first: None,
            last: range.start,
            voiced: 0,
            offered: None,
            confirmed: false,
            streamed: 0,
        }
    }

    /// The same sound as the beginning of another utterance.
    pub(super) fn renamed(self, id: UtteranceId) -> Self {
        Self { id, offered: None, confirmed: false, streamed: 0, ..self }
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

    /// How much of it is voiced, in samples.
    pub(super) fn voiced(&self) -> u64 {
        self.voiced
    }

    /// Where the voiced sound ends; its start where there is none.
    pub(super) fn end_of_speech(&self) -> u64 {
        self.last
    }

    /// The utterance as far as it goes, with `lead` before the voiced sound and `tail` behind it.
    /// While the user is silent it is the one that was offered already.
    pub(super) fn cut(&mut self, lead: u64, tail: u64) -> Utterance {
        if let Some(offered) = &self.offered {
            return offered.clone();
        }
        let start = self.first.unwrap_or(self.start).saturating_sub(lead).max(self.start);
        let end = (self.last + tail).min(self.end());
        let utterance = self.between(start, end.max(start));
        self.offered = Some(utterance.clone());
        utterance
    }

    /// All of it up to its end, as it is.
    pub(super) fn whole(&self) -> Utterance {
        self.between(self.start, self.end())
    }

    fn between(&self, start: u64, end: u64) -> Utterance {
        let index = |position: u64| (position - self.start) as usize;
        let pcm: Arc<[f32]> = Arc::from(&self.pcm[index(start)..index(end)]);
        Utterance { id: self.id, span: start..end, pcm }
    }

    /// The next whole frame that was not passed on yet. With `last`, what is left of the sound
    /// comes too, filled up with silence.
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
