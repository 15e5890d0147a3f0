use crate::base::{FRAME_SAMPLES, Frame};

use super::level::decibels;

/// Frames over which loudness is measured: 200 ms, a syllable.
const FRAMES: usize = 20;

/// How far below the loudest syllable speech may be and still be the same person's, in dB. A
/// television in the background is quieter than somebody who speaks into the microphone.
const RANGE_DB: f32 = 12.0;

/// The loudness of an utterance relative to its loudest syllable.
#[derive(Debug, Default)]
pub(super) struct Loudness {
    powers: [f32; FRAMES],
    at: usize,
    sum: f32,
    loudest: f32,
}

impl Loudness {
    /// Takes the next frame; whether the last syllable is about as loud as the loudest.
    pub(super) fn hear(&mut self, frame: &Frame) -> bool {
        let power = frame.samples.iter().map(|s| s * s).sum::<f32>() / FRAME_SAMPLES as f32;
        self.powers[self.at] = power;
        self.at = (self.at + 1) % FRAMES;
        // Recomputed, so that no rounding error is left behind by a loud sound.
        self.sum = self.powers.iter().sum();
        self.loudest = self.loudest.max(self.sum);
        decibels(self.sum) >= decibels(self.loudest) - RANGE_DB
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hear(loudness: &mut Loudness, level: f32, frames: usize) -> Vec<bool> {
        let frame = Frame { start: 0, samples: [level; FRAME_SAMPLES] };
        (0..frames).map(|_| loudness.hear(&frame)).collect()
    }

    #[test]
    fn what_is_much_quieter_than_the_loudest_is_somebody_else() {
        let mut loudness = Loudness::default();
        assert!(hear(&mut loudness, 0.05, 30).iter().all(|near| *near));
        assert!(hear(&mut loudness, 0.5, 30).iter().all(|near| *near));
        // -10 dB is the same person; -20 dB is not, once the loud syllable is over.
        assert!(hear(&mut loudness, 0.158, 60).iter().all(|near| *near));
        assert_eq!(hear(&mut loudness, 0.05, 60).last(), Some(&false));
    }
}
