use crate::audio::AudioError;
use crate::config::ConfigErrors;
use crate::engine::EngineError;
use crate::models::ModelError;

/// Why the program cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Mistakes in the configuration.
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    /// A model file.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// An engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The user's own templates.
    #[error("{0}")]
    Templates(String),
    /// A file that the answer was to rest on, or be about.
    #[error("{message}")]
    Context {
        /// What is wrong with it.
        message: String,
        /// Whether there is none.
        missing: bool,
    },
    /// An address in the tool settings.
    #[error("{0}")]
    Tool(String),
    /// A device or a sound file.
    #[error(transparent)]
    Sound(#[from] AudioError),
    /// The system gives no thread.
    #[error("cannot start a thread: {0}; close some programs and try again")]
    Thread(std::io::Error),
}
