//! Wake words of one's own: made of a few recordings, heard, tried and removed.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aloud::base::LISTEN_RATE;
use aloud::engine::local::{Silero, SpeechEmbedding};
use aloud::listen::wake::own::{
    AT_HALF, Embedder, Embedding, Sample, SharedEmbedder, Template, Unfit, lock,
};
use aloud::listen::wake::{WakeFactory, Word, cutoff};
use aloud::listen::{Event, Listener, Order, Settings};
use aloud::pcm::WavFile;
use serde_json::Value;

use super::{called, hear, person, room, said, silero, word};

/// Speeds at which the word is recorded, and others at which it is said.
const RECORDED: [f32; 4] = [0.94, 0.98, 1.02, 1.06];
const SAID: [f32; 3] = [0.91, 1.0, 1.09];

#[allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "the test is told where models are"
)]
fn models() -> PathBuf {
    std::env::var_os("ALOUD_TEST_MODELS")
        .expect("set ALOUD_TEST_MODELS to the folder that \"aloud models fetch\" has filled")
        .into()
}

/// The recording of a person, at another speed and pitch, in a room.
fn take(name: &str, speed: f32) -> Vec<f32> {
    [room(1.0), at_speed(&person(name), speed), room(1.0)].concat()
}

fn at_speed(pcm: &[f32], speed: f32) -> Vec<f32> {
    let at = |n: usize| {
        let place = n as f32 * speed;
        let (whole, part) = (place as usize, place.fract());
        pcm[whole] * (1.0 - part) + pcm[whole + 1] * part
    };
    (0..((pcm.len() - 1) as f32 / speed) as usize).map(at).collect()
}

/// The model, and how often it was asked.
struct Counted(SpeechEmbedding, Arc<AtomicUsize>);

impl Embedder for Counted {
    fn embed(&mut self, pcm: &[f32]) -> Result<Vec<Embedding>, String> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.embed(pcm).map_err(|error| error.to_string())
    }
}

fn embedder() -> (SharedEmbedder, Arc<AtomicUsize>) {
    let model = SpeechEmbedding::open(
        &models().join("onnxruntime/libonnxruntime.so.1.31.1"),
        &models().join("speech-embedding/speech-embedding.onnx"),
    );
    let asked = Arc::default();
    (Arc::new(Mutex::new(Counted(model.unwrap(), Arc::clone(&asked)))), asked)
}

fn own(name: &str, by: &SharedEmbedder) -> Word {
    let sample = |speed: f32| Sample::of(&take(name, speed), &mut Silero::new()).unwrap();
    let template = Template::new(&RECORDED.map(sample), &mut *lock(by)).unwrap();
    Word::own(name, template, &[], cutoff(AT_HALF, 0.5), Arc::clone(by))
}

/// A closed ear that listens for `words`.
fn spotting(words: Vec<Result<Word, String>>) -> Listener {
    let mut words = Some(words);
    let factory: WakeFactory = Box::new(move || words.take().unwrap_or_default());
    let mut ear = Listener::new(Settings::default(), silero()).with_words(factory);
    ear.order(Order::Spot(true), &mut Vec::new());
    ear
}

#[test]
fn a_word_of_ones_own_wakes_beside_a_built_in_one_and_others_do_not() {
    let (by, _) = embedder();
    let mut ear = spotting(vec![Ok(own("computer", &by)), word("alexa")]);
    for speed in SAID {
        assert_eq!(called(&hear(&mut ear, &take("computer", speed))), ["computer"], "{speed}");
    }
    let pcm = [take("alexa", 1.0), take("computer", 1.0)].concat();
    assert_eq!(called(&hear(&mut ear, &pcm)), ["alexa", "computer"]);
    for other in ["hey_jarvis", "hey_mycroft", "okay_nabu"] {
        assert_eq!(called(&hear(&mut ear, &take(other, 1.0))), [""; 0], "{other}");
    }
}

#[test]
fn what_follows_a_word_of_ones_own_in_the_same_breath_is_whole() {
    let (by, _) = embedder();
    let loud = |pcm: &[f32]| {
        let first = pcm.iter().position(|s| s.abs() > 0.016).unwrap();
        (first, pcm.iter().rposition(|s| s.abs() > 0.016).unwrap() + 1)
    };
    let (word, command) = (take("computer", 1.0), person("hey_jarvis"));
    let ((start, word_end), (from, to)) = (loud(&word), loud(&command));
    let pcm = [&word[..word_end + 800], &command[from..to], &room(2.0)].concat();
    let events = hear(&mut spotting(vec![Ok(own("computer", &by))]), &pcm);
    assert_eq!(called(&events), ["computer"]);
    let said = said(&events);
    let [utterance] = said.as_slice() else { panic!("{} utterances", said.len()) };
    let span = utterance.span.start as usize..utterance.span.end as usize;
    assert!(span.start <= start && pcm.len() - 32_000 <= span.end, "{span:?}");
}

#[test]
fn in_a_quiet_room_the_model_is_never_asked() {
    let (by, asked) = embedder();
    let mut ear = spotting(vec![Ok(own("computer", &by))]);
    let made = asked.load(Ordering::Relaxed);
    hear(&mut ear, &room(20.0));
    assert_eq!(asked.load(Ordering::Relaxed), made);
    hear(&mut ear, &take("computer", 1.0));
    assert!(asked.load(Ordering::Relaxed) > made);
}

#[test]
fn a_recording_that_is_no_word_says_why() {
    let of = |pcm: &[f32]| Sample::of(pcm, &mut Silero::new()).map(|sample| sample.seconds());
    assert_eq!(of(&room(2.0)), Err(Unfit::Silent));
    assert_eq!(of(&[]), Err(Unfit::Silent));
    let word = take("computer", 1.0);
    let far: Vec<f32> = word.iter().map(|sample| sample * 0.004).collect();
    assert!(matches!(of(&far), Err(Unfit::Quiet | Unfit::Silent)));
    let four = [person("alexa"), person("computer")].concat().repeat(2);
    let voice: Vec<f32> = four.into_iter().filter(|sample| sample.abs() > 0.002).collect();
    assert_eq!(of(&voice), Err(Unfit::Long));
    assert!(of(&word).is_ok_and(|seconds| (0.3..1.2).contains(&seconds)));
}

/// An empty home without a sound server.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes what a person says, and returns the file's name.
    fn take(&self, name: &str, speed: f32) -> String {
        let path = self.path(&format!("{name}-{speed}.wav"));
        self.write(&path, &take(name, speed))
    }

    fn write(&self, path: &Path, pcm: &[f32]) -> String {
        let mut file = WavFile::create(path, LISTEN_RATE).unwrap();
        file.write(pcm).unwrap();
        file.finish().unwrap();
        path.to_str().unwrap().to_owned()
    }

    #[allow(clippy::disallowed_methods, reason = "the environment of the test is handed on")]
    fn command(&self, models: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aloud"));
        let home = self.0.path();
        command
            .args(args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home)
            .env("XDG_RUNTIME_DIR", home)
            .env("PULSE_SERVER", format!("unix:{}/none", home.display()))
            .env("ALOUD_MODELS__DIR", models)
            .stdin(Stdio::null());
        command
    }

    fn wake(&self, args: &[&str]) -> Output {
        let args: Vec<&str> = ["wake"].iter().chain(args).copied().collect();
        self.command(&models(), &args).output().unwrap()
    }

    /// Makes the word of the person's recording.
    fn record(&self, name: &str) -> Output {
        let files = RECORDED.map(|speed| self.take(name, speed));
        let args = ["record", name, "--from", &files[0], &files[1], &files[2], &files[3]];
        self.wake(&args)
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn done(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// The command fails with `code`, prints nothing, and says all of `words` on stderr.
fn fails(output: &Output, code: i32, words: &[&str]) {
    let said = text(&output.stderr);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(code), String::new()), "{said}");
    for word in words {
        assert!(said.contains(word), "no {word:?} in {said:?}");
    }
}

fn objects(output: &Output) -> Vec<Value> {
    done(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_word_is_recorded_listed_tried_and_removed() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    let recorded = home.record("computer");
    assert!(done(&recorded).starts_with("computer: 4 recordings in "));
    assert!(text(&recorded.stderr).contains("[wake] words = [\"computer\"]"));
    let folder = home.path(".local/share/aloud/wake/computer");
    assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);

    let listed = done(&home.wake(&["list"]));
    assert!(listed.contains("computer     your own, 4 recordings"), "{listed}");
    let listed = objects(&home.wake(&["list", "--json"]));
    let kinds: Vec<(&str, &str, bool)> = listed
        .iter()
        .map(|word| {
            let text = |key: &str| word[key].as_str().unwrap();
            (text("name"), text("kind"), word["used"].as_bool().unwrap())
        })
        .collect();
    assert!(kinds.contains(&("computer", "own", false)), "{kinds:?}");
    assert!(kinds.contains(&("hey_jarvis", "builtin", true)), "{kinds:?}");

    let (same, other) = (home.take("computer", 1.0), home.take("alexa", 1.0));
    let tried = objects(&home.wake(&["test", "--json", "--word", "computer", &same, &other]));
    let verdicts: Vec<(&str, bool)> = tried
        .iter()
        .filter_map(|line| Some((line["file"].as_str()?, line["wakes"].as_bool()?)))
        .filter(|(file, _)| {
            tried.iter().any(|line| line["file"] == *file && !line["best"].is_null())
        })
        .collect();
    assert!(verdicts.iter().any(|(file, wakes)| *file == same && *wakes), "{tried:?}");
    assert!(verdicts.iter().all(|(file, wakes)| *file == same || !wakes), "{tried:?}");
    let tried = done(&home.wake(&["test", &same]));
    assert!(tried.contains("s  computer  score ") && tried.contains("wakes: yes"), "{tried}");
    assert!(tried.contains("computer wakes (best score "), "{tried}");

    fails(&home.record("computer"), 64, &["already", "aloud wake remove computer"]);
    assert_eq!(done(&home.wake(&["remove", "computer"])), "computer: removed\n");
    assert!(!folder.exists());
    fails(&home.wake(&["remove", "computer"]), 66, &["computer", "aloud wake list"]);
}

#[test]
fn what_cannot_be_a_word_is_told_with_the_next_step() {
    let home = Home::new();
    let files = RECORDED.map(|speed| home.take("computer", speed));
    let [one, two, three, _] = files.each_ref().map(String::as_str);
    for name in ["../computer", "a/b", "", "Computer", "."] {
        let refused = home.wake(&["record", name, "--from", one, two, three]);
        fails(&refused, 64, &["small letters"]);
    }
    fails(&home.wake(&["record", "alexa", "--from", one, two, three]), 64, &["built in"]);
    fails(&home.wake(&["record", "computer", "--from", one, two]), 64, &["3 to 10"]);
    let quiet = home.write(&home.path("quiet.wav"), &room(2.0));
    let silent = home.wake(&["record", "computer", "--from", one, &quiet, three]);
    fails(&silent, 65, &["quiet.wav has no voice in it"]);
    let other = home.take("okay_nabu", 1.0);
    let differs = home.wake(&["record", "computer", "--from", one, two, &other]);
    fails(&differs, 65, &["okay_nabu-1.wav is too different"]);
    fails(&home.wake(&["record", "computer", "--from", one, two, "none.wav"]), 66, &["none.wav"]);
    fails(&home.wake(&["record", "computer"]), 69, &["sound"]);
    fails(&home.wake(&["test"]), 69, &["sound"]);
    fails(&home.wake(&["test", "--word", "sesame", one]), 66, &["sesame", "aloud wake list"]);
    fails(&home.wake(&["remove", "sesame"]), 66, &["sesame"]);
    fails(&home.wake(&["remove", "alexa"]), 64, &["built in"]);
    // Nothing is left of what was refused.
    assert!(!home.path(".local/share/aloud/wake").exists());
}

#[test]
fn without_its_model_a_word_of_ones_own_is_told_and_the_others_are_there() {
    let home = Home::new();
    done(&home.record("computer"));
    let (one, none) = (home.take("computer", 1.0), home.path("none"));
    let refused = home.command(&none, &["wake", "test", "--word", "computer", &one]).output();
    fails(&refused.unwrap(), 69, &["aloud models fetch"]);
    // A file that is something else.
    let broken = home.path("broken");
    std::fs::create_dir_all(broken.join("speech-embedding")).unwrap();
    std::os::unix::fs::symlink(models().join("onnxruntime"), broken.join("onnxruntime")).unwrap();
    let refused = home.command(&broken, &["wake", "test", "--word", "computer", &one]).output();
    fails(&refused.unwrap(), 69, &["speech-embedding", "aloud models fetch"]);
    std::fs::write(broken.join("speech-embedding/speech-embedding.onnx"), [7; 5_000]).unwrap();
    let mut doctor = home.command(&broken, &["doctor"]);
    let said = doctor.env("ALOUD_WAKE__WORDS", "[\"computer\", \"alexa\"]").output().unwrap();
    let said = text(&said.stdout);
    let line = |word: &str| said.lines().find(|line| line.contains(word)).unwrap_or(&said);
    assert!(line("\"computer\"").starts_with("BAD wake word"), "{said}");
    assert!(line("\"computer\"").contains("aloud models fetch"), "{said}");
    assert!(line("alexa is there").starts_with("--"), "{said}");
}

#[test]
fn four_words_at_the_microphone_make_a_wake_word() {
    let home = Home::new();
    let quiet = room(1.0);
    let speeds = RECORDED.map(|speed| take("computer", speed));
    // A cough of a word, a different one and the right ones.
    let wrong = take("okay_nabu", 1.0);
    let pcm = [&quiet, &speeds[0], &speeds[1], &wrong, &speeds[2], &speeds[3], &quiet];
    let heard = home.write(&home.path("heard.wav"), &pcm.map(Vec::as_slice).concat());
    let mut command = home.command(&models(), &["wake", "record", "computer"]);
    let made = command.env("ALOUD_AUDIO__INPUT", format!("wav:{heard}")).output().unwrap();
    assert!(done(&made).starts_with("computer: 4 recordings"));
    let told = text(&made.stderr);
    assert!(told.contains("Say \"computer\" (1 of 4)") && told.contains("(4 of 4)"), "{told}");
    assert_eq!(told.matches("Too different from the others").count(), 1, "{told}");
    assert_eq!(told.matches("Heard, ").count(), 4, "{told}");
}

#[test]
fn how_it_is_written_is_not_asked_of_a_word_that_nobody_can_write() {
    let (by, _) = embedder();
    let mut ear = spotting(vec![Err("no wake word \"sesame\"".into()), Ok(own("computer", &by))]);
    let events = hear(&mut ear, &[take("computer", 1.0), room(8.0)].concat());
    let call = events.iter().find_map(|event| {
        let Event::Called(call) = event else { return None };
        Some(call)
    });
    assert_eq!(call.unwrap().spellings.as_deref(), Some(&[][..]));
    assert!(call.unwrap().score > 0.5);
    assert_eq!(said(&events).len(), 1);
}

/// Ends the service with the test.
struct Service(std::process::Child);

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_conversation_is_opened_by_a_word_of_ones_own() {
    let home = Home::new();
    let speak = |text: &str, name: &str| {
        let file = home.path(name);
        let args = ["say", text, "--out", file.to_str().unwrap()];
        done(&home.command(&models(), &args).output().unwrap());
        aloud::pcm::read_file(&file).unwrap().pcm
    };
    let (name, question) =
        (speak("Computer.", "name.wav"), speak("Computer, what time is it?", "ask.wav"));
    let files = RECORDED.map(|speed| {
        let pcm = [room(1.0), at_speed(&name, speed), room(1.0)].concat();
        home.write(&home.path(&format!("{speed}.wav")), &pcm)
    });
    done(&home.wake(&["record", "computer", "--from", &files[0], &files[1], &files[2], &files[3]]));
    let heard = home.write(&home.path("heard.wav"), &[room(2.0), question, room(2.0)].concat());
    let mut command = home.command(&models(), &["daemon", "--mode", "wake"]);
    command
        .env("ALOUD_WAKE__WORDS", "[\"computer\"]")
        .env("ALOUD_AUDIO__INPUT", format!("wav:{heard}"))
        .env("ALOUD_AUDIO__OUTPUT", format!("wav:{}", home.path("spoken.wav").display()))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let service = Service(command.spawn().unwrap());
    let answered = (0..400).find_map(|_| {
        // Refused until the service is up.
        let mut events = home.command(&models(), &["events"]);
        let mut events =
            Service(events.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
        let lines = BufReader::new(events.0.stdout.take().unwrap()).lines();
        let states = lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
        states.into_iter().find(|state| state["turns"].as_u64().is_some_and(|turns| turns > 0))
    });
    let state = answered.unwrap();
    assert_eq!(state["wake_words"], serde_json::json!(["computer"]), "{state}");
    assert!(
        state["why"]["woke"]["why"].as_str().unwrap_or_default().contains("computer"),
        "{state}"
    );
    drop(service);
}
