//! A whole aloud for tests: its own home, its own sound card, the models, and a daemon.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};

use serde_json::Value;

use crate::sound::{PATIENCE, VirtualCard, until};

/// A home folder with a sound card; `aloud` runs there as it would for a user.
pub(crate) struct House {
    pub(crate) card: VirtualCard,
    folder: tempfile::TempDir,
    extra: Vec<(String, String)>,
}

impl House {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let card = VirtualCard::start();
        Self { card, folder, extra: Vec::new() }
    }

    /// Sets a variable for every program started from now on.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.extra.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program with this house's environment.
    pub(crate) fn aloud(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aloud"));
        let home = self.folder.path();
        command
            .args(args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home)
            .env("LANG", "C.UTF-8")
            .env("TZ", "UTC")
            .env("ALOUD_LOG", "info")
            .env("ALOUD_MODELS__DIR", models())
            .envs(self.card.env())
            .envs(self.extra.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    /// Types a question to the running service, as the terminal chat does.
    pub(crate) fn types(&self, text: &str) {
        self.tells(&serde_json::json!({"cmd": "ask", "text": text}));
    }

    /// Gives the running service an order, like a key of the desktop, without starting a program.
    pub(crate) fn tells(&self, order: &Value) {
        let socket = PathBuf::from(&self.card.env()[0].1).join("aloud/control.sock");
        let mut stream = UnixStream::connect(socket).unwrap();
        writeln!(stream, "{order}").unwrap();
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).unwrap();
        assert!(answer.contains("true"), "{answer}");
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.aloud(args).output().unwrap()
    }

    /// Runs the program, which must succeed, and returns what it prints.
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "aloud {args:?}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// A spoken sentence, mono at 48 kHz. This program always says the same words in the same way,
    /// so they are spoken once for all tests.
    pub(crate) fn spoken(&self, sentence: &str) -> Vec<f32> {
        let built = std::fs::metadata(env!("CARGO_BIN_EXE_aloud")).unwrap().modified().unwrap();
        let built = built.duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
        let all = Path::new(env!("CARGO_TARGET_TMPDIR")).join("spoken");
        let folder = all.join(built.to_string());
        let file =
            folder.join(format!("{}.wav", sentence.replace(|c| !char::is_alphanumeric(c), "")));
        if !file.exists() {
            if !folder.exists() {
                // Left over from another build.
                let _ = std::fs::remove_dir_all(&all);
            }
            std::fs::create_dir_all(&folder).unwrap();
            let draft = self.path("spoken.wav");
            self.ok(&["say", sentence, "--out", draft.to_str().unwrap()]);
            // Whole or not at all, even if the folders are on two disks.
            let beside = folder.join(std::process::id().to_string());
            std::fs::copy(draft, &beside).unwrap();
            std::fs::rename(beside, &file).unwrap();
        }
        samples(&file)
    }

    /// The words said in `pcm`, mono at 48 kHz.
    pub(crate) fn written(&self, pcm: &[f32]) -> String {
        let file = self.path("written.wav");
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 48_000,
            bits_per_sample: 32,
            sample_format: hound::SampleFormat::Float,
        };
        let mut wav = hound::WavWriter::create(&file, spec).unwrap();
        for &sample in pcm {
            wav.write_sample(sample).unwrap();
        }
        wav.finalize().unwrap();
        self.ok(&["transcribe", file.to_str().unwrap()])
    }

    /// Starts the service and waits until it answers.
    pub(crate) fn serve(&self, args: &[&str]) -> Service {
        let all: Vec<&str> = ["daemon"].iter().chain(args).copied().collect();
        let child = self.aloud(&all).stderr(Stdio::piped()).spawn().unwrap();
        self.attend(child)
    }

    /// Waits until the service `child` answers, and watches its events.
    pub(crate) fn attend(&self, mut child: Child) -> Service {
        let mut stderr = child.stderr.take().unwrap();
        let (tell, log) = channel();
        std::thread::spawn(move || {
            let mut text = String::new();
            let _ = stderr.read_to_string(&mut text);
            let _ = tell.send(text);
        });
        let socket = PathBuf::from(&self.card.env()[0].1).join("aloud/control.sock");
        let stream = until("the control socket", || {
            if let Some(status) = child.try_wait().unwrap() {
                panic!("the service ended ({status}): {}", log.recv().unwrap_or_default());
            }
            UnixStream::connect(&socket).ok()
        });
        let mut to = stream.try_clone().unwrap();
        to.write_all(b"{\"cmd\":\"events\"}\n").unwrap();
        let (send, events) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                let event: Value = serde_json::from_str(&line).unwrap();
                if send.send(event).is_err() {
                    break;
                }
            }
        });
        let mut service = Service { child, events, log, seen: Vec::new() };
        // The socket is there before the sound is; the first state comes when both are.
        service.wait_for("state", |state| state["output"].is_string());
        service
    }
}

/// A running service.
pub(crate) struct Service {
    pub(crate) child: Child,
    events: Receiver<Value>,
    log: Receiver<String>,
    seen: Vec<Value>,
}

impl Service {
    /// Waits for the next event of this kind for which `wanted` is true.
    pub(crate) fn wait_for(&mut self, kind: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            match self.events.recv_timeout(PATIENCE) {
                Ok(event) => {
                    let found = event["event"] == kind && wanted(&event);
                    self.seen.push(event.clone());
                    if found {
                        return event;
                    }
                }
                Err(error) => panic!("no {kind} event ({error}); seen: {:#?}", self.seen),
            }
        }
    }

    /// Waits until mouth and ear are at rest.
    pub(crate) fn wait_for_rest(&mut self) {
        self.wait_for("state", |state| state["mouth"] == "silent");
    }

    /// The events of this kind so far.
    pub(crate) fn seen(&self, kind: &str) -> Vec<&Value> {
        self.seen.iter().filter(|event| event["event"] == kind).collect()
    }

    /// Waits for the end of the process; returns its exit code and stderr.
    pub(crate) fn ended(mut self) -> (Option<i32>, String) {
        let code = self.child.wait().unwrap().code();
        (code, self.log.recv_timeout(PATIENCE).unwrap_or_default())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The folder of the models that the tests use.
pub(crate) fn models() -> PathBuf {
    let dir = std::env::var_os("ALOUD_TEST_MODELS").map(PathBuf::from);
    let dir = dir.expect("set ALOUD_TEST_MODELS to the folder that \"aloud models fetch\" has filled; scripts/test does");
    assert!(dir.join("hibari-heart").is_dir(), "{dir:?} is damaged; run \"aloud models fetch\"");
    dir
}

/// The samples of a WAV file that aloud wrote: mono, 48 kHz, 16 bit.
pub(crate) fn samples(file: &Path) -> Vec<f32> {
    let mut wav = hound::WavReader::open(file).unwrap();
    assert_eq!((wav.spec().channels, wav.spec().sample_rate), (1, 48_000));
    wav.samples::<i16>().map(|sample| f32::from(sample.unwrap()) / 32_768.0).collect()
}

/// A weather service on the loopback in Open-Meteo's format: 21 degrees and clear, anywhere.
pub(crate) fn weather() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut first = String::new();
                reader.read_line(&mut first).unwrap();
                let mut line = String::new();
                while reader.read_line(&mut line).is_ok_and(|n| n > 2) {
                    line.clear();
                }
                let body = if first.contains("/v1/search") { PLACE } else { FORECAST };
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                    body.len()
                );
                let mut stream = stream;
                stream.write_all(head.as_bytes()).unwrap();
                stream.write_all(body.as_bytes()).unwrap();
            });
        }
    });
    format!("http://{address}")
}

const PLACE: &str = include_str!("../data/weather/place.json");
const FORECAST: &str = include_str!("../data/weather/forecast.json");
