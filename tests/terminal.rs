//! The chat in a terminal, as a user meets it: the real program on a pseudo terminal that a
//! terminal emulator reads. The terminal answers no queries, as some do not.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(clippy::disallowed_methods, reason = "the environment of the test is handed to a program")]

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use aloud::base::Clock;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A home without a sound card: a silent recording is the microphone, a file the speaker.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 16_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut wav = hound::WavWriter::create(home.path().join("silence.wav"), spec).unwrap();
        (0..300 * 16_000).for_each(|_| wav.write_sample(0_i16).unwrap());
        wav.finalize().unwrap();
        home
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        let path = |name: &str| self.path().join(name).display().to_string();
        vec![
            ("PATH", std::env::var("PATH").unwrap()),
            ("HOME", path("")),
            ("XDG_RUNTIME_DIR", path("")),
            ("LANG", "C.UTF-8".into()),
            ("TERM", "xterm-256color".into()),
            ("ALOUD_MODELS__DIR", models().display().to_string()),
            ("ALOUD_AUDIO__INPUT", format!("wav:{}", path("silence.wav"))),
            ("ALOUD_AUDIO__OUTPUT", format!("wav:{}", path("spoken.wav"))),
        ]
    }
}

fn models() -> PathBuf {
    let own = || Path::new(&std::env::var_os("HOME").unwrap()).join(".local/share/aloud/models");
    std::env::var_os("ALOUD_TEST_MODELS").map_or_else(own, PathBuf::from)
}

/// The program on a terminal.
struct Chat {
    child: Child,
    pty: Arc<pty_process::blocking::Pty>,
    bytes: Receiver<Vec<u8>>,
    terminal: vt100::Parser,
    /// Everything that was ever written to the terminal.
    written: Vec<u8>,
    clock: Clock,
}

impl Chat {
    fn start(home: &Home, args: &[&str], more: &[(&str, &str)], size: (u16, u16)) -> Self {
        let (pty, pts) = pty_process::blocking::open().unwrap();
        pty.resize(pty_process::Size::new(size.1, size.0)).unwrap();
        let child = pty_process::blocking::Command::new(env!("CARGO_BIN_EXE_aloud"))
            .args(args)
            .env_clear()
            .envs(home.variables())
            .envs(more.iter().copied())
            .spawn(pts)
            .unwrap();
        let pty = Arc::new(pty);
        let from = Arc::clone(&pty);
        let (send, bytes) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(len @ 1..) = (&*from).read(&mut buffer) {
                if send.send(buffer[..len].to_vec()).is_err() {
                    break;
                }
            }
        });
        let terminal = vt100::Parser::new(cells(size.1), cells(size.0), 500);
        Self { child, pty, bytes, terminal, written: Vec::new(), clock: Clock::start() }
    }

    /// Types `text`.
    fn types(&mut self, text: &str) {
        (&*self.pty).write_all(text.as_bytes()).unwrap();
    }

    fn resize(&mut self, width: u16, height: u16) {
        self.pty.resize(pty_process::Size::new(height, width)).unwrap();
        self.terminal.screen_mut().set_size(cells(height), cells(width));
    }

    fn screen(&self) -> String {
        self.terminal.screen().contents().to_string()
    }

    /// Waits until the screen shows `text`.
    fn shows(&mut self, text: &str) {
        self.until(text, |chat| chat.screen().contains(text));
    }

    fn until(&mut self, what: &str, mut done: impl FnMut(&Self) -> bool) {
        let end = self.clock.now() + PATIENCE;
        while !done(self) {
            let left = end.since(self.clock.now());
            match self.bytes.recv_timeout(left) {
                Ok(bytes) => {
                    self.written.extend(&bytes);
                    self.terminal.process(&bytes);
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("{what:?} never came:\n{}", self.screen());
                }
            }
        }
    }

    /// Waits until the program has ended.
    fn ends(&mut self) -> ExitStatus {
        while let Ok(bytes) = self.bytes.recv_timeout(PATIENCE) {
            self.written.extend(&bytes);
            self.terminal.process(&bytes);
        }
        self.child.wait().unwrap()
    }
}

impl Drop for Chat {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).unwrap()
}

fn count(all: &[u8], part: &str) -> usize {
    all.windows(part.len()).filter(|window| *window == part.as_bytes()).count()
}

#[test]
fn letters_go_into_the_prompt_and_the_answer_stays_on_the_screen() {
    let home = Home::new();
    let mut chat = Chat::start(&home, &["--yes"], &[], (80, 24));
    chat.shows("ready");
    chat.types("q");
    chat.shows("› q");
    chat.types("\x15what is twelve times eleven");
    chat.shows("› what is twelve times eleven");
    let before = chat.written.len();
    chat.resize(40, 24);
    chat.until("the new size", |chat| chat.written.len() > before);
    chat.types("?");
    chat.shows("eleven?");
    // A key that arrives together with a resize is read at once, not with the next one.
    let before = chat.written.len();
    chat.resize(80, 24);
    chat.until("the new size", |chat| chat.written.len() > before);
    chat.types("\r");
    chat.shows("132");
    // Enough words to show the end of the turn.
    chat.types("\x1b[A");
    chat.shows("› what is twelve times eleven?");
    chat.types("\x03\x04");
    assert!(chat.ends().success(), "{}", chat.screen());
    assert!(chat.screen().contains("132"), "{}", chat.screen());
    // The terminal is as it was.
    for (on, off) in [("\x1b[?2004h", "\x1b[?2004l"), ("\x1b[?25l", "\x1b[?25h")] {
        assert!(count(&chat.written, on) > 0, "{on:?}");
        let last = |mode: &str| {
            chat.written.windows(mode.len()).rposition(|window| window == mode.as_bytes())
        };
        assert!(last(off) > last(on), "{off:?}");
    }
    let kept = std::fs::read_to_string(home.path().join(".local/state/aloud/typed.jsonl")).unwrap();
    assert_eq!(kept, "\"what is twelve times eleven?\"\n");
}

#[test]
fn without_colours_and_without_utf_8_neither_is_sent() {
    let home = Home::new();
    let more = [("NO_COLOR", "1"), ("LANG", "C")];
    let mut chat = Chat::start(&home, &["--yes"], &more, (80, 24));
    chat.shows("ready");
    chat.types("what is two plus two\r");
    chat.shows("aloud  ");
    chat.types("/quit\r");
    assert!(chat.ends().success());
    assert!(chat.written.is_ascii(), "{}", String::from_utf8_lossy(&chat.written));
    // Bold and dim are not colours: 30 to 49 and 90 to 97 are.
    let text = String::from_utf8_lossy(&chat.written);
    let styles = text.split("\x1b[").skip(1).filter_map(|rest| {
        let end = rest.find(|c: char| c.is_ascii_alphabetic())?;
        rest[end..].starts_with('m').then_some(&rest[..end])
    });
    let mut numbers = styles.flat_map(|style| style.split(';'));
    assert!(
        !numbers.any(|number| number.len() == 2 && number.starts_with(['3', '4', '9'])),
        "{text:?}"
    );
}

#[test]
fn a_terminal_that_cannot_move_its_cursor_gets_lines() {
    let home = Home::new();
    let mut chat = Chat::start(&home, &["--yes"], &[("TERM", "dumb")], (80, 24));
    chat.shows("type a question");
    chat.types("what is two plus two\n");
    chat.shows("aloud: ");
    chat.types("/nonsense\n");
    chat.shows("there is no command /nonsense");
    chat.types("/quit\n");
    assert!(chat.ends().success());
    assert_eq!(count(&chat.written, "\x1b"), 0, "{}", String::from_utf8_lossy(&chat.written));
}

#[test]
fn a_pipe_gets_one_answer_a_line() {
    let home = Home::new();
    let mut child = Command::new(env!("CARGO_BIN_EXE_aloud"))
        .env_clear()
        .envs(home.variables())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let questions = "what is twelve times eleven\n\nwhat is two plus two\n";
    child.stdin.take().unwrap().write_all(questions.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let answers = String::from_utf8(output.stdout).unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
    let answers: Vec<_> = answers.lines().collect();
    assert!(
        matches!(answers[..], [a, b] if a.contains("132") && b.contains('4')),
        "{answers:?} {told}"
    );
}

#[test]
fn the_first_start_asks_once_who_answers() {
    let home = Home::new();
    let mut chat = Chat::start(&home, &[], &[], (80, 24));
    chat.shows("Who should answer you?");
    chat.shows("[1]:");
    chat.types("\n");
    chat.shows("Saved in");
    chat.shows("ready");
    chat.types("\x04");
    assert!(chat.ends().success());
    assert!(home.path().join(".config/aloud/config.toml").exists());
    let mut chat = Chat::start(&home, &[], &[], (80, 24));
    chat.shows("ready");
    assert_eq!(count(&chat.written, "Who should answer"), 0);
    chat.types("\x03\x03");
    assert!(chat.ends().success());
}
