//! The desktop, as a user of it: `aloud ask` opens programs and addresses, and reads and fills the
//! clipboard of a real X server.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests are tests too")]

#[path = "desktop/bus.rs"]
mod bus;
#[path = "desktop/screen.rs"]
mod screen;

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use bus::bus;
use rustix::process::{Pid, getpgid};
use screen::screen;

/// A user with programs of their own, and a screen as far as variables say.
struct Desk {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for inside in ["bin", "share/applications", ".config"] {
            std::fs::create_dir_all(folder.path().join(inside)).unwrap();
        }
        let set = |name: &str, value: String| (name.to_owned(), value);
        let path = folder.path().display();
        let variables = vec![
            set("HOME", path.to_string()),
            set("XDG_DATA_HOME", format!("{path}/share")),
            set("XDG_DATA_DIRS", format!("{path}/more")),
            set("XDG_RUNTIME_DIR", path.to_string()),
            set("PATH", format!("{path}/bin:/usr/bin:/bin")),
            set("DISPLAY", ":99".into()),
            set("OPENAI_API_KEY", "sk-secret".into()),
            set("ALOUD_CASCADE__CHAT", "local/templates".into()),
            set("ALOUD_CASCADE__SPEAK", "local/hibari-heart".into()),
        ];
        Self { folder, variables }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn set(&mut self, name: &str, value: &str) {
        self.variables.retain(|(old, _)| old != name);
        self.variables.push((name.into(), value.into()));
    }

    /// A program, and its desktop entry.
    fn program(&self, name: &str, lines: &str, script: &str) {
        let file = self.path("bin").join(name);
        std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        let entry = format!("[Desktop Entry]\nType=Application\n{lines}\n");
        std::fs::write(self.path("share/applications").join(format!("{name}.desktop")), entry)
            .unwrap();
    }

    /// What is answered to `text`.
    fn ask(&self, text: &str) -> String {
        let asked = Command::new(env!("CARGO_BIN_EXE_aloud"))
            .args(["ask", text])
            .env_clear()
            .envs(self.variables.iter().cloned())
            .output()
            .unwrap();
        String::from_utf8(asked.stdout).unwrap().trim().to_owned()
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    fn pipe(&self, name: &str) {
        let made = Command::new("mkfifo").arg(self.path(name)).status().unwrap();
        assert!(made.success());
    }
}

#[test]
fn a_program_is_opened_by_name_and_gets_none_of_our_keys() {
    let desk = Desk::new();
    let notes = "env > $HOME/env; printf '%s\\n' \"$@\" > $HOME/arguments; pwd > $HOME/folder";
    desk.program("quill", "Name=Quill Writer\nExec=quill --new \"two words\" %U", notes);
    assert_eq!(desk.ask("open quill writer"), "Opening Quill Writer.");
    assert_eq!(desk.read("arguments"), "--new\ntwo words\n");
    assert_eq!(desk.read("folder").trim(), desk.path("").to_str().unwrap().trim_end_matches('/'));
    let env = desk.read("env");
    assert!(env.contains("DISPLAY=:99") && env.contains("HOME="), "{env}");
    assert!(!env.contains("sk-secret") && !env.contains("ALOUD_"), "{env}");
    // As a recognizer may spell it.
    assert_eq!(desk.ask("please launch the Quill app"), "Opening Quill Writer.");
    assert_eq!(desk.ask("open quil writer"), "Opening Quill Writer.");
}

#[test]
fn what_cannot_be_opened_is_said() {
    let mut desk = Desk::new();
    desk.program("sheets", "Name=Sheets\nGenericName=Spreadsheet\nExec=sheets", "exit 0");
    desk.program("slides", "Name=Slides\nExec=slides", "exit 3");
    desk.program("reads", "Name=Reads\nGenericName=Web Browser\nExec=reads", "exit 0");
    desk.program("looks", "Name=Looks\nGenericName=Web Browser\nExec=looks", "exit 0");
    desk.program("tops", "Name=Tops\nTerminal=true\nExec=tops", "exit 0");
    assert_eq!(desk.ask("open the spreadsheet app"), "Opening Sheets.");
    assert_eq!(desk.ask("open sheeds"), "Opening Sheets.");
    assert_eq!(desk.ask("open shets and tea"), "Opening Sheets. I find no program called tea.");
    assert_eq!(desk.ask("open slippers"), "I find no program called slippers. There is Slides.");
    assert_eq!(desk.ask("open blender"), "I find no program called blender.");
    let failed = desk.ask("open slides");
    assert_eq!(
        failed,
        "Slides does not start: it ended at once (exit status: 3). Try \"slides\" in a terminal."
    );
    assert_eq!(
        desk.ask("open the browser"),
        "browser may be Looks and Reads. Say which one to open."
    );
    let chosen = "[Default Applications]\nx-scheme-handler/https=reads.desktop;looks.desktop\n";
    std::fs::write(desk.path(".config/mimeapps.list"), chosen).unwrap();
    assert_eq!(desk.ask("open the browser"), "Opening Reads.");
    desk.set("PATH", desk.path("bin").to_str().unwrap());
    assert_eq!(
        desk.ask("open tops"),
        "Tops runs in a terminal, and I know of none. Install xdg-terminal-exec, or set TERMINAL."
    );
    desk.program("shell", "Name=Shell\nNoDisplay=true\nExec=shell", "echo \"$@\" > $HOME/ran");
    desk.set("TERMINAL", "shell");
    assert_eq!(desk.ask("open tops"), "Opening Tops.");
    assert_eq!(desk.read("ran"), "-e tops\n");
    desk.set("DISPLAY", "");
    assert!(desk.ask("open sheets").starts_with("I see no screen"));
}

#[test]
fn an_address_is_opened_by_the_desktops_own_program() {
    let desk = Desk::new();
    desk.program("xdg-open", "Name=Hidden\nNoDisplay=true\nExec=xdg-open", "echo $1 > $HOME/url");
    for (said, answer, url) in [
        ("open example.com", "Opening example.com.", "https://example.com/"),
        (
            "go to news dot example dot org",
            "Opening news.example.org.",
            "https://news.example.org/",
        ),
        ("open you tube", "Opening youtube.com.", "https://www.youtube.com/"),
        ("visit the page example.net/a-b", "Opening example.net.", "https://example.net/a-b"),
    ] {
        assert_eq!(desk.ask(said), answer);
        assert_eq!(desk.read("url").trim(), url, "{said}");
    }
    std::fs::remove_file(desk.path("url")).unwrap();
    let refused = desk.ask("open the website file:///etc/passwd");
    assert_eq!(refused, "I open addresses of http and https only, not file.");
    assert!(!desk.path("url").exists());
}

#[test]
fn an_opened_program_lives_on_in_a_group_of_its_own() {
    let desk = Desk::new();
    for pipe in ["go", "back"] {
        desk.pipe(pipe);
    }
    let waits = "echo $$ > $HOME/id; read said < $HOME/go; echo $said > $HOME/back";
    desk.program("waits", "Name=Waits\nExec=waits", waits);
    assert_eq!(desk.ask("open waits"), "Opening Waits.");
    // aloud has ended; the program has not.
    let id: i32 = desk.read("id").trim().parse().unwrap();
    let id = Pid::from_raw(id).unwrap();
    assert_eq!(getpgid(Some(id)).unwrap(), id);
    std::fs::write(desk.path("go"), "hello\n").unwrap();
    assert_eq!(desk.read("back"), "hello\n");
}

/// A service manager that notes what is moved.
struct Manager(std::sync::mpsc::Sender<(String, Vec<String>)>);

type Properties = Vec<(String, zbus::OwnedVariant)>;

#[zbus::interface(name = "org.freedesktop.systemd1.Manager")]
impl Manager {
    fn start_transient_unit(
        &self,
        name: &str,
        _mode: &str,
        properties: Properties,
        _more: Vec<(String, Properties)>,
    ) -> zbus::OwnedObjectPath {
        let keys = properties.into_iter().map(|(key, _)| key).collect();
        self.0.send((name.to_owned(), keys)).unwrap();
        zbus::ObjectPath::try_from("/job").unwrap().into()
    }
}

#[tokio::test]
async fn an_opened_program_leaves_the_control_group_of_the_service() {
    let mut desk = Desk::new();
    let (_bus, address) = bus(desk.folder.path());
    desk.set("DBUS_SESSION_BUS_ADDRESS", &address);
    desk.program("quill", "Name=Quill\nExec=quill", "exit 0");
    let (told, heard) = std::sync::mpsc::channel();
    let _manager = zbus::connection::Builder::address(address.as_str())
        .name("org.freedesktop.systemd1")
        .serve_at("/org/freedesktop/systemd1", Manager(told))
        .build()
        .await
        .unwrap();
    let said = tokio::task::spawn_blocking(move || desk.ask("open quill")).await.unwrap();
    assert_eq!(said, "Opening Quill.");
    let (unit, properties) = heard.try_recv().unwrap();
    assert!(unit.starts_with("app-aloud-quill-") && unit.ends_with(".scope"), "{unit}");
    assert_eq!(properties, ["PIDs", "Slice", "CollectMode"]);
}

/// A desktop portal that notes what it is to open.
struct Portal(std::sync::mpsc::Sender<String>);

#[zbus::interface(name = "org.freedesktop.portal.OpenURI")]
impl Portal {
    #[zbus(name = "OpenURI")]
    fn open_uri(&self, _parent: &str, uri: &str, _options: Options) -> zbus::OwnedObjectPath {
        self.0.send(uri.to_owned()).unwrap();
        zbus::ObjectPath::try_from("/request").unwrap().into()
    }
}

type Options = std::collections::HashMap<String, zbus::OwnedVariant>;

#[tokio::test]
async fn without_xdg_open_the_portal_opens_an_address() {
    let mut desk = Desk::new();
    let (_bus, address) = bus(desk.folder.path());
    desk.set("PATH", desk.path("bin").to_str().unwrap());
    let ask =
        |desk: Desk| tokio::task::spawn_blocking(move || (desk.ask("open example.com"), desk));
    let (alone, mut desk) = ask(desk).await.unwrap();
    let missing = "I could not open example.com: there is neither xdg-open nor a desktop portal. \
        Install xdg-utils.";
    assert_eq!(alone, missing);
    desk.set("DBUS_SESSION_BUS_ADDRESS", &address);
    let (told, heard) = std::sync::mpsc::channel();
    let _portal = zbus::connection::Builder::address(address.as_str())
        .name("org.freedesktop.portal.Desktop")
        .serve_at("/org/freedesktop/portal/desktop", Portal(told))
        .build()
        .await
        .unwrap();
    let (opened, _desk) = ask(desk).await.unwrap();
    assert_eq!(opened, "Opening example.com.");
    assert_eq!(heard.try_recv().unwrap(), "https://example.com/");
}

#[test]
fn on_wayland_its_own_programs_reach_the_clipboard() {
    let mut desk = Desk::new();
    desk.set("WAYLAND_DISPLAY", "wayland-1");
    desk.program("wl-paste", "NoDisplay=true", "cat $HOME/clipboard");
    desk.program("wl-copy", "NoDisplay=true", "cat > $HOME/clipboard");
    assert_eq!(desk.ask("what's on my clipboard"), "There is no text on the clipboard.");
    std::fs::write(desk.path("clipboard"), "word ".repeat(200)).unwrap();
    let long = desk.ask("read the clipboard");
    assert!(long.ends_with("word ... And there is more.") && long.len() < 400, "{long}");
}

#[test]
fn the_clipboard_is_read_and_filled() {
    let (_server, display) = screen();
    let mut desk = Desk::new();
    desk.set("DISPLAY", &display);
    assert_eq!(desk.ask("what's on my clipboard"), "There is no text on the clipboard.");
    let mut copy = Command::new("xclip")
        .args(["-selection", "clipboard", "-in"])
        .env("DISPLAY", &display)
        .stdin(Stdio::piped())
        .spawn()
        .expect("scripts/setup installs xclip");
    std::io::Write::write_all(&mut copy.stdin.take().unwrap(), "Grüße\n  from Ann".as_bytes())
        .unwrap();
    assert!(copy.wait().unwrap().success());
    assert_eq!(desk.ask("read the clipboard"), "Grüße from Ann");

    let call = |name: &str, arguments: &str| {
        let done = Command::new(env!("CARGO_BIN_EXE_aloud"))
            .args(["tools", "call", name, arguments])
            .env_clear()
            .envs(desk.variables.iter().cloned())
            .output()
            .unwrap();
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    };
    assert_eq!(call("copy_text", r#"{"text": "So do I."}"#), "It's on the clipboard.");
    // aloud has ended; the text is still there.
    assert_eq!(desk.ask("what did I copy"), "So do I.");
    assert_eq!(desk.ask("copy that"), "I have not said anything yet.");
    desk.set("PATH", desk.path("bin").to_str().unwrap());
    let missing = "I can't reach the clipboard: the program for it is missing. Install xclip.";
    assert_eq!(desk.ask("read the clipboard"), missing);
}
