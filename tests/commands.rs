//! The commands as a shell sees them: output, its stream, and the exit code.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]
#![allow(clippy::disallowed_methods, reason = "the environment of the test is handed to a program")]

use std::io::Write;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// An empty home without a sound server.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aloud"));
        let home = self.0.path();
        command
            .args(args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home)
            .env("XDG_RUNTIME_DIR", home)
            .env("PULSE_SERVER", format!("unix:{}/none", home.display()))
            .env("TZ", "UTC")
            .stdin(Stdio::null());
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs with the models that the tests use.
    fn run_with_models(&self, args: &[&str]) -> Output {
        let models = std::env::var_os("ALOUD_TEST_MODELS").expect(
            "set ALOUD_TEST_MODELS to the folder that \"aloud models fetch\" has filled; scripts/test does",
        );
        self.command(args).env("ALOUD_MODELS__DIR", models).output().unwrap()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The command fails with `code`, prints nothing, and says all of `words` on stderr.
fn fails(output: &Output, code: i32, words: &[&str]) {
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    for word in words {
        assert!(said.contains(word), "no {word:?} in {said:?}");
    }
}

fn asked(home: &Home, question: &str) -> Value {
    let output = home.run(&["ask", "--json", question]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The library of the models would keep a device id in the cache, and report its use.
#[test]
fn a_command_leaves_nothing_in_the_home_but_what_it_was_asked_for() {
    let home = Home::new();
    let out = home.path("hello.wav");
    let said = home.run_with_models(&["say", "Hello there.", "--out", out.to_str().unwrap()]);
    assert_eq!(said.status.code(), Some(0), "{}", text(&said.stderr));
    let left = std::fs::read_dir(home.0.path()).unwrap().map(|entry| entry.unwrap().path());
    assert_eq!(left.collect::<Vec<_>>(), [out]);
}

#[test]
fn a_question_is_answered_without_models_sound_or_network() {
    let turn = asked(&Home::new(), "what is twelve times eleven");
    assert_eq!(turn["transcript"], "what is twelve times eleven");
    assert!(turn["reply"].as_str().unwrap().contains("132"), "{turn}");
    assert_eq!(turn["tool_calls"][0]["name"], "calculate");
    assert!(turn["tool_calls"][0]["arguments"]["expression"].is_string(), "{turn}");
    assert!(!turn["tool_calls"][0]["result"].is_null(), "{turn}");
    assert_eq!(turn["sources"], serde_json::json!([]));
    assert!(turn["timings_ms"]["total"].is_number(), "{turn}");
}

#[test]
fn a_timer_set_by_one_command_is_listed_by_the_next() {
    let home = Home::new();
    let set = asked(&home, "set a pasta timer for ten minutes");
    let arguments = serde_json::json!({"seconds": 600, "label": "pasta"});
    assert_eq!(set["tool_calls"][0]["arguments"], arguments);
    // Nobody is there to ring it, and the answer says so.
    assert!(set["reply"].as_str().unwrap().contains("aloud daemon"), "{set}");
    let listed = text(&home.run(&["timers"]).stdout);
    assert!(listed.contains("pasta timer"), "{listed}");
}

#[test]
fn what_it_cannot_do_is_said_and_nothing_is_done() {
    let turn = asked(&Home::new(), "who wrote the song yesterday");
    assert_eq!(turn["tool_calls"], serde_json::json!([]));
    assert!(!turn["reply"].as_str().unwrap().is_empty());
}

#[test]
fn a_question_may_come_through_a_pipe_and_be_very_long() {
    let home = Home::new();
    let mut child = home
        .command(&["ask"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let long = "word ".repeat(20_000);
    child.stdin.take().unwrap().write_all(long.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(!output.stdout.is_empty());
}

#[test]
fn wrong_usage_is_64_and_help_is_0() {
    let home = Home::new();
    fails(&home.run(&["dance"]), 64, &["dance"]);
    fails(
        &home.run(&["ask", "--image", "/no/x.png", "what is this"]),
        66,
        &["/no/x.png", "give an image file"],
    );
    fails(
        &home.run(&["ask", "--context", "/no/x.txt", "why"]),
        66,
        &["/no/x.txt", "give a text file"],
    );
    fails(&home.run(&["history"]), 64, &["not available yet"]);
    fails(&home.run(&[]), 69, &["aloud models fetch"]);
    fails(&home.run(&["say", "  "]), 64, &["empty"]);
    for args in
        [&["--help"][..], &["ask", "--help"], &["--version"], &["man"], &["completions", "bash"]]
    {
        let output = home.run(args);
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        assert!(text(&output.stdout).contains("aloud"), "{args:?}");
    }
}

#[test]
fn files_that_are_no_sound_are_named() {
    let home = Home::new();
    let text_file = home.write("notes.txt", "this is not sound");
    let empty = home.write("empty.wav", "");
    for (path, code, word) in [
        (text_file.as_path(), 65, "not a sound file"),
        (empty.as_path(), 65, "empty"),
        (Path::new("missing.wav"), 66, "missing.wav"),
    ] {
        let path = path.to_str().unwrap();
        fails(&home.run_with_models(&["transcribe", path]), code, &[path, word]);
        fails(&home.run_with_models(&["ask", "--audio", path]), code, &[path, word]);
    }
}

#[test]
fn a_bad_file_does_not_keep_the_others_from_being_written_down() {
    let home = Home::new();
    let spoken = home.path("spoken.wav");
    let spoken = spoken.to_str().unwrap();
    let said = home.run_with_models(&["say", "The quick brown fox.", "--out", spoken]);
    assert_eq!(said.status.code(), Some(0), "{}", text(&said.stderr));
    let output = home.run_with_models(&["transcribe", "--json", "missing.wav", spoken]);
    fails(&output, 66, &["missing.wav"]);
    let line: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(line["file"], spoken);
    assert!(line["text"].as_str().unwrap().to_lowercase().contains("fox"), "{line}");
    assert!(line["seconds"].as_f64().unwrap() > 0.5, "{line}");
}

#[test]
fn a_spoken_question_is_answered_into_a_file() {
    let home = Home::new();
    let (question, answer) = (home.path("question.wav"), home.path("answer.wav"));
    let (question, answer) = (question.to_str().unwrap(), answer.to_str().unwrap());
    home.run_with_models(&["say", "Set a timer for ten minutes.", "--out", question]);
    let output = home.run_with_models(&["ask", "--audio", question, "--out", answer, "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let turn: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(turn["tool_calls"][0]["arguments"]["seconds"], 600, "{turn}");
    for step in ["transcribe", "first_token", "first_audio", "total"] {
        assert!(turn["timings_ms"][step].is_number(), "{step}: {turn}");
    }
    let heard = home.run_with_models(&["transcribe", answer]);
    let heard = text(&heard.stdout).to_lowercase();
    assert!(heard.contains("timer"), "{heard:?}");
}

#[test]
fn sound_goes_where_its_name_says_and_in_the_kind_that_it_ends_with() {
    let home = Home::new();
    let out = |name: &str| home.path(name).to_str().unwrap().to_owned();
    for (name, begins) in [("a.wav", &b"RIFF"[..]), ("a.flac", b"fLaC"), ("a.opus", b"OggS")] {
        let said = home.run_with_models(&["say", "Hello there.", "--out", &out(name)]);
        assert_eq!(said.status.code(), Some(0), "{}", text(&said.stderr));
        let file = std::fs::read(home.path(name)).unwrap();
        assert!(file.starts_with(begins) && file.len() > 2_000, "{name}");
    }
    let said = home.run_with_models(&["say", "Hello there.", "--out", "-"]);
    assert_eq!(said.status.code(), Some(0), "{}", text(&said.stderr));
    assert!(said.stdout.starts_with(b"RIFF") && said.stdout.len() > 50_000);
    let mp3 = home.run_with_models(&["say", "Hello there.", "--out", &out("a.mp3")]);
    fails(&mp3, 64, &["MP3 cannot be written", ".flac"]);
    assert!(!home.path("a.mp3").exists());
    // The encoded files can be read again, through standard input too.
    for name in ["a.flac", "a.opus"] {
        let models = std::env::var_os("ALOUD_TEST_MODELS").unwrap();
        let heard = home
            .command(&["transcribe", "-"])
            .env("ALOUD_MODELS__DIR", models)
            .stdin(std::fs::File::open(home.path(name)).unwrap())
            .output()
            .unwrap();
        let heard = text(&heard.stdout).to_lowercase();
        assert!(heard.contains("hello"), "{name}: {heard:?}");
    }
}

#[test]
fn a_text_that_the_voice_cannot_read_is_told() {
    let home = Home::new();
    let out = home.path("a.wav");
    let said = home.run_with_models(&["say", "Привет мир", "--out", out.to_str().unwrap()]);
    assert!(text(&said.stderr).contains("Cyrillic"), "{}", text(&said.stderr));
    let wave = hound::WavReader::open(&out).unwrap();
    let seconds = f64::from(wave.duration()) / f64::from(wave.spec().sample_rate);
    assert!(seconds > 1.5, "{seconds} s of sound");
}

#[test]
fn a_recording_without_a_word_is_told_and_nothing_is_done() {
    let home = Home::new();
    let file = home.path("silence.wav");
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = hound::WavWriter::create(&file, spec).unwrap();
    for _ in 0..16_000 {
        wav.write_sample(0i16).unwrap();
    }
    wav.finalize().unwrap();
    let output = home.run_with_models(&["ask", "--json", "--audio", file.to_str().unwrap()]);
    assert!(text(&output.stderr).contains("no speech"), "{}", text(&output.stderr));
    let turn: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&turn["transcript"], &turn["tool_calls"]), (&"".into(), &serde_json::json!([])));
}

#[test]
fn without_models_the_next_step_is_named() {
    let home = Home::new();
    fails(&home.run(&["say", "hello", "--out", "x.wav"]), 69, &["aloud models fetch"]);
    fails(&home.run(&["transcribe", "x.wav"]), 69, &["aloud models fetch"]);
    fails(&home.run(&["daemon"]), 69, &["aloud models fetch"]);
}

#[test]
fn without_a_sound_server_a_spoken_answer_says_so() {
    let output = Home::new().run_with_models(&["ask", "--speak", "what is two plus two"]);
    fails(&output, 69, &["sound server"]);
}

#[test]
fn a_socket_that_nobody_answers_at_is_told_in_seconds() {
    let home = Home::new();
    // Like a service manager's socket while the service behind it is stuck.
    std::fs::create_dir(home.path("aloud")).unwrap();
    let _listener = UnixListener::bind(home.path("aloud/control.sock")).unwrap();
    let waiting: Vec<_> = ["press", "stop", "status", "events", "quit"]
        .iter()
        .map(|command| home.command(&[command]).stderr(Stdio::piped()).spawn().unwrap())
        .collect();
    // A timer set meanwhile is set, but not promised to ring.
    let turn = asked(&home, "set a timer for ten minutes");
    assert_eq!(turn["tool_calls"][0]["result"]["will_ring"], false, "{turn}");
    for child in waiting {
        let output = child.wait_with_output().unwrap();
        fails(&output, 69, &["does not answer", "systemctl --user"]);
    }
}

#[test]
fn a_service_that_does_not_run_is_told() {
    let home = Home::new();
    for command in
        ["press", "release", "toggle", "stop", "mute", "unmute", "status", "events", "quit"]
    {
        fails(&home.run(&[command]), 69, &["the service is not running", "aloud daemon"]);
    }
}

#[test]
fn an_answer_that_cannot_be_written_is_73() {
    let home = Home::new();
    let output = home.run_with_models(&["say", "hello", "--out", "no/such/folder/x.wav"]);
    fails(&output, 73, &["no/such/folder/x.wav"]);
}

#[test]
fn every_mistake_of_a_configuration_is_reported_at_once() {
    let home = Home::new();
    home.write(
        ".config/aloud/config.toml",
        "[listen]\nmode = \"sometimes\"\npause_ms = 5\n\n[audoi]\ninput = \"x\"\n",
    );
    let output = home.run(&["config", "check"]);
    fails(&output, 78, &["config.toml:2", "config.toml:3", "config.toml:5", "audio"]);
    fails(&home.run(&["ask", "what time is it"]), 78, &["config.toml:2"]);
}

#[test]
fn a_written_configuration_is_fine_and_never_overwritten() {
    let home = Home::new();
    assert_eq!(home.run(&["config", "init"]).status.code(), Some(0));
    assert_eq!(home.run(&["config", "check"]).status.code(), Some(0));
    fails(&home.run(&["config", "init"]), 73, &["already exists"]);
    let shown = text(&home.run(&["config", "show"]).stdout);
    assert!(shown.contains("pause_ms = 500"), "{shown}");
}

#[test]
fn a_reader_that_has_enough_is_no_failure() {
    let home = Home::new();
    let mut child = home.command(&["tools", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_tool_is_called_from_the_shell() {
    let home = Home::new();
    let shown = home.run(&["tools", "call", "calculate", r#"{"expression": "15% of 80"}"#]);
    assert_eq!((shown.status.code(), text(&shown.stdout).trim()), (Some(0), "That's 12."));
    let shown =
        home.run(&["tools", "call", "--json", "calculate", r#"{"expression": "15% of 80"}"#]);
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!((&shown["ok"], &shown["say"]), (&true.into(), &"That's 12.".into()), "{shown}");
    fails(&home.run(&["tools", "call", "calculat"]), 64, &["aloud tools list"]);
    fails(&home.run(&["tools", "call", "calculate"]), 65, &["\"expression\" is missing"]);
    fails(&home.run(&["tools", "call", "calculate", "{"]), 65, &["no JSON"]);
    let nothing = home.run(&["tools", "call", "calculate", r#"{"expression": "1/0"}"#]);
    assert_eq!(nothing.status.code(), Some(69), "{}", text(&nothing.stderr));
    let log = home.run(&["tools", "log"]);
    assert_eq!(String::from_utf8_lossy(&log.stdout), "No tool has changed anything yet.\n");
    // What a question has done is in the log when its command has ended.
    home.run(&["ask", "set a timer for ten minutes"]);
    let log = text(&home.run(&["tools", "log"]).stdout);
    assert!(log.contains("set_timer") && log.contains("\"set a timer for ten minutes\""), "{log}");
}

#[test]
fn a_sentence_of_an_own_tool_calls_it_without_a_model() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    let sheet = "description = \"Feeds the cat.\"\nsay = [\"feed the {animal:label}\"]\n\
                 parameters.animal = {type = \"string\"}\n";
    home.write(".config/aloud/tools/feed.toml", sheet);
    let program = home.write(
        ".config/aloud/tools/feed",
        "#!/bin/sh\nread -r json\necho \"Fed. $json\" | tr -d '{}\"'\n",
    );
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let turn = asked(&home, "please feed the cat");
    assert_eq!(turn["tool_calls"][0]["name"], "feed", "{turn}");
    assert_eq!(turn["reply"], "Fed. animal:cat", "{turn}");

    // A sentence that cannot be read is named with its file.
    home.write(".config/aloud/tools/feed.toml", sheet.replace("{animal:label}", "{animal:lable}"));
    fails(&home.run(&["ask", "hello"]), 78, &["tools/feed.toml: \"feed the {animal:lable}\""]);

    // So is a file of sentences that is not there.
    let gone =
        home.command(&["ask", "hello"]).env("ALOUD_TEMPLATES__FILE", "/nowhere/w.toml").output();
    fails(&gone.unwrap(), 78, &["no such file: /nowhere/w.toml"]);
}
