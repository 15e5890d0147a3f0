//! Programs that tools start: what they see of our environment, and how all of one is ended.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};

/// Variables that every program may see; all others, such as keys of providers, are only for whom
/// the configuration gives them.
const SHARED: [&str; 14] = [
    "HOME",
    "PATH",
    "USER",
    "LOGNAME",
    "SHELL",
    "TERM",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_CACHE_HOME",
    "XDG_RUNTIME_DIR",
];

/// Variables that a program with a window needs besides: where the screen, the bus and the sound
/// server are, and what the desktop is.
const DESKTOP: [&str; 13] = [
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "DBUS_SESSION_BUS_ADDRESS",
    "DESKTOP_SESSION",
    "LANGUAGE",
    "SSH_AUTH_SOCK",
    "BROWSER",
    "TERMINAL",
    "SWAYSOCK",
    "I3SOCK",
    "HYPRLAND_INSTANCE_SIGNATURE",
    "NIRI_SOCKET",
];

/// What the names of the other such variables begin with.
const DESKTOP_STARTS: [&str; 16] = [
    "XDG_",
    "LC_",
    "GTK_",
    "GDK_",
    "GNOME_",
    "QT_",
    "KDE_",
    "XCURSOR_",
    "MOZ_",
    "ELECTRON_",
    "SDL_",
    "LIBVA_",
    "MESA_",
    "PULSE_",
    "PIPEWIRE_",
    "NIXOS_",
];

/// The variables of `all` that every program may see.
pub(super) fn shared(all: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    kept(all, |name| SHARED.contains(&name))
}

/// The variables of `all` that a program of the user's desktop may see.
pub(super) fn of_desktop(all: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    kept(all, |name| {
        SHARED.contains(&name)
            || DESKTOP.contains(&name)
            || DESKTOP_STARTS.iter().any(|start| name.starts_with(start))
    })
}

/// A program of the user's desktop: in a process group of its own, with nothing to read or to write
/// to, and of `env` only what it may see.
pub(super) fn desktop_command(
    program: impl AsRef<OsStr>,
    env: &BTreeMap<String, String>,
) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .envs(of_desktop(env))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0);
    command
}

fn kept(all: &BTreeMap<String, String>, keep: impl Fn(&str) -> bool) -> BTreeMap<String, String> {
    let kept = all.iter().filter(|(name, _)| keep(name));
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// A program that leads its own process group, and everything that it started there. All of it is
/// killed when this is dropped.
pub(super) struct Group(Option<Pid>);

impl Group {
    /// The group of `child`, which was started with `process_group(0)`.
    pub(super) fn of(child: &Child) -> Self {
        Self::led_by(child.id())
    }

    /// The group of the process `id`.
    pub(super) fn led_by(id: Option<u32>) -> Self {
        Self(id.and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw))
    }

    /// Leaves what is still running alone.
    pub(super) fn release(&mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // If it is gone already, so much the better.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}
