//! The X server: the keys are grabbed on the root window, so that they are ours whatever window has
//! the focus. A thread talks to the server, which may hang without harm to anybody else.

use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use tokio::sync::mpsc;
use x11rb::connection::Connection;
use x11rb::errors::{ConnectError, ConnectionError, ReplyError};
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{ConnectionExt, GrabMode, Keycode, Mapping, ModMask, Window};
use x11rb::rust_connection::RustConnection;

use super::fingers::{Fingers, Key};
use super::shortcut::{Modifier, Shortcut};
use super::{Desktop, Settings};

/// How often the server is asked whether a held key is still down. Its release gets lost if another
/// program takes the keyboard meanwhile.
const ASK: Duration = Duration::from_millis(500);

/// Num Lock and Caps Lock are ignored: grabs are exact, so each combination is grabbed.
const LOCKS: [u16; 4] = [0, 0x02, 0x10, 0x12];

/// News of the thread, few at a time.
const NEWS: usize = 16;

enum News {
    /// The keys are grabbed; shutting this down ends the thread.
    Works(OwnedFd),
    Key(Key, bool),
    Ended(String),
}

/// Reads the keys until the server ends; returns why.
pub(super) async fn follow(
    settings: &Settings,
    desktop: &Desktop,
    fingers: &mut Fingers,
    works: &mut impl FnMut(String),
) -> String {
    let Some(display) = desktop.display.clone() else {
        return "there is no X server (DISPLAY is not set)".to_owned();
    };
    let keys: Vec<(Key, Shortcut)> = [(Key::Hold, &settings.hold), (Key::Toggle, &settings.toggle)]
        .into_iter()
        .filter_map(|(key, shortcut)| Some((key, shortcut.clone()?)))
        .collect();
    let shown = keys.iter().map(|(_, shortcut)| shortcut.to_string()).collect::<Vec<_>>();
    let (tell, mut news) = mpsc::channel(NEWS);
    let work = move || {
        let ended = match run(&display, &keys, &tell) {
            Ok(()) => "the X server is gone".to_owned(),
            Err(why) => why,
        };
        // Without a receiver nobody wants to know.
        let _ = tell.blocking_send(News::Ended(ended));
    };
    if let Err(error) = std::thread::Builder::new().name("aloud-keys".into()).spawn(work) {
        return format!("no thread for the keys: {error}");
    }
    let mut socket = None;
    loop {
        let next = tokio::select! {
            next = news.recv() => next,
            () = fingers.unwanted() => None,
        };
        match next {
            Some(News::Works(ours)) => {
                socket = Some(Guard(ours));
                works(format!("talk key: {} (X11)", shown.join(", ")));
            }
            Some(News::Key(key, down)) => fingers.set(key, down).await,
            Some(News::Ended(why)) => return why,
            None => {
                drop(socket);
                return "not needed any more".to_owned();
            }
        }
    }
}

/// Ends the thread when dropped: its connection ends.
struct Guard(OwnedFd);

impl Drop for Guard {
    fn drop(&mut self) {
        // A server that is gone has ended it already.
        let _ = rustix::net::shutdown(&self.0, rustix::net::Shutdown::Both);
    }
}

/// A key of ours on this keyboard.
struct Grab {
    key: Key,
    codes: Vec<Keycode>,
    down: Option<Keycode>,
}

fn run(display: &str, keys: &[(Key, Shortcut)], tell: &mpsc::Sender<News>) -> Result<(), String> {
    let failed = |error: ConnectError| format!("the X server {display} does not answer ({error})");
    let (server, screen) = RustConnection::connect(Some(display)).map_err(failed)?;
    let root = server.setup().roots.get(screen).map(|screen| screen.root);
    let root = root.ok_or_else(|| format!("the X server {display} has no screen"))?;
    let mut grabs = grab_all(&server, root, keys)?;
    let socket = server.stream().as_fd().try_clone_to_owned();
    let socket = socket.map_err(|error| format!("the X server {display}: {error}"))?;
    if tell.blocking_send(News::Works(socket)).is_err() {
        return Ok(());
    }
    let lost = |error: ConnectionError| format!("the X server {display} is gone ({error})");
    let say = |key, down| tell.blocking_send(News::Key(key, down)).is_ok();
    loop {
        let held = grabs.iter().any(|grab| grab.down.is_some());
        let event = match server.poll_for_event().map_err(lost)? {
            Some(event) => Some(event),
            None if held => {
                wait(&server).map_err(|error| format!("the X server {display}: {error}"))?;
                server.poll_for_event().map_err(lost)?
            }
            None => Some(server.wait_for_event().map_err(lost)?),
        };
        match event {
            Some(Event::KeyPress(press)) => {
                for grab in grabs.iter_mut().filter(|grab| grab.codes.contains(&press.detail)) {
                    let repeats = grab.down.replace(press.detail).is_some();
                    if !repeats && !say(grab.key, true) {
                        return Ok(());
                    }
                }
            }
            // A key that repeats is reported as coming up each time: whether it has is asked.
            Some(Event::KeyRelease(_)) | None => {
                let map = server.query_keymap().map_err(lost)?;
                let map = map.reply().map_err(|error| format!("the X server: {error}"))?.keys;
                let is_down = |code: Keycode| map[usize::from(code / 8)] & (1 << (code % 8)) != 0;
                for grab in &mut grabs {
                    if grab.down.is_some_and(|code| !is_down(code)) {
                        grab.down = None;
                        if !say(grab.key, false) {
                            return Ok(());
                        }
                    }
                }
            }
            Some(Event::MappingNotify(change)) if change.request != Mapping::POINTER => {
                let before = grabs;
                let ungrab =
                    server.ungrab_key(x11rb::protocol::xproto::Grab::ANY, root, ModMask::ANY);
                ungrab.map_err(lost)?.ignore_error();
                grabs = grab_all(&server, root, keys)?;
                for (new, old) in grabs.iter_mut().zip(before) {
                    new.down = old.down;
                }
            }
            Some(_) => {}
        }
        if tell.is_closed() {
            return Ok(());
        }
    }
}

/// Waits for the server, at most [`ASK`].
fn wait(server: &RustConnection) -> rustix::io::Result<()> {
    let mut socket = [rustix::event::PollFd::new(server.stream(), rustix::event::PollFlags::IN)];
    let limit = rustix::event::Timespec { tv_sec: 0, tv_nsec: i64::from(ASK.subsec_nanos()) };
    match rustix::event::poll(&mut socket, Some(&limit)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error),
    }
}

fn grab_all(
    server: &RustConnection,
    root: Window,
    keys: &[(Key, Shortcut)],
) -> Result<Vec<Grab>, String> {
    let failed = |error: ReplyError| format!("the X server does not tell its keys ({error})");
    let (first, last) = (server.setup().min_keycode, server.setup().max_keycode);
    let map = server.get_keyboard_mapping(first, (last - first).saturating_add(1));
    let map = map.map_err(ReplyError::from).and_then(|map| map.reply()).map_err(failed)?;
    let wide = usize::from(map.keysyms_per_keycode).max(1);
    let mut grabs = Vec::new();
    for (key, shortcut) in keys {
        let keysym = shortcut.key.keysym;
        let codes: Vec<Keycode> = (first..=last)
            .zip(map.keysyms.chunks(wide))
            .filter(|(_, syms)| syms.iter().take(2).any(|sym| *sym == keysym))
            .map(|(code, _)| code)
            .collect();
        if codes.is_empty() {
            return Err(format!(
                "this keyboard has no key {}; choose another in [keys]",
                shortcut.key.name
            ));
        }
        for code in &codes {
            for modifiers in masks(shortcut) {
                let (mode, window) = (GrabMode::ASYNC, root);
                let grabbed = server
                    .grab_key(false, window, modifiers.into(), *code, mode, mode)
                    .map_err(ReplyError::from)
                    .and_then(|asked| asked.check());
                if grabbed.is_err() {
                    return Err(format!(
                        "another program has {shortcut}; choose another key in [keys]"
                    ));
                }
            }
        }
        grabs.push(Grab { key: *key, codes, down: None });
    }
    Ok(grabs)
}

/// The modifiers to grab it with.
fn masks(shortcut: &Shortcut) -> Vec<u16> {
    if shortcut.is_modifier() {
        return vec![ModMask::ANY.into()];
    }
    let bit = |modifier: &Modifier| match modifier {
        Modifier::Shift => 0x01,
        Modifier::Ctrl => 0x04,
        Modifier::Alt => 0x08,
        Modifier::Super => 0x40,
    };
    let wanted: u16 = shortcut.modifiers.iter().map(bit).sum();
    LOCKS.iter().map(|locks| wanted | locks).collect()
}
