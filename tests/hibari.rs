//! Hibari compared with the package that it ports, and from a listener's point of view.
//!
//! The reference is made by `tests/data/hibari/make_reference.py`. These tests need the model files
//! in the folder that `ALOUD_TEST_MODELS` names, laid out as by `aloud models fetch`.

#![allow(clippy::unwrap_used, reason = "a test whose scene cannot be set has failed")]
#![allow(clippy::expect_used, reason = "as above")]
#![allow(clippy::print_stdout, reason = "the figures are worth a line")]

use std::f32::consts::PI;
use std::path::PathBuf;

use aloud::engine::local::hibari::{Hibari, HibariFiles, Pronouncer};
use aloud::engine::{Chunk, EngineError, Prose, Synthesizer};
use futures::StreamExt;

const REFERENCE: &str = include_str!("data/hibari/reference.tsv");

#[expect(clippy::disallowed_methods, reason = "the test's own setting")]
fn files() -> HibariFiles {
    let models = std::env::var_os("ALOUD_TEST_MODELS").map(PathBuf::from);
    let models = models.expect(
        "ALOUD_TEST_MODELS names no folder: run \"aloud models fetch\" and set it to the models' \
         folder",
    );
    let files = HibariFiles::in_folder(
        models.join("onnxruntime/libonnxruntime.so.1.31.1"),
        &models.join("hibari-heart"),
    );
    assert!(
        files.voice.is_file() && files.runtime.is_file(),
        "no hibari-heart or no onnxruntime in {}: run \"aloud models fetch\"",
        models.display()
    );
    files
}

fn hibari() -> Hibari {
    Hibari::open(files(), None).unwrap()
}

async fn speak(hibari: &Hibari, text: &str) -> Vec<Chunk> {
    hibari.speak(text.to_owned()).map(|chunk| chunk.unwrap()).collect().await
}

/// Sentences with a number such as "forty-four", which is read like "44": as two words. The
/// original stresses it differently when it is written with a hyphen.
const HYPHENS: [&str; 3] = [
    "Your alarm is set for 6:45 a.m. tomorrow.",
    "Twelve times twelve is one hundred and forty-four.",
    "Today is Monday, November 23rd, 2026.",
];

struct Row {
    sentence: &'static str,
    phonemes: &'static str,
    samples: usize,
    fingerprint: Vec<u8>,
}

fn reference() -> Vec<Row> {
    let row = |line: &'static str| {
        let mut fields = line.split('\t');
        let mut next = || fields.next().unwrap();
        Row {
            sentence: next(),
            phonemes: next(),
            samples: next().parse().unwrap(),
            fingerprint: next()
                .as_bytes()
                .chunks(2)
                .map(|hex| u8::from_str_radix(std::str::from_utf8(hex).unwrap(), 16).unwrap())
                .collect(),
        }
    };
    REFERENCE.lines().map(row).collect()
}

#[test]
fn every_sentence_is_read_as_by_the_original() {
    let rows = reference();
    assert_eq!(rows.len(), 50);
    let rows = rows.into_iter().filter(|row| !HYPHENS.contains(&row.sentence));
    let mut pronouncer = Pronouncer::load(&files()).unwrap();
    let wrong: Vec<String> = rows
        .filter_map(|row| {
            let ours = pronouncer.phonemes(row.sentence).unwrap().join(" ");
            (ours != row.phonemes).then(|| {
                format!("{}\n  original {}\n  ours     {ours}", row.sentence, row.phonemes)
            })
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The rows of `twins.tsv`: what is written, and how it is said.
fn twins() -> Vec<(&'static str, &'static str)> {
    let rows: Vec<_> = include_str!("data/hibari/twins.tsv")
        .lines()
        .filter(|line| !line.starts_with("//"))
        .filter_map(|line| line.split_once('\t'))
        .collect();
    assert!(rows.len() >= 200, "{} rows", rows.len());
    rows
}

/// What a voice gets of a reply: its sentences, without what is only for the eye.
fn sentences(voice: &impl Synthesizer, text: &str) -> Vec<String> {
    let mut prose = Prose::new(voice.alphabet());
    let mut passages = prose.push(text);
    passages.extend(prose.finish());
    passages.iter().map(aloud::engine::Passage::spoken).collect()
}

#[test]
fn what_is_written_short_is_read_as_its_words() {
    let voice = hibari();
    let mut pronouncer = Pronouncer::load(&files()).unwrap();
    let mut read = |text: &str| -> String {
        let read = |sentence: &String| pronouncer.phonemes(sentence).unwrap().join(" ");
        sentences(&voice, text).iter().map(read).collect::<Vec<_>>().join(" ")
    };
    let wrong: Vec<String> = twins()
        .into_iter()
        .filter_map(|(written, said)| {
            let (ours, theirs) = (read(written), read(said));
            (ours != theirs).then(|| format!("{written}\n  read   {ours}\n  wanted {theirs}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn what_is_written_short_sounds_as_its_words_to_the_sample() {
    let voice = hibari();
    // Speaking all takes minutes; the previous test has compared every row's phonemes.
    let step = if every_twin() { 1 } else { 12 };
    let mut count = 0;
    for (written, said) in twins().into_iter().step_by(step) {
        count += 1;
        let mut sounds = Vec::new();
        for text in [written, said] {
            let mut sound: Vec<f32> = Vec::new();
            for sentence in sentences(&voice, text) {
                sound.extend(speak(&voice, &sentence).await.iter().flat_map(|chunk| &chunk.pcm));
            }
            sounds.push(sound);
        }
        assert!(!sounds[0].is_empty(), "{written}");
        assert!(sounds[0] == sounds[1], "{written} does not sound as {said}");
    }
    println!("{count} of {count} sound as their words");
}

/// Whether all twins are spoken: `ALOUD_TEST_EVERY_TWIN=1`.
#[expect(clippy::disallowed_methods, reason = "the test's own setting")]
fn every_twin() -> bool {
    std::env::var_os("ALOUD_TEST_EVERY_TWIN").is_some()
}

#[tokio::test]
async fn every_sentence_sounds_as_by_the_original() {
    let hibari = hibari();
    let (mut sum, mut worst, mut longer) = (0.0, (0.0, ""), (0.0, ""));
    let rows = reference();
    for row in rows.iter().filter(|row| !HYPHENS.contains(&row.sentence)) {
        let sound: Vec<f32> =
            speak(&hibari, row.sentence).await.into_iter().flat_map(|chunk| chunk.pcm).collect();
        let length = (sound.len() as f32 - row.samples as f32).abs() / 24_000.0;
        let ours = fingerprint(&sound);
        let count = ours.len().min(row.fingerprint.len());
        let far: f32 = ours
            .iter()
            .zip(&row.fingerprint)
            .map(|(ours, theirs)| f32::from(ours.abs_diff(*theirs)))
            .sum::<f32>();
        // A byte is a tenth of a neper of power: 0.434 dB.
        let decibels = far / count as f32 * 0.434;
        sum += decibels;
        if decibels > worst.0 {
            worst = (decibels, row.sentence);
        }
        if length > longer.0 {
            longer = (length, row.sentence);
        }
    }
    let mean = sum / rows.len() as f32;
    println!("mean {mean:.2} dB, worst {worst:?} dB, furthest length {longer:?} s");
    assert!(mean < 1.0, "mean distance {mean} dB");
    // The kernels for 8-bit weights round differently from processor to processor: the worst
    // sentence stays below 2 dB on some and is 2.9 dB off on an AMD EPYC.
    assert!(worst.0 < 3.5, "distance {worst:?} dB");
    assert!(longer.0 < 0.05, "length {longer:?} s");
}

#[tokio::test]
async fn the_texts_of_all_chunks_are_the_sentence() {
    let hibari = hibari();
    for text in [
        "Timer set for 10 minutes.",
        "  It is 7:30 p.m. – 18°C,   and 🎉 sunny!  Take   an umbrella? 日本語 ",
        "**Three** things:\n- one\n- `two`\n- [three](https://example.com)\n",
        "On 10/12/2019 I paid $3.2 billion to Dr. Smith & Co. at bob@example.com.",
        "no end",
        "🎉",
        "   ",
        "...",
    ] {
        let chunks = speak(&hibari, text).await;
        let joined: String = chunks.iter().map(|chunk| chunk.text.as_str()).collect();
        assert_eq!(joined, text);
    }
    assert_eq!(speak(&hibari, "").await, []);
}

#[tokio::test]
async fn chunks_are_words_and_each_has_its_own_sound() {
    let chunks = speak(&hibari(), "Timer set for 10 minutes.").await;
    let texts: Vec<&str> = chunks.iter().map(|chunk| chunk.text.as_str()).collect();
    assert_eq!(texts, ["Timer ", "set ", "for ", "10 ", "minutes."]);
    for chunk in &chunks {
        let seconds = chunk.pcm.len() as f32 / 24_000.0;
        assert!((0.05..1.2).contains(&seconds), "{:?} takes {seconds} s", chunk.text);
    }
    // The voice begins immediately: a listener waits for sound, not for silence.
    let first = chunks[0].pcm.iter().position(|sample| sample.abs() > 0.02);
    assert!(first.is_some_and(|at| at < 2_400), "{first:?}");
}

#[tokio::test]
async fn a_seam_between_words_is_no_louder_than_the_sound_around_it() {
    let chunks = speak(&hibari(), "We were away a year ago, under a yellow awning.").await;
    let sound: Vec<f32> = chunks.iter().flat_map(|chunk| chunk.pcm.clone()).collect();
    let step = |at: usize| (sound[at] - sound[at - 1]).abs();
    let mut at = 0;
    for chunk in &chunks[..chunks.len() - 1] {
        at += chunk.pcm.len();
        let around = (at - 200..at + 200).filter(|n| *n != at).map(step).fold(0.0, f32::max);
        assert!(step(at) <= around.max(0.01), "a click after {:?}", chunk.text);
    }
}

#[tokio::test]
async fn a_page_is_spoken_from_its_first_word_on_and_stops_when_nobody_listens() {
    let hibari = hibari();
    let page = "All work and no play makes Jack a dull boy, he said, and wrote on. ".repeat(1_500);
    assert!(page.len() > 100_000);
    let mut flow = hibari.speak(page);
    let first = flow.next().await.unwrap().unwrap();
    assert_eq!(first.text, "All ");
    drop(flow);
    // The worker is free again: it serves the next sentence.
    assert!(!speak(&hibari, "Next.").await.is_empty());
}

#[tokio::test]
async fn a_long_sentence_comes_in_pieces_and_loses_no_word() {
    let text =
        "first comes one thing, then another that takes longer to say, ".repeat(12) + "and an end.";
    let chunks = speak(&hibari(), &text).await;
    assert_eq!(chunks.iter().map(|chunk| chunk.text.as_str()).collect::<String>(), text);
    assert_eq!(chunks.len(), text.split_whitespace().count());
    assert!(chunks.iter().all(|chunk| !chunk.pcm.is_empty()));
}

#[tokio::test]
async fn an_idle_voice_is_given_back_and_speaks_again() {
    let hibari = Hibari::open(files(), Some(std::time::Duration::ZERO)).unwrap();
    let first = speak(&hibari, "Hello there.").await;
    assert_eq!(speak(&hibari, "Hello there.").await, first);
}

#[test]
fn a_missing_file_is_named_before_anything_is_loaded() {
    let mut files = files();
    files.silver = PathBuf::from("/nowhere/lexicon_us_silver.json.gz");
    let Err(error) = Hibari::open(files, None) else { panic!("it opened") };
    assert_eq!(
        error,
        EngineError::Unreachable(
            "model file /nowhere/lexicon_us_silver.json.gz is missing; run \"aloud models fetch\""
                .to_owned()
        )
    );
}

#[tokio::test]
async fn a_file_that_is_no_model_is_an_error_and_not_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = files();
    files.voice = folder.path().join("hibari.onnx");
    std::fs::write(&files.voice, b"no model").unwrap();
    let hibari = Hibari::open(files, None).unwrap();
    let answers: Vec<_> = hibari.speak("Hello.".to_owned()).collect().await;
    assert!(
        matches!(answers.as_slice(), [Err(EngineError::Unreachable(text))] if text.contains("hibari.onnx")),
        "{answers:?}"
    );
}

/// Mel bands of the sound as in `make_reference.py`: 24 for each 125 ms, a byte each.
fn fingerprint(sound: &[f32]) -> Vec<u8> {
    const FFT: usize = 1200;
    const HOP: usize = 300;
    const BANDS: usize = 24;
    const GROUP: usize = 10;
    let mel = |hertz: f32| 1127.0 * (1.0 + hertz / 700.0).ln();
    let width = (mel(11_000.0) - mel(80.0)) / (BANDS + 1) as f32;
    let weight = |band: usize, bin: usize| {
        let place = (mel(bin as f32 * 20.0) - mel(80.0)) / width - band as f32;
        place.min(2.0 - place).max(0.0)
    };
    let weights: Vec<Vec<f32>> =
        (0..BANDS).map(|band| (0..=FFT / 2).map(|bin| weight(band, bin)).collect()).collect();
    let forward = realfft::RealFftPlanner::<f32>::new().plan_fft_forward(FFT);
    let mut spectrum = forward.make_output_vec();
    let count = (sound.len().saturating_sub(FFT)) / HOP + 1;
    let mut powers = Vec::new();
    for frame in sound.windows(FFT).step_by(HOP).take(count) {
        let mut frame: Vec<f32> = frame
            .iter()
            .enumerate()
            .map(|(n, x)| x * (0.5 - 0.5 * (2.0 * PI * n as f32 / FFT as f32).cos()))
            .collect();
        forward.process(&mut frame, &mut spectrum).unwrap();
        let power: Vec<f32> = spectrum.iter().map(|bin| bin.norm_sqr()).collect();
        powers.push(
            weights
                .iter()
                .map(|band| band.iter().zip(&power).map(|(w, p)| w * p).sum::<f32>())
                .collect::<Vec<f32>>(),
        );
    }
    let mean = |group: &[Vec<f32>], band: usize| {
        group.iter().map(|power| power[band]).sum::<f32>() / GROUP as f32
    };
    powers
        .chunks_exact(GROUP)
        .flat_map(|group| {
            (0..BANDS)
                .map(|band| (10.0 * (14.0 + (mean(group, band) + 1e-6).ln())).round() as u8)
                .collect::<Vec<u8>>()
        })
        .collect()
}
