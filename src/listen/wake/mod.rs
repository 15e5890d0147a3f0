//! Wake words: who says, while the ear is shut, that the user has called.
//!
//! ```text
//! Frame ─▶ Features (each 10 ms) ─▶ ring of 1.5 s ─┬─ voice gate open ─▶ Micro (one per word) ─▶ Call
//!                                                  └─ gate shut: kept, and nothing else
//! ```
//!
//! The features follow the noise of the room, so they are computed all the time; the networks run
//! while the gate finds voice likely and for a second after, and are shown the ring first, so that
//! nothing of the word is lost to the gate.
//!
//! **Invariant:** in silence no network runs, and nothing allocates.
//! **Invariant:** a word that is called once is told once.
//! **Invariant:** a model that cannot be had is told, and the others listen all the same.
//! Absent on purpose: what a call leads to (`turn`), and whether the words that follow bear it out
//! (`drive`).

mod features;
mod fft;
mod micro;
mod spotter;

pub use self::features::{CHANNELS, Feature, Features};
pub use self::micro::Micro;
pub use self::spotter::{Call, LONGEST, Spotter, Word};

/// A model that ships with the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Builtin {
    /// What it is called in the configuration.
    pub name: &'static str,
    /// The file.
    pub model: &'static [u8],
    /// The score in hundredths above which the word counts as called, at a sensitivity of 0.5.
    cutoff: u8,
}

/// The models that ship with the program. microWakeWord's own cutoffs are 0.90, 0.97, 0.95 and
/// 0.85, for devices that act at once. Here the first words of the transcript must bear a call out,
/// so it may be given at a lower score: with these, `alexa` is missed by none of 66 people and by
/// none with noise at 10 dB.
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

/// The cutoff of a model of the user's own, at a sensitivity of 0.5.
pub const OWN_CUTOFF: f32 = 0.9;

impl Builtin {
    /// The one called `name`.
    pub fn named(name: &str) -> Option<&'static Self> {
        BUILTIN.iter().find(|builtin| builtin.name == name)
    }

    /// The score above which the word counts as called, at a sensitivity of 0.5.
    pub fn cutoff(&self) -> f32 {
        f32::from(self.cutoff) / 100.0
    }
}

/// Makes the words to listen for, on the listen thread, when they are first listened for. Errors
/// are for the user and end with the next step.
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
