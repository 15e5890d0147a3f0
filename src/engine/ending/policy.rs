use serde::Serialize;

use crate::grammar::Ending;

/// The longest pause within a turn, in milliseconds: even after "and" a silence of two seconds is
/// the end.
pub const LONGEST_MS: u32 = 2_000;

/// The pause after a whole request: as soon as its words are recognized. And if the voice stays up
/// in the air: it may have more to say than the words show.
const WHOLE_MS: u32 = 250;
const WHOLE_UP_MS: u32 = 350;

/// What a pause needs beyond the usual ones of a speaker, in milliseconds.
const MARGIN_MS: u32 = 100;

/// What is known about somebody who has paused.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Evidence {
    /// How complete the words are; `None` until they are recognized.
    pub words: Option<Ending>,
    /// How likely the voice sounds done, 0.0..=1.0; `None` until that is known, or without a model.
    pub sound: Option<f32>,
    /// The pauses of this speaker, as [`Pauses::usual_ms`](super::Pauses::usual_ms).
    pub usual_ms: Option<u32>,
}

/// What decided how long a pause ends the turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The words are a whole request.
    Whole,
    /// The words need more.
    Open,
    /// The words could go on, or are of no known kind; the sound decided.
    Sound,
    /// Nothing is known but the configured pause.
    Pause,
}

impl Evidence {
    /// The pause that ends the turn, in milliseconds, and why; `pause_ms` is the configured one.
    pub fn pause_ms(&self, pause_ms: u32) -> (u32, Why) {
        let sound = |certain, likely, unlikely, otherwise| match self.sound {
            None => (pause_ms, Why::Pause),
            Some(0.95..) => (certain, Why::Sound),
            Some(0.75..) => (likely, Why::Sound),
            Some(0.4..) => (unlikely, Why::Sound),
            Some(_) => (otherwise, Why::Sound),
        };
        let (ms, why) = match self.words {
            Some(Ending::Whole) if self.sound.is_some_and(|sound| sound < 0.15) => {
                (WHOLE_UP_MS, Why::Sound)
            }
            Some(Ending::Whole) => (WHOLE_MS, Why::Whole),
            Some(Ending::Open) => (LONGEST_MS, Why::Open),
            Some(Ending::Near) => sound(350, 450, 620, 800),
            Some(Ending::Extendable) => sound(620, 650, 820, 1_000),
            Some(Ending::Fragment) => sound(620, 650, 820, 1_100),
            Some(Ending::Unknown) => sound(350, 450, 650, 850),
            None => sound(400, 700, 900, 1_300),
        };
        // Whoever pauses for long within a sentence gets more time, whatever it sounds like.
        let ms = match (why, self.usual_ms) {
            (Why::Sound, Some(usual)) => ms.max(usual + MARGIN_MS).min(LONGEST_MS),
            _ => ms,
        };
        (ms, why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pause(words: Option<Ending>, sound: Option<f32>, usual_ms: Option<u32>) -> u32 {
        Evidence { words, sound, usual_ms }.pause_ms(500).0
    }

    #[test]
    fn without_evidence_the_configured_pause_holds() {
        assert_eq!(pause(None, None, None), 500);
        assert_eq!(pause(Some(Ending::Unknown), None, Some(900)), 500);
    }

    #[test]
    fn words_come_before_the_sound() {
        assert!(pause(Some(Ending::Whole), Some(0.3), None) < 500);
        assert_eq!(pause(Some(Ending::Open), Some(0.99), None), LONGEST_MS);
    }

    #[test]
    fn the_surer_the_sound_the_shorter_the_pause() {
        let pauses =
            [0.0, 0.5, 0.8, 0.99].map(|sound| pause(Some(Ending::Unknown), Some(sound), None));
        assert!(pauses.is_sorted_by(|a, b| a > b), "{pauses:?}");
    }

    #[test]
    fn a_few_words_that_nobody_knows_wait_longer_than_a_sentence() {
        for sound in [0.0, 0.5, 0.8, 0.99] {
            let of = |words| pause(Some(words), Some(sound), None);
            assert!(of(Ending::Fragment) > of(Ending::Unknown), "{sound}");
            assert!(of(Ending::Near) < of(Ending::Extendable), "{sound}");
        }
    }

    #[test]
    fn a_slow_speaker_gets_more_time_but_not_after_a_whole_request() {
        assert_eq!(pause(Some(Ending::Unknown), Some(0.99), Some(800)), 900);
        assert_eq!(pause(Some(Ending::Unknown), Some(0.99), Some(9_000)), LONGEST_MS);
        assert_eq!(pause(Some(Ending::Whole), Some(0.99), Some(800)), WHOLE_MS);
    }
}
