use super::server::{self, Server};
use super::{AudioError, Choice, Side, cards};
use crate::base::Rate;

/// One microphone or loudspeaker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceInfo {
    /// What the sound system calls it; the same after a restart.
    pub id: String,
    /// What a person calls it.
    pub name: String,
    /// Which end it is.
    pub side: Side,
    /// Whether it is the default of its side.
    pub default: bool,
    /// Whether it is no microphone but hears what a loudspeaker plays.
    pub monitor: bool,
    /// The rate it runs at; others are converted by the sound system.
    pub rate: Rate,
    /// How many channels it has.
    pub channels: u16,
    /// The number of this appearance of the device: another one when it was unplugged and plugged
    /// in again in between. 0 where the sound system does not count.
    pub index: u32,
}

/// The devices of this machine, microphones first. Blocks for as long as the sound server thinks,
/// at most a few seconds.
///
/// # Errors
/// [`AudioError::NoServer`] when there is neither a sound server nor a sound card.
pub fn devices() -> Result<Vec<DeviceInfo>, AudioError> {
    if server::present() {
        Server::connect()?.devices()
    } else if cards::present() {
        cards::devices()
    } else {
        let why = "no socket of a sound server was found, and no sound card".to_owned();
        Err(AudioError::NoServer(why))
    }
}

/// The device among `devices` that `choice` means at `side`; for a file there is none.
///
/// # Errors
/// [`AudioError::NoDevice`] when the name fits nothing, [`AudioError::NoDefault`] when the side has
/// no device at all.
pub(super) fn find<'d>(
    choice: &Choice,
    side: Side,
    devices: &'d [DeviceInfo],
) -> Result<&'d DeviceInfo, AudioError> {
    let of_side = || devices.iter().filter(move |device| device.side == side);
    match choice {
        Choice::Default => {
            of_side().find(|device| device.default).ok_or(AudioError::NoDefault(side))
        }
        Choice::Named(name) => {
            let wanted = name.to_lowercase();
            // The first rule that fits anything decides: the exact id, the exact name, a part of
            // the name. A real microphone comes before the monitor of a speaker.
            let fits: [&dyn Fn(&&DeviceInfo) -> bool; 4] = [
                &|device| device.id == *name,
                &|device| device.name.to_lowercase() == wanted,
                &|device| !device.monitor && device.name.to_lowercase().contains(&wanted),
                &|device| device.name.to_lowercase().contains(&wanted),
            ];
            fits.iter()
                .find_map(|fits| of_side().find(fits))
                .ok_or_else(|| AudioError::NoDevice { side, name: name.clone() })
        }
        Choice::File(_) => Err(AudioError::NoDefault(side)),
    }
}

/// The device that shall be in use now, and whether it only stands in for the one that `choice`
/// names. A stand-in is taken only when the named device has been `seen` before: a wrong name is
/// an error, an unplugged device is not.
///
/// # Errors
/// As [`find`].
pub(super) fn wanted<'d>(
    choice: &Choice,
    side: Side,
    seen: bool,
    devices: &'d [DeviceInfo],
) -> Result<(&'d DeviceInfo, bool), AudioError> {
    match find(choice, side, devices) {
        Ok(device) => Ok((device, false)),
        Err(AudioError::NoDevice { .. }) if seen => {
            find(&Choice::Default, side, devices).map(|device| (device, true))
        }
        Err(why) => Err(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(side: Side, id: &str, name: &str, default: bool) -> DeviceInfo {
        DeviceInfo {
            id: id.to_owned(),
            name: name.to_owned(),
            side,
            default,
            monitor: id.ends_with(".monitor"),
            rate: Rate(48_000),
            channels: 2,
            index: 0,
        }
    }

    #[test]
    fn a_device_is_found_by_id_by_name_and_by_a_part_of_it() {
        let devices = [
            device(Side::Input, "out.monitor", "Monitor of USB Speaker", false),
            device(Side::Input, "mic", "Built-in Microphone", true),
            device(Side::Input, "usb", "USB Microphone", false),
            device(Side::Output, "out", "USB Speaker", true),
        ];
        let found = |text: &str, side| {
            let choice = text.parse::<Choice>().unwrap();
            find(&choice, side, &devices).map(|device| device.id.as_str())
        };
        assert_eq!(found("default", Side::Input), Ok("mic"));
        assert_eq!(found("usb", Side::Input), Ok("usb"));
        assert_eq!(found("usb microphone", Side::Input), Ok("usb"));
        assert_eq!(found("USB", Side::Input), Ok("usb"));
        assert_eq!(found("USB", Side::Output), Ok("out"));
        assert_eq!(found("monitor of", Side::Input), Ok("out.monitor"));
        let missing = found("Bluetooth", Side::Input).unwrap_err();
        assert_eq!(
            missing.to_string(),
            "microphone \"Bluetooth\" not found; run \"aloud devices\""
        );
        assert_eq!(missing.exit_code(), 69);
        assert_eq!(
            find(&Choice::Default, Side::Output, &devices[..3]),
            Err(AudioError::NoDefault(Side::Output))
        );
    }
}
