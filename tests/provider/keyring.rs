//! A key in the desktop's keyring: a real secret service on a bus of its own.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};

use aloud::base::{Clock, Moment};

use crate::home::{Home, KEY, Told};
use crate::reply::Reply;
use crate::server::{PATIENCE, Server};

/// A bus on which nothing is started by itself: no program of this machine's desktop takes part.
const BUS: &str = r#"<busconfig><type>session</type><listen>unix:dir=FOLDER</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>"#;

/// A home with the bus of a desktop.
struct Desktop {
    home: Home,
    address: String,
    bus: Child,
}

/// A running keyring.
struct Keyring(Child);

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
        // What aloud asks the keyring for is written down.
        let asking =
            "#!/bin/sh\necho \"$@\" >> \"$HOME/asked\"\nexec /usr/bin/secret-tool \"$@\"\n";
        let asking = home.write("programs/secret-tool", asking);
        std::fs::set_permissions(asking, std::fs::Permissions::from_mode(0o755)).unwrap();
        let desktop = Self { home, address: address.trim().to_owned(), bus };
        desktop.key_under(server, "x");
        desktop
    }

    /// From now on the key is looked for under `entry`.
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

    /// Starts the keyring; it is unlocked where a password is given.
    fn keyring(&self, password: Option<&str>) -> Keyring {
        let unlock: &[&str] = if password.is_some() { &["--unlock"] } else { &[] };
        let args = [&["--foreground", "--components=secrets"], unlock].concat();
        let mut child = self
            .program("gnome-keyring-daemon", &args)
            .spawn()
            .expect("scripts/setup installs gnome-keyring");
        child.stdin.take().unwrap().write_all(password.unwrap_or_default().as_bytes()).unwrap();
        let keyring = Keyring(child);
        let clock = Clock::start();
        let search = ["search", "service", "aloud"];
        while !self.program("secret-tool", &search).status().unwrap().success() {
            assert!(clock.now().since(Moment::ZERO) < PATIENCE, "the keyring does not come up");
        }
        keyring
    }

    /// Keeps the key of the tests under `entry`, as a user would.
    fn store(&self, entry: &str) {
        let args = ["store", "--label", "aloud", "service", "aloud", "provider", entry];
        let mut child = self.program("secret-tool", &args).spawn().unwrap();
        child.stdin.take().unwrap().write_all(KEY.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
    }

    /// What a question comes to here.
    fn ask(&self) -> Told {
        let path = format!("{}:/usr/bin:/bin", self.home.path("programs").display());
        self.ask_with(&path)
    }

    fn ask_with(&self, path: &str) -> Told {
        let mut command = self.home.command(&["ask", "hello there"]);
        let command = command.env("PATH", path).env("DBUS_SESSION_BUS_ADDRESS", &self.address);
        // The key is in no log either; what is told comes last.
        Told::of(&command.env("ALOUD_LOG", "trace").output().unwrap())
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        let _ = self.bus.kill();
        let _ = self.bus.wait();
    }
}

impl Drop for Keyring {
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
