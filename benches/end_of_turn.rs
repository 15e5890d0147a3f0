//! How long a turn waits after complete and after cut sentences.
//!
//! ```text
//! cargo bench --bench end_of_turn -- --wav FOLDER --runtime LIBRARY --models FOLDER [--verbose]
//! ```
//!
//! `FOLDER` has, for the sentence in line N of `benches/end_of_turn.txt` and each voice V,
//! `N.whole.V.wav` and `N.half.V.wav`, 16 kHz mono; `scripts/end-of-turn` makes them.

#![expect(clippy::print_stdout, reason = "a bench speaks to its reader")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use aloud::base::{Utterance, UtteranceId};
use aloud::engine::Transcriber;
use aloud::engine::ending::{EndOfTurn, Evidence};
use aloud::engine::local::moonshine::{Moonshine, MoonshineFiles};
use aloud::engine::local::{SmartTurn, Templates};
use aloud::pcm::read_file;
use anyhow::Context;
use futures::StreamExt;

const SENTENCES: &str = include_str!("end_of_turn.txt");

/// The silence after which a turn may end, in samples at 16 kHz: that of `Speech::Paused`.
const SILENCE: usize = 3_200;

/// The pauses within a sentence, in milliseconds, that must not end it.
const INNER: [u32; 3] = [600, 800, 1_000];

/// One recording and how it was judged.
struct Row {
    part: String,
    whole: bool,
    said: String,
    heard: String,
    evidence: Evidence,
    pause_ms: u32,
    /// What recognizing the words and judging the sound took.
    took: [Duration; 2],
}

fn main() -> anyhow::Result<()> {
    let Some(arguments) = Arguments::read()? else {
        println!("end_of_turn: no recordings given; run scripts/end-of-turn");
        return Ok(());
    };
    let rows = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(judge(&arguments))?;
    if arguments.verbose {
        for row in &rows {
            println!(
                "{} {:5} {:4} ms  {:<10} {:.2}  {:<48} {}",
                &row.part[..3],
                if row.whole { "whole" } else { "half" },
                row.pause_ms,
                row.evidence.words.map_or_else(String::new, |words| format!("{words:?}")),
                row.evidence.sound.unwrap_or(f32::NAN),
                row.said,
                row.heard
            );
        }
    }
    for (which, what) in ["words recognized", "sound judged"].iter().enumerate() {
        let mut took: Vec<u128> = rows.iter().map(|row| row.took[which].as_millis()).collect();
        took.sort_unstable();
        let at = |part: usize| took.get(took.len() * part / 100).copied().unwrap_or_default();
        println!("{what:16} in {} ms at the median, {} ms at p95", at(50), at(95));
    }
    for part in ["commands", "speech"] {
        let of =
            |whole: bool| rows.iter().filter(move |row| row.part == part && row.whole == whole);
        let waits: Vec<u32> = of(true).map(|row| row.pause_ms).collect();
        let mean = waits.iter().sum::<u32>() as f64 / waits.len().max(1) as f64;
        println!("{part:9} complete: mean wait {mean:.0} ms over {}", waits.len());
        let halves = of(false).count();
        for inner in INNER {
            let early = of(false).filter(|row| row.pause_ms <= inner).count();
            println!(
                "{part:9} cut, pause of {inner:4} ms: {early} of {halves} answered early ({:.1} %)",
                100.0 * early as f64 / halves.max(1) as f64
            );
        }
    }
    Ok(())
}

async fn judge(arguments: &Arguments) -> anyhow::Result<Vec<Row>> {
    let moonshine = arguments.models.join("moonshine-tiny-en");
    let files = MoonshineFiles::in_folder(arguments.runtime.clone(), &moonshine);
    let ear = Moonshine::open(files, None)?;
    let model = arguments.models.join("smart-turn/smart-turn-v3.2-cpu.onnx");
    let sound = SmartTurn::open(arguments.runtime.clone(), model, None)?;
    let ending = EndOfTurn::new(Arc::new(Templates::default()), Some(Arc::new(sound)));
    let mut rows = Vec::new();
    let mut part = String::new();
    for (number, line) in SENTENCES.lines().enumerate() {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            name.clone_into(&mut part);
            continue;
        }
        let Some((half, _)) = line.split_once('|').filter(|_| !line.starts_with('#')) else {
            continue;
        };
        for (kind, said) in [("whole", line.replace("| ", "")), ("half", half.trim().to_owned())] {
            let start = format!("{}.{kind}.", number + 1);
            for file in recordings(&arguments.wav, &start)? {
                let mut pcm = sound_of(&file)?;
                let loud = pcm.iter().rposition(|sample| sample.abs() > 0.01).unwrap_or(0);
                pcm.truncate(loud + 1);
                pcm.resize(pcm.len() + SILENCE, 0.0);
                let span = 0..pcm.len() as u64;
                let utterance = Utterance { id: UtteranceId(1), span, pcm: pcm.into() };
                let start = now();
                let heard = words(&ear, utterance.clone()).await?;
                let read = now();
                let sound = match ending.sound(&utterance) {
                    Some(job) => Some(job.await?),
                    None => None,
                };
                let took = [read - start, read.elapsed()];
                let words = Some(ending.words(&heard));
                let evidence = Evidence { words, sound, usual_ms: None };
                let (pause_ms, _) = evidence.pause_ms(500);
                let (part, whole, said) = (part.clone(), kind == "whole", said.clone());
                rows.push(Row { part, whole, said, heard, evidence, pause_ms, took });
            }
        }
    }
    Ok(rows)
}

#[expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
fn now() -> Instant {
    Instant::now()
}

async fn words(ear: &Moonshine, utterance: Utterance) -> anyhow::Result<String> {
    let mut flow = ear.transcribe(utterance);
    let mut text = String::new();
    while let Some(transcript) = flow.next().await {
        text = transcript?.text;
    }
    Ok(text)
}

fn recordings(folder: &Path, start: &str) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with(start) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn sound_of(file: &Path) -> anyhow::Result<Vec<f32>> {
    Ok(read_file(file)?.pcm)
}

struct Arguments {
    wav: PathBuf,
    runtime: PathBuf,
    models: PathBuf,
    verbose: bool,
}

impl Arguments {
    /// `None` without a folder of recordings.
    fn read() -> anyhow::Result<Option<Self>> {
        let (mut wav, mut runtime, mut models, mut verbose) = (None, None, None, false);
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("{word} wants a value"));
            match word.as_str() {
                "--wav" => wav = Some(PathBuf::from(value()?)),
                "--runtime" => runtime = Some(PathBuf::from(value()?)),
                "--models" => models = Some(PathBuf::from(value()?)),
                "--verbose" => verbose = true,
                _ => {}
            }
        }
        let Some(wav) = wav else { return Ok(None) };
        let runtime = runtime.context("--runtime LIBRARY is missing")?;
        let models = models.context("--models FOLDER is missing")?;
        Ok(Some(Self { wav, runtime, models, verbose }))
    }
}
