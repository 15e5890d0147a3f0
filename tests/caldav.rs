//! The user's calendar on a server that nobody here wrote, Radicale, by CalDAV.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests are tests too")]

#[path = "provider/tools.rs"]
#[allow(clippy::disallowed_methods, reason = "a test finds the programs it talks to")]
mod strangers;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use aloud::base::{Clock, Moment};

/// How long the server may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// `me:hush` as HTTP writes it.
const AUTHORIZATION: &str = "Basic bWU6aHVzaA==";

/// A server with the calendar `/me/home/` of the user "me", whose password is "hush".
struct Radicale {
    child: Child,
    address: SocketAddr,
}

impl Radicale {
    fn start(folder: &Path) -> Self {
        let passwords = folder.join("passwords");
        std::fs::write(&passwords, "me:hush\n").unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let child = Command::new("python3")
            .args(["-m", "radicale", "--config", "", "--server-hosts", &address.to_string()])
            .args(["--auth-type", "htpasswd", "--auth-htpasswd-encryption", "plain"])
            .args(["--auth-htpasswd-filename", passwords.to_str().unwrap()])
            .args(["--storage-filesystem-folder", folder.join("storage").to_str().unwrap()])
            .env("PYTHONPATH", strangers::folder("radicale"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let clock = Clock::start();
        while TcpStream::connect(address).is_err() {
            assert!(clock.now().since(Moment::ZERO) < PATIENCE, "radicale does not come up");
            std::thread::yield_now();
        }
        let server = Self { child, address };
        assert_eq!(server.ask("MKCALENDAR", "/me/home/", "").0, 201);
        server
    }

    /// The status and the answer.
    fn ask(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nAuthorization: {AUTHORIZATION}\r\nContent-Type: text/calendar\r\n\
             Depth: 1\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
    }

    /// Everything on the calendar as one text.
    fn all(&self) -> String {
        self.ask("GET", "/me/home/", "").1
    }
}

impl Drop for Radicale {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The answer of a tool.
fn call(home: &Path, tool: &str, arguments: &str) -> String {
    let run = Command::new(env!("CARGO_BIN_EXE_aloud"))
        .args(["tools", "call", tool, arguments])
        .env_clear()
        .env("HOME", home)
        .env("XDG_RUNTIME_DIR", home)
        .env("TZ", "UTC")
        .output()
        .unwrap();
    let all = [run.stdout, run.stderr].concat();
    String::from_utf8(all).unwrap().trim().trim_start_matches("aloud: ").to_owned()
}

#[test]
fn a_calendar_on_a_server_is_read_and_changed() {
    let home = tempfile::tempdir().unwrap();
    let server = Radicale::start(home.path());
    let password = home.path().join("password");
    std::fs::write(&password, "wrong\n").unwrap();
    std::fs::create_dir_all(home.path().join(".config/aloud")).unwrap();
    let config = format!(
        "[tools.calendar]\nurl = \"http://{}/me/home\"\nuser = \"me\"\npassword_file = {:?}\n",
        server.address,
        password.display().to_string()
    );
    std::fs::write(home.path().join(".config/aloud/config.toml"), config).unwrap();
    let call = |tool: &str, arguments: &str| call(home.path(), tool, arguments);

    let refused = call("add_event", r#"{"title": "Dentist", "day": "tomorrow", "time": "15:00"}"#);
    assert!(refused.contains("127.0.0.1 refused the user or the password"), "{refused}");
    std::fs::write(&password, "hush\n").unwrap();
    assert_eq!(
        call("add_event", r#"{"title": "Dentist", "day": "tomorrow", "time": "15:00"}"#),
        "I added Dentist to your calendar, tomorrow at 3 PM."
    );
    assert_eq!(call("get_events", r#"{"day": "tomorrow"}"#), "Tomorrow you have Dentist at 3 PM.");
    assert_eq!(
        call("move_event", r#"{"about": "dentist", "to_time": "16:30"}"#),
        "Dentist is now tomorrow at 4:30 PM."
    );
    assert_eq!(server.all().matches("SUMMARY:Dentist").count(), 1, "{}", server.all());
    assert_eq!(
        call("remove_event", r#"{"about": "dentist"}"#),
        "Shall I remove Dentist tomorrow at 4:30 PM from your calendar?"
    );
    assert!(server.all().contains("SUMMARY:Dentist"));
    call("remove_event", r#"{"about": "dentist", "sure": true}"#);
    assert!(!server.all().contains("SUMMARY:Dentist"), "{}", server.all());

    // A series that another program has made.
    let tomorrow = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).tomorrow().unwrap();
    let yoga = format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//another//EN\r\nBEGIN:VEVENT\r\nUID:yoga\r\n\
         DTSTAMP:20260101T000000Z\r\nSUMMARY:Yoga class\r\nX-COLOR:green\r\nDTSTART:{0}T180000Z\r\n\
         DTEND:{0}T190000Z\r\nRRULE:FREQ=DAILY;COUNT=4\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        tomorrow.strftime("%Y%m%d")
    );
    assert_eq!(server.ask("PUT", "/me/home/yoga%20&%20more.ics", &yoga).0, 201);
    let times = || {
        let said = call("get_events", r#"{"day": "tomorrow", "days": 6}"#);
        said.split(": ").next().unwrap().to_owned()
    };
    assert!(times().starts_with("You have 4 events"), "{}", times());
    let said = call("move_event", r#"{"about": "yoga", "to_time": "20:00"}"#);
    assert_eq!(said, "Yoga class is now tomorrow at 8 PM. The other times stay.");
    let said = call("move_event", r#"{"about": "yoga", "all": true, "add_seconds": 1800}"#);
    assert_eq!(
        said,
        "Yoga class is now tomorrow at 8:30 PM. So are all the other times it repeats, by as much."
    );
    assert!(server.all().contains("T183000Z") && server.all().contains("X-COLOR:green"));
    assert!(times().starts_with("You have 4 events"), "{}", times());
    call("remove_event", r#"{"about": "yoga", "sure": true}"#);
    assert!(times().starts_with("You have 3 events"), "{}", times());
    assert_eq!(
        call("remove_event", r#"{"about": "yoga", "all": true}"#),
        "Shall I remove Yoga class, with all the times it repeats?"
    );
    call("remove_event", r#"{"about": "yoga", "all": true, "sure": true}"#);
    assert!(!server.all().contains("Yoga"), "{}", server.all());

    drop(server);
    let gone = call("get_events", "{}");
    assert!(gone.contains("127.0.0.1 cannot be reached"), "{gone}");
}
