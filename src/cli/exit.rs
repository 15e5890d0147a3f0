use std::fmt::Display;
use std::io;

use crate::control::{BindError, ClientError};
use crate::engine::EngineError;

/// Exit codes of `sysexits.h`, as the interface page fixes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Code {
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

/// Why a command failed: what the user reads, and the exit code that scripts read.
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

    /// A feature of a later release.
    pub(crate) fn later(what: &str) -> Self {
        Self::new(Code::Usage, format!("{what} is not built yet; it comes with a later release"))
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let code = match &error {
            EngineError::Unreachable(_) => Code::Unavailable,
            EngineError::Overloaded { .. } => Code::TryAgain,
            EngineError::Refused(_) => Code::NotAllowed,
            EngineError::Broken(_) => Code::Bug,
        };
        Self::new(code, error)
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let code = match &error {
            ClientError::Absent(_) | ClientError::Refused(_) => Code::Unavailable,
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

/// For output on stdout; a closed pipe ends quietly elsewhere.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::new(Code::Io, error)
    }
}
