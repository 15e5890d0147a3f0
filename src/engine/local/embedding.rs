//! Google's speech embedding: what a stretch of sound is like, for comparing words.
//!
//! Apache-2.0, from `speech_embedding` on Kaggle, in the ONNX form of the Python package local-wake
//! 0.1.2: a mel spectrogram and a small convolutional network, in one file.

use std::path::Path;

use ort::session::Session;
use ort::value::TensorRef;

use super::Runtime;
use super::runtime::{failed, unusable};
use crate::engine::EngineError;

/// Samples at 16 kHz that one embedding describes: 775 ms.
const WINDOW: usize = 12_400;

/// Values of one embedding.
const VALUES: usize = 96;

/// The speech embedding. It has no thread of its own, because whoever listens all the time asks
/// for one every 80 ms; each takes 2 to 4 ms of one core.
pub struct SpeechEmbedding(Session);

impl SpeechEmbedding {
    /// Loads `speech-embedding.onnx` at `model` into the onnxruntime at `runtime`.
    ///
    /// # Errors
    /// [`EngineError::Unreachable`] when a file is missing, truncated or something else.
    pub fn open(runtime: &Path, model: &Path) -> Result<Self, EngineError> {
        let mut embedding = Self(Runtime::open(runtime)?.session(model)?);
        // Another model in this file shows now.
        match embedding.embed(&[0.0; WINDOW]) {
            Ok(one) if one.len() == 1 => Ok(embedding),
            Ok(_) | Err(_) => Err(unusable(model, "it is not the speech embedding")),
        }
    }

    /// The embeddings of `pcm`, 16 kHz in -1.0..=1.0: the first of its first 775 ms, then one for
    /// each 80 ms more.
    ///
    /// # Errors
    /// [`EngineError::Broken`] when the model fails.
    pub fn embed(&mut self, pcm: &[f32]) -> Result<Vec<[f32; VALUES]>, EngineError> {
        if pcm.len() < WINDOW {
            return Ok(Vec::new());
        }
        let input = TensorRef::from_array_view(([1, pcm.len()], pcm)).map_err(|e| failed(&e))?;
        let outputs = self.0.run(ort::inputs![input]).map_err(|e| failed(&e))?;
        let (_, values) = outputs[0].try_extract_tensor::<f32>().map_err(|e| failed(&e))?;
        Ok(values.as_chunks::<VALUES>().0.to_vec())
    }
}
