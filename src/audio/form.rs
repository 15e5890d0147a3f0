/// The kind of speaker, for those who must know whether the microphone hears it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// No device: none is open, or it is a file.
    #[default]
    Absent,
    /// The sound system does not say. It may be a loudspeaker.
    Unknown,
    /// A loudspeaker in the room.
    Loudspeaker,
    /// Worn: headphones, a headset, earphones.
    Headset,
}

/// Parts of the names of devices and ports that are worn.
const WORN: [&str; 6] = ["headphone", "headset", "earphone", "earbud", "airpods", "handset"];

/// PulseAudio's form factors of devices in a room. "hands-free" is a speakerphone or a car.
const STANDING: [&str; 9] =
    ["internal", "speaker", "tv", "webcam", "hands-free", "car", "hifi", "computer", "portable"];

impl Form {
    /// Judged by what the sound server says about a speaker: its form factor, the name of the port
    /// in use, and its own name. The port knows best: the same card has a loudspeaker and a
    /// headphone socket.
    pub(super) fn of(factor: Option<&str>, port: Option<&str>, name: &str) -> Self {
        let worn = |text: &str| WORN.iter().any(|word| text.to_lowercase().contains(word));
        match (factor, port) {
            (_, Some(port)) if worn(port) => Self::Headset,
            (_, Some(port)) if port.to_lowercase().contains("speaker") => Self::Loudspeaker,
            (Some(factor), _) if worn(factor) => Self::Headset,
            (Some(factor), _) if STANDING.contains(&factor) => Self::Loudspeaker,
            _ if worn(name) => Self::Headset,
            _ => Self::Unknown,
        }
    }

    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Absent => 0,
            Self::Unknown => 1,
            Self::Loudspeaker => 2,
            Self::Headset => 3,
        }
    }

    pub(super) const fn of_code(code: u8) -> Self {
        match code {
            1 => Self::Unknown,
            2 => Self::Loudspeaker,
            3 => Self::Headset,
            _ => Self::Absent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_headset_is_known_by_its_port_its_form_or_its_name() {
        for (factor, port, name, form) in [
            (None, None, "VirtualSpeaker", Form::Unknown),
            (Some("internal"), Some("analog-output-speaker"), "Built-in Audio", Form::Loudspeaker),
            (Some("internal"), Some("analog-output-headphones"), "Built-in Audio", Form::Headset),
            (Some("internal"), Some("[Out] Headphones"), "Built-in Audio", Form::Headset),
            (Some("headset"), Some("headset-output"), "WH-1000", Form::Headset),
            (Some("headphone"), None, "WH-1000", Form::Headset),
            (Some("speaker"), None, "Boom", Form::Loudspeaker),
            (Some("hands-free"), None, "Car", Form::Loudspeaker),
            (None, Some("analog-output"), "USB Headset Analog Stereo", Form::Headset),
            (None, Some("hdmi-output-0"), "HDMI", Form::Unknown),
        ] {
            assert_eq!(Form::of(factor, port, name), form, "{factor:?} {port:?} {name}");
            assert_eq!(Form::of_code(form.code()), form);
        }
    }
}
