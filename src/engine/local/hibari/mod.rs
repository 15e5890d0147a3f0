//! Hibari: local text to speech in American English.
//!
//! A port of the Python package hibari-tts 0.2.1 (Apache-2.0, Maureese Williams; its pronunciation
//! after misaki, Apache-2.0, hexgrad, and its tokenizer rules after spaCy, MIT).
//!
//! ```text
//! sentence ─▶ clean ─▶ sentences ─▶ normal ─▶ tokens ─▶ tags ─▶ lexicon, unknown ─▶ phonemes
//!                                                                                      │
//!          Chunk (word by word) ◀─ wave (noise, pulses, inverse STFT) ◀─ spectra ◀─ net ┘
//! ```
//!
//! Plain English yields the same phonemes as the original. It differs where an assistant's
//! sentences showed the original to be wrong: "(555) 123-4567" is dialled, "9am" and "1.2.3" are
//! spelled out, "THIS" is a word, a comma ends a currency, an unterminated sentence is closed,
//! "forty-four" sounds like "44". The silence before a sentence is dropped, since a listener would
//! wait through it.
//!
//! **Invariant:** the texts of all chunks, concatenated, are the sentence, to the byte.
//! **Invariant:** a chunk ends where a word ends, in its text and in its sound, so that an
//! interrupted reply is known to the word.
//! **Invariant:** one inference takes at most one sentence of bounded length, whatever the text.
//! Deliberately absent: British voices, and misaki's `[word](/phonemes/)` markup, which would clash
//! with links in replies.

mod amount;
mod clean;
mod g2p;
mod lexicon;
mod load;
mod net;
mod noise;
mod part;
mod pronounce;
mod reading;
mod split;
mod stress;
mod subtoken;
mod table;
mod tag;
mod token;
mod unknown;
mod voice;
mod wave;

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Worker;
use super::runtime::opened;
use crate::base::{Flow, Job, Rate};
use crate::engine::{Alphabet, Chunk, EngineError, Synthesizer};
pub use pronounce::Pronouncer;
use voice::Voice;

/// The rate of hibari's sound: 24 kHz.
pub const RATE: Rate = Rate(24_000);

/// Paths of hibari's files. Names and contents are those of the package's `assets` folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HibariFiles {
    /// The onnxruntime library.
    pub runtime: PathBuf,
    /// `hibari.onnx`, or another American voice with the same inputs and outputs.
    pub voice: PathBuf,
    /// `vocab.json`: the phonemes that the voice knows.
    pub vocabulary: PathBuf,
    /// `lexicon_us_gold.json.gz`: words with checked readings.
    pub gold: PathBuf,
    /// `lexicon_us_silver.json.gz`: more words.
    pub silver: PathBuf,
    /// `tagger.json.gz`: the part-of-speech tagger.
    pub tagger: PathBuf,
    /// `tokenizer_exceptions.json`: contractions and abbreviations.
    pub exceptions: PathBuf,
    /// `oov.onnx`: reads words that are in no lexicon.
    pub unknown: PathBuf,
    /// `oov.json`: the letters and phonemes of `oov.onnx`.
    pub unknown_alphabet: PathBuf,
}

impl HibariFiles {
    /// The files under their own names in `folder`, with the onnxruntime library at `runtime`.
    pub fn in_folder(runtime: PathBuf, folder: &Path) -> Self {
        Self {
            runtime,
            voice: folder.join("hibari.onnx"),
            vocabulary: folder.join("vocab.json"),
            gold: folder.join("lexicon_us_gold.json.gz"),
            silver: folder.join("lexicon_us_silver.json.gz"),
            tagger: folder.join("tagger.json.gz"),
            exceptions: folder.join("tokenizer_exceptions.json"),
            unknown: folder.join("oov.onnx"),
            unknown_alphabet: folder.join("oov.json"),
        }
    }

    fn all(&self) -> [&Path; 9] {
        [
            &self.runtime,
            &self.voice,
            &self.vocabulary,
            &self.gold,
            &self.silver,
            &self.tagger,
            &self.exceptions,
            &self.unknown,
            &self.unknown_alphabet,
        ]
    }
}

/// The voice "heart" on its own thread. Cheap to create: nothing is loaded before it has to speak.
pub struct Hibari {
    worker: Worker<Voice>,
}

impl Hibari {
    /// Checks for the files. The model is loaded for the first sentence, and unloaded after `idle`
    /// without one (never, if `None`).
    ///
    /// # Errors
    /// [`EngineError::Unreachable`] when a file is missing.
    pub fn open(files: HibariFiles, idle: Option<Duration>) -> Result<Self, EngineError> {
        files.all().into_iter().try_for_each(|file| opened(file).map(drop))?;
        Ok(Self { worker: Worker::new("local/hibari-heart", idle, move || Voice::load(&files)) })
    }

    /// Loads the model now, so that the first sentence does not wait for it.
    pub fn warm(&self) -> Job<Result<(), EngineError>> {
        self.worker.warm()
    }
}

impl Synthesizer for Hibari {
    fn speak(&self, sentence: String) -> Flow<Result<Chunk, EngineError>> {
        if sentence.is_empty() {
            return Box::pin(futures::stream::empty());
        }
        self.worker.ask(sentence)
    }

    fn alphabet(&self) -> Alphabet {
        Alphabet::Latin
    }

    fn warm(&self) -> Job<Result<(), EngineError>> {
        self.worker.warm()
    }
}
