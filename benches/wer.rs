//! Word error rate and cost of local speech to text on recorded people.
//!
//! ```text
//! cargo bench --bench wer -- PROMPTS.json --wav FOLDER --runtime LIBRARY --models FOLDER   transcribes itself
//! cargo bench --bench wer -- PROMPTS.json --wav FOLDER --heard FILE --cpu SECONDS          scores others
//! ```
//!
//! `--noise white|voices|far` adds noise to the sound before it is transcribed.
//!
//! `PROMPTS.json` is a list of `{"file", "text"}`; `FOLDER` has each as a WAV.
//! `--heard` takes the lines of `aloud transcribe --json` instead of running the model here.
//! `scripts/wer` does all the steps on prompts from Debian.

#![expect(clippy::print_stdout, reason = "a bench speaks to its reader")]

mod noise;
mod score;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aloud::base::{Utterance, UtteranceId};
use aloud::engine::Transcriber;
use aloud::engine::local::moonshine::{Moonshine, MoonshineFiles};
use aloud::pcm::read_file;
use anyhow::{Context, bail};
use futures::StreamExt;

use noise::{Noise, noisy};
use score::{distance, words};

/// The word error rate promised to users.
const WER_BUDGET: f64 = 0.09;
const CPU_BUDGET: f64 = 0.15;

#[derive(serde::Deserialize)]
struct Prompt {
    file: String,
    text: String,
}

#[derive(serde::Deserialize)]
struct Heard {
    file: String,
    text: String,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::read()?;
    let Some(prompts) = &arguments.prompts else {
        println!("wer: no prompts given; run scripts/wer");
        return Ok(());
    };
    let prompts: Vec<Prompt> = serde_json::from_slice(&std::fs::read(prompts)?)?;
    let folder = arguments.wav.as_deref().context("--wav FOLDER is missing")?;
    let mut sounds = Vec::new();
    for prompt in &prompts {
        sounds.push(sound(&folder.join(&prompt.file).with_extension("wav"))?);
    }
    if let Some(noise) = arguments.noise {
        let clean: Vec<Vec<f32>> = sounds.iter().map(|pcm| pcm.to_vec()).collect();
        sounds = (0..clean.len()).map(|at| noisy(noise, &clean, at).into()).collect();
    }
    let budget = arguments.noise.map_or(WER_BUDGET, Noise::budget);
    // What is read with doubt is read several times.
    let cpu_budget = if arguments.noise.is_some() { 2.0 * CPU_BUDGET } else { CPU_BUDGET };
    let seconds = sounds.iter().map(|pcm| pcm.len() as f64 / 16_000.0).sum::<f64>();
    let (texts, cpu) = match &arguments.heard {
        Some(file) => (heard(file, &prompts)?, arguments.cpu),
        None => {
            let before = cpu_seconds()?;
            let texts = read(&arguments, sounds)?;
            (texts, Some(cpu_seconds()? - before))
        }
    };

    let (mut wrong, mut total) = (0, 0);
    for (prompt, text) in prompts.iter().zip(&texts) {
        let (wanted, got) = (words(&prompt.text), words(text));
        let errors = distance(&wanted, &got);
        total += wanted.len();
        wrong += errors;
        if errors > 0 && arguments.verbose {
            println!("{errors} in {}\n  said:  {}\n  heard: {text}", prompt.file, prompt.text);
        }
    }
    let rate = wrong as f64 / total as f64;
    println!(
        "word error rate  {:.2} %  ({wrong} of {total} words; budget {:.0} %)",
        100.0 * rate,
        100.0 * budget
    );
    if let Some(cpu) = cpu {
        println!(
            "cost             {:.4} of real time  ({cpu:.2} CPU-s for {seconds:.1} s; budget {cpu_budget})",
            cpu / seconds
        );
    }
    if rate > budget || cpu.is_some_and(|cpu| cpu / seconds > cpu_budget) {
        bail!("over the budget");
    }
    Ok(())
}

#[derive(Default)]
struct Arguments {
    prompts: Option<PathBuf>,
    wav: Option<PathBuf>,
    runtime: Option<PathBuf>,
    models: Option<PathBuf>,
    heard: Option<PathBuf>,
    cpu: Option<f64>,
    verbose: bool,
    noise: Option<Noise>,
}

impl Arguments {
    fn read() -> anyhow::Result<Self> {
        let mut arguments = Self::default();
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("{word} wants a value"));
            match word.as_str() {
                "--wav" => arguments.wav = Some(value()?.into()),
                "--runtime" => arguments.runtime = Some(value()?.into()),
                "--models" => arguments.models = Some(value()?.into()),
                "--heard" => arguments.heard = Some(value()?.into()),
                "--cpu" => arguments.cpu = Some(value()?.parse()?),
                "--noise" => {
                    let name = value()?;
                    let noise = Noise::named(&name);
                    arguments.noise = Some(noise.with_context(|| format!("no noise {name}"))?);
                }
                "--verbose" => arguments.verbose = true,
                // cargo passes it to every bench.
                "--bench" => {}
                _ => arguments.prompts = Some(word.into()),
            }
        }
        Ok(arguments)
    }
}

fn sound(file: &Path) -> anyhow::Result<Arc<[f32]>> {
    Ok(read_file(file)?.pcm.into())
}

fn read(arguments: &Arguments, sounds: Vec<Arc<[f32]>>) -> anyhow::Result<Vec<String>> {
    let runtime = arguments.runtime.clone().context("--runtime LIBRARY is missing")?;
    let models = arguments.models.as_deref().context("--models FOLDER is missing")?;
    let moonshine = Moonshine::open(MoonshineFiles::in_folder(runtime, models), None)?;
    let mut texts = Vec::new();
    for pcm in sounds {
        let span = 0..pcm.len() as u64;
        let mut flow = moonshine.transcribe(Utterance { id: UtteranceId(0), span, pcm });
        let mut text = None;
        while let Some(transcript) = futures::executor::block_on(flow.next()) {
            text = Some(transcript?).filter(|transcript| transcript.last);
        }
        texts.push(text.context("the flow ended without its last transcript")?.text);
    }
    Ok(texts)
}

/// The texts of `aloud transcribe --json`, in the order of the prompts.
fn heard(file: &Path, prompts: &[Prompt]) -> anyhow::Result<Vec<String>> {
    let mut by_name = HashMap::new();
    for line in std::fs::read_to_string(file)?.lines() {
        let heard: Heard = serde_json::from_str(line)?;
        let name = Path::new(&heard.file).file_stem().map(ToOwned::to_owned);
        by_name.insert(name, heard.text);
    }
    let text = |prompt: &Prompt| {
        by_name
            .get(&Path::new(&prompt.file).file_stem().map(ToOwned::to_owned))
            .cloned()
            .with_context(|| format!("nothing was heard of {}", prompt.file))
    };
    prompts.iter().map(text).collect()
}

/// CPU time of all threads of this process since its start. Linux counts it in hundredths of a
/// second.
fn cpu_seconds() -> anyhow::Result<f64> {
    let stat =
        std::fs::read_to_string("/proc/self/stat").context("only Linux tells the CPU time")?;
    let fields = stat.rsplit_once(')').map(|(_, fields)| fields).unwrap_or_default();
    let ticks: Vec<f64> =
        fields.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse().ok()).collect();
    Ok(ticks.iter().sum::<f64>() / 100.0)
}
