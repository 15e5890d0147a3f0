//! Wake words of one's own: a few recordings of the word, and what sounds like them.
//!
//! ```text
//! recording ─▶ Sample (cut to the voice) ─▶ Embedder ─▶ Lens ─▶ Template
//! Frame ─▶ Window (the last 1.5 s) ─▶ Embedder (each 80 ms) ─▶ Lens ─▶ Template ─▶ distance ─▶ score
//! ```
//!
//! The embedder is a speech model that describes 775 ms of sound by 96 numbers. A word is a short
//! sequence of such descriptions, and dynamic time warping compares it with what was just heard,
//! however fast it was said.
//!
//! **Invariant:** nothing is trained, and a recording is all that is kept of a word.
//! **Invariant:** hearing a frame without voice costs a copy.
//! Deliberately absent: the model itself (`engine/local`) and where recordings are kept (`app`).

mod lens;
mod sample;
mod template;
mod track;
mod window;

pub use self::sample::{LONGEST_WORD, SHORTEST_WORD, Sample, Unfit};
pub use self::template::{ALIKE, AT_HALF, Template, certainty};
pub(super) use self::window::Window;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Values of an [`Embedding`].
pub const VALUES: usize = 96;

/// What a stretch of sound is like.
pub type Embedding = [f32; VALUES];

/// Samples at 16 kHz that one embedding describes: 775 ms.
pub const DESCRIBED: usize = 12_400;

/// Samples from one embedding to the next: 80 ms.
pub const HOP: usize = 1_280;

/// A speech model that describes sound. Defined here, because `listen` does not import engines.
pub trait Embedder: Send {
    /// The embeddings of `pcm`, 16 kHz in -1.0..=1.0: one of its first [`DESCRIBED`] samples, and
    /// one for each [`HOP`] more. None if it is shorter.
    ///
    /// # Errors
    /// Why the model failed, for the log.
    fn embed(&mut self, pcm: &[f32]) -> Result<Vec<Embedding>, String>;
}

/// An embedder that all words of one listener share.
pub type SharedEmbedder = Arc<Mutex<dyn Embedder>>;

/// Its use, one at a time.
pub fn lock(embedder: &SharedEmbedder) -> MutexGuard<'_, dyn Embedder + 'static> {
    embedder.lock().unwrap_or_else(PoisonError::into_inner)
}
