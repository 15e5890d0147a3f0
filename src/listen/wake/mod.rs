//! Wake words: detects, while the ear is closed, that the user has called.
//!
//! ```text
//! Frame ─▶ Features (each 10 ms) ─▶ ring of 1.5 s ─┬─ voice gate open ─▶ Micro (one per word) ─▶ Call
//!                                                  └─ gate shut: kept, and nothing else
//!       └▶ Window of 1.5 s (own) ──── voice gate open ─▶ Template (one per word of one's own) ─▶ Call
//! ```
//!
//! The features adapt to the noise of the room, so they are computed all the time; the networks run
//! while the gate considers voice likely and for a second after, and process the ring first, so
//! that the gate costs nothing of the word.
//!
//! **Invariant:** in silence no network runs, and nothing allocates.
//! **Invariant:** a word that is said once is reported once.
//! **Invariant:** a model that is not available is reported, and the others still listen.
//! Deliberately absent: what a call leads to (`turn`), and whether the words that follow confirm it
//! (`drive`).

mod features;
mod fft;
mod micro;
pub mod own;
mod spotter;

pub use self::features::{CHANNELS, Feature, Features};
pub use self::micro::Micro;
pub use self::spotter::{Call, LONGEST, Spotter, Word};

/// A built-in model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Builtin {
    /// Its name in the configuration.
    pub name: &'static str,
    /// The file.
    pub model: &'static [u8],
    /// The score in hundredths above which the word counts as called, at a sensitivity of 0.5.
    cutoff: u8,
}

/// The built-in models. microWakeWord's own cutoffs are 0.90, 0.97, 0.95 and 0.85, for devices that
/// act at once. Here the first words of the transcript must confirm a call, so a lower score is
/// enough. With these the models, without the voice gate, found `alexa` in 66 of the 70 recordings
/// by which they were chosen; the other four hold no word that a recognizer finds.
pub const BUILTIN: [Builtin; 4] = [
    Builtin {
        name: "alexa",
        model: include_bytes!("../../../models/wake/alexa.tflite"),
        cutoff: 60,
    },
    Builtin {
        name: "hey_jarvis",
        model: include_bytes!("../../../models/wake/hey_jarvis.tflite"),
        cutoff: 65,
    },
    Builtin {
        name: "hey_mycroft",
        model: include_bytes!("../../../models/wake/hey_mycroft.tflite"),
        cutoff: 65,
    },
    Builtin {
        name: "okay_nabu",
        model: include_bytes!("../../../models/wake/okay_nabu.tflite"),
        cutoff: 60,
    },
];

/// The cutoff of a user's own model, at a sensitivity of 0.5.
pub const OWN_CUTOFF: f32 = 0.9;

impl Builtin {
    /// The built-in model `name`.
    pub fn named(name: &str) -> Option<&'static Self> {
        BUILTIN.iter().find(|builtin| builtin.name == name)
    }

    /// The score above which the word counts as called, at a sensitivity of 0.5.
    pub fn cutoff(&self) -> f32 {
        f32::from(self.cutoff) / 100.0
    }
}

/// Makes the words to listen for, on the listen thread, when they are first needed. Errors are for
/// the user and end with the next step.
pub type WakeFactory = Box<dyn FnMut() -> Vec<Result<Word, String>> + Send>;

/// The score above which a word counts as called, from the one at a sensitivity of 0.5: down to a
/// third of it at 1.0, up to near certainty at 0.0.
pub fn cutoff(at_half: f32, sensitivity: f32) -> f32 {
    const MOST: f32 = 0.995;
    let sensitivity = sensitivity.clamp(0.0, 1.0);
    if sensitivity < 0.5 {
        MOST + (at_half - MOST) * sensitivity * 2.0
    } else {
        at_half * (1.0 - (sensitivity - 0.5) * 4.0 / 3.0)
    }
}
