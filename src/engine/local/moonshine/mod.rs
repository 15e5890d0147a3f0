//! Moonshine: local speech to text in English.
//!
//! The model "tiny" of Useful Sensors (MIT), as shipped in the Python package moonshine-voice
//! 0.0.69: an encoder that takes raw sound, and a decoder with a cache of what it has produced.
//!
//! ```text
//! Utterance ─▶ Silero ─▶ pieces with speech ─▶ level, rim ─▶ encoder ─▶ decoder, token by token
//!                │ none: ""                        ▲ another rim, then halves       │
//!                                                  └──────── in doubt ◀─────────────┴─▶ Transcript
//!                                  hesitated ─▶ beam of readings ─▶ the one expected ─▶ ┘
//! ```
//!
//! **Invariant:** the text is empty if nobody speaks; the model would make words up.
//! **Invariant:** a recording of any length is transcribed in pieces of bounded length, and the
//! flow yields the words so far after each.
//! **Invariant:** the same sound is not read twice: what was asked about a pause is there when the
//! partner asks for it.
//! **Invariant:** the decoder never produces more than a person can say in that time, nor a loop.
//! Deliberately absent: other languages (their weights are not free), and words before the end of
//! the utterance: transcribing it again for each word would cost more than waiting for its end.

mod beam;
mod cut;
mod net;
mod reader;
mod tokens;

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use self::beam::Reading;
use self::reader::{Reader, Words};
use super::runtime::opened;
use super::suppressor::quieter;
use super::{Model, Replies, Runtime, Stopped, Worker};
use crate::base::{Flow, Job, Utterance};
use crate::engine::{EngineError, Transcriber, Transcript};

/// Paths of Moonshine's files. Names and contents are those of the package's `assets/tiny-en`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoonshineFiles {
    /// The onnxruntime library.
    pub runtime: PathBuf,
    /// `encoder_model.ort`.
    pub encoder: PathBuf,
    /// `decoder_model_merged.ort`.
    pub decoder: PathBuf,
    /// `tokenizer.bin`.
    pub tokenizer: PathBuf,
}

impl MoonshineFiles {
    /// The files under their own names in `folder`, with the onnxruntime library at `runtime`.
    pub fn in_folder(runtime: PathBuf, folder: &Path) -> Self {
        Self {
            runtime,
            encoder: folder.join("encoder_model.ort"),
            decoder: folder.join("decoder_model_merged.ort"),
            tokenizer: folder.join("tokenizer.bin"),
        }
    }

    fn all(&self) -> [&Path; 4] {
        [&self.runtime, &self.encoder, &self.decoder, &self.tokenizer]
    }
}

/// What a recognizer expects to hear: it chooses among the readings of one sound.
pub trait Expectation: Send + Sync {
    /// How close a second choice must have been for other readings of `text` to be worth a look, as
    /// a difference of log probabilities.
    fn hesitation(&self, text: &str) -> f32;

    /// The text to be believed, and its certainty, given the `readings` of a sound, the likeliest
    /// first; `None` if none of them is expected.
    fn choose(&self, readings: &[Reading]) -> Option<(String, f32)>;
}

/// An expectation that is shared.
pub type Expects = Arc<dyn Expectation>;

/// Moonshine tiny on its own thread. Cheap to create: nothing is loaded before somebody speaks.
///
/// Measured on one core of a shared machine: it takes 85 MB when loaded, beside the 24 MB of a
/// process with onnxruntime; loading takes 0.4 s of CPU, transcribing a command of 2.8 s takes 35
/// ms.
pub struct Moonshine {
    files: MoonshineFiles,
    idle: Option<Duration>,
    worker: Worker<Reader>,
}

impl Moonshine {
    /// Checks for the files. The model is loaded for the first utterance, and unloaded after `idle`
    /// without one (never, if `None`).
    ///
    /// # Errors
    /// [`EngineError::Unreachable`] when a file is missing. A truncated or damaged file is found on
    /// loading, and reported to every utterance that needs it.
    pub fn open(files: MoonshineFiles, idle: Option<Duration>) -> Result<Self, EngineError> {
        files.all().into_iter().try_for_each(|file| opened(file).map(drop))?;
        let worker = worker(files.clone(), None, idle);
        Ok(Self { files, idle, worker })
    }

    /// Lets `expects` choose among readings of short utterances where the model hesitated.
    #[must_use]
    pub fn expecting(self, expects: Expects) -> Self {
        let worker = worker(self.files.clone(), Some(expects), self.idle);
        Self { worker, ..self }
    }

    /// Loads the model now, so that the first utterance does not wait for it.
    pub fn warm(&self) -> Job<Result<(), EngineError>> {
        self.worker.warm()
    }
}

fn worker(
    files: MoonshineFiles,
    expects: Option<Expects>,
    idle: Option<Duration>,
) -> Worker<Reader> {
    let load = move || Reader::load(&Runtime::open(&files.runtime)?, &files, expects.clone());
    Worker::new("local/moonshine-tiny-en", idle, load)
}

impl Transcriber for Moonshine {
    /// Utterances may be of any length. After each piece of a long one comes a provisional
    /// transcript.
    fn transcribe(&self, utterance: Utterance) -> Flow<Result<Transcript, EngineError>> {
        self.worker.ask(utterance.pcm)
    }

    fn warm(&self) -> Job<Result<(), EngineError>> {
        self.worker.warm()
    }
}

impl Model for Reader {
    type Ask = Arc<[f32]>;
    type Answer = Transcript;

    fn answer(&mut self, pcm: Arc<[f32]>, replies: &Replies<Transcript>) -> Result<(), Stopped> {
        if let Some(known) = self.known(&pcm) {
            return replies.put(known);
        }
        // Both the detector of speech and the model hear less of the noise.
        let sound = Arc::clone(&pcm);
        let pcm = quieter(&pcm);
        let hisses = matches!(pcm, Cow::Owned(_));
        let (pieces, track) = self.pieces(&pcm);
        let mut words = Words::default();
        for (at, piece) in pieces.iter().enumerate() {
            words.push(&self.read(&pcm, hisses, piece, &track, replies)?);
            if at + 1 < pieces.len() {
                replies.put(Transcript::part(words.text.clone()))?;
            }
        }
        if let [piece] = &*pieces
            && let Some(expected) = self.expected(&pcm, piece, &words, replies)?
        {
            words = expected;
        }
        let certainty = words.certainty();
        let transcript = Transcript::whole(words.text).with_certainty(certainty);
        self.last = Some((sound, transcript.clone()));
        replies.put(transcript)
    }
}
