//! Wake words: misses, false wakes, and the cost of listening.
//!
//! ```text
//! cargo bench --bench wake -- WORD FOLDER [SOUND...]
//! ```
//!
//! FOLDER holds recordings of people saying WORD, one each. The whole ear, voice gate included,
//! hears them as recorded, with white noise, and with each SOUND mixed in 10 dB below the loudest
//! half of the recording. Then it hears all of SOUND, for false wakes: files, or folders of them
//! (for instance `/usr/share/asterisk/sounds/en` of Debian's `asterisk-core-sounds-en-g722`; unpack
//! its raw G.722 first with `ffmpeg -f g722 -i X -ar 16000 X.wav`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on ends"
)]

use std::path::{Path, PathBuf};

use aloud::base::Clock;
use aloud::engine::local::Silero;
use aloud::listen::wake::{BUILTIN, Builtin, WakeFactory, Word, cutoff};
use aloud::listen::{Event, Listener, Order, Settings};

const RATE: usize = 16_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    idle();
    let [word, folder, sounds @ ..] = arguments.as_slice() else {
        println!("for misses and false wakes: cargo bench --bench wake -- WORD FOLDER [SOUND...]");
        return;
    };
    let people = files(Path::new(folder));
    let sounds: Vec<(PathBuf, Vec<f32>)> = sounds
        .iter()
        .flat_map(|path| files(Path::new(path)))
        .map(|path| (path.clone(), pcm(&path)))
        .collect();
    let all: Vec<f32> = sounds.iter().flat_map(|(_, pcm)| pcm.iter().copied()).collect();
    misses(word, &people, "as recorded", |_| 0.0);
    let mut seed = 1;
    misses(word, &people, "white noise at 10 dB", |_| noise(&mut seed));
    if !all.is_empty() {
        let start = all.len() / 3;
        misses(word, &people, "the sounds at 10 dB", |n| all[(start + n) % all.len()]);
    }
    let hours = all.len() as f32 / RATE as f32 / 3600.0;
    for builtin in BUILTIN {
        let mut wakes = 0;
        for (path, pcm) in &sounds {
            for (score, at) in calls(builtin.name, pcm) {
                wakes += 1;
                println!("  {} woke at {at:.1} s of {} ({score:.2})", builtin.name, path.display());
            }
        }
        println!("{}: {wakes} false wakes in {hours:.2} h", builtin.name);
    }
}

/// The cost of a quiet room: ten minutes with two words, as a share of one core.
fn idle() {
    let mut ear = ear(&["hey_jarvis", "alexa"]);
    let mut seed = 1;
    let minute: Vec<f32> = (0..60 * RATE).map(|_| noise(&mut seed) * 0.001).collect();
    let mut out = Vec::new();
    let clock = Clock::start();
    let start = clock.now();
    for _ in 0..10 {
        for piece in minute.chunks(400) {
            ear.push(piece, &mut out);
        }
    }
    let share = clock.now().since(start).as_secs_f32() / 600.0 * 100.0;
    println!("a quiet room, two words: {share:.2} % of a core");
}

fn misses(word: &str, people: &[PathBuf], how: &str, mut with: impl FnMut(usize) -> f32) {
    let mut missed = Vec::new();
    for path in people {
        let person = pcm(path);
        let mut blocks: Vec<f32> = person.chunks(RATE / 5).map(power).collect();
        blocks.sort_by(f32::total_cmp);
        let loud = blocks[blocks.len() * 3 / 4];
        let mut sound = vec![0.0; RATE * 3 / 2];
        sound.extend(&person);
        sound.extend(vec![0.0; RATE]);
        let mixed: Vec<f32> = (0..sound.len()).map(&mut with).collect();
        let by = power(&mixed);
        let gain = if by > 0.0 { (loud / 10.0 / by).sqrt() } else { 0.0 };
        for (to, noise) in sound.iter_mut().zip(mixed) {
            *to += gain * noise;
        }
        if calls(word, &sound).is_empty() {
            missed.push(path.file_name().unwrap_or_default().to_string_lossy().into_owned());
        }
    }
    let (count, all) = (missed.len(), people.len());
    let share = 100.0 * count as f32 / all.max(1) as f32;
    println!("{word}, {how}: {count} of {all} missed ({share:.1} %) {}", missed.join(" "));
}

/// The calls of `word` in `sound`: score and time in seconds.
fn calls(word: &str, sound: &[f32]) -> Vec<(f32, f32)> {
    let mut ear = ear(&[word]);
    let mut out = Vec::new();
    ear.push(sound, &mut out);
    let calls = out.into_iter().filter_map(|event| {
        let Event::Called(call) = event else { return None };
        Some((call.score, call.span.end as f32 / RATE as f32))
    });
    calls.collect()
}

fn ear(words: &[&str]) -> Listener {
    let words: Vec<&'static Builtin> =
        words.iter().map(|word| Builtin::named(word).expect("a word of the program")).collect();
    let factory: WakeFactory = Box::new(move || {
        let word = |b: &&Builtin| Word::new(b.name, b.model, cutoff(b.cutoff(), 0.5));
        words.iter().map(word).collect()
    });
    let silero = Box::new(|| Ok(Box::new(Silero::new()) as _));
    let mut ear = Listener::new(Settings::default(), Some(silero)).with_words(factory);
    ear.order(Order::Spot(true), &mut Vec::new());
    ear
}

/// All sound files in and below a folder, or the one file.
fn files(path: &Path) -> Vec<PathBuf> {
    let Ok(folder) = std::fs::read_dir(path) else { return vec![path.to_owned()] };
    let mut all: Vec<PathBuf> = folder.flat_map(|entry| files(&entry.unwrap().path())).collect();
    all.retain(|path| path.extension().is_some_and(|e| e == "wav" || e == "flac"));
    all.sort();
    all
}

fn pcm(path: &Path) -> Vec<f32> {
    aloud::pcm::read_file(path).map(|clip| clip.pcm).unwrap_or_default()
}

fn power(pcm: &[f32]) -> f32 {
    pcm.iter().map(|s| s * s).sum::<f32>() / pcm.len().max(1) as f32
}

fn noise(seed: &mut u64) -> f32 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 40) as f32 / 8_388_608.0 - 1.0
}
