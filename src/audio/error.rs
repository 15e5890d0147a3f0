use std::fmt;

use crate::pcm::FileError;

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
    /// A problem with a sound file that stands in for a device.
    #[error(transparent)]
    File(#[from] FileError),
}

impl AudioError {
    /// The exit code of a command that fails with this error, as in `sysexits.h`.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Format(_) => 65,
            Self::NoThread(_) => 75,
            Self::NoServer(_)
            | Self::NoDevice { .. }
            | Self::NoDefault(_)
            | Self::OwnMonitor { .. }
            | Self::Busy { .. }
            | Self::Unusable { .. } => 69,
            Self::File(why) => why.exit_code(),
        }
    }

    pub(super) fn no_sound_system() -> Self {
        Self::NoServer("no socket of a sound server was found, and no sound card".to_owned())
    }
}
