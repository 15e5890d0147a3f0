use super::server::{self, Server};
use super::{AudioError, Choice, Form, Settings, Side, cards};
use crate::base::Rate;

/// One microphone or loudspeaker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceInfo {
    /// The sound system's name for it; stable across restarts.
    pub id: String,
    /// The name that people know it by.
    pub name: String,
    /// Which side it is.
    pub side: Side,
    /// Whether it is the default of its side.
    pub default: bool,
    /// The id of the speaker it listens to, if it is a monitor and not a microphone.
    pub monitor_of: Option<String>,
    /// The id of the device that a filter or remapped device passes its sound on to.
    pub master: Option<String>,
    /// Whether a speaker is worn or in the room.
    pub form: Form,
    /// Its native rate; the sound system converts others.
    pub rate: Rate,
    /// How many channels it has.
    pub channels: u16,
    /// Number of this appearance of the device: it changes when the device is unplugged and plugged
    /// in again. 0 if the sound system does not count.
    pub index: u32,
}

/// The devices of this machine, microphones first. Blocks while the sound server answers, a few
/// seconds at most.
///
/// # Errors
/// [`AudioError::NoServer`] when there is neither a sound server nor a sound card.
pub fn devices() -> Result<Vec<DeviceInfo>, AudioError> {
    if server::present() {
        Server::connect()?.devices()
    } else if cards::present() {
        cards::devices()
    } else {
        Err(AudioError::no_sound_system())
    }
}

/// The device among `devices` that `settings` select for `side`; `None` if nothing or a file is to
/// be opened there.
///
/// # Errors
/// [`AudioError::NoDevice`] when no device matches the name, [`AudioError::NoDefault`] when the
/// side has no device, [`AudioError::OwnMonitor`] when only the monitor of our own speaker is left.
pub fn chosen<'d>(
    settings: &Settings,
    side: Side,
    devices: &'d [DeviceInfo],
) -> Result<Option<&'d DeviceInfo>, AudioError> {
    Wish::of(settings, side).map(|wish| wish.find(devices)).transpose()
}

/// The device that a side wants.
///
/// **Which source is a microphone.** A monitor records what a speaker plays, and the monitor of our
/// own speaker would make aloud answer itself. So:
/// 1. A source named by `[audio] input` is taken, monitor or not. Part of a name does not match the
///    monitor of our own speaker unless it says "monitor": `USB` may have meant a microphone that
///    is unplugged now.
/// 2. Without a name the server's default source is taken if it is not a monitor, or if it is the
///    monitor of a speaker that we do not play to: somebody chose that one on purpose.
/// 3. Otherwise the first source that is not a monitor. A monitor that nobody chose is never taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wish {
    pub(super) side: Side,
    pub(super) choice: Choice,
    /// The chosen speaker, which affects the choice of microphone; `None` if none is opened.
    speaker: Option<Choice>,
}

impl Wish {
    /// What `settings` select for `side`; `None` if no device is to be opened.
    pub(super) fn of(settings: &Settings, side: Side) -> Option<Self> {
        let device = |choice: &Option<Choice>| {
            choice.clone().filter(|choice| !matches!(choice, Choice::File(_)))
        };
        let speaker = device(&settings.output);
        let choice = match side {
            Side::Input => device(&settings.input),
            Side::Output => speaker.clone(),
        };
        choice.map(|choice| Self { side, choice, speaker })
    }

    /// The wanted device among `devices`.
    ///
    /// # Errors
    /// [`AudioError::NoDevice`] when no device matches the name, [`AudioError::NoDefault`] when the
    /// side has no device at all, [`AudioError::OwnMonitor`] when the monitor of our own speaker is
    /// all there is.
    pub(super) fn find<'d>(&self, devices: &'d [DeviceInfo]) -> Result<&'d DeviceInfo, AudioError> {
        match &self.choice {
            Choice::Default => self.default(devices),
            Choice::Named(name) => named(self.side, name, &self.own_speakers(devices), devices)
                .ok_or_else(|| AudioError::NoDevice { side: self.side, name: name.clone() }),
            Choice::File(_) => Err(AudioError::NoDefault(self.side)),
        }
    }

    /// As [`Wish::find`], but falls back to another device if the named one has been `seen` before
    /// and is gone; the flag says whether it is such a stand-in. A wrong name is an error, an
    /// unplugged device is not.
    ///
    /// # Errors
    /// As [`Wish::find`].
    pub(super) fn find_or_stand_in<'d>(
        &self,
        seen: bool,
        devices: &'d [DeviceInfo],
    ) -> Result<(&'d DeviceInfo, bool), AudioError> {
        match self.find(devices) {
            Ok(device) => Ok((device, false)),
            Err(AudioError::NoDevice { .. }) if seen => {
                self.default(devices).map(|device| (device, true))
            }
            Err(why) => Err(why),
        }
    }

    fn default<'d>(&self, devices: &'d [DeviceInfo]) -> Result<&'d DeviceInfo, AudioError> {
        let mut of_side = devices.iter().filter(|device| device.side == self.side);
        let default = of_side.clone().find(|device| device.default);
        if self.side == Side::Output {
            return default.ok_or(AudioError::NoDefault(self.side));
        }
        let own = self.own_speakers(devices);
        if let Some(default) = default
            && !own.iter().any(|speaker| default.hears(speaker))
        {
            return Ok(default);
        }
        of_side.find(|device| device.monitor_of.is_none()).ok_or_else(|| match default {
            Some(monitor) => AudioError::OwnMonitor { name: monitor.name.clone() },
            None => AudioError::NoDefault(self.side),
        })
    }

    /// The speaker that we play to, or would if it were present, and the devices that it passes the
    /// sound on to.
    fn own_speakers<'d>(&self, devices: &'d [DeviceInfo]) -> Vec<&'d DeviceInfo> {
        let sinks = || devices.iter().filter(|device| device.side == Side::Output);
        let named = match &self.speaker {
            None | Some(Choice::File(_)) => return Vec::new(),
            Some(Choice::Named(name)) => named(Side::Output, name, &[], devices),
            Some(Choice::Default) => None,
        };
        let mut own: Vec<_> =
            named.or_else(|| sinks().find(|sink| sink.default)).into_iter().collect();
        while let Some(master) = own.last().and_then(|last| last.master.as_ref())
            && let Some(next) = sinks().find(|sink| sink.id == *master)
            && !own.contains(&next)
        {
            own.push(next);
        }
        own
    }
}

impl DeviceInfo {
    /// Whether it is the monitor of `speaker`.
    fn hears(&self, speaker: &DeviceInfo) -> bool {
        self.monitor_of.as_ref() == Some(&speaker.id)
    }
}

/// The device of `side` that `name` selects. The first rule with a match decides: exact id, exact
/// name, part of the name. A real microphone takes precedence over a monitor.
fn named<'d>(
    side: Side,
    name: &str,
    own: &[&DeviceInfo],
    devices: &'d [DeviceInfo],
) -> Option<&'d DeviceInfo> {
    let wanted = name.to_lowercase();
    let has = |device: &DeviceInfo| device.name.to_lowercase().contains(&wanted);
    let says_monitor = wanted.contains("monitor");
    let fits: [&dyn Fn(&&DeviceInfo) -> bool; 4] = [
        &|device| device.id == name,
        &|device| device.name.to_lowercase() == wanted,
        &|device| device.monitor_of.is_none() && has(device),
        &|device| has(device) && (says_monitor || !own.iter().any(|own| device.hears(own))),
    ];
    let of_side = || devices.iter().filter(|device| device.side == side);
    fits.iter().find_map(|fits| of_side().find(fits))
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
            monitor_of: id.strip_suffix(".monitor").map(str::to_owned),
            master: None,
            form: Form::Unknown,
            rate: Rate(48_000),
            channels: 2,
            index: 0,
        }
    }

    /// What these words of the configuration select at `side`.
    fn found<'d>(
        (input, output): (&str, &str),
        side: Side,
        devices: &'d [DeviceInfo],
    ) -> Result<&'d str, AudioError> {
        let choice = |text: &str| (text != "off").then(|| text.parse::<Choice>().unwrap());
        let settings =
            Settings { input: choice(input), output: choice(output), ..Settings::default() };
        chosen(&settings, side, devices).map(|device| device.unwrap().id.as_str())
    }

    #[test]
    fn a_device_is_found_by_id_by_name_and_by_a_part_of_it() {
        let devices = [
            device(Side::Input, "out.monitor", "Monitor of USB Speaker", false),
            device(Side::Input, "mic", "Built-in Microphone", true),
            device(Side::Input, "usb", "USB Microphone", false),
            device(Side::Output, "out", "USB Speaker", true),
        ];
        let mic = |text: &str| found((text, "default"), Side::Input, &devices);
        assert_eq!(mic("default"), Ok("mic"));
        assert_eq!(mic("usb"), Ok("usb"));
        assert_eq!(mic("usb microphone"), Ok("usb"));
        assert_eq!(mic("USB"), Ok("usb"));
        assert_eq!(mic("monitor of"), Ok("out.monitor"));
        assert_eq!(found(("default", "USB"), Side::Output, &devices), Ok("out"));
        let missing = mic("Bluetooth").unwrap_err();
        assert_eq!(
            missing.to_string(),
            "microphone \"Bluetooth\" not found; run \"aloud devices\""
        );
        assert_eq!(missing.exit_code(), 69);
        assert_eq!(
            found(("default", "default"), Side::Output, &devices[..3]),
            Err(AudioError::NoDefault(Side::Output))
        );
    }

    #[test]
    fn our_own_voice_is_no_microphone() {
        let own = device(Side::Input, "spk.monitor", "Monitor of Speaker", true);
        let other = device(Side::Input, "tv.monitor", "Monitor of TV", false);
        let mic = device(Side::Input, "mic", "Microphone", false);
        let spk = device(Side::Output, "spk", "Speaker", true);
        let tv = device(Side::Output, "tv", "TV", false);
        let is_own = Err(AudioError::OwnMonitor { name: "Monitor of Speaker".to_owned() });
        let at = |input, output, devices: &[&DeviceInfo]| {
            let devices: Vec<_> = devices.iter().copied().cloned().collect();
            found((input, output), Side::Input, &devices).map(str::to_owned)
        };
        let id = |id: &str| Ok(id.to_owned());
        let all = [&own, &other, &mic, &spk, &tv];
        // A real microphone takes precedence over the monitor, even if that is the server's
        // default.
        assert_eq!(at("default", "default", &all), id("mic"));
        // Without one nothing is left, not even a monitor that nobody chose.
        assert_eq!(at("default", "default", &[&own, &other, &spk, &tv]), is_own);
        // It is a valid choice if we play somewhere else, or nowhere.
        assert_eq!(at("default", "tv", &all), id("spk.monitor"));
        assert_eq!(at("default", "off", &all), id("spk.monitor"));
        assert_eq!(at("default", "wav:out.wav", &all), id("spk.monitor"));
        // The default speaker replaces one that is gone.
        assert_eq!(at("default", "headset", &[&own, &spk]), is_own);
        // A full name is an order, part of a name is not.
        assert_eq!(at("spk.monitor", "default", &all), id("spk.monitor"));
        assert_eq!(at("Monitor of Speaker", "default", &all), id("spk.monitor"));
        assert_eq!(at("monitor of s", "default", &all), id("spk.monitor"));
        let gone = AudioError::NoDevice { side: Side::Input, name: "Speak".to_owned() };
        assert_eq!(at("Speak", "default", &all), Err(gone));
        assert_eq!(at("TV", "default", &all), id("tv.monitor"));
        // Neither a default nor a microphone is plainly none.
        let none = Err(AudioError::NoDefault(Side::Input));
        assert_eq!(at("default", "default", &[&other, &spk]), none);
    }

    #[test]
    fn a_speaker_that_passes_its_sound_on_is_heard_there_too() {
        let own = device(Side::Input, "card.monitor", "Monitor of Card", true);
        let card = device(Side::Output, "card", "Card", false);
        let mut filter = device(Side::Output, "filter", "Equalizer", true);
        filter.master = Some("card".to_owned());
        let devices = [own, card, filter];
        assert_eq!(
            found(("default", "default"), Side::Input, &devices),
            Err(AudioError::OwnMonitor { name: "Monitor of Card".to_owned() })
        );
    }

    #[test]
    fn a_device_that_was_seen_is_stood_in_for() {
        let devices = [
            device(Side::Input, "spk.monitor", "Monitor of Speaker", true),
            device(Side::Input, "mic", "Microphone", false),
            device(Side::Output, "spk", "Speaker", true),
        ];
        let settings =
            Settings { input: Some(Choice::Named("usb".to_owned())), ..Settings::default() };
        let wish = Wish::of(&settings, Side::Input).unwrap();
        let stand_in = |seen, devices| {
            wish.find_or_stand_in(seen, devices).map(|(device, by)| (device.id.as_str(), by))
        };
        assert!(matches!(stand_in(false, &devices), Err(AudioError::NoDevice { .. })));
        assert_eq!(stand_in(true, &devices), Ok(("mic", true)));
        let monitor_only = [devices[0].clone(), devices[2].clone()];
        assert!(matches!(stand_in(true, &monitor_only), Err(AudioError::OwnMonitor { .. })));
    }
}
