use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a microphone was once measured to hear of a speaker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "heard", rename_all = "snake_case")]
pub enum Loop {
    /// Not measured.
    #[default]
    Unknown,
    /// Its sound.
    Echo {
        /// Milliseconds from handing out a sample to the return of its echo.
        delay_ms: u16,
        /// How loud it is, in decibels relative to what was handed out.
        level_db: i8,
    },
    /// Nothing.
    Nothing,
}

impl Loop {
    /// As a number, for an atomic.
    pub(super) const fn code(self) -> u32 {
        match self {
            Self::Unknown => 0,
            Self::Nothing => 1,
            Self::Echo { delay_ms, level_db } => {
                2 | (delay_ms as u32) << 8 | (level_db.cast_unsigned() as u32) << 24
            }
        }
    }

    pub(super) const fn of_code(code: u32) -> Self {
        let [kind, low, high, level] = code.to_le_bytes();
        match kind {
            0 => Self::Unknown,
            1 => Self::Nothing,
            _ => {
                let delay_ms = u16::from_le_bytes([low, high]);
                Self::Echo { delay_ms, level_db: level.cast_signed() }
            }
        }
    }
}

/// The measured pairs of microphone and speaker, by the names of the devices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Loops(BTreeMap<String, BTreeMap<String, Loop>>);

impl Loops {
    /// What `microphone` hears of `speaker`.
    pub fn get(&self, microphone: &str, speaker: &str) -> Loop {
        let of = self.0.get(microphone).and_then(|speakers| speakers.get(speaker));
        of.copied().unwrap_or_default()
    }

    /// Notes what `microphone` hears of `speaker`.
    pub fn set(&mut self, microphone: &str, speaker: &str, heard: Loop) {
        self.0.entry(microphone.to_owned()).or_default().insert(speaker.to_owned(), heard);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_measured_fits_an_atomic_and_a_file() {
        let mut loops = Loops::default();
        for heard in [
            Loop::Unknown,
            Loop::Nothing,
            Loop::Echo { delay_ms: 142, level_db: -12 },
            Loop::Echo { delay_ms: u16::MAX, level_db: 3 },
        ] {
            assert_eq!(Loop::of_code(heard.code()), heard);
            loops.set("Mic", "Speaker", heard);
            let text = serde_json::to_string(&loops).unwrap();
            let read: Loops = serde_json::from_str(&text).unwrap();
            assert_eq!(read.get("Mic", "Speaker"), heard);
            assert_eq!(read.get("Speaker", "Mic"), Loop::Unknown);
        }
    }
}
