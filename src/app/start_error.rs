use crate::audio::AudioError;
use crate::config::ConfigErrors;
use crate::engine::EngineError;
use crate::models::ModelError;
use crate::pcm::FileError;

/// Why the program cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Mistakes in the configuration.
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    /// A model file problem.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// An engine problem.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Mistakes in the user's own templates.
    #[error("{0}")]
    Templates(String),
    /// A file that the answer should build on or be about.
    #[error("{message}")]
    Context {
        /// What is wrong with it.
        message: String,
        /// Whether it does not exist.
        missing: bool,
    },
    /// An invalid address in the tool settings.
    #[error("{0}")]
    Tool(String),
    /// A problem with a device, or with a file that stands in for one.
    #[error(transparent)]
    Sound(#[from] AudioError),
    /// A sound file cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The system cannot start a thread.
    #[error("cannot start a thread: {0}; close some programs and try again")]
    Thread(std::io::Error),
}
