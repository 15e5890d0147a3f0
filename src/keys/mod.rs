//! Talk keys: what the user holds or presses to talk, wherever the keyboard is read.
//!
//! ```text
//! X server ──── a grab of the key ───────┐
//! portal ────── Activated, Deactivated ──┼─▶ Fingers ─▶ Stroke (Press, Release, Toggle)
//! /dev/input ── the keyboards' events ───┘
//! ```
//!
//! Wayland lets no program see the keys of others, so there the desktop's portal is asked, or the
//! devices themselves are read. Where neither is possible the compositor runs `aloud press` and
//! `aloud release`; those and the signals need nothing of this room.
//!
//! **Invariant:** every [`Stroke::Press`] is followed by exactly one [`Stroke::Release`], also when
//! the server, the portal or the keyboard disappears while the key is down.
//! **Invariant:** a key that repeats while it is down is one stroke.
//! **Invariant:** a way that ends is tried again, so that a desktop started later is found.
//! Deliberately absent: what a stroke means, and how long a key may be down. Both are up to `turn`.

mod devices;
mod fingers;
mod names;
mod portal;
mod shortcut;
mod x11;

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::mpsc::Sender;

use self::fingers::Fingers;
pub use self::shortcut::Shortcut;

/// Strokes that may wait for the driver. A full queue delays the next stroke, never loses one.
pub const STROKES: usize = 16;

/// How long after its end a way is tried again: at first, and later. A desktop takes seconds to
/// start, and a keyboard that was pulled out may stay away.
const AGAIN: Duration = Duration::from_secs(2);
const LATER: Duration = Duration::from_secs(30);
/// Tries after which it is [`LATER`].
const SOON: u32 = 15;

/// What the talk keys do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stroke {
    /// The talk key goes down.
    Press,
    /// It comes up.
    Release,
    /// The key that begins and ends was pressed.
    Toggle,
}

/// How keys are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// The one that fits the desktop.
    #[default]
    Auto,
    /// From the X server.
    X11,
    /// From the desktop's portal for global shortcuts.
    Portal,
    /// From the keyboards in `/dev/input`.
    Devices,
}

/// Which keys, and how they are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Talks while it is down.
    pub hold: Option<Shortcut>,
    /// Begins, and ends when pressed again.
    pub toggle: Option<Shortcut>,
    /// How they are read.
    pub way: Way,
    /// The folder of the input devices, normally `/dev/input`.
    pub devices: PathBuf,
}

/// The desktop, by its environment variables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Desktop {
    /// `DISPLAY`: the X server.
    pub display: Option<String>,
    /// `WAYLAND_DISPLAY` is set: the X server shows only its own programs' keys.
    pub wayland: bool,
    /// `DBUS_SESSION_BUS_ADDRESS`, or the usual socket is there.
    pub bus: Option<String>,
}

/// Reads the keys until the receiver is gone. `tell` gets a sentence when a way begins to work, and
/// why none does, each once until that changes.
pub async fn follow(
    settings: Settings,
    desktop: Desktop,
    strokes: Sender<Stroke>,
    mut tell: impl FnMut(Result<String, String>),
) {
    if settings.hold.is_none() && settings.toggle.is_none() {
        return;
    }
    let mut told = None;
    for round in 0_u32.. {
        let mut why = Vec::new();
        for way in ways(settings.way, &desktop) {
            let mut fingers = Fingers::new(strokes.clone());
            let mut works = |how: String| {
                let how = Ok(how);
                if told.as_ref() != Some(&how) {
                    told = Some(how.clone());
                    tell(how);
                }
            };
            let ended = match way {
                Way::X11 => x11::follow(&settings, &desktop, &mut fingers, &mut works).await,
                Way::Portal => portal::follow(&settings, &desktop, &mut fingers, &mut works).await,
                Way::Devices | Way::Auto => {
                    devices::follow(&settings, &mut fingers, &mut works).await
                }
            };
            // A key that was down when its server went away cannot come up any more.
            fingers.let_go().await;
            if strokes.is_closed() {
                return;
            }
            why.push(ended);
        }
        let why = Err(format!("no talk key: {}", why.join("; ")));
        if told.as_ref() != Some(&why) {
            told = Some(why.clone());
            tell(why);
        }
        tokio::time::sleep(if round < SOON { AGAIN } else { LATER }).await;
    }
}

/// The ways to try, the best first.
fn ways(way: Way, desktop: &Desktop) -> Vec<Way> {
    match way {
        Way::Auto if desktop.wayland => vec![Way::Portal, Way::Devices],
        Way::Auto if desktop.display.is_some() => vec![Way::X11],
        Way::Auto => vec![Way::Devices],
        Way::X11 | Way::Portal | Way::Devices => vec![way],
    }
}
