//! A key in the desktop's keyring: a real secret service on a bus of its own.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::process::{Child, Command, Stdio};

use aloud::base::{Clock, Moment};
use serde_json::json;

use crate::home::{Home, KEY, Told};
use crate::reply::{Gate, Reply};
use crate::server::{PATIENCE, Server};

/// A bus that starts nothing by itself, so no program of this machine's desktop takes part.
const BUS: &str = r#"<busconfig><type>session</type><listen>unix:dir=FOLDER</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>"#;

/// A home with a desktop bus.
struct Desktop {
    home: Home,
    address: String,
    bus: Child,
}

/// A program that runs as long as this value lives.
struct Running(Child);

impl Desktop {
    /// One whose chat model is at `server`, with its key in the keyring under `entry`.
    fn at(server: &Server) -> Self {
        let home = Home::at(server);
        let folder = home.path("");
        let config = home.write("bus.conf", BUS.replace("FOLDER", folder.to_str().unwrap()));
        let mut bus = Command::new("dbus-daemon")
            .args(["--nofork", "--nopidfile", "--print-address=1", "--config-file", &config])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("scripts/setup installs dbus-daemon");
        let mut address = String::new();
        BufReader::new(bus.stdout.take().unwrap()).read_line(&mut address).unwrap();
        let desktop = Self { home, address: address.trim().to_owned(), bus };
        desktop.asking("");
        desktop.key_under(server, "x");
        desktop
    }

    /// Records what aloud asks the keyring for, after `first`, a line of a script.
    fn asking(&self, first: &str) {
        let asking = format!(
            "#!/bin/sh\n{first}\necho \"$@\" >> \"$HOME/asked\"\nexec /usr/bin/secret-tool \"$@\"\n"
        );
        let asking = self.home.write("programs/secret-tool", asking);
        std::fs::set_permissions(asking, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// From now on the key is looked up under `entry`.
    fn key_under(&self, server: &Server, entry: &str) {
        self.home.configure(&format!(
            "[providers.x]\nkind = \"compatible\"\nbase_url = \"{}\"\napi_key_keyring = \"{entry}\"\n[cascade]\nchat = \"x/m\"\n",
            server.base()
        ));
    }

    /// A program of this desktop.
    fn program(&self, name: &str, args: &[&str]) -> Command {
        let home = self.home.path("");
        let mut command = Command::new(name);
        command
            .args(args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &home)
            .env("XDG_RUNTIME_DIR", &home)
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// Starts the keyring; unlocks it if a password is given.
    fn keyring(&self, password: Option<&str>) -> Running {
        let unlock: &[&str] = if password.is_some() { &["--unlock"] } else { &[] };
        let args = [&["--foreground", "--components=secrets"], unlock].concat();
        let mut child = self
            .program("gnome-keyring-daemon", &args)
            .spawn()
            .expect("scripts/setup installs gnome-keyring");
        child.stdin.take().unwrap().write_all(password.unwrap_or_default().as_bytes()).unwrap();
        let keyring = Running(child);
        let clock = Clock::start();
        let search = ["search", "service", "aloud"];
        while !self.program("secret-tool", &search).status().unwrap().success() {
            assert!(clock.now().since(Moment::ZERO) < PATIENCE, "the keyring does not come up");
        }
        keyring
    }

    /// Stores the test key under `entry`, as a user would.
    fn store(&self, entry: &str) {
        let args = ["store", "--label", "aloud", "service", "aloud", "provider", entry];
        let mut child = self.program("secret-tool", &args).spawn().unwrap();
        child.stdin.take().unwrap().write_all(KEY.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
    }

    /// The result of a question here.
    fn ask(&self) -> Told {
        self.ask_with(&self.path())
    }

    fn path(&self) -> String {
        format!("{}:/usr/bin:/bin", self.home.path("programs").display())
    }

    fn ask_with(&self, path: &str) -> Told {
        Told::of(&self.aloud(&["ask", "hello there"], path).output().unwrap())
    }

    /// Runs aloud on this desktop. The key must not be in any log either.
    fn aloud(&self, args: &[&str], path: &str) -> Command {
        let mut command = self.home.command(args);
        command.env("PATH", path).env("DBUS_SESSION_BUS_ADDRESS", &self.address);
        command.env("ALOUD_LOG", "trace");
        command
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        let _ = self.bus.kill();
        let _ = self.bus.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_key_in_the_keyring_is_used_and_shown_nowhere() {
    let server = Server::start();
    server.reply(Reply::says("Here I am."));
    let desktop = Desktop::at(&server);
    let _keyring = desktop.keyring(Some("password"));
    desktop.store("x");
    let told = desktop.ask();
    assert_eq!((told.code, told.printed.as_str()), (0, "Here I am.\n"), "{}", told.aside);
    let key = format!("Bearer {KEY}");
    assert_eq!(server.requests()[0].header("authorization"), Some(key.as_str()));
    let asked = std::fs::read_to_string(desktop.home.path("asked")).unwrap();
    assert_eq!(asked, "lookup service aloud provider x\n");
    desktop.key_under(&server, "y");
    let store = "run \"secret-tool store --label aloud service aloud provider y\"";
    desktop.ask().fails(77, &["provider x", "the keyring has no such key", store]);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_keyring_that_is_locked_gone_or_cannot_be_asked_is_told() {
    let server = Server::start();
    let desktop = Desktop::at(&server);
    let keyring = desktop.keyring(Some("password"));
    desktop.store("x");
    drop(keyring);
    desktop.ask().fails(77, &["provider x", "no keyring answers", "start one", "api_key_file"]);
    let _locked = desktop.keyring(None);
    desktop.ask().fails(77, &["provider x", "the keyring is locked", "unlock"]);
    let nothing = desktop.ask_with(desktop.home.path("").to_str().unwrap());
    nothing.fails(77, &["provider x", "secret-tool", "cannot be run", "libsecret-tools"]);
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn a_keyring_that_waits_for_its_user_does_not_hold_up_the_service() {
    let server = Server::start();
    let asked = Gate::default();
    server
        .reply_to("models", Reply::json(&json!({"object": "list", "data": []})))
        .reply_to("chat/completions", Reply::says("Here I am.").late(&asked));
    let desktop = Desktop::at(&server);
    let base = server.base();
    desktop.home.configure(&format!(
        "[providers.x]\nkind = \"compatible\"\nbase_url = \"{base}\"\napi_key_keyring = \"x\"\n\
         [cascade]\ntranscribe = \"x/t\"\nchat = \"x/m\"\nspeak = \"x/s\"\ncommands = \"chat\"\n"
    ));
    let _keyring = desktop.keyring(Some("password"));
    desktop.store("x");
    // Nothing is answered until a word is written, as with a password.
    let word = desktop.home.path("word");
    assert!(Command::new("mkfifo").arg(&word).status().unwrap().success());
    desktop.asking("read -r word < \"$HOME/word\"");
    let notify = desktop.home.path("notify.sock");
    let socket = UnixDatagram::bind(&notify).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut command = desktop.aloud(&["daemon"], &desktop.path());
    let child = command.env("NOTIFY_SOCKET", &notify).stderr(Stdio::null()).spawn().unwrap();
    let service = Running(child);
    let (mut told, mut bytes) = (String::new(), [0; 512]);
    while !told.contains("READY=1") {
        let n = socket.recv(&mut bytes).expect("the service is ready");
        told.push_str(std::str::from_utf8(&bytes[..n]).unwrap());
    }
    let mut line = UnixStream::connect(desktop.home.path("aloud/control.sock")).unwrap();
    line.write_all(b"{\"cmd\":\"ask\",\"text\":\"hello there\"}\n").unwrap();
    let mut answer = String::new();
    BufReader::new(line).read_line(&mut answer).unwrap();
    assert!(answer.contains("true"), "{answer}");
    assert_eq!(desktop.home.run(&["status"]).code, 0);
    assert_eq!(server.requests().len(), 0, "nobody has the key yet");
    std::fs::write(&word, "open sesame\n").unwrap();
    asked.reached();
    let key = format!("Bearer {KEY}");
    for request in server.requests() {
        assert_eq!(request.header("authorization"), Some(key.as_str()), "{request:?}");
    }
    // Answered, the service would go on to ask for speech.
    drop(service);
    asked.open();
}
