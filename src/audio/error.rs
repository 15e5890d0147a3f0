use std::fmt;
use std::path::{Path, PathBuf};

use super::recording::plain;

/// Which end of the sound path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The microphone.
    Input,
    /// The loudspeaker.
    Output,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Input => "microphone",
            Self::Output => "speaker",
        })
    }
}

/// Why there is no sound; messages for the user that end with the next step.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AudioError {
    /// No sound server answers and the machine shows no sound card.
    #[error(
        "no sound server answers; start PipeWire (\"systemctl --user start pipewire-pulse\") or \
         PulseAudio (\"pulseaudio --start\"), or install one of them (package \"pipewire-pulse\" \
         or \"pulseaudio\"); details: {0}"
    )]
    NoServer(String),
    /// The system cannot start a thread.
    #[error("cannot start a thread for sound: {0}; close some programs and try again")]
    NoThread(String),
    /// The device named in the configuration is missing.
    #[error("{side} \"{name}\" not found; run \"aloud devices\"")]
    NoDevice {
        /// Which side.
        side: Side,
        /// The configured name or id.
        name: String,
    },
    /// Nothing is plugged in.
    #[error("no {0} found; plug one in, or choose one from \"aloud devices\"")]
    NoDefault(Side),
    /// The only source is the monitor of our own speaker.
    #[error(
        "no microphone is connected: \"{name}\" only hears what aloud itself plays; plug a \
         microphone in, or name that one in [audio] input if you mean it"
    )]
    OwnMonitor {
        /// The name of the monitor.
        name: String,
    },
    /// Another program holds the device.
    #[error(
        "{side} \"{name}\" is in use by another program; close it, or choose another from \"aloud devices\""
    )]
    Busy {
        /// Which side.
        side: Side,
        /// The name of the device.
        name: String,
    },
    /// The device exists but cannot be used.
    #[error("{side} \"{name}\" cannot be used: {why}; choose another from \"aloud devices\"")]
    Unusable {
        /// Which side.
        side: Side,
        /// The name of the device.
        name: String,
        /// What the sound system said.
        why: String,
    },
    /// A rate or layout that cannot be converted.
    #[error("{0}")]
    Format(String),
    /// The sound file is missing or not readable.
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
}

impl AudioError {
    /// The exit code of a command that fails with this error, as in `sysexits.h`.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NotSound { .. } | Self::TooLong { .. } | Self::Format(_) => 65,
            Self::NoFile { .. } => 66,
            Self::NoThread(_) => 75,
            Self::NoServer(_)
            | Self::NoDevice { .. }
            | Self::NoDefault(_)
            | Self::OwnMonitor { .. }
            | Self::Busy { .. }
            | Self::Unusable { .. } => 69,
            Self::CannotWrite { .. } => 73,
            Self::Io { .. } => 74,
        }
    }

    pub(super) fn no_sound_system() -> Self {
        Self::NoServer("no socket of a sound server was found, and no sound card".to_owned())
    }

    pub(super) fn not_sound(path: &Path, why: impl Into<String>) -> Self {
        Self::NotSound { path: path.to_owned(), why: why.into() }
    }

    /// The file at `path` cannot be created.
    pub(crate) fn cannot_make(path: &Path, why: &std::io::Error) -> Self {
        Self::cannot_write(path, plain(why))
    }

    pub(super) fn cannot_write(path: &Path, why: impl fmt::Display) -> Self {
        Self::CannotWrite { path: path.to_owned(), why: why.to_string() }
    }
}
