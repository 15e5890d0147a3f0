//! Moonshine on recorded people, on silence and noise, and with damaged model files.
//!
//! The models come from the folder that `ALOUD_TEST_MODELS` names, laid out as by `aloud models
//! fetch`; the recordings from Debian's package pocketsphinx-testdata. `scripts/test` installs
//! both.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail loudly")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use aloud::base::{Clock, Flow, Moment, Utterance, UtteranceId};
use aloud::engine::local::moonshine::{Moonshine, MoonshineFiles};
use aloud::engine::{EngineError, Transcriber, Transcript};
use futures::StreamExt;

const RECORDINGS: &str = "/usr/share/pocketsphinx/test/data";

fn files() -> MoonshineFiles {
    #[expect(clippy::disallowed_methods, reason = "where the models are is the runner's choice")]
    let models = std::env::var_os("ALOUD_TEST_MODELS").map(PathBuf::from);
    let models = models.expect(
        "ALOUD_TEST_MODELS names no folder: run \"aloud models fetch\" and set it to the models' \
         folder, or run scripts/test, which does both",
    );
    let runtime = models.join("onnxruntime/libonnxruntime.so.1.31.1");
    let files = MoonshineFiles::in_folder(runtime, &models.join("moonshine-tiny-en"));
    for file in [&files.runtime, &files.encoder, &files.decoder, &files.tokenizer] {
        assert!(file.is_file(), "{} is missing; run \"aloud models fetch\"", file.display());
    }
    files
}

fn moonshine() -> Moonshine {
    Moonshine::open(files(), None).unwrap()
}

/// A 16-bit recording at 16 kHz, as WAV or as raw samples.
fn recording(name: &str) -> Vec<f32> {
    let path = Path::new(RECORDINGS).join(name);
    let bytes = std::fs::read(&path).unwrap_or_else(|error| {
        panic!("{}: {error}; install the package pocketsphinx-testdata", path.display())
    });
    let head = if name.ends_with(".wav") { 44 } else { 0 };
    let (words, _) = bytes[head..].as_chunks::<2>();
    words.iter().map(|word| f32::from(i16::from_le_bytes(*word)) / 32_768.0).collect()
}

/// Five sentences of a novel, read by a person, 25 s, with half a second between them.
fn chapter() -> Vec<f32> {
    let sentence = |number| {
        let mut pcm =
            recording(&format!("librivox/sense_and_sensibility_01_austen_64kb-{number}.wav"));
        pcm.resize(pcm.len() + 8_000, 0.0);
        pcm
    };
    ["0870", "0880", "0890", "0920", "0930"].map(sentence).concat()
}

fn utterance(pcm: impl Into<Arc<[f32]>>) -> Utterance {
    let pcm = pcm.into();
    Utterance { id: UtteranceId(1), span: 0..pcm.len() as u64, pcm }
}

async fn last(flow: Flow<Result<Transcript, EngineError>>) -> String {
    let all: Vec<_> = flow.collect().await;
    let transcript = all.last().unwrap().clone().unwrap();
    assert!(transcript.last, "{all:?}");
    transcript.text
}

fn plain(text: &str) -> String {
    let letters = text.to_lowercase().replace('-', " ");
    letters.chars().filter(|letter| letter.is_alphanumeric() || *letter == ' ').collect()
}

#[tokio::test]
async fn a_sentence_is_understood() {
    let moonshine = moonshine();
    moonshine.warm().await.unwrap();
    let command = last(moonshine.transcribe(utterance(recording("goforward.raw")))).await;
    assert_eq!(plain(&command), "go forward ten meters");
    let novel = recording("librivox/sense_and_sensibility_01_austen_64kb-0930.wav");
    let novel = last(moonshine.transcribe(utterance(novel))).await;
    assert_eq!(plain(&novel), "he might even have been made amiable himself");
}

#[tokio::test]
async fn a_faint_voice_is_understood_as_well() {
    let faint: Vec<f32> = recording("goforward.raw").iter().map(|sample| sample * 0.02).collect();
    assert_eq!(
        plain(&last(moonshine().transcribe(utterance(faint))).await),
        "go forward ten meters"
    );
}

#[tokio::test]
async fn where_nobody_speaks_nothing_is_made_up() {
    let moonshine = moonshine();
    let mut state = 1_u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (f64::from(state) / 4_294_967_296.0 - 0.5) as f32
    };
    let hum = |at: usize| (at as f32 / 16_000.0 * 50.0 * std::f32::consts::TAU).sin() * 0.2;
    let quiet: [Vec<f32>; 6] = [
        Vec::new(),
        vec![0.3],
        vec![0.0; 160_000],
        (0..160_000).map(|_| noise() * 0.001).collect(),
        (0..160_000).map(|_| noise() * 0.2).collect(),
        (0..160_000).map(hum).collect(),
    ];
    for (at, pcm) in quiet.into_iter().enumerate() {
        let heard: Vec<_> = moonshine.transcribe(utterance(pcm)).collect().await;
        assert_eq!(heard, [Ok(Transcript::whole(""))], "sound {at}");
    }
}

#[tokio::test]
async fn a_long_recording_comes_piece_by_piece_and_whole() {
    let minute_and_more = chapter().repeat(3);
    assert!(minute_and_more.len() > 60 * 16_000);
    let flow = moonshine().transcribe(utterance(minute_and_more));
    let heard: Vec<Transcript> = flow.map(Result::unwrap).collect().await;
    assert!(heard.len() >= 3, "{heard:?}");
    for pair in heard.windows(2) {
        assert!(!pair[0].last && pair[1].text.starts_with(&pair[0].text), "{pair:?}");
    }
    let text = plain(&heard.last().unwrap().text);
    assert_eq!(text.matches("prudently in his power to do for them").count(), 3, "{text}");
    assert_eq!(text.matches("he might even have been made amiable himself").count(), 3, "{text}");
    // The reader says 72 words, three times; none is lost or doubled at a cut.
    let words = text.split_whitespace().count();
    assert!((3 * 72 - 9..=3 * 72 + 9).contains(&words), "{words} words: {text}");
}

#[tokio::test]
async fn a_dropped_flow_frees_the_model_for_the_next() {
    let moonshine = moonshine();
    moonshine.warm().await.unwrap();
    let long: Arc<[f32]> = chapter().repeat(4).into();
    let clock = Clock::start();
    last(moonshine.transcribe(utterance(long.clone()))).await;
    let whole = clock.now().since(Moment::ZERO);

    // Of the same sound it would still know the words.
    let mut dropped = moonshine.transcribe(utterance(Arc::from(&long[160..])));
    assert!(dropped.next().await.unwrap().is_ok_and(|transcript| !transcript.last));
    let before = clock.now();
    drop(dropped);
    last(moonshine.transcribe(utterance(recording("goforward.raw")))).await;
    let waited = clock.now().since(before);
    assert!(waited < whole / 2, "the next waited for {waited:?}; all of the first takes {whole:?}");
}

fn assert_unreachable(error: &EngineError, file: &Path) {
    let EngineError::Unreachable(text) = error else { panic!("{error:?}") };
    assert!(text.contains(&file.display().to_string()), "{text}");
    assert!(text.ends_with("\"aloud models fetch\""), "{text}");
}

#[test]
fn a_missing_file_is_named_with_the_next_step() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = files();
    files.decoder = folder.path().join("decoder_model_merged.ort");
    let error = Moonshine::open(files.clone(), None).err().unwrap();
    assert_unreachable(&error, &files.decoder);
}

#[tokio::test]
async fn a_cut_or_foreign_file_is_named_with_the_next_step() {
    let folder = tempfile::tempdir().unwrap();
    let whole = files();
    for original in [&whole.encoder, &whole.decoder, &whole.tokenizer] {
        let cut = folder.path().join(original.file_name().unwrap());
        let bytes = std::fs::read(original).unwrap();
        std::fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
        let mut files = whole.clone();
        for file in [&mut files.encoder, &mut files.decoder, &mut files.tokenizer] {
            if *file == *original {
                file.clone_from(&cut);
            }
        }
        let moonshine = Moonshine::open(files, None).unwrap();
        assert_unreachable(&moonshine.warm().await.unwrap_err(), &cut);
        let heard: Vec<_> = moonshine.transcribe(utterance(chapter())).collect().await;
        assert_eq!(heard.len(), 1);
        assert_unreachable(heard[0].as_ref().unwrap_err(), &cut);
    }

    let mut swapped = whole.clone();
    swapped.decoder.clone_from(&whole.encoder);
    let moonshine = Moonshine::open(swapped, None).unwrap();
    assert_unreachable(&moonshine.warm().await.unwrap_err(), &whole.encoder);
}
