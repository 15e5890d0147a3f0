//! Moonshine: speech to text in English, on this machine.
//!
//! The model "tiny" of Useful Sensors (MIT), as the Python package moonshine-voice 0.0.69 carries
//! it: an encoder that reads the sound itself, and a decoder with a memory of what it has said.
//!
//! ```text
//! Utterance ─▶ Silero ─▶ pieces with speech ─▶ level, rim ─▶ encoder ─▶ decoder, token by token
//!                │ none: ""                        ▲ another rim, then halves       │
//!                                                  └──────── in doubt ◀─────────────┴─▶ Transcript
//! ```
//!
//! **Invariant:** where nobody speaks the text is empty; the model would make words up.
//! **Invariant:** a recording of any length is read in pieces of bounded length, and the flow tells
//! after each what was understood so far.
//! **Invariant:** the decoder never says more than a mouth can in that time, and no loop.
//! Absent on purpose: other languages (their weights are not free), and words before the utterance
//! is over: reading it again for each word would cost more than waiting for its end.

mod cut;
mod net;
mod reader;
mod tokens;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use self::reader::{Reader, Words};
use super::runtime::opened;
use super::{Model, Replies, Runtime, Stopped, Worker};
use crate::base::{Flow, Job, Utterance};
use crate::engine::{EngineError, Transcriber, Transcript};

/// Where Moonshine's files are. Names and contents are those of the package's `assets/tiny-en`.
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

/// Moonshine tiny on its own thread. Cheap to make: nothing is loaded before somebody speaks.
///
/// Measured on one core of a shared machine: loaded it takes 85 MB beside the 24 MB of a process
/// with onnxruntime; loading costs 0.4 s of CPU, reading 35 ms for a command of 2.8 s.
pub struct Moonshine {
    worker: Worker<Reader>,
}

impl Moonshine {
    /// Finds the files. The model is loaded by the first utterance, and given back after `idle`
    /// without one (never, when `None`).
    ///
    /// # Errors
    /// [`EngineError::Unreachable`] when a file is missing. One that is cut short or damaged is
    /// found when it is loaded, and every utterance that meets it hears of it.
    pub fn open(files: MoonshineFiles, idle: Option<Duration>) -> Result<Self, EngineError> {
        files.all().into_iter().try_for_each(|file| opened(file).map(drop))?;
        let load = move || Reader::load(&Runtime::open(&files.runtime)?, &files);
        Ok(Self { worker: Worker::new("local/moonshine-tiny-en", idle, load) })
    }

    /// Loads the model now, so that the first utterance does not wait for it.
    pub fn warm(&self) -> Job<Result<(), EngineError>> {
        self.worker.warm()
    }
}

impl Transcriber for Moonshine {
    /// Utterances may be of any length. After each piece of a long one comes a transcript that is
    /// not the last.
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

    fn answer(&mut self, pcm: Arc<[f32]>, desk: &Replies<Transcript>) -> Result<(), Stopped> {
        let (pieces, track) = self.pieces(&pcm);
        let mut words = Words::default();
        for (at, piece) in pieces.iter().enumerate() {
            words.push(&self.read(&pcm, piece, &track, desk)?);
            if at + 1 < pieces.len() {
                desk.put(Transcript::part(words.text.clone()))?;
            }
        }
        let certainty = words.certainty();
        desk.put(Transcript::whole(words.text).with_certainty(certainty))
    }
}
