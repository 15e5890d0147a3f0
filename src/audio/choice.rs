use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::{AudioError, Side};

/// What stands at one end of the sound path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The default device of the sound system, and its new one whenever that changes.
    Default,
    /// A device by its id, its name, or a part of its name.
    Named(String),
    /// A sound file to be heard, or a WAV file to be written.
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
    /// A second a second. The file that is written holds the pauses too.
    #[default]
    Real,
    /// As fast as the other end takes it. The file that is written holds what was said and no
    /// pause, for waiting takes no time.
    Fast,
}

/// What [`super::Sound`] opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What is heard; `None` opens nothing.
    pub input: Option<Choice>,
    /// Where it sounds; `None` opens nothing.
    pub output: Option<Choice>,
    /// How fast files run.
    pub pace: Pace,
    /// The silence after an input file, long enough for the last turn to end. At
    /// [`Pace::Real`] silence goes on after it, as in a room where nobody speaks.
    pub trail: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            input: Some(Choice::Default),
            output: Some(Choice::Default),
            pace: Pace::Real,
            trail: Duration::from_secs(2),
        }
    }
}

/// What happened to a device. The newest of each kind and side is never dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SoundEvent {
    /// A device (or file) was opened: the first, the same one again, or another default.
    Up {
        /// Which end.
        side: Side,
        /// Its name.
        device: String,
    },
    /// The wanted device is gone and another one is used until it is back.
    Moved {
        /// Which end.
        side: Side,
        /// The name of the device that stands in.
        device: String,
        /// The device that the configuration names.
        wanted: String,
    },
    /// There is no sound at this end; it is tried again all the time.
    Lost {
        /// Which end.
        side: Side,
        /// Why, in words for the user.
        why: AudioError,
    },
    /// The input file has been heard to its end, the silence after it included.
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
