use crate::base::{FRAME_SAMPLES, Frame};

use super::level::decibels;

/// Frames over which loudness is measured: 200 ms, a syllable.
const FRAMES: usize = 20;

/// How far below the loudest syllable speech may be and still be the same person's, in dB. A
/// television in the background is quieter than somebody who speaks into the microphone.
const RANGE_DB: f32 = 12.0;

/// How far below the loudest syllable a frame is no sound of the speaker's, in dB: vowels and
/// consonants of one person lie within it.
const SPOKEN_DB: f32 = 30.0;

/// How far a frame may stand out from the room's own noise and still be that noise, in dB; and how
/// loud the noise may be, in dB below the loudest syllable, to tell the two apart.
const ROOM_DB: f32 = 4.0;
const NOISY_DB: f32 = 18.0;

/// Frames over which the room's noise is measured: 100 ms.
const LULL: usize = 10;

/// The loudness of an utterance relative to its loudest syllable.
#[derive(Debug, Default)]
pub(super) struct Loudness {
    powers: [f32; FRAMES],
    at: usize,
    sum: f32,
    loudest: f32,
    /// The power of the room's noise, as far as it was heard.
    room: f32,
}

/// How loud a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Level {
    /// Whether the last syllable is about as loud as the loudest.
    pub(super) near: bool,
    /// Whether the frame stands out from the room, and is not much quieter than the voice.
    pub(super) sounds: bool,
}

impl Loudness {
    /// Of an utterance that begins after `before`, which has the room's noise.
    pub(super) fn after(before: &[f32]) -> Self {
        let powers: Vec<f32> = before.as_chunks().0.iter().map(power).collect();
        let lulls = powers.windows(LULL).map(|lull| lull.iter().sum::<f32>() / LULL as f32);
        Self { room: lulls.reduce(f32::min).unwrap_or(0.0), ..Self::default() }
    }

    /// Takes the next frame.
    pub(super) fn hear(&mut self, frame: &Frame) -> Level {
        let power = power(&frame.samples);
        self.powers[self.at] = power;
        self.at = (self.at + 1) % FRAMES;
        // Recomputed, so that no rounding error is left behind by a loud sound.
        self.sum = self.powers.iter().sum();
        self.loudest = self.loudest.max(self.sum);
        let loudest = decibels(self.loudest / FRAMES as f32);
        let room = (decibels(self.room) + ROOM_DB).min(loudest - NOISY_DB);
        Level {
            near: decibels(self.sum) >= decibels(self.loudest) - RANGE_DB,
            sounds: decibels(power) >= room.max(loudest - SPOKEN_DB),
        }
    }
}

/// The mean power of a frame.
fn power(samples: &[f32; FRAME_SAMPLES]) -> f32 {
    samples.iter().map(|s| s * s).sum::<f32>() / FRAME_SAMPLES as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hear(loudness: &mut Loudness, level: f32, frames: usize) -> Vec<bool> {
        let frame = Frame { start: 0, samples: [level; FRAME_SAMPLES] };
        (0..frames).map(|_| loudness.hear(&frame).near).collect()
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

    #[test]
    fn a_frame_sounds_if_it_stands_out_from_the_room_and_is_not_far_below_the_voice() {
        for (room, end, sounds) in [
            (0.0, 0.01, true),
            (0.0, 0.003, false),
            (0.01, 0.01, false),
            (0.01, 0.02, true),
            // Noise that is nearly as loud as the voice cannot be told from it.
            (0.05, 0.05, true),
        ] {
            let mut loudness = Loudness::after(&[room; 40 * FRAME_SAMPLES]);
            hear(&mut loudness, 0.2, 30);
            let last = loudness.hear(&Frame { start: 0, samples: [end; FRAME_SAMPLES] });
            assert_eq!(last.sounds, sounds, "{end} after {room}");
        }
    }
}
