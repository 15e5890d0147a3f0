//! `aloud ask --partner realtime` as a shell sees it: against the strict server, and against a
//! third-party server.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use aloud::base::{Clock, Moment};
use aloud::engine::openai::realtime::Dialect;
use serde_json::Value;

use crate::authority::Authority;
use crate::host::{Host, House, PATIENCE};
use crate::strict::{Manners, samples};
use crate::talk::{brain, expected};
use crate::tools;

/// "Go forward ten meters", said by a person; from Debian's package pocketsphinx-testdata.
const RECORDING: &str = "/usr/share/pocketsphinx/test/data/goforward.raw";

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn ask(&self, base: &str, args: &[&str]) -> Output {
        self.ask_with(base, args, "ours")
    }

    fn ask_with(&self, base: &str, args: &[&str], turn_detection: &str) -> Output {
        self.command(base, args, turn_detection).output().unwrap()
    }

    fn command(&self, base: &str, args: &[&str], turn_detection: &str) -> Command {
        let home = self.0.path();
        let mut command = Command::new(env!("CARGO_BIN_EXE_aloud"));
        command
            .args(["ask", "--partner", "realtime"])
            .args(args)
            .env_clear()
            .env("HOME", home)
            .env("XDG_RUNTIME_DIR", home)
            .env("TZ", "UTC")
            .env("ALOUD_LOG", "warn")
            .env("ALOUD_PROVIDERS__MINE__BASE_URL", base)
            .env("ALOUD_PROVIDERS__MINE__API_KEY_ENV", "MINE_KEY")
            .env("MINE_KEY", "secret")
            .env("ALOUD_REALTIME__MODEL", "mine/gpt-realtime")
            .env("ALOUD_REALTIME__TURN_DETECTION", turn_detection)
            .stdin(Stdio::null());
        command
    }

    /// The answer, as JSON.
    fn json(&self, base: &str, args: &[&str]) -> Value {
        let all: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
        let output = self.ask(base, &all);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// A recording of a person.
    fn recording(&self) -> PathBuf {
        let file = self.path("question.wav");
        let raw = std::fs::read(RECORDING)
            .unwrap_or_else(|error| panic!("{RECORDING}: {error}; install pocketsphinx-testdata"));
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 16_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut wav = hound::WavWriter::create(&file, spec).unwrap();
        for pair in raw.chunks_exact(2) {
            wav.write_sample(i16::from_le_bytes([pair[0], pair[1]])).unwrap();
        }
        wav.finalize().unwrap();
        file
    }
}

#[test]
fn a_recorded_question_gets_a_recorded_answer() {
    for dialect in [Dialect::Ga, Dialect::Beta] {
        let host = Host::start(House { dialect, wants_beta: false, key: Some("secret") }, brain);
        let home = Home::new();
        let (question, answer) = (home.recording(), home.path("answer.wav"));
        let args = ["--audio", question.to_str().unwrap(), "--out", answer.to_str().unwrap()];
        let told = home.json(&host.base(), &args);
        assert_ne!(told["transcript"], "", "{told}");
        let reply = told["reply"].as_str().unwrap();
        let wav = hound::WavReader::open(&answer).unwrap();
        let seconds = f64::from(wav.duration()) / f64::from(wav.spec().sample_rate);
        let wanted = samples(reply.chars().count()) as f64 / 24_000.0;
        assert!(wanted > 0.5 && (seconds - wanted).abs() < 0.2, "{seconds} s for {reply:?}");
        assert_eq!(host.complaints(), Vec::<String>::new());
        let session = host.session();
        let session = session.lock().unwrap();
        // The whole recording was sent, at the rate of the wire.
        let heard = session.commits[0].1 as f64 / 24_000.0;
        assert!((1.5..4.0).contains(&heard), "{heard} s heard");
    }
}

#[test]
fn a_session_is_encrypted_for_those_who_trust_the_authority_and_refused_by_all_others() {
    let authority = Authority::new();
    let home = Home::new();
    let (trusted, nowhere) = (authority.file(home.0.path()), home.path("nothing.pem"));
    let another = tempfile::tempdir().unwrap();
    let stranger = Authority::new().file(another.path());
    let house = House { dialect: Dialect::Ga, wants_beta: false, key: Some("secret") };
    let tls = authority.server("127.0.0.1", &[]);
    let host = Host::with(house, brain, Manners::default(), Some(tls));
    assert!(host.base().starts_with("https://"));
    let ask = |file: &Path| {
        let args = ["what is 12 times 11"];
        let mut command = home.command(&host.base(), &args, "ours");
        let output = command.env("SSL_CERT_FILE", file).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (text(&output.stdout), text(&output.stderr))
    };
    for (file, why) in [
        (
            &stranger,
            "a certificate from an unknown authority; check its base_url, or set SSL_CERT_FILE to the file of your own authority",
        ),
        (&nowhere, "no certificates can be read on this machine; check SSL_CERT_FILE"),
    ] {
        // The local engines answer.
        let (printed, aside) = ask(file);
        assert!(printed.contains("132"), "{printed}");
        assert!(aside.contains("provider mine (127.0.0.1)") && aside.contains(why), "{aside}");
        assert_eq!(host.seen.lock().unwrap().requests.len(), 0, "the key was sent");
    }
    let (printed, _) = ask(&trusted);
    assert_eq!(printed, format!("{}\n", expected(11)));
    assert_eq!(host.seen.lock().unwrap().requests.len(), 1);
    assert_eq!(host.complaints(), Vec::<String>::new());
}

#[test]
fn a_typed_question_is_answered_with_tools_and_without_sound() {
    let house = House { dialect: Dialect::Ga, wants_beta: false, key: None };
    let host = Host::start(house, brain);
    let told = Home::new().json(&host.base(), &["tell me 15"]);
    assert_eq!(told["reply"], expected(15));
    assert_eq!(told["tool_calls"][0]["name"], "get_time");
    assert!(told["tool_calls"][0]["result"].is_object(), "{told}");
    assert_eq!(host.complaints(), Vec::<String>::new());
    let session = host.session();
    let session = session.lock().unwrap();
    let update = &session.got[0]["session"];
    assert_eq!(update["output_modalities"], serde_json::json!(["text"]));
}

#[test]
fn a_server_that_is_not_there_is_told_and_the_cascade_answers() {
    let home = Home::new();
    let output = home.ask("http://127.0.0.1:9/v1", &["what is 12 times 11"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("132"), "{output:?}");
    assert!(said.contains("provider mine (127.0.0.1) cannot be reached"), "{said}");
    // A key that is refused.
    let house = House { dialect: Dialect::Ga, wants_beta: false, key: Some("another") };
    let host = Host::start(house, brain);
    let output = home.ask(&host.base(), &["what is 12 times 11"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("rejected the key in MINE_KEY; check or renew it"), "{said}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("132"), "{output:?}");
}

/// aimock, which plays the vendor's server.
struct Aimock {
    child: Child,
    base: String,
}

impl Aimock {
    fn start(home: &Home, fixtures: &Value) -> Self {
        let folder = tools::folder("aimock");
        let file = home.path("fixtures.json");
        std::fs::write(&file, fixtures.to_string()).unwrap();
        // A port that was free a moment ago.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut child = Command::new(tools::folder("node").join("node_modules/node/bin/node"))
            .arg(folder.join("node_modules/@copilotkit/aimock/dist/cli.js"))
            .args(["-h", "127.0.0.1", "-p", &free.to_string(), "-f"])
            .arg(&file)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        while let Some(Ok(line)) = lines.next() {
            if line.contains("listening") {
                break;
            }
        }
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, base: format!("http://127.0.0.1:{free}/v1") }
    }
}

impl Drop for Aimock {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_server_that_nobody_here_wrote_answers_text_and_calls_tools() {
    let home = Home::new();
    let fixtures = serde_json::json!({ "fixtures": [
        {
            "match": { "userMessage": "time", "hasToolResult": true },
            "response": { "content": "It is time for tea." },
        },
        {
            "match": { "userMessage": "time" },
            "response": { "toolCalls": [{ "name": "get_time", "arguments": "{}" }] },
        },
        { "match": { "userMessage": "hello" }, "response": { "content": "Good evening." } },
    ]});
    let aimock = Aimock::start(&home, &fixtures);
    let told = home.json(&aimock.base, &["hello"]);
    assert_eq!(told["reply"], "Good evening.");
    let told = home.json(&aimock.base, &["what time is it"]);
    assert_eq!(told["tool_calls"][0]["name"], "get_time", "{told}");
    assert!(told["tool_calls"][0]["result"].is_object(), "{told}");
    assert_eq!(told["reply"], "It is time for tea.");
}

/// The protocol server of the speech-to-speech package, with a stub behind it.
struct SpeechToSpeech(Child, String);

impl SpeechToSpeech {
    fn start() -> Self {
        // Without its models, which the stub replaces.
        let package = tools::folder("speech-to-speech");
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/realtime/stub_pipeline.py");
        let mut child = Command::new("python3")
            .args([script, &free.to_string()])
            .env("PYTHONPATH", package)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let up = lines.any(|line| line.is_ok_and(|line| line.contains("Uvicorn running")));
        assert!(up, "the server of speech-to-speech does not start");
        std::thread::spawn(move || lines.for_each(drop));
        Self(child, format!("http://127.0.0.1:{free}/v1"))
    }
}

impl SpeechToSpeech {
    /// Waits until the server reports that nothing of an earlier session is in progress.
    fn rests(&self) {
        let address = self.1.trim_start_matches("http://").trim_end_matches("/v1");
        let clock = Clock::start();
        loop {
            let mut stream = TcpStream::connect(address).unwrap();
            let request = "GET /v1/pool HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
            stream.write_all(request.as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            if answer.contains("\"in_use\":0") {
                return;
            }
            assert!(clock.now().since(Moment::ZERO) < PATIENCE, "{answer}");
        }
    }
}

impl Drop for SpeechToSpeech {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn another_server_that_nobody_here_wrote_hears_speaks_and_finds_the_turn() {
    let server = SpeechToSpeech::start();
    let home = Home::new();
    let told = home.json(&server.1, &["what time is it"]);
    assert_eq!(told["reply"], "It is time for tea.");
    let (question, answer) = (home.recording(), home.path("answer.wav"));
    let args = ["--audio", question.to_str().unwrap(), "--out", answer.to_str().unwrap(), "--json"];
    // It cannot be told to leave the turns to us, and works all the same.
    for turn_detection in ["server_vad", "ours"] {
        server.rests();
        let output = home.ask_with(&server.1, &args, turn_detection);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{turn_detection}: {said}");
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(told["transcript"], "what time is it", "{turn_detection}: {said}");
        assert_eq!(told["reply"], "It is time for tea.");
        let advice = said.contains("set [realtime] turn_detection = \"server_vad\"");
        assert_eq!(advice, turn_detection == "ours", "{said}");
        let wav = hound::WavReader::open(&answer).unwrap();
        let seconds = f64::from(wav.duration()) / f64::from(wav.spec().sample_rate);
        assert!((seconds - 1.0).abs() < 0.1, "{turn_detection}: {seconds} s of the tone");
    }
}
