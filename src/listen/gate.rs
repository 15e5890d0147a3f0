use webrtc_vad::{SampleRate, Vad, VadMode};

use crate::base::{FRAME_SAMPLES, Frame};

use super::level::Floor;

/// Samples the gate looks at in one go: 20 ms.
const BLOCK: usize = 2 * FRAME_SAMPLES;
/// Sound below this is never speech, whatever the gate says: a microphone's own hiss.
const LEAST_DB: f32 = -62.0;

/// The cheap voice activity that is always there: webrtc's detector at its most reluctant, and
/// besides the sound has to stand out from the noise of the room.
pub(super) struct Gate {
    vad: Vad,
    block: [i16; BLOCK],
    filled: usize,
    voiced: bool,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self {
            vad: Vad::new_with_rate_and_mode(SampleRate::Rate16kHz, VadMode::VeryAggressive),
            block: [0; BLOCK],
            filled: 0,
            voiced: false,
        }
    }

    /// Forgets the frames before.
    pub(super) fn reset(&mut self) {
        self.vad.reset();
        self.vad.set_sample_rate(SampleRate::Rate16kHz);
        self.vad.set_mode(VadMode::VeryAggressive);
        self.filled = 0;
        self.voiced = false;
    }

    /// Whether the sound up to this frame is voiced; changes every second frame. `db` is the
    /// loudness of the frame, `margin` how far it has to stand out from `floor`.
    pub(super) fn hear(&mut self, frame: &Frame, db: f32, floor: &Floor, margin: f32) -> bool {
        let block = &mut self.block[self.filled..self.filled + FRAME_SAMPLES];
        for (to, from) in block.iter_mut().zip(&frame.samples) {
            // The cast saturates, so a clipped sample stays clipped.
            *to = (from * 32_768.0) as i16;
        }
        self.filled += FRAME_SAMPLES;
        if self.filled == BLOCK {
            self.filled = 0;
            self.voiced = self.vad.is_voice_segment(&self.block).unwrap_or(false);
        }
        self.voiced && db > LEAST_DB.max(floor.db() + margin)
    }
}
