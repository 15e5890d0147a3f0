use super::Echo;
use crate::base::LISTEN_RATE;

/// How utterances are cut. All times in milliseconds of sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Silence that ends a turn; 100..=5000.
    pub pause_ms: u32,
    /// Silence after which [`Event::Paused`](super::Event::Paused) offers the utterance so far, so
    /// that an answer can be prepared; `None` never does. Not below [`TAIL_MS`].
    pub speculate_ms: Option<u32>,
    /// Sound kept before the first voiced frame, so that no word loses its soft beginning; 0..=2000.
    pub preroll_ms: u32,
    /// Where an utterance is cut at the latest; 1..=600 seconds. What follows becomes the next one.
    pub max_utterance_s: u32,
    /// Voiced sound without which an utterance cut by silence counts as noise.
    pub min_speech_ms: u32,
    /// The same for one that a held key framed: shorter, because a person vouched for it.
    pub min_held_ms: u32,
    /// When the echo of the speaker is taken out.
    pub echo: Echo,
    /// Where an utterance of an open ear is cut at the latest, in seconds: nobody asks that long, but
    /// a television talks on.
    pub max_open_s: u32,
}

/// Milliseconds of voice beyond doubt at which an [`Event::Voiced`](super::Event::Voiced) comes: when
/// a reply that is spoken over stands still, and when the first words can be made out.
pub(super) const MARKS: [u32; 2] = [200, 288];

/// After the last mark one more comes after each of these.
pub(super) const MORE_MS: u32 = 480;

/// Silence kept behind the last voiced frame: room for a soft ending.
pub const TAIL_MS: u32 = 200;

impl Default for Settings {
    fn default() -> Self {
        Self {
            pause_ms: 500,
            speculate_ms: Some(TAIL_MS),
            preroll_ms: 400,
            max_utterance_s: 60,
            min_speech_ms: 120,
            min_held_ms: 60,
            echo: Echo::Auto,
            max_open_s: 20,
        }
    }
}

/// Milliseconds as samples at [`LISTEN_RATE`].
pub(super) const fn samples(ms: u32) -> u64 {
    ms as u64 * LISTEN_RATE.0 as u64 / 1000
}

impl Settings {
    /// The pause in samples.
    pub(super) fn pause(&self) -> u64 {
        samples(self.pause_ms)
    }

    /// The pause that is worth a try at answering, unless the turn is over by then.
    pub(super) fn speculation(&self) -> Option<u64> {
        let ms = self.speculate_ms?.max(TAIL_MS);
        (ms < self.pause_ms).then(|| samples(ms))
    }

    /// What is no noise when silence framed it, in samples.
    pub(super) fn min_speech(&self) -> u64 {
        samples(self.min_speech_ms)
    }

    /// What is no noise when a key framed it, in samples.
    pub(super) fn min_held(&self) -> u64 {
        samples(self.min_held_ms)
    }

    /// What is kept before the first voiced frame, in samples.
    pub(super) fn preroll(&self) -> u64 {
        samples(self.preroll_ms)
    }

    /// What is kept behind the last voiced frame, in samples.
    pub(super) fn tail(&self) -> u64 {
        samples(TAIL_MS.min(self.pause_ms))
    }

    /// The longest utterance in samples; `held` by a key, or not.
    pub(super) fn limit(&self, held: bool) -> u64 {
        let open = if held { u32::MAX } else { self.max_open_s };
        u64::from(self.max_utterance_s.min(open).max(1)) * u64::from(LISTEN_RATE.0)
    }
}
