use super::Echo;
use crate::base::LISTEN_RATE;

/// How utterances are cut. All times are milliseconds of sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Silence that ends a turn, from the last sound; 100..=5000.
    pub pause_ms: u32,
    /// Silence after which [`Event::Paused`](super::Event::Paused) offers the utterance so far, so
    /// that it can be judged whether an answer should be prepared; `None` never does.
    pub speculate_ms: Option<u32>,
    /// Sound kept before the first voiced frame, so that no word loses its soft onset; 0..=2000.
    pub preroll_ms: u32,
    /// Longest utterance; 1..=600 seconds. What follows becomes the next one.
    pub max_utterance_s: u32,
    /// An utterance cut by silence with less voiced sound than this counts as noise.
    pub min_speech_ms: u32,
    /// The same for one framed by a held key: shorter, because a person vouched for it.
    pub min_held_ms: u32,
    /// When the echo of the speaker is removed.
    pub echo: Echo,
    /// The longest utterance of an open ear, in seconds: nobody asks for that long, but a
    /// television goes on.
    pub max_open_s: u32,
}

/// Milliseconds of certain voice at which an [`Event::Voiced`](super::Event::Voiced) is sent: when
/// an interrupted reply pauses, and when the first words can be recognized.
pub(super) const MARKS: [u32; 2] = [200, 288];

/// Interval of further ones after the last mark.
pub(super) const MORE_MS: u32 = 480;

/// Silence kept after the last sound, if it is there: room for a soft ending.
pub const TAIL_MS: u32 = 200;

/// The usual [`Settings::speculate_ms`]: longer than most stops within a word. In 301 s of read
/// sentences (88 of `asterisk-core-sounds-en`) there are 87 inner silences of 80 ms, 45 of 120 ms
/// and 18 of 200 ms.
pub const LULL_MS: u32 = 80;

impl Default for Settings {
    fn default() -> Self {
        Self {
            pause_ms: 500,
            speculate_ms: Some(LULL_MS),
            preroll_ms: 400,
            max_utterance_s: 60,
            min_speech_ms: 120,
            min_held_ms: 60,
            echo: Echo::Auto,
            max_open_s: 20,
        }
    }
}

/// Converts milliseconds to samples at [`LISTEN_RATE`].
pub(super) const fn samples(ms: u32) -> u64 {
    ms as u64 * LISTEN_RATE.0 as u64 / 1000
}

impl Settings {
    /// The pause in samples.
    pub(super) fn pause(&self) -> u64 {
        samples(self.pause_ms)
    }

    /// The pause at which a reply is prepared, unless the turn is over by then.
    pub(super) fn speculation(&self) -> Option<u64> {
        let ms = self.speculate_ms?;
        (ms < self.pause_ms).then(|| samples(ms))
    }

    /// Voiced sound required of an utterance framed by silence, in samples.
    pub(super) fn min_speech(&self) -> u64 {
        samples(self.min_speech_ms)
    }

    /// Voiced sound required of an utterance framed by a key, in samples.
    pub(super) fn min_held(&self) -> u64 {
        samples(self.min_held_ms)
    }

    /// Sound kept before the first voiced frame, in samples.
    pub(super) fn preroll(&self) -> u64 {
        samples(self.preroll_ms)
    }

    /// Sound kept after the last voiced frame, in samples.
    pub(super) fn tail(&self) -> u64 {
        samples(TAIL_MS.min(self.pause_ms))
    }

    /// The longest utterance in samples; `held` by a key, or not.
    pub(super) fn limit(&self, held: bool) -> u64 {
        let open = if held { u32::MAX } else { self.max_open_s };
        u64::from(self.max_utterance_s.min(open).max(1)) * u64::from(LISTEN_RATE.0)
    }
}
