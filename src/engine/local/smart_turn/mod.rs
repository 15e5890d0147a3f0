//! Smart Turn: whether a voice sounds as if it had finished.
//!
//! The model v3.2 of Daily (BSD-2-Clause), as shipped in the Python package pipecat-ai 1.14.0: a
//! Whisper encoder with a classifier, for 23 languages, from the sound alone.
//!
//! ```text
//! Utterance ─▶ its last 8 s ─▶ mel spectrogram ─▶ encoder ─▶ likelihood
//! ```
//!
//! Deliberately absent: words. On commands and questions cut in the middle it takes half of the cut
//! ones for complete, so it is one voice among several; see [`ending`](crate::engine::ending).

mod features;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use ort::session::Session;
use ort::value::Tensor;

use self::features::{BANDS, FRAMES, Features};
use super::runtime::{failed, opened};
use super::{Model, Replies, Runtime, Stopped, Worker};
use crate::base::{Job, Utterance};
use crate::engine::EngineError;

/// Smart Turn on its own thread. Cheap to create: nothing is loaded before it is first asked.
///
/// Measured on one core of a shared machine: 50 to 56 ms for each question at the median, 65 at the
/// 95th percentile (`scripts/end-of-turn`).
pub struct SmartTurn {
    worker: Worker<Net>,
}

impl SmartTurn {
    /// Checks for the files: the onnxruntime library and `smart-turn-v3.2-cpu.onnx`. The model is
    /// unloaded after `idle` without a question (never, if `None`).
    ///
    /// # Errors
    /// [`EngineError::Unreachable`] when a file is missing.
    pub fn open(
        runtime: PathBuf,
        model: PathBuf,
        idle: Option<Duration>,
    ) -> Result<Self, EngineError> {
        opened(&runtime)?;
        opened(&model)?;
        let load = move || {
            let session = Runtime::open(&runtime)?.session(&model)?;
            Ok(Net { session, features: Features::new() })
        };
        Ok(Self { worker: Worker::new("local/smart-turn", idle, load) })
    }

    /// How likely the speaker of `utterance` has finished, 0.0..=1.0. It should end with the
    /// silence that raised the question.
    pub fn likelihood(&self, utterance: &Utterance) -> Job<Result<f32, EngineError>> {
        let mut answers = self.worker.ask(Arc::clone(&utterance.pcm));
        Box::pin(async move {
            let none = || Err(EngineError::Broken("the end-of-turn model gave no answer".into()));
            answers.next().await.unwrap_or_else(none)
        })
    }

    /// Loads the model now, so that the first pause does not wait for it.
    pub fn warm(&self) -> Job<Result<(), EngineError>> {
        self.worker.warm()
    }
}

struct Net {
    session: Session,
    features: Features,
}

impl Model for Net {
    type Ask = Arc<[f32]>;
    type Answer = f32;

    fn answer(&mut self, pcm: Arc<[f32]>, replies: &Replies<f32>) -> Result<(), Stopped> {
        let features = self.features.of(&pcm);
        let options = replies.options()?;
        let input = Tensor::from_array(([1, BANDS, FRAMES], features))
            .map_err(|error| Stopped::Failed(failed(&error)))?;
        let outputs = self
            .session
            .run_with_options(ort::inputs!["input_features" => input], &options)
            .map_err(|error| replies.halt(&error))?;
        let (_, values) = outputs[0]
            .try_extract_tensor::<f32>()
            .map_err(|error| Stopped::Failed(failed(&error)))?;
        replies.put(values.first().copied().unwrap_or(0.5))
    }
}
