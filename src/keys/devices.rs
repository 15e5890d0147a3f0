//! The keyboards themselves, where the user may read them: as root, in the group `input`, or by a
//! rule of udev. The keys stay everybody else's too. Of all keys typed only those of the shortcuts
//! are looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::{OFlags, inotify};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::Settings;
use super::fingers::{Fingers, Key};
use super::shortcut::{Modifier, Shortcut};

/// An event of the kernel (`struct input_event`): a time of two words, type, code and value.
const TIME: usize = 2 * size_of::<usize>();
const EVENT: usize = TIME + 8;
/// Events read at a time.
const EVENTS: usize = 64;

/// The types and codes in use (linux/input-event-codes.h).
const EV_SYN: u16 = 0;
const EV_KEY: u16 = 1;
const SYN_DROPPED: u16 = 3;

/// News of the keyboards that may wait.
const NEWS: usize = 64;

enum News {
    Key {
        device: String,
        code: u16,
        down: bool,
    },
    /// Which keys are down is not known any more.
    Unknown {
        device: String,
    },
    Gone {
        device: String,
    },
    /// A device has come, or may be read now.
    Changed,
}

/// Reads the keyboards until the folder is gone; returns why.
pub(super) async fn follow(
    settings: &Settings,
    fingers: &mut Fingers,
    works: &mut impl FnMut(String),
) -> String {
    let folder = settings.devices.as_path();
    let mut keys = Keys::new(settings);
    let (tell, mut news) = mpsc::channel(NEWS);
    let mut tasks = JoinSet::new();
    match watch(folder) {
        Ok(watched) => drop(tasks.spawn(changes(watched, tell.clone()))),
        Err(error) => return format!("{} cannot be watched ({error})", folder.display()),
    }
    let mut open = BTreeSet::new();
    let unreadable = format!(
        "no keyboard in {} may be read; run \"sudo usermod -aG input $USER\" and log in again",
        folder.display()
    );
    for (name, device) in keyboards(folder, &open, &keys.codes) {
        open.insert(name.clone());
        tasks.spawn(listen(name, device, tell.clone()));
    }
    if open.is_empty() {
        return unreadable;
    }
    let shown = [&settings.hold, &settings.toggle].into_iter().flatten();
    let shown = shown.map(ToString::to_string).collect::<Vec<_>>().join(", ");
    works(format!("talk key: {shown} ({})", folder.display()));
    loop {
        let next = tokio::select! {
            next = news.recv() => next,
            () = fingers.unwanted() => None,
        };
        match next {
            Some(News::Key { device, code, down }) => {
                if let Some((key, down)) = keys.on_key(device, code, down) {
                    fingers.set(key, down).await;
                }
            }
            Some(News::Unknown { device }) => {
                for key in keys.forget(&device) {
                    fingers.set(key, false).await;
                }
            }
            Some(News::Gone { device }) => {
                open.remove(&device);
                for key in keys.forget(&device) {
                    fingers.set(key, false).await;
                }
            }
            Some(News::Changed) => {
                for (name, device) in keyboards(folder, &open, &keys.codes) {
                    open.insert(name.clone());
                    tasks.spawn(listen(name, device, tell.clone()));
                }
            }
            None => return "not needed any more".to_owned(),
        }
    }
}

/// Which of the keys that matter are down, on which keyboard.
struct Keys {
    shortcuts: Vec<(Key, Shortcut)>,
    /// The codes that matter.
    codes: BTreeSet<u16>,
    down: BTreeMap<String, BTreeSet<u16>>,
    /// The shortcuts that are down, and the keyboard of each.
    pressed: Vec<(Key, u16, String)>,
}

impl Keys {
    fn new(settings: &Settings) -> Self {
        let both = [(Key::Hold, &settings.hold), (Key::Toggle, &settings.toggle)];
        let shortcuts: Vec<(Key, Shortcut)> =
            both.into_iter().filter_map(|(key, of)| Some((key, of.clone()?))).collect();
        let modifiers = Modifier::ALL.iter().flat_map(|modifier| modifier.codes());
        let codes = shortcuts.iter().map(|(_, shortcut)| shortcut.key.code).chain(modifiers);
        let codes = codes.collect();
        Self { shortcuts, codes, down: BTreeMap::new(), pressed: Vec::new() }
    }

    /// What a key of a keyboard changes.
    fn on_key(&mut self, device: String, code: u16, down: bool) -> Option<(Key, bool)> {
        if !self.codes.contains(&code) {
            return None;
        }
        let keys = self.down.entry(device.clone()).or_default();
        if !down {
            keys.remove(&code);
            let pressed = |of: &(Key, u16, String)| of.1 == code && of.2 == device;
            let at = self.pressed.iter().position(pressed)?;
            return Some((self.pressed.remove(at).0, false));
        }
        // The kernel repeats a key that is down.
        if !keys.insert(code) {
            return None;
        }
        let is_down = |code: &u16| self.down.values().any(|keys| keys.contains(code));
        let fits = |(_, shortcut): &&(Key, Shortcut)| {
            let exact = |modifier: &Modifier| {
                modifier.codes().iter().any(is_down) == shortcut.modifiers.contains(modifier)
            };
            let alone = shortcut.is_modifier();
            shortcut.key.code == code && (alone || Modifier::ALL.iter().all(exact))
        };
        let (key, _) = self.shortcuts.iter().find(fits)?;
        self.pressed.push((*key, code, device));
        Some((*key, true))
    }

    /// A keyboard is gone, or what is down on it is not known: the shortcuts that end.
    fn forget(&mut self, device: &str) -> Vec<Key> {
        self.down.remove(device);
        let ended = self.pressed.extract_if(.., |(_, _, of)| of == device);
        ended.map(|(key, ..)| key).collect()
    }
}

/// The keyboards that may be read and have one of `codes`, without those that are `open`.
fn keyboards(folder: &Path, open: &BTreeSet<String>, codes: &BTreeSet<u16>) -> Vec<(String, File)> {
    let names = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = names.filter_map(|entry| entry.file_name().into_string().ok());
    names
        .filter(|name| name.starts_with("event") && !open.contains(name))
        .filter(|name| has_keys(name, codes))
        .filter_map(|name| {
            let flags = i32::try_from(OFlags::NONBLOCK.bits()).ok()?;
            let file = File::options().read(true).custom_flags(flags).open(folder.join(&name));
            Some((name, file.ok()?))
        })
        .collect()
}

/// Whether the device may have one of `codes`, by its bitmap in sysfs: words in hexadecimal, the
/// highest first. A device without a bitmap may have any.
fn has_keys(name: &str, codes: &BTreeSet<u16>) -> bool {
    let file = format!("/sys/class/input/{name}/device/capabilities/key");
    let Ok(text) = std::fs::read_to_string(file) else { return true };
    let words: Vec<usize> =
        text.split_whitespace().filter_map(|word| usize::from_str_radix(word, 16).ok()).collect();
    let bits = usize::BITS as usize;
    codes.iter().map(|code| usize::from(*code)).any(|code| {
        let word = words.iter().rev().nth(code / bits);
        word.is_some_and(|word| word >> (code % bits) & 1 == 1)
    })
}

/// Passes on what happens on one keyboard, until it is gone.
async fn listen(device: String, file: File, tell: mpsc::Sender<News>) {
    // A device is waited for and read as a pipe is.
    if let Ok(mut file) = Receiver::from_file_unchecked(file) {
        let mut buffer = [0; EVENT * EVENTS];
        // The kernel gives whole events only.
        while let Ok(read @ 1..) = file.read(&mut buffer).await {
            for event in buffer[..read].chunks_exact(EVENT) {
                let number = |at: usize| u16::from_ne_bytes([event[at], event[at + 1]]);
                let (kind, code, value) = (number(TIME), number(TIME + 2), number(TIME + 4));
                let device = device.clone();
                let news = match (kind, code) {
                    (EV_KEY, code) => News::Key { device, code, down: value != 0 },
                    (EV_SYN, SYN_DROPPED) => News::Unknown { device },
                    _ => continue,
                };
                if tell.send(news).await.is_err() {
                    return;
                }
            }
        }
    }
    // Nobody waits for it if the receiver is gone.
    let _ = tell.send(News::Gone { device }).await;
}

fn watch(folder: &Path) -> std::io::Result<Receiver> {
    let watch = inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK)?;
    // A new device may be read only after udev has set its permissions.
    let events =
        inotify::WatchFlags::CREATE | inotify::WatchFlags::MOVED_TO | inotify::WatchFlags::ATTRIB;
    inotify::add_watch(&watch, folder, events)?;
    Receiver::from_file_unchecked(watch.into())
}

/// Reports each change of the folder.
async fn changes(mut folder: Receiver, tell: mpsc::Sender<News>) {
    let mut buffer = [0; 4_096];
    while let Ok(1..) = folder.read(&mut buffer).await {
        if tell.send(News::Changed).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(hold: &str, toggle: &str) -> Keys {
        let read = |text: &str| Some(text.parse().unwrap());
        Keys::new(&Settings { hold: read(hold), toggle: read(toggle), ..Settings::default() })
    }

    #[test]
    fn modifiers_may_be_on_either_side_and_on_another_keyboard() {
        let mut keys = keys("Super+Space", "RightCtrl");
        let mut on = |device: &str, code, down| keys.on_key(device.into(), code, down);
        assert_eq!(on("event0", 57, true), None, "Space alone");
        assert_eq!(on("event0", 57, false), None);
        assert_eq!(on("event1", 126, true), None);
        assert_eq!(on("event0", 57, true), Some((Key::Hold, true)));
        assert_eq!(on("event0", 57, true), None, "it repeats");
        assert_eq!(on("event1", 126, false), None, "the modifier may come up first");
        assert_eq!(on("event0", 57, false), Some((Key::Hold, false)));
        assert_eq!(on("event0", 42, true), None);
        assert_eq!(on("event0", 97, true), Some((Key::Toggle, true)), "with Shift or without");
    }

    #[test]
    fn more_modifiers_are_another_shortcut() {
        let mut keys = keys("Super+Space", "Super+Shift+Space");
        let mut on = |code, down| keys.on_key("event0".into(), code, down);
        assert_eq!((on(125, true), on(42, true)), (None, None));
        assert_eq!(on(57, true), Some((Key::Toggle, true)));
    }

    #[test]
    fn a_keyboard_that_is_gone_holds_nothing() {
        let mut keys = keys("F13", "F14");
        assert_eq!(keys.on_key("event0".into(), 183, true), Some((Key::Hold, true)));
        assert_eq!(keys.forget("event1"), []);
        assert_eq!(keys.forget("event0"), [Key::Hold]);
        assert_eq!(keys.on_key("event0".into(), 183, false), None);
    }
}
