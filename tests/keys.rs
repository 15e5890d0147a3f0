//! Talk keys, as a user presses them: on a real X server, through a desktop portal, and on
//! keyboards that the kernel would show. The whole service runs, and its state tells what it heard.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests are tests too")]
#![allow(clippy::disallowed_methods, reason = "the environment of the test is handed to a program")]

#[path = "desktop/bus.rs"]
mod bus;
#[path = "desktop/screen.rs"]
mod screen;

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use aloud::base::{Clock, Moment};
use bus::bus;
use screen::screen;
use serde_json::Value;
use zbus::{ObjectPath, OwnedObjectPath, OwnedVariant, Variant};

const PATIENCE: Duration = Duration::from_secs(60);

/// A folder, and variables.
struct Desk {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let silence = folder.path().join("silence.wav");
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 16_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut wav = hound::WavWriter::create(&silence, spec).unwrap();
        for _ in 0..16_000 * 120 {
            wav.write_sample(0_i16).unwrap();
        }
        wav.finalize().unwrap();
        let mut desk = Self { folder, variables: Vec::new() };
        let path = desk.folder.path().display().to_string();
        let models =
            std::env::var("ALOUD_TEST_MODELS").expect("scripts/test sets ALOUD_TEST_MODELS");
        for (name, value) in [
            ("HOME", path.clone()),
            ("XDG_RUNTIME_DIR", format!("{path}/run")),
            ("PATH", "/usr/bin:/bin".to_owned()),
            ("ALOUD_MODELS__DIR", models),
            ("ALOUD_AUDIO__INPUT", format!("wav:{}", silence.display())),
            ("ALOUD_AUDIO__OUTPUT", format!("wav:{path}/spoken.wav")),
            ("ALOUD_KEYS__DEVICES", format!("{path}/input")),
        ] {
            desk.set(name, &value);
        }
        std::fs::create_dir(desk.path("run")).unwrap();
        std::fs::create_dir(desk.path("input")).unwrap();
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.into(), value.into()));
    }

    /// Starts the service and waits until it answers.
    fn serve(&self) -> Service {
        let mut child = Command::new(env!("CARGO_BIN_EXE_aloud"))
            .arg("daemon")
            .env_clear()
            .envs(self.variables.iter().cloned())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (send, events) = channel();
        let log = BufReader::new(child.stderr.take().unwrap());
        let tell = send.clone();
        std::thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                // Without a receiver the test is over.
                let _ = tell.send(serde_json::json!({"event": "log", "message": line}));
            }
        });
        let socket = self.path("run/aloud/control.sock");
        let stream = until("the service", || {
            assert!(child.try_wait().unwrap().is_none(), "the service has ended");
            UnixStream::connect(&socket).ok()
        });
        let mut to = stream.try_clone().unwrap();
        to.write_all(b"{\"cmd\":\"events\"}\n").unwrap();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                if send.send(serde_json::from_str(&line).unwrap()).is_err() {
                    break;
                }
            }
        });
        Service { child, events, ears: Vec::new() }
    }

    /// A keyboard of the kernel's: a pipe that takes its events.
    fn keyboard(&self, name: &str) -> File {
        // It is there whole, or not at all.
        let path = self.path(name);
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        let pipe = File::options().read(true).write(true).open(&path).unwrap();
        std::fs::rename(path, self.path("input").join(name)).unwrap();
        pipe
    }
}

struct Service {
    child: Child,
    events: Receiver<Value>,
    /// What the ear did, without repetitions.
    ears: Vec<String>,
}

impl Service {
    fn wait_for(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let event = self.events.recv_timeout(PATIENCE);
            let event = event.unwrap_or_else(|error| panic!("{what}: {error}; {:?}", self.ears));
            if let Some(ear) = event["ear"].as_str()
                && self.ears.last().is_none_or(|last| last != ear)
            {
                self.ears.push(ear.to_owned());
            }
            if wanted(&event) {
                return event;
            }
        }
    }

    fn hears(&mut self) {
        self.wait_for("the ear opens", |event| event["ear"] == "hearing");
    }

    fn is_shut(&mut self) {
        self.wait_for("the ear closes", |event| event["ear"] == "shut");
    }

    /// Waits until the service has something to say about its talk key.
    fn told(&mut self) -> String {
        let mark = "no talk key: ";
        let told = self.wait_for("a word about the key", |event| {
            event["event"] == "log" && event["message"].as_str().unwrap().contains(mark)
        });
        let told = told["message"].as_str().unwrap();
        told[told.find(mark).unwrap()..].to_owned()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn until<T>(what: &str, mut done: impl FnMut() -> Option<T>) -> T {
    let clock = Clock::start();
    loop {
        if let Some(found) = done() {
            return found;
        }
        assert!(clock.now().since(Moment::ZERO) < PATIENCE, "{what}: not within {PATIENCE:?}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

fn type_in(display: &str, words: &[&str]) {
    let mut xdotool = Command::new("xdotool");
    let typed = xdotool.env("DISPLAY", display).args(words).status();
    assert!(typed.expect("scripts/setup installs xdotool").success());
}

/// Waits until the key of `display` is ours: another program cannot have it any more.
fn grabbed(display: &str, keysym: u32) {
    use x11rb::connection::Connection;
    use x11rb::protocol::xproto::{ConnectionExt, GrabMode, ModMask};
    let (server, at) = x11rb::connect(Some(display)).unwrap();
    let root = server.setup().roots[at].root;
    let (first, last) = (server.setup().min_keycode, server.setup().max_keycode);
    let map = server.get_keyboard_mapping(first, last - first + 1).unwrap().reply().unwrap();
    let wide = usize::from(map.keysyms_per_keycode);
    let code = map.keysyms.chunks(wide).position(|syms| syms[0] == keysym).unwrap();
    let code = first + u8::try_from(code).unwrap();
    until("the key is grabbed", || {
        let (any, mode) = (ModMask::ANY, GrabMode::ASYNC);
        let taken = server.grab_key(false, root, any, code, mode, mode).unwrap().check().is_err();
        server.ungrab_key(code, root, any).unwrap().check().unwrap();
        taken.then_some(())
    });
}

#[test]
fn on_x11_a_held_key_talks_and_another_toggles() {
    let (server, display) = screen();
    let mut desk = Desk::new();
    desk.set("DISPLAY", &display);
    desk.set("ALOUD_KEYS__HOLD", "Super+Space");
    desk.set("ALOUD_KEYS__TOGGLE", "F9");
    let mut service = desk.serve();
    grabbed(&display, 0xffc6);
    // Num Lock and Caps Lock do not matter.
    type_in(
        &display,
        &["key", "Num_Lock", "key", "Caps_Lock", "keydown", "super", "keydown", "space"],
    );
    service.hears();
    // The modifier may come up first.
    type_in(&display, &["keyup", "super"]);
    type_in(&display, &["keyup", "space"]);
    service.is_shut();
    type_in(&display, &["key", "space", "key", "F9"]);
    service.hears();
    type_in(&display, &["key", "F9"]);
    service.is_shut();
    // The server repeats a key that is down: it is still one press.
    service.ears.clear();
    type_in(&display, &["keydown", "super", "keydown", "space", "sleep", "1.5", "keyup", "space"]);
    service.is_shut();
    assert_eq!(
        service.ears.iter().filter(|ear| *ear == "hearing").count(),
        1,
        "{:?}",
        service.ears
    );
    // A server that dies takes the release of the key with it.
    type_in(&display, &["keydown", "super", "keydown", "space"]);
    service.hears();
    drop(server);
    service.is_shut();
    let told = service.told();
    assert!(told.starts_with("no talk key: the X server"), "{told}");
    assert!(told.contains("aloud press"), "{told}");
}

#[test]
fn a_key_that_another_program_has_is_told() {
    use x11rb::connection::Connection;
    use x11rb::protocol::xproto::{ConnectionExt, GrabMode, ModMask};
    let (_server, display) = screen();
    let (other, at) = x11rb::connect(Some(&display)).unwrap();
    let (root, mode) = (other.setup().roots[at].root, GrabMode::ASYNC);
    for code in other.setup().min_keycode..=other.setup().max_keycode {
        other.grab_key(false, root, ModMask::ANY, code, mode, mode).unwrap().check().unwrap();
    }
    let mut desk = Desk::new();
    desk.set("DISPLAY", &display);
    desk.set("ALOUD_KEYS__HOLD", "Right Ctrl");
    let told = desk.serve().told();
    assert!(told.contains("another program has RightCtrl; choose another key in [keys]"), "{told}");
}

/// A desktop portal: notes what is asked for, and answers before the request's path is known.
struct Portal(Sender<(String, Vec<String>)>);

type Options = std::collections::HashMap<String, OwnedVariant>;

#[zbus::interface(name = "org.freedesktop.portal.GlobalShortcuts")]
impl Portal {
    async fn create_session(
        &self,
        options: Options,
        #[zbus(connection)] bus: &zbus::Connection,
        #[zbus(header)] header: zbus::message::Header<'_>,
    ) -> OwnedObjectPath {
        let session = String::from(SESSION);
        let answers = Options::from([("session_handle".to_owned(), owned(session))]);
        answer(bus, &header, &options, answers).await
    }

    async fn bind_shortcuts(
        &self,
        session: ObjectPath<'_>,
        shortcuts: Vec<(String, Options)>,
        _parent: &str,
        options: Options,
        #[zbus(connection)] bus: &zbus::Connection,
        #[zbus(header)] header: zbus::message::Header<'_>,
    ) -> OwnedObjectPath {
        assert_eq!(session.as_str(), SESSION);
        let asked = shortcuts.into_iter().map(|(name, about)| {
            let trigger = about.get("preferred_trigger").map(|t| t.try_clone().unwrap());
            let trigger = trigger.map(|trigger| String::try_from(trigger).unwrap());
            format!("{name}={}", trigger.unwrap_or_default())
        });
        let asked = asked.collect();
        let to = answer(bus, &header, &options, Options::new()).await;
        self.0.send((header.sender().unwrap().to_string(), asked)).unwrap();
        to
    }
}

const SESSION: &str = "/org/freedesktop/portal/desktop/session/1_1/aloud";
const PORTAL: &str = "/org/freedesktop/portal/desktop";
const SHORTCUTS: &str = "org.freedesktop.portal.GlobalShortcuts";

fn owned(text: String) -> OwnedVariant {
    Variant::from(text).try_to_owned().unwrap()
}

async fn answer(
    bus: &zbus::Connection,
    header: &zbus::message::Header<'_>,
    options: &Options,
    answers: Options,
) -> OwnedObjectPath {
    let token = String::try_from(options["handle_token"].try_clone().unwrap()).unwrap();
    let path = format!("/org/freedesktop/portal/desktop/request/1_1/{token}");
    let path: OwnedObjectPath = ObjectPath::try_from(path).unwrap().into();
    let to = header.sender().cloned();
    let request = "org.freedesktop.portal.Request";
    bus.emit_signal(to, &path, request, "Response", &(0_u32, answers)).await.unwrap();
    path
}

/// Runs a portal on the bus `address` until the returned sender is dropped: the portal then ends
/// without a word. What is sent is a signal and the name of its shortcut.
fn portal(address: &str) -> (Signals, Receiver<(String, Vec<String>)>) {
    let (tell, asked) = channel();
    let (signals, mut wanted) = tokio::sync::mpsc::unbounded_channel::<(&str, &str)>();
    let address = address.to_owned();
    let serve = async move {
        let portal = zbus::connection::Builder::address(address.as_str())
            .name("org.freedesktop.portal.Desktop")
            .serve_at(PORTAL, Portal(tell))
            .build()
            .await
            .unwrap();
        while let Some((signal, name)) = wanted.recv().await {
            let session = ObjectPath::try_from(SESSION).unwrap();
            let body = (session, name, 7_u64, Options::new());
            portal.emit_signal(None::<&str>, PORTAL, SHORTCUTS, signal, &body).await.unwrap();
        }
    };
    std::thread::spawn(|| {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(serve);
    });
    (signals, asked)
}

type Signals = tokio::sync::mpsc::UnboundedSender<(&'static str, &'static str)>;

#[test]
fn on_wayland_the_desktops_portal_gives_the_keys() {
    let mut desk = Desk::new();
    let (_bus, address) = bus(desk.folder.path());
    desk.set("DBUS_SESSION_BUS_ADDRESS", &address);
    desk.set("WAYLAND_DISPLAY", "wayland-9");
    desk.set("ALOUD_KEYS__HOLD", "Super+Space");
    desk.set("ALOUD_KEYS__TOGGLE", "RightCtrl");
    let mut service = desk.serve();
    let told = service.told();
    assert!(told.starts_with("no talk key: there is no desktop portal"), "{told}");
    // The desktop starts later than the service.
    let (signals, asked) = portal(&address);
    let (_, asked) = asked.recv_timeout(PATIENCE).unwrap();
    // What the portal's format cannot say is left to the user.
    assert_eq!(asked, ["hold=LOGO+space", "toggle="]);
    let strike = |signal, name| signals.send((signal, name)).unwrap();
    strike("Activated", "hold");
    service.hears();
    strike("Deactivated", "hold");
    service.is_shut();
    strike("Activated", "toggle");
    service.hears();
    strike("Deactivated", "toggle");
    strike("Activated", "toggle");
    service.is_shut();
    strike("Activated", "hold");
    service.hears();
    // A portal that crashes never says that the key is up.
    drop(signals);
    service.is_shut();
}

/// An event as the kernel writes it.
fn event(kind: u16, code: u16, value: i32) -> Vec<u8> {
    let mut bytes = vec![0; 2 * size_of::<usize>()];
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(code.to_ne_bytes());
    bytes.extend(value.to_ne_bytes());
    bytes
}

#[test]
fn keyboards_that_may_be_read_need_no_desktop() {
    let mut desk = Desk::new();
    desk.set("ALOUD_KEYS__HOLD", "Ctrl+F13");
    desk.set("ALOUD_KEYS__TOGGLE", "Pause");
    let mut service = desk.serve();
    let told = service.told();
    assert!(told.contains("usermod -aG input"), "{told}");
    let mut first = desk.keyboard("event901");
    let mut strike = |code: u16, value: i32| {
        first.write_all(&[event(1, code, value), event(0, 0, 0)].concat()).unwrap();
    };
    // Left Ctrl, then F13, which repeats.
    strike(29, 1);
    strike(183, 1);
    strike(183, 2);
    service.hears();
    strike(29, 0);
    strike(183, 0);
    service.is_shut();
    // A keyboard that is plugged in later; the modifier may be on the other one.
    let mut second = desk.keyboard("event902");
    strike(97, 1);
    second.write_all(&event(1, 183, 1)).unwrap();
    service.hears();
    // It is pulled out with the key down.
    std::fs::remove_file(desk.path("input/event902")).unwrap();
    drop(second);
    service.is_shut();
    strike(97, 0);
    strike(119, 1);
    strike(119, 0);
    service.hears();
    strike(119, 1);
    service.is_shut();
}
