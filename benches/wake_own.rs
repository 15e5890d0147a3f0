//! Wake words of one's own: misses and false calls.
//!
//! ```text
//! scripts/wake-own            (makes the sounds, then runs this:)
//! cargo bench --bench wake_own -- MODELS PEOPLE OTHERS [SENSITIVITY]
//! ```
//!
//! MODELS is the folder that `aloud models fetch` fills. Each folder in PEOPLE, `NUMBER-KIND-WORD`,
//! holds recordings of one voice that says one word: the first four make the word, the whole ear,
//! voice gate included, hears the rest, after a quiet second. Then it hears all of OTHERS with each
//! word. A file whose name contains WORD is counted apart: somebody else says the same.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on ends"
)]

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use aloud::base::Clock;
use aloud::engine::local::{Silero, SpeechEmbedding};
use aloud::listen::wake::own::{
    AT_HALF, Embedder, Embedding, Sample, SharedEmbedder, Template, lock,
};
use aloud::listen::wake::{Word, cutoff};
use aloud::listen::{Event, Listener, Order, Settings};

const RATE: usize = 16_000;
/// Recordings of which a word is made.
const MADE_OF: usize = 4;

/// The model, which all words ask about the same sound.
struct Remembering {
    model: SpeechEmbedding,
    known: HashMap<u64, Vec<Embedding>>,
}

impl Embedder for Remembering {
    fn embed(&mut self, pcm: &[f32]) -> Result<Vec<Embedding>, String> {
        let mut hasher = DefaultHasher::new();
        pcm.iter().for_each(|sample| sample.to_bits().hash(&mut hasher));
        if let Some(known) = self.known.get(&hasher.finish()) {
            return Ok(known.clone());
        }
        let seen = self.model.embed(pcm).map_err(|error| error.to_string())?;
        self.known.insert(hasher.finish(), seen.clone());
        Ok(seen)
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let [models, people, others, rest @ ..] = arguments.as_slice() else {
        println!("usage: cargo bench --bench wake_own -- MODELS PEOPLE OTHERS [SENSITIVITY]");
        return;
    };
    let sensitivity = rest.first().map_or(0.5, |text| text.parse().expect("a number"));
    let model = |name: &str| Path::new(models).join(name);
    let mut model = SpeechEmbedding::open(
        &model("onnxruntime/libonnxruntime.so.1.31.1"),
        &model("speech-embedding/speech-embedding.onnx"),
    )
    .expect("run \"aloud models fetch\"");
    cost(&mut model);
    let by: SharedEmbedder = Arc::new(Mutex::new(Remembering { model, known: HashMap::new() }));
    let others: Vec<(String, Vec<f32>)> = files(Path::new(others))
        .iter()
        .map(|path| (plain(&path.file_stem().unwrap().to_string_lossy()), heard(path)))
        .collect();
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(people).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let mut limits = Vec::new();
    let (mut said, mut missed, mut strangers, mut false_calls) = (0, 0, 0, 0);
    let (mut same, mut same_called, mut unfit) = (0, 0, 0);
    for folder in &folders {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let word = plain(name.splitn(3, '-').nth(2).unwrap_or(&name));
        let all = files(folder);
        let made = all[..MADE_OF].iter().map(|file| Sample::of(&pcm(file), &mut Silero::new()));
        let made: Result<Vec<Sample>, _> = made.collect();
        let made = match made {
            Ok(made) => made,
            Err(why) => {
                unfit += 1;
                println!("{name}: a recording {why}");
                continue;
            }
        };
        limits.push(Template::new(&made, &mut *lock(&by)).unwrap().limit());
        let calls = |pcm: &[f32]| called(&name, &made, &by, sensitivity, pcm);
        let not: Vec<&PathBuf> =
            all[MADE_OF..].iter().filter(|file| calls(&heard(file)) == 0).collect();
        said += all.len() - MADE_OF;
        missed += not.len();
        if !not.is_empty() {
            println!("{name}: missed {}", not.len());
        }
        for (other, pcm) in &others {
            let wakes = calls(pcm);
            if other.contains(&word) {
                same += 1;
                same_called += usize::from(wakes > 0);
            } else {
                strangers += 1;
                false_calls += wakes;
                if wakes > 0 {
                    println!("{name}: called by {other}");
                }
            }
        }
    }
    limits.sort_by(f32::total_cmp);
    let share = |part: usize, all: usize| 100.0 * part as f32 / all.max(1) as f32;
    let seconds: usize = others.iter().map(|(_, pcm)| pcm.len() / RATE).sum();
    println!("at sensitivity {sensitivity}, {} voices ({unfit} unfit):", folders.len());
    println!("missed: {missed} of {said} ({:.1} %)", share(missed, said));
    println!(
        "false: {false_calls} in {strangers} trials with other words ({} recordings, {:.2} h)",
        others.len(),
        seconds as f32 / 3600.0
    );
    println!(
        "the same word by others: {same_called} of {same} ({:.0} %)",
        share(same_called, same)
    );
    if let (Some(least), Some(most)) = (limits.first(), limits.last()) {
        println!("limits: {least:.2} to {most:.2}, median {:.2}", limits[limits.len() / 2]);
    }
}

/// What listening costs while there is voice.
fn cost(model: &mut SpeechEmbedding) {
    let pcm = vec![0.01; 12_400];
    let clock = Clock::start();
    let start = clock.now();
    for _ in 0..50 {
        model.embed(&pcm).unwrap();
    }
    let each = clock.now().since(start).as_secs_f32() / 50.0;
    println!(
        "an embedding: {:.1} ms, {:.1} % of a core while there is voice",
        each * 1e3,
        each / 0.0008
    );
}

/// How often the word made of `made` is called in `pcm`.
fn called(
    name: &str,
    made: &[Sample],
    by: &SharedEmbedder,
    sensitivity: f32,
    pcm: &[f32],
) -> usize {
    let template = Template::new(made, &mut *lock(by)).unwrap();
    let cut = cutoff(AT_HALF, sensitivity);
    let mut word = Some(Word::own(name, template, &[], cut, Arc::clone(by)));
    let factory = Box::new(move || word.take().into_iter().map(Ok).collect());
    let mut ear = Listener::new(Settings::default(), None).with_words(factory);
    let mut out = Vec::new();
    ear.order(Order::Spot(true), &mut out);
    ear.push(pcm, &mut out);
    out.iter().filter(|event| matches!(event, Event::Called(_))).count()
}

/// A recording in a room that was quiet before.
fn heard(path: &Path) -> Vec<f32> {
    let mut seed = 1u32;
    let mut quiet = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as f32 / (1 << 24) as f32 * 0.0004 - 0.0002
    };
    let mut heard: Vec<f32> = (0..RATE).map(|_| quiet()).collect();
    heard.extend(pcm(path));
    heard.extend((0..RATE).map(|_| quiet()));
    heard
}

fn pcm(path: &Path) -> Vec<f32> {
    aloud::pcm::read_file(path).unwrap().pcm
}

/// The letters of a name.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_lowercase()
}

/// The sound files in a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    all
}
