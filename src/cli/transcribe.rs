use std::path::Path;
use std::sync::Arc;

use futures::StreamExt;
use serde_json::json;

use super::args::{Format, Transcribe};
use super::exit::Failure;
use super::{Outcome, print};
use crate::app::App;
use crate::base::{LISTEN_RATE, Utterance, UtteranceId};
use crate::config::Environment;
use crate::engine::Transcriber;
use crate::{audio, listen};

/// Writes down what was said in each file; a file that fails is told and the others still done.
pub(super) async fn run(file: Option<&Path>, env: &Environment, args: Transcribe) -> Outcome {
    let app = App::open(file, env)?;
    let format = if args.json { Format::Json } else { args.format.unwrap_or(Format::Text) };
    let engine = app.transcriber()?;
    let several = args.files.len() > 1;
    let mut failed: Option<Failure> = None;
    for path in &args.files {
        match one(&app, engine.as_ref(), path, format, several).await {
            Ok(()) => {}
            Err(failure) => {
                // The last failure is told by the caller, the others here.
                if let Some(before) = failed.replace(failure) {
                    print::trouble(&before.message);
                }
            }
        }
    }
    failed.map_or(Ok(()), Err)
}

/// A recording up to this long is transcribed whole; a longer one is cut at its pauses first, so
/// that its length does not matter.
const WHOLE_SECONDS: usize = 60;

/// Samples read at a time.
const PIECE: usize = 16_000;

/// One stretch of speech in a file.
struct Segment {
    /// Seconds from the start of the file.
    from: f64,
    to: f64,
    text: String,
}

async fn one(
    app: &App,
    engine: &dyn Transcriber,
    path: &Path,
    format: Format,
    several: bool,
) -> Outcome {
    let mut recording = audio::Recording::open(path)?.at_rate(LISTEN_RATE)?;
    let mut pcm = Vec::new();
    let mut piece = vec![0.0; PIECE];
    let limit = WHOLE_SECONDS * LISTEN_RATE.0 as usize;
    let mut more = true;
    while more && pcm.len() <= limit {
        let n = recording.read(&mut piece)?;
        more = n > 0;
        pcm.extend_from_slice(&piece[..n]);
    }
    if pcm.is_empty() {
        let message = format!("{} holds no sound; record it again", path.display());
        return Err(Failure::new(super::exit::Code::Data, message));
    }
    let mut samples = pcm.len();
    let timed = matches!(format, Format::Srt | Format::Vtt);
    let mut segments = Vec::new();
    if !more && !timed {
        segments.push(segment(engine, whole(pcm)).await?);
    } else {
        let settings =
            listen::Settings { max_utterance_s: 30, speculate_ms: None, ..app.listening() };
        let mut listener = listen::Listener::new(settings, Some(app.voice_activity()));
        let mut events = Vec::new();
        listener.order(listen::Order::Open, &mut events);
        listener.push(&pcm, &mut events);
        drop(pcm);
        loop {
            if !more {
                listener.end(&mut events);
            }
            for event in events.drain(..) {
                if let listen::Event::Ended { utterance, .. } = event {
                    segments.push(segment(engine, utterance).await?);
                }
            }
            if !more {
                break;
            }
            let n = recording.read(&mut piece)?;
            more = n > 0;
            samples += n;
            listener.push(&piece[..n], &mut events);
        }
    }
    if let Some(warning) = recording.warning() {
        print::trouble(warning);
    }
    segments.retain(|segment| !segment.text.is_empty());
    let seconds = samples as f64 / f64::from(LISTEN_RATE.0);
    show(path, format, several, &segments, seconds)
}

fn whole(pcm: Vec<f32>) -> Utterance {
    let span = 0..pcm.len() as u64;
    Utterance { id: UtteranceId(1), span, pcm: Arc::from(pcm) }
}

async fn segment(engine: &dyn Transcriber, utterance: Utterance) -> Result<Segment, Failure> {
    let rate = f64::from(LISTEN_RATE.0);
    let (from, to) = (utterance.span.start as f64 / rate, utterance.span.end as f64 / rate);
    let mut words = engine.transcribe(utterance);
    let mut text = String::new();
    while let Some(transcript) = words.next().await {
        text = transcript?.text;
    }
    Ok(Segment { from, to, text: text.trim().to_owned() })
}

fn show(path: &Path, format: Format, several: bool, segments: &[Segment], seconds: f64) -> Outcome {
    let words: Vec<&str> = segments.iter().map(|segment| segment.text.as_str()).collect();
    let text = words.join(" ");
    match format {
        Format::Json => {
            let seconds = (seconds * 1000.0).round() / 1000.0;
            print::json(
                &json!({ "file": path.to_string_lossy(), "text": text, "seconds": seconds }),
            )
        }
        Format::Text if several => print::line(format!("{}: {text}", path.display())),
        Format::Text => print::line(text),
        Format::Srt => {
            for (at, segment) in segments.iter().enumerate() {
                let (from, to) = (clock(segment.from, ','), clock(segment.to, ','));
                print::line(format!("{}\n{from} --> {to}\n{}\n", at + 1, segment.text))?;
            }
            Ok(())
        }
        Format::Vtt => {
            print::line("WEBVTT\n")?;
            for segment in segments {
                let (from, to) = (clock(segment.from, '.'), clock(segment.to, '.'));
                print::line(format!("{from} --> {to}\n{}\n", segment.text))?;
            }
            Ok(())
        }
    }
}

/// Seconds as `HH:MM:SS,mmm`.
fn clock(seconds: f64, comma: char) -> String {
    // Never negative, and far below the range of u64.
    let ms = (seconds * 1000.0).round() as u64;
    let (h, m, s) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
    format!("{h:02}:{m:02}:{s:02}{comma}{:03}", ms % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subtitle_times_carry_over() {
        assert_eq!(clock(3723.4567, ','), "01:02:03,457");
        assert_eq!(clock(59.9996, '.'), "00:01:00.000");
    }
}
