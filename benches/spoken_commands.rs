//! How many spoken commands come out right: tool and arguments, by voice.
//!
//! ```text
//! cargo bench --bench spoken_commands -- --rows FILE --names FILE --wav FOLDER --voices A,B
//!     --runtime LIBRARY --models FOLDER [--verbose]
//! ```
//!
//! `FOLDER` has, for the row whose name is in the same line of the file of names, and for each voice
//! V, `NAME.V.wav`, 16 kHz mono; `scripts/spoken-commands` makes them. The recognizer and the
//! templates are those of a service without a chat model.

#![expect(clippy::print_stdout, reason = "a bench speaks to its reader")]

#[expect(dead_code, reason = "the distance of words is for other benches")]
mod score;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aloud::base::{CallId, LocalZone, Moment, Utterance, UtteranceId, Volume, WallClock};
use aloud::dialog::{Call, Effect, Item, Prompt, ToolSpec};
use aloud::engine::local::Templates;
use aloud::engine::local::moonshine::{Moonshine, MoonshineFiles};
use aloud::engine::{Delta, Responder, Transcriber};
use aloud::pcm;
use aloud::tool::{Book, Pad, Registry, Ringer, Settings, ToolCx, builtin};
use anyhow::Context;
use futures::StreamExt;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

/// Tools that need a network or a player, which are not run here.
const OTHER_TOOLS: [&str; 4] = ["get_weather", "convert_currency", "media_control", "set_home"];

/// Arguments in the speaker's own words.
const WORDS: [&str; 5] = ["label", "text", "item", "list", "location"];

/// What came of a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Came {
    Right,
    /// The right tool, times and numbers, but a name or free text was misheard.
    Misheard,
    /// Nothing was done, and something should have been.
    Refused,
    /// Something was asked back.
    Asked,
    /// Something else was done.
    Wrong,
}

#[derive(Default)]
struct Counts {
    right: usize,
    misheard: usize,
    refused: usize,
    asked: usize,
    wrong: usize,
    /// Sentences that ask for nothing and were left alone.
    left: usize,
    seconds: f32,
    cpu: Duration,
}

impl Counts {
    fn all(&self) -> usize {
        self.right + self.misheard + self.refused + self.asked + self.wrong + self.left
    }

    fn add(&mut self, other: &Self) {
        self.right += other.right;
        self.misheard += other.misheard;
        self.refused += other.refused;
        self.asked += other.asked;
        self.wrong += other.wrong;
        self.left += other.left;
        self.seconds += other.seconds;
        self.cpu += other.cpu;
    }

    fn line(&self, name: &str) -> String {
        let commands = self.all() - self.left;
        let percent = |part: usize, of: usize| 100.0 * part as f64 / of.max(1) as f64;
        format!(
            "{name:<32} {:5.1} % right  {:5.1} % misheard  {:5.1} % refused  {:5.1} % asked  {:4.2} % wrong  {:4.0} ms of CPU a second",
            percent(self.right, commands),
            percent(self.misheard, commands),
            percent(self.refused, commands),
            percent(self.asked, commands),
            percent(self.wrong, self.all()),
            1_000.0 * self.cpu.as_secs_f32() / self.seconds.max(0.001),
        )
    }
}

fn main() -> anyhow::Result<()> {
    let Some(arguments) = Arguments::read()? else {
        println!("spoken_commands: no recordings given; run scripts/spoken-commands");
        return Ok(());
    };
    let folder = tempfile::tempdir()?;
    let tools = tools(&folder);
    let moonshine = arguments.models.join("moonshine-tiny-en");
    let files = MoonshineFiles::in_folder(arguments.runtime.clone(), &moonshine);
    let templates = Arc::new(Templates::default());
    let ear = Moonshine::open(files, None)?.expecting(templates.clone());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(ear.warm())?;

    let rows = std::fs::read_to_string(&arguments.rows)?;
    let names = std::fs::read_to_string(&arguments.names)?;
    println!("{}", arguments.rows.display());
    let mut typed = Counts::default();
    for line in rows.lines() {
        let row: Value = serde_json::from_str(line)?;
        let said = row["text"].as_str().unwrap_or_default();
        let (came, _) = runtime.block_on(judged(&templates, &tools, &row, said));
        count(&mut typed, came);
        if arguments.verbose && !matches!(came, None | Some(Came::Right)) {
            println!(
                "  {:<9} {:<24} {said}",
                format!("{:?}", came.unwrap_or(Came::Right)),
                "typed"
            );
        }
    }
    println!("{}", typed.line("typed"));
    let mut all = Counts::default();
    for voice in arguments.voices.split(',') {
        let mut counts = Counts::default();
        for (line, name) in rows.lines().zip(names.lines()) {
            let row: Value = serde_json::from_str(line)?;
            let file = arguments.wav.join(format!("{name}.{voice}.wav"));
            let pcm: Arc<[f32]> =
                pcm::read_file(&file).with_context(|| file.display().to_string())?.pcm.into();
            let start = cpu()?;
            let heard = runtime.block_on(words(&ear, Arc::clone(&pcm)))?;
            counts.cpu += cpu()?.saturating_sub(start);
            counts.seconds += pcm.len() as f32 / 16_000.0;
            let (came, did) = runtime.block_on(judged(&templates, &tools, &row, &heard));
            count(&mut counts, came);
            if arguments.verbose && !matches!(came, None | Some(Came::Right)) {
                let came = format!("{:?}", came.unwrap_or(Came::Right));
                let said = row["text"].as_str().unwrap_or_default();
                println!("  {came:<9} {voice:<24} {said}  =>  {heard}  =>  {did}");
            }
        }
        println!("{}", counts.line(voice));
        all.add(&counts);
    }
    println!("{}", all.line("all voices"));
    Ok(())
}

fn count(counts: &mut Counts, came: Option<Came>) {
    let part = match came {
        None => &mut counts.left,
        Some(Came::Right) => &mut counts.right,
        Some(Came::Misheard) => &mut counts.misheard,
        Some(Came::Refused) => &mut counts.refused,
        Some(Came::Asked) => &mut counts.asked,
        Some(Came::Wrong) => &mut counts.wrong,
    };
    *part += 1;
}

/// What came of `heard` for the sentence of `row`, and what was done; `None` if nothing was asked
/// for and nothing was done.
async fn judged(
    templates: &Templates,
    tools: &Registry,
    row: &Value,
    heard: &str,
) -> (Option<Came>, String) {
    let specs: Vec<ToolSpec> = tools.specs().iter().cloned().chain(OTHER_TOOLS.map(spec)).collect();
    let prompt = Prompt {
        instructions: "".into(),
        items: vec![Item::User { utterance: None, text: heard.to_owned() }],
        tools: specs.into(),
        sounds: Vec::new(),
    };
    let (mut calls, mut said) = (Vec::new(), String::new());
    let mut flow = templates.respond(prompt);
    while let Some(delta) = flow.next().await {
        match delta {
            Ok(Delta::Call(call)) => calls.push(call),
            Ok(Delta::Text(text)) => said.push_str(&text),
            Ok(Delta::Sound(_) | Delta::Source(_)) | Err(_) => {}
        }
    }
    let labels = row["any"].as_array().cloned().unwrap_or_else(|| vec![row.clone()]);
    let none = labels.iter().any(|label| label["tool"] == "none");
    let did = calls.iter().map(|c| format!("{} {}", c.name, c.arguments)).collect::<Vec<_>>();
    let did = if did.is_empty() { said.clone() } else { did.join(", ") };
    let came = match calls.as_slice() {
        [] if none => return (None, did),
        [] if said.ends_with('?') => Came::Asked,
        [] => Came::Refused,
        [call] => {
            let mut best = Came::Wrong;
            for label in &labels {
                match compared(tools, label, call).await {
                    Came::Right => best = Came::Right,
                    Came::Misheard if best == Came::Wrong => best = Came::Misheard,
                    Came::Misheard | Came::Refused | Came::Asked | Came::Wrong => {}
                }
            }
            best
        }
        _ => Came::Wrong,
    };
    (Some(came), did)
}

async fn compared(tools: &Registry, label: &Value, call: &Call) -> Came {
    let got: Value = serde_json::from_str(&call.arguments).unwrap_or_default();
    if label["tool"] != call.name.as_str() {
        return Came::Wrong;
    }
    let wanted = label["arguments"].as_object().cloned().unwrap_or_default();
    if let Some(value) = wanted.get("result").and_then(Value::as_f64) {
        let near = (result(tools, &got["expression"]).await - value).abs() <= 1e-6;
        return if near { Came::Right } else { Came::Wrong };
    }
    let got = got.as_object().cloned().unwrap_or_default();
    let mut came = Came::Right;
    let mut names: Vec<&String> = wanted.keys().chain(got.keys()).collect();
    names.sort();
    names.dedup();
    for name in names {
        let (want, got) = (wanted.get(name), got.get(name));
        let same = match (want.and_then(Value::as_f64), got.and_then(Value::as_f64)) {
            (Some(want), Some(got)) => (want - got).abs() <= 1e-6,
            _ => want == got || plain(want) == plain(got),
        };
        if !same && WORDS.contains(&name.as_str()) {
            came = Came::Misheard;
        } else if !same {
            return Came::Wrong;
        }
    }
    came
}

/// The words of a text argument for comparison: case, punctuation, number words, plurals and
/// compounds do not count.
fn plain(value: Option<&Value>) -> Option<String> {
    let words = score::words(value?.as_str()?);
    Some(words.iter().map(|word| word.strip_suffix('s').unwrap_or(word)).collect())
}

fn spec(name: &str) -> ToolSpec {
    ToolSpec {
        name: name.into(),
        description: String::new(),
        parameters: json!({}),
        effect: Effect::Writes,
    }
}

/// The tools as the program builds them, with a throwaway book.
fn tools(folder: &tempfile::TempDir) -> Registry {
    let zone = LocalZone::fixed(TimeZone::UTC);
    let book = Book::open(&folder.path().join("timers.json"), WallClock::System, zone);
    let pad = Pad::new(folder.path().join("lists"));
    builtin(Settings::new(book, Ringer::Here, Volume::new(50), pad))
}

/// The result of the tool `calculate` for an expression.
async fn result(tools: &Registry, expression: &Value) -> f64 {
    let call = Call {
        id: CallId("sum".into()),
        name: "calculate".into(),
        arguments: json!({ "expression": expression }).to_string(),
    };
    let cx = ToolCx { now: Moment::default(), ..ToolCx::default() };
    let done = tools.call(&call, cx).await;
    let data: Value = serde_json::from_str(&done.outcome.output).unwrap_or_default();
    data["result"].as_f64().unwrap_or(f64::NAN)
}

async fn words(ear: &Moonshine, pcm: Arc<[f32]>) -> anyhow::Result<String> {
    let span = 0..pcm.len() as u64;
    let mut flow = ear.transcribe(Utterance { id: UtteranceId(1), span, pcm });
    let mut text = String::new();
    while let Some(transcript) = flow.next().await {
        text = transcript?.text;
    }
    Ok(text)
}

/// CPU time of all threads of this process, according to the system.
fn cpu() -> anyhow::Result<Duration> {
    let mut nanos = 0;
    for task in std::fs::read_dir("/proc/self/task")? {
        let stat = std::fs::read_to_string(task?.path().join("schedstat"))?;
        nanos += stat.split(' ').next().unwrap_or_default().parse::<u64>()?;
    }
    Ok(Duration::from_nanos(nanos))
}

struct Arguments {
    rows: PathBuf,
    names: PathBuf,
    wav: PathBuf,
    voices: String,
    runtime: PathBuf,
    models: PathBuf,
    verbose: bool,
}

impl Arguments {
    /// `None` without a folder of recordings.
    fn read() -> anyhow::Result<Option<Self>> {
        let mut found = std::collections::BTreeMap::new();
        let mut verbose = false;
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            match word.strip_prefix("--") {
                Some("verbose") => verbose = true,
                Some("bench") | None => {}
                Some(name) => {
                    let value = words.next().with_context(|| format!("{word} wants a value"))?;
                    found.insert(name.to_owned(), value);
                }
            }
        }
        if !found.contains_key("wav") {
            return Ok(None);
        }
        let mut take =
            |name: &str| found.remove(name).with_context(|| format!("--{name} is missing"));
        Ok(Some(Self {
            rows: Path::new(&take("rows")?).to_owned(),
            names: Path::new(&take("names")?).to_owned(),
            wav: Path::new(&take("wav")?).to_owned(),
            voices: take("voices")?,
            runtime: Path::new(&take("runtime")?).to_owned(),
            models: Path::new(&take("models")?).to_owned(),
            verbose,
        }))
    }
}
