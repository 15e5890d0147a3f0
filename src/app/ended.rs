//! A voice that will be retired, as found out in the background.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::base::{Flow, Job};
use crate::engine::{Chunk, EngineError, Synthesizer};

/// A voice until it is retired: then it refuses immediately, and the next in the chain speaks.
pub(super) struct Until {
    voice: Arc<dyn Synthesizer>,
    name: String,
    ended: Arc<AtomicBool>,
}

impl Until {
    pub(super) fn new(voice: Arc<dyn Synthesizer>, name: &str, ended: Arc<AtomicBool>) -> Self {
        Self { voice, name: name.to_owned(), ended }
    }

    fn gone(&self) -> Option<EngineError> {
        let why =
            || EngineError::Unreachable(format!("{} has ended; choose another voice", self.name));
        self.ended.load(Ordering::Relaxed).then(why)
    }
}

impl Synthesizer for Until {
    fn speak(&self, sentence: String) -> Flow<Result<Chunk, EngineError>> {
        match self.gone() {
            Some(error) => Box::pin(futures::stream::iter([Err(error)])),
            None => self.voice.speak(sentence),
        }
    }

    fn warm(&self) -> Job<Result<(), EngineError>> {
        match self.gone() {
            Some(error) => Box::pin(std::future::ready(Err(error))),
            None => self.voice.warm(),
        }
    }
}
