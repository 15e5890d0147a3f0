use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use serde_json::{Value, json};

use super::args::{Format, Transcribe};
use super::exit::Failure;
use super::{Outcome, print};
use crate::app::App;
use crate::base::{LISTEN_RATE, Utterance, UtteranceId};
use crate::config::Environment;
use crate::engine::{Notes, People, Segment, Transcriber};
use crate::{listen, pcm};

/// Transcribes each file; a failing file is reported and the others are still done.
pub(super) async fn run(file: Option<&Path>, env: &Environment, args: Transcribe) -> Outcome {
    let mut app = App::open(file, env)?;
    let format = if args.json { Format::Json } else { args.format.unwrap_or(Format::Text) };
    app.segments = format != Format::Text;
    let (notes, mut told) = Notes::new();
    let engine = app.transcriber(&notes)?;
    let several = args.files.len() > 1;
    let mut failed: Option<Failure> = None;
    for path in &args.files {
        let written = one(&app, engine.as_ref(), path, format, several).await;
        while let Ok(note) = told.try_recv() {
            print::trouble(&note);
        }
        match written {
            Ok(()) => {}
            Err(failure) => {
                // The caller reports the last failure, the others are reported here.
                if let Some(before) = failed.replace(failure) {
                    print::trouble(&before.message);
                }
            }
        }
    }
    failed.map_or(Ok(()), Err)
}

/// Samples read at a time.
const PIECE: usize = 16_000;

/// Length of the quiet moment at which to cut, and how far back to look for it.
const MOMENT: Duration = Duration::from_millis(300);
const SEARCHED: Duration = Duration::from_secs(60);

/// The transcript of a recording, or of part of it.
#[derive(Default)]
struct Heard {
    text: String,
    /// The same with times, in seconds from the start of the recording.
    segments: Vec<Segment>,
    /// Whether the times are the engine's own, and not those of our cuts.
    told: bool,
    /// The people heard so far.
    people: People,
}

async fn one(
    app: &App,
    engine: &dyn Transcriber,
    path: &Path,
    format: Format,
    several: bool,
) -> Outcome {
    let mut recording = pcm::Recording::open(path)?.at_rate(LISTEN_RATE)?;
    let mut pcm = Vec::new();
    let mut piece = vec![0.0; PIECE];
    // Longer recordings are cut at pauses first, so that length does not matter.
    let limit = samples(engine.longest());
    let mut more = true;
    while more && pcm.len() <= limit {
        let n = recording.read(&mut piece)?;
        more = n > 0;
        pcm.extend_from_slice(&piece[..n]);
    }
    if pcm.is_empty() {
        let message = format!("{} contains no sound; record it again", path.display());
        return Err(Failure::new(super::exit::Code::Data, message));
    }
    let mut length = pcm.len();
    let mut begin = 0;
    let timed = matches!(format, Format::Srt | Format::Vtt);
    let mut heard = Heard::default();
    if !more && (engine.timed() || !timed) {
        heard.add(engine, utterance(begin, pcm)).await?;
    } else if engine.timed() {
        // Times and people are the engine's: as few cuts as possible.
        loop {
            let cut = if pcm.len() > limit { quietest(&pcm[..limit]) } else { pcm.len() };
            let rest = pcm.split_off(cut);
            heard.add(engine, utterance(begin, std::mem::replace(&mut pcm, rest))).await?;
            begin += cut;
            while more && pcm.len() <= limit {
                let n = recording.read(&mut piece)?;
                more = n > 0;
                length += n;
                pcm.extend_from_slice(&piece[..n]);
            }
            if pcm.is_empty() {
                break;
            }
        }
    } else {
        let settings = listen::Settings {
            max_utterance_s: 30,
            max_open_s: 30,
            speculate_ms: None,
            ..app.listening()
        };
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
                    heard.add(engine, utterance).await?;
                }
            }
            if !more {
                break;
            }
            let n = recording.read(&mut piece)?;
            more = n > 0;
            length += n;
            listener.push(&piece[..n], &mut events);
        }
    }
    if let Some(warning) = recording.warning() {
        print::trouble(warning);
    }
    let seconds = length as f64 / f64::from(LISTEN_RATE.0);
    show(path, format, several, &heard, seconds)
}

/// The samples of a recording from `begin` on.
fn utterance(begin: usize, pcm: Vec<f32>) -> Utterance {
    let span = begin as u64..(begin + pcm.len()) as u64;
    Utterance { id: UtteranceId(1), span, pcm: Arc::from(pcm) }
}

/// Where to cut sound that is too long: in the quietest moment of its last minute.
fn quietest(pcm: &[f32]) -> usize {
    let moment = samples(MOMENT);
    let from = pcm.len().saturating_sub(samples(SEARCHED));
    let energy = |at: &usize| pcm[*at..*at + moment].iter().map(|s| s * s).sum::<f32>();
    // The last one, if there are several.
    let step = moment / 2;
    let steps = pcm.len().saturating_sub(from + moment) / step;
    let starts = (0..=steps).rev().map(|at| from + at * step);
    let quiet = starts.min_by(|one, other| energy(one).total_cmp(&energy(other)));
    quiet.map_or(pcm.len(), |at| at + step)
}

/// Samples in `span`.
fn samples(span: Duration) -> usize {
    // At most some hours: far below the range of usize.
    (span.as_secs_f64() * f64::from(LISTEN_RATE.0)) as usize
}

impl Heard {
    /// Adds the transcript of `utterance`, whose span counts from the recording's start.
    async fn add(&mut self, engine: &dyn Transcriber, utterance: Utterance) -> Result<(), Failure> {
        let rate = f64::from(LISTEN_RATE.0);
        let (from, to) = (utterance.span.start as f64 / rate, utterance.span.end as f64 / rate);
        let pcm = Arc::clone(&utterance.pcm);
        let mut words = engine.recognize(utterance, self.people.known());
        let (mut text, mut segments) = (String::new(), Vec::new());
        while let Some(transcript) = words.next().await {
            let transcript = transcript?;
            (text, segments) = (transcript.text.trim().to_owned(), transcript.segments);
        }
        if text.is_empty() {
            return Ok(());
        }
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        self.text.push_str(&text);
        if segments.is_empty() {
            self.segments.push(Segment { from, to, speaker: None, text });
        } else {
            self.told = true;
            self.people.settle(&pcm, &mut segments);
            self.segments.extend(segments.into_iter().map(|segment| Segment {
                from: from + segment.from,
                to: from + segment.to,
                ..segment
            }));
        }
        Ok(())
    }
}

fn show(path: &Path, format: Format, several: bool, heard: &Heard, seconds: f64) -> Outcome {
    let Heard { text, segments, told, people: _ } = heard;
    match format {
        Format::Json => {
            let file = path.to_string_lossy();
            let mut object = json!({ "file": file, "text": text, "seconds": rounded(seconds) });
            if *told {
                object["segments"] = segments.iter().map(object_of).collect();
            }
            print::json(&object)
        }
        Format::Text if several => print::line(format!("{}: {text}", path.display())),
        Format::Text => print::line(text),
        Format::Srt => {
            for (at, segment) in segments.iter().enumerate() {
                let (from, to) = (clock(segment.from, ','), clock(segment.to, ','));
                print::line(format!("{}\n{from} --> {to}\n{}\n", at + 1, subtitle(segment)))?;
            }
            Ok(())
        }
        Format::Vtt => {
            print::line("WEBVTT\n")?;
            for segment in segments {
                let (from, to) = (clock(segment.from, '.'), clock(segment.to, '.'));
                print::line(format!("{from} --> {to}\n{}\n", subtitle(segment)))?;
            }
            Ok(())
        }
    }
}

/// The words of `segment`, after the speaker's name.
fn subtitle(segment: &Segment) -> String {
    match &segment.speaker {
        Some(speaker) => format!("{speaker}: {}", segment.text),
        None => segment.text.clone(),
    }
}

fn object_of(segment: &Segment) -> Value {
    let Segment { from, to, speaker, text } = segment;
    let mut object = json!({ "start": rounded(*from), "end": rounded(*to), "text": text });
    if let Some(speaker) = speaker {
        object["speaker"] = json!(speaker);
    }
    object
}

/// `seconds` to the millisecond.
fn rounded(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
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
    use crate::base::Flow;
    use crate::engine::{EngineError, Transcript};

    /// Returns the same times whatever it hears.
    struct Timed;

    impl Transcriber for Timed {
        fn transcribe(&self, _: Utterance) -> Flow<Result<Transcript, EngineError>> {
            let segment = |from, to, speaker: &str, text: &str| Segment {
                from,
                to,
                speaker: Some(speaker.into()),
                text: text.into(),
            };
            let segments = vec![segment(0.5, 1.25, "A", "Hello."), segment(1.5, 2.0, "B", "Hi.")];
            let words = Transcript { segments, ..Transcript::whole("Hello. Hi.") };
            Box::pin(futures::stream::iter([Ok(Transcript::part("Hel")), Ok(words)]))
        }
    }

    #[test]
    fn subtitle_times_carry_over() {
        assert_eq!(clock(3723.4567, ','), "01:02:03,457");
        assert_eq!(clock(59.9996, '.'), "00:01:00.000");
    }

    #[test]
    fn a_long_recording_is_cut_where_it_is_quiet() {
        let mut pcm = vec![0.25; 100 * 16_000];
        assert_eq!(quietest(&pcm), pcm.len() - 2_400);
        pcm[80 * 16_000..81 * 16_000].fill(0.01);
        let cut = quietest(&pcm);
        assert!((80 * 16_000 + 2_400..=81 * 16_000 - 2_400).contains(&cut), "{cut}");
        // A cut any further back would make the piece short.
        pcm[80 * 16_000..81 * 16_000].fill(0.25);
        pcm[10 * 16_000..11 * 16_000].fill(0.0);
        assert_eq!(quietest(&pcm), pcm.len() - 2_400);
    }

    #[tokio::test]
    async fn the_times_of_a_part_count_from_the_start_of_the_recording() {
        let mut heard = Heard::default();
        for start in [0, 160_000] {
            let span = start..start + 48_000;
            let pcm = vec![0.0; 48_000].into();
            heard.add(&Timed, Utterance { id: UtteranceId(1), span, pcm }).await.unwrap();
        }
        assert_eq!(heard.text, "Hello. Hi. Hello. Hi.");
        let lines: Vec<_> = heard.segments.iter().map(|s| (s.from, s.to, subtitle(s))).collect();
        assert_eq!(
            lines,
            [
                (0.5, 1.25, "A: Hello.".to_owned()),
                (1.5, 2.0, "B: Hi.".to_owned()),
                (10.5, 11.25, "C: Hello.".to_owned()),
                (11.5, 12.0, "D: Hi.".to_owned()),
            ]
        );
        let second = object_of(&heard.segments[1]);
        assert_eq!(second, json!({ "start": 1.5, "end": 2.0, "text": "Hi.", "speaker": "B" }));
    }
}
