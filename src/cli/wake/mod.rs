//! `aloud wake`: lists wake words, makes new ones of a few recordings, and tries them.

mod trial;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Subcommand;
use futures::StreamExt;
use serde_json::json;

use self::trial::{Trials, Verdict};
use super::exit::{Code, Failure};
use super::microphone::{Microphone, open_ear};
use super::{Outcome, print};
use crate::app::{self, App, OwnWords};
use crate::base::{Utterance, UtteranceId};
use crate::config::{Environment, Mode};
use crate::engine::Transcriber;
use crate::engine::local::Silero;
use crate::listen::wake::own::{ALIKE, Sample, SharedEmbedder, Template, Unfit, lock};
use crate::listen::wake::{BUILTIN, Builtin};
use crate::pcm;

/// Wake words.
#[derive(Debug, Subcommand)]
pub(crate) enum Wake {
    /// List the wake words, built in and your own, and which are in use.
    List {
        /// Print one JSON object per word.
        #[arg(long)]
        json: bool,
    },
    /// Make a wake word of your own: say it four times.
    Record {
        /// Its name: the word as it is said, in small letters with _ between the words.
        name: String,
        /// Take the recordings from sound files, three at least, instead of the microphone.
        #[arg(long, value_name = "FILE", num_args = 1..)]
        from: Vec<PathBuf>,
    },
    /// Print how much sound is like the wake words: from the microphone until Ctrl-C, or from files.
    Test {
        /// Sound files: WAV, MP3, FLAC, Ogg, Opus, M4A, AAC, WebM, AIFF or CAF; "-" is standard
        /// input.
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Only this word. Can be repeated. [default: those in use and your own]
        #[arg(long, value_name = "NAME")]
        word: Vec<String>,
        /// Print JSON objects.
        #[arg(long)]
        json: bool,
    },
    /// Delete a wake word of your own.
    Remove {
        /// Its name.
        name: String,
    },
}

/// Recordings that are asked for, and the fewest and most that a word is made of.
const ASKED: usize = 4;
const FEWEST: usize = 3;
const MOST: usize = 10;

/// How long to wait for the word at the microphone.
const PATIENCE: Duration = Duration::from_secs(10);
/// Times that a recording is asked for again before giving up.
const TRIES: usize = 8;

/// Lists, makes, tries or deletes wake words.
pub(super) async fn run(file: Option<&Path>, env: &Environment, args: Wake) -> Outcome {
    let app = App::open(file, env)?;
    match args {
        Wake::List { json } => list(&app, json),
        Wake::Record { name, from } => record(&app, &name, &from).await,
        Wake::Test { files, word, json } => test(&app, &files, word, json).await,
        Wake::Remove { name } => remove(&app, &name),
    }
}

fn list(app: &App, as_json: bool) -> Outcome {
    let own = OwnWords::of(app);
    let settings = &app.config.settings;
    let mut words: Vec<(String, String)> = BUILTIN
        .iter()
        .map(|builtin| (builtin.name.to_owned(), "built in".to_owned()))
        .chain(own.names().into_iter().map(|name| {
            let count = own.files(&name).len();
            (name, format!("your own, {count} recordings"))
        }))
        .collect();
    for name in &settings.wake.words {
        if !words.iter().any(|(known, _)| known == name) {
            let there = own.network(name).is_file();
            let what = if there { "your own model" } else { "not found" };
            words.push((name.clone(), what.to_owned()));
        }
    }
    let used = |name: &String| settings.wake.words.contains(name);
    let waking = settings.listen.mode == Mode::Wake;
    if as_json {
        return words.iter().try_for_each(|(name, what)| {
            let kind = match what.as_str() {
                "built in" => "builtin",
                "your own model" => "model",
                "not found" => "missing",
                _ => "own",
            };
            print::json(&json!({
                "name": name, "kind": kind, "recordings": own.files(name).len(),
                "used": used(name), "sensitivity": settings.wake.sensitivity_of(name),
            }))
        });
    }
    let mut rows = vec![["WORD", "KIND", ""].map(String::from).to_vec()];
    for (name, what) in &words {
        let note = match (used(name), waking) {
            (true, true) => "in use",
            (true, false) => "in use with [listen] mode = \"wake\"",
            (false, _) => "",
        };
        rows.push(vec![name.clone(), what.clone(), note.to_owned()]);
    }
    print::table(&rows)
}

fn remove(app: &App, name: &str) -> Outcome {
    let own = OwnWords::of(app);
    if Builtin::named(name).is_some() {
        let why = format!("\"{name}\" is built in; leave it out of [wake] words instead");
        return Err(Failure::new(Code::Usage, why));
    }
    plain(name)?;
    if !own.has(name) {
        return Err(unknown(name));
    }
    own.remove(name).map_err(|why| {
        let place = own.place(name);
        let why = format!("cannot delete {}: {why}; check its permissions", place.display());
        Failure::new(Code::CannotCreate, why)
    })?;
    print::line(format!("{name}: removed"))?;
    if app.config.settings.wake.words.iter().any(|word| word == name) {
        print::aside(format!(
            "It is still in [wake] words; take \"{name}\" out of the configuration."
        ));
    }
    Ok(())
}

/// There is no word `name`.
fn unknown(name: &str) -> Failure {
    let why = format!("there is no wake word \"{name}\"; run \"aloud wake list\"");
    Failure::new(Code::NoInput, why)
}

/// Refuses a name that the configuration could not use.
fn plain(name: &str) -> Outcome {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.chars().any(|c| c.is_ascii_alphanumeric())
        && name.chars().all(plain)
        && name.len() <= 64
    {
        return Ok(());
    }
    let why = format!(
        "\"{name}\" cannot be the name of a wake word; write it in small letters with _ between the words"
    );
    Err(Failure::new(Code::Usage, why))
}

async fn record(app: &App, name: &str, from: &[PathBuf]) -> Outcome {
    plain(name)?;
    let own = OwnWords::of(app);
    if Builtin::named(name).is_some() {
        let why = format!("\"{name}\" is built in; choose another name, or use it as it is");
        return Err(Failure::new(Code::Usage, why));
    }
    if own.has(name) || own.network(name).exists() {
        let why = format!(
            "there is a wake word \"{name}\" already; run \"aloud wake remove {name}\" first, or choose another name"
        );
        return Err(Failure::new(Code::Usage, why));
    }
    let embedder = app::embedder(app)()?;
    let samples =
        if from.is_empty() { spoken(app, name, &embedder).await? } else { read(from, &embedder)? };
    let spellings = spellings(app, name, &samples).await;
    own.keep(name, &samples, &spellings)?;
    print::line(format!("{name}: {} recordings in {}", samples.len(), own.place(name).display()))?;
    if !spellings.is_empty() {
        print::aside(format!("It is written as: {}", spellings.join(" / ")));
    }
    print::aside(format!(
        "Try it with \"aloud wake test\". To use it: [listen] mode = \"wake\" and [wake] words = [\"{name}\"] \
         in the configuration."
    ));
    Ok(())
}

/// The recordings in files.
fn read(files: &[PathBuf], embedder: &SharedEmbedder) -> Result<Vec<Sample>, Failure> {
    if !(FEWEST..=MOST).contains(&files.len()) {
        let why =
            format!("a wake word is made of {FEWEST} to {MOST} recordings; give as many files");
        return Err(Failure::new(Code::Usage, why));
    }
    let mut samples = Vec::new();
    for file in files {
        let clip = pcm::read_file(file)?;
        let sample = Sample::of(&clip.pcm, &mut Silero::new()).map_err(|why| {
            let file = file.display();
            Failure::new(Code::Data, format!("{file} {why}; record the word again"))
        })?;
        samples.push(sample);
    }
    for (at, file) in files.iter().enumerate() {
        let mut others = samples.clone();
        let sample = others.remove(at);
        let distance = distance(&others, &sample, embedder)?;
        if distance > ALIKE {
            let file = file.display();
            let why = format!(
                "{file} is too different from the others ({distance:.2}, at most {ALIKE}); record the same word again"
            );
            return Err(Failure::new(Code::Data, why));
        }
    }
    Ok(samples)
}

/// How far `sample` is from the nearest of `others`.
fn distance(others: &[Sample], sample: &Sample, embedder: &SharedEmbedder) -> Result<f32, Failure> {
    let broken = |why| Failure::new(Code::Io, why);
    let by = &mut *lock(embedder);
    let mut template = Template::new(others, by).map_err(broken)?;
    template.distance(sample, by).map_err(broken)
}

/// The recordings at the microphone.
async fn spoken(app: &App, name: &str, embedder: &SharedEmbedder) -> Result<Vec<Sample>, Failure> {
    let mut microphone = Microphone::open(app).await?;
    let mut ear = open_ear(app);
    let mut samples: Vec<Sample> = Vec::new();
    let word = name.replace('_', " ");
    for _ in 0..ASKED + TRIES {
        print::aside(format!("Say \"{word}\" ({} of {ASKED})", samples.len() + 1));
        let Some(utterance) = microphone.utterance(&mut ear, PATIENCE).await? else {
            print::aside("  Nothing was heard; come closer, or check the microphone.");
            continue;
        };
        let sample = match Sample::of(&utterance.pcm, &mut Silero::new()) {
            Ok(sample) => sample,
            Err(why) => {
                let what = match why {
                    Unfit::Silent => "No voice was heard",
                    Unfit::Quiet => "Too quiet",
                    Unfit::Short => "Too short",
                    Unfit::Long => "Too long: say the word and nothing else",
                };
                print::aside(format!("  {what}; once more."));
                continue;
            }
        };
        if !samples.is_empty() && distance(&samples, &sample, embedder)? > ALIKE {
            if samples.len() == 1 {
                // Either of the two may be the mistake.
                samples.clear();
                print::aside("  Too different from the first; once more from the start.");
            } else {
                print::aside("  Too different from the others; once more.");
            }
            continue;
        }
        print::aside(format!("  Heard, {:.1} s.", sample.seconds()));
        samples.push(sample);
        if samples.len() == ASKED {
            return Ok(samples);
        }
    }
    let why = "the recordings do not fit together; choose a longer word, or a quieter room, and try again";
    Err(Failure::new(Code::Data, why))
}

/// How the local recognizer writes the recordings, each once. Nothing without it, or if it writes
/// them too differently to know them again.
async fn spellings(app: &App, name: &str, samples: &[Sample]) -> Vec<String> {
    let Some(ear) = app.ear_inside() else { return Vec::new() };
    let mut all: Vec<String> = Vec::new();
    for sample in samples {
        let pcm: Arc<[f32]> = sample.pcm().into();
        let span = 0..pcm.len() as u64;
        let mut words = ear.transcribe(Utterance { id: UtteranceId(1), span, pcm });
        let mut text = String::new();
        while let Some(Ok(transcript)) = words.next().await {
            text = transcript.text.trim().to_owned();
        }
        all.push(text);
    }
    if !agree(name, &all) {
        return Vec::new();
    }
    all.sort();
    all.dedup();
    all
}

/// Whether each of `texts` is much like the name or another one.
fn agree(name: &str, texts: &[String]) -> bool {
    const LIKE: f64 = 0.6;
    let letters = |text: &str| {
        text.chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect::<String>()
    };
    let all: Vec<String> = texts.iter().map(|text| letters(text)).collect();
    let name = letters(name);
    all.iter().enumerate().all(|(at, text)| {
        let others = all.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, text)| text);
        let mut known = others.chain([&name]);
        let like = |other| strsim::normalized_damerau_levenshtein(text, other) >= LIKE;
        !text.is_empty() && known.any(|other| like(other))
    })
}

async fn test(app: &App, files: &[PathBuf], words: Vec<String>, as_json: bool) -> Outcome {
    let own = OwnWords::of(app);
    let names = if words.is_empty() {
        let mut names = app.config.settings.wake.words.clone();
        names.extend(own.names());
        names.sort();
        names.dedup();
        names
    } else {
        words
    };
    for name in &names {
        plain(name)?;
        if Builtin::named(name).is_none() && !own.has(name) && !own.network(name).is_file() {
            return Err(unknown(name));
        }
    }
    if files.is_empty() {
        let mut trials = Trials::new(app, &names, as_json)?;
        let mut microphone = Microphone::open(app).await?;
        print::aside(format!("Say {}; Ctrl-C ends.", said(&names)));
        while let Some(pcm) = microphone.next().await? {
            trials.hear(&pcm)?;
        }
        return Ok(());
    }
    let mut verdicts: Vec<Verdict> = Vec::new();
    for file in files {
        verdicts.extend(Trials::new(app, &names, as_json)?.file(file)?);
    }
    if files.len() == 1 || as_json {
        return Ok(());
    }
    for name in &names {
        let needed = verdicts.iter().filter(|verdict| verdict.word == *name);
        let all: Option<Vec<f64>> = needed.map(|verdict| verdict.needed).collect();
        let fits = match all {
            Some(all) => {
                let least = all.into_iter().fold(0.0, f64::max);
                format!("a sensitivity of {least:.2} or more wakes in every file")
            }
            None => "no sensitivity wakes in every file".to_owned(),
        };
        print::line(format!("{name}: {fits}"))?;
    }
    Ok(())
}

/// Words as they are said.
fn said(names: &[String]) -> String {
    let said: Vec<String> = names.iter().map(|n| format!("\"{}\"", n.replace('_', " "))).collect();
    said.join(" or ")
}
