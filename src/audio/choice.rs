use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::{AudioError, Loops, Side};

/// What is at one end of the sound path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The sound system's default device, followed when it changes.
    Default,
    /// A device by its id, its name, or part of its name.
    Named(String),
    /// A sound file as input, or a WAV file as output.
    File(PathBuf),
}

impl FromStr for Choice {
    type Err = Infallible;

    /// `default`, `wav:FILE`, or else a name.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text.strip_prefix("wav:") {
            Some(path) => Self::File(PathBuf::from(path)),
            None if text.is_empty() || text == "default" => Self::Default,
            None => Self::Named(text.to_owned()),
        })
    }
}

/// How fast files run. Devices always run at their own pace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// In real time. The output file includes the pauses.
    #[default]
    Real,
    /// As fast as the other end takes it. The output file holds only what was said: waiting takes
    /// no time, so there are no pauses.
    Fast,
}

/// What [`super::Sound`] opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The input; `None` opens nothing.
    pub input: Option<Choice>,
    /// The output; `None` opens nothing.
    pub output: Option<Choice>,
    /// How fast files run.
    pub pace: Pace,
    /// Silence after an input file, long enough for the last turn to end. At [`Pace::Real`] silence
    /// continues after it, as in a room where nobody speaks.
    pub trail: Duration,
    /// What microphones were measured to hear of speakers.
    pub loops: Loops,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            input: Some(Choice::Default),
            output: Some(Choice::Default),
            pace: Pace::Real,
            trail: Duration::from_secs(2),
            loops: Loops::default(),
        }
    }
}

/// What happened to a device. The newest of each kind and side is never dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SoundEvent {
    /// A device or file was opened: the first one, the same one again, or another default.
    Up {
        /// Which side.
        side: Side,
        /// Its name.
        device: String,
    },
    /// The wanted device is gone, and another one is used until it is back.
    Moved {
        /// Which side.
        side: Side,
        /// The name of the replacement.
        device: String,
        /// The device named in the configuration.
        wanted: String,
    },
    /// The device was closed because it is not wanted for now.
    Closed {
        /// Which side.
        side: Side,
    },
    /// This side has no sound; reopening is tried continually.
    Lost {
        /// Which side.
        side: Side,
        /// Why, for the user.
        why: AudioError,
    },
    /// The input file was played to its end, including the silence after it.
    Ended,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_written_as_in_the_configuration() {
        for (text, choice) in [
            ("default", Choice::Default),
            ("", Choice::Default),
            ("USB Audio", Choice::Named("USB Audio".to_owned())),
            ("wav:a b.wav", Choice::File(PathBuf::from("a b.wav"))),
        ] {
            assert_eq!(text.parse(), Ok(choice));
        }
    }
}
