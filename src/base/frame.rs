use std::ops::Range;
use std::sync::Arc;

use super::UtteranceId;

/// Samples per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(pub u32);

/// The rate of everything that is heard: 16 kHz.
pub const LISTEN_RATE: Rate = Rate(16_000);

/// The rate of the speaker ring and of all counts of played samples: 48 kHz.
pub const SPEAKER_RATE: Rate = Rate(48_000);

/// Samples in a [`Frame`]: 10 ms at [`LISTEN_RATE`].
pub const FRAME_SAMPLES: usize = 160;

/// 10 ms of mono sound at 16 kHz.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// Position of the first sample, counted from the start of listening.
    pub start: u64,
    /// Samples in -1.0..=1.0.
    pub samples: [f32; FRAME_SAMPLES],
}

/// One stretch of the user's speech, cut out of the stream; cheap to clone.
#[derive(Clone, Debug, PartialEq)]
pub struct Utterance {
    /// Which one.
    pub id: UtteranceId,
    /// Its position in the stream, in samples at [`LISTEN_RATE`], including the preroll.
    pub span: Range<u64>,
    /// Mono samples at [`LISTEN_RATE`], in -1.0..=1.0.
    pub pcm: Arc<[f32]>,
}
