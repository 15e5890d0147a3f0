use std::fmt::Display;
use std::io;

use crate::app::StartError;
use crate::audio::AudioError;
use crate::config::ConfigErrors;
use crate::control::{BindError, ClientError};
use crate::engine::EngineError;
use crate::pcm::FileError;

/// Exit codes of `sysexits.h`; part of the command's interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Code {
    /// The reader of our output is gone: nothing is wrong and there is nothing more to say.
    Done = 0,
    Usage = 64,
    Data = 65,
    NoInput = 66,
    Unavailable = 69,
    Bug = 70,
    CannotCreate = 73,
    Io = 74,
    TryAgain = 75,
    NotAllowed = 77,
    Config = 78,
    Interrupted = 130,
}

/// Why a command failed: the message for the user and the exit code for scripts.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Failure {
    pub(crate) code: Code,
    pub(crate) message: String,
}

impl Failure {
    pub(crate) fn new(code: Code, message: impl Display) -> Self {
        Self { code, message: message.to_string() }
    }

    /// A failure of a room that defines its own exit code.
    pub(crate) fn of_code(code: u8, message: impl Display) -> Self {
        let code = match code {
            64 => Code::Usage,
            65 => Code::Data,
            66 => Code::NoInput,
            69 => Code::Unavailable,
            73 => Code::CannotCreate,
            74 => Code::Io,
            75 => Code::TryAgain,
            77 => Code::NotAllowed,
            78 => Code::Config,
            _ => Code::Bug,
        };
        Self::new(code, message)
    }

    /// A feature of a later release.
    pub(crate) fn later(what: &str) -> Self {
        Self::new(Code::Usage, format!("{what} is not available yet"))
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let code = match &error {
            EngineError::Unreachable(_) => Code::Unavailable,
            EngineError::Overloaded { .. } => Code::TryAgain,
            EngineError::Refused(_) => Code::NotAllowed,
            EngineError::Rejected(_) => Code::Data,
            EngineError::Broken(_) => Code::Io,
        };
        Self::new(code, error)
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let code = match &error {
            ClientError::Absent(_) | ClientError::Silent(_) | ClientError::Refused(_) => {
                Code::Unavailable
            }
            ClientError::Broken(_) => Code::Io,
        };
        Self::new(code, error)
    }
}

impl From<BindError> for Failure {
    fn from(error: BindError) -> Self {
        let code = match &error {
            BindError::Taken(_) => Code::Unavailable,
            BindError::Io { .. } => Code::CannotCreate,
        };
        Self::new(code, error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        // The reader of our output may have had enough.
        let enough = error.kind() == io::ErrorKind::BrokenPipe;
        let code = if enough { Code::Done } else { Code::Io };
        Self::new(code, error)
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        Self::of_code(error.exit_code(), error)
    }
}

impl From<AudioError> for Failure {
    fn from(error: AudioError) -> Self {
        Self::of_code(error.exit_code(), error)
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Config(errors) => errors.into(),
            StartError::Model(error) => error.into(),
            StartError::Engine(error) => error.into(),
            StartError::Sound(error) => error.into(),
            StartError::File(error) => error.into(),
            StartError::Templates(message) | StartError::Tool(message) => {
                Self::new(Code::Config, message)
            }
            StartError::Context { message, missing } => {
                Self::new(if missing { Code::NoInput } else { Code::Data }, message)
            }
            StartError::Thread(_) => Self::new(Code::TryAgain, error),
        }
    }
}

impl From<ConfigErrors> for Failure {
    fn from(errors: ConfigErrors) -> Self {
        Self::new(Code::Config, errors)
    }
}
