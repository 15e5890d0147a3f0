use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::base::Rate;

/// Why a sound file cannot be read or written; messages for the user that end with the next step.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// The file is missing or not readable.
    #[error("cannot open {}: {why}; check the path", path.display())]
    NoFile {
        /// The file.
        path: PathBuf,
        /// The system's message.
        why: String,
    },
    /// The file is not a readable sound file.
    #[error(
        "{} {why}; WAV, MP3, FLAC, Ogg, Opus, M4A, AAC, WebM, AIFF and CAF can be read",
        path.display()
    )]
    NotSound {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, as the rest of a sentence that begins with the path.
        why: String,
    },
    /// The file is sound, but this command cannot take it.
    #[error("{} {why}", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, as the rest of a sentence that begins with the path.
        why: String,
    },
    /// The file cannot be written.
    #[error("cannot write {}: {why}; check the path and the free space", path.display())]
    CannotWrite {
        /// The file.
        path: PathBuf,
        /// The system's message.
        why: String,
    },
    /// Reading failed halfway.
    #[error("cannot read {}: {why}; try again", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's message.
        why: String,
    },
    /// Its rate cannot be converted.
    #[error(transparent)]
    Rate(#[from] RateError),
}

impl FileError {
    /// The exit code of a command that fails with this error, as in `sysexits.h`.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NotSound { .. } | Self::TooLong { .. } | Self::Rate(_) => 65,
            Self::NoFile { .. } => 66,
            Self::CannotWrite { .. } => 73,
            Self::Io { .. } => 74,
        }
    }

    /// The file at `path` cannot be created.
    pub(crate) fn cannot_make(path: &Path, why: &io::Error) -> Self {
        Self::cannot_write(path, plain(why))
    }

    pub(super) fn not_sound(path: &Path, why: impl Into<String>) -> Self {
        Self::NotSound { path: path.to_owned(), why: why.into() }
    }

    pub(super) fn cannot_write(path: &Path, why: impl fmt::Display) -> Self {
        Self::CannotWrite { path: path.to_owned(), why: why.to_string() }
    }
}

/// One rate cannot be converted to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot change {} Hz to {} Hz; rates go from 1 Hz to 768 kHz", from.0, to.0)]
pub struct RateError {
    /// The input rate.
    pub from: Rate,
    /// The output rate.
    pub to: Rate,
}

/// The text of an I/O error without its number.
pub(super) fn plain(why: &io::Error) -> String {
    let said = |kind| why.kind() == kind;
    if said(ErrorKind::NotFound) {
        "no such file".to_owned()
    } else if said(ErrorKind::PermissionDenied) {
        "permission denied".to_owned()
    } else if said(ErrorKind::StorageFull) {
        "the disk is full".to_owned()
    } else {
        why.to_string()
    }
}
