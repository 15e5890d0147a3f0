//! `[keys]`: the talk keys.

use std::path::PathBuf;

use super::names::word;
use super::section::Section;
use crate::keys::{Settings, Shortcut, Way};

/// Where Linux has its input devices.
const DEVICES: &str = "/dev/input";

pub(super) fn read(mut of: Section<'_, '_>) -> Settings {
    let ways = [
        word("auto", Way::Auto),
        word("x11", Way::X11),
        word("portal", Way::Portal),
        word("devices", Way::Devices),
    ];
    let wanted = "a key, such as \"Super+Space\", \"F13\" or \"RightCtrl\"";
    let key = |text: &str, _: Option<&std::path::Path>| text.parse::<Shortcut>();
    let settings = Settings {
        hold: of.maybe("hold", wanted, key),
        toggle: of.maybe("toggle", wanted, key),
        way: of.choice("by", &ways, "auto"),
        devices: PathBuf::from(of.text("devices", "a folder", DEVICES, |text| {
            if text.starts_with('/') {
                Ok(text.to_owned())
            } else {
                Err(format!("\"{text}\" is not the full path of a folder"))
            }
        })),
    };
    if settings.hold.is_some()
        && settings.hold == settings.toggle
        && let Some(at) = of.place("toggle")
    {
        let what = "it is the key of hold".to_owned();
        of.wrong(&at, "toggle", (what, "choose another one".to_owned()));
    }
    of.end();
    settings
}
