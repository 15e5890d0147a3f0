//! Who speaks in a recording that is too long for one request.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::contract::hold_answers;
use crate::home::{Home, provider};
use crate::reply::Reply;
use crate::server::Server;

/// Where it is quiet, in seconds: the only place for a cut within the first 12 minutes.
const QUIET: f64 = 700.0;

/// A recording of 12.5 minutes: a low voice until 5 s, a loud one until 8 s, then murmurs.
fn recording() -> Vec<u8> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = std::io::Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut wav, spec).unwrap();
    for at in 0..750 * 16_000 {
        let second = f64::from(at) / 16_000.0;
        let level = match second {
            ..5.0 => 3_000,
            5.0..8.0 => 9_000,
            QUIET..700.6 => 0,
            _ => 1_000,
        };
        writer.write_sample::<i16>(if at % 2 == 0 { level } else { -level }).unwrap();
    }
    writer.finalize().unwrap();
    wav.into_inner()
}

/// The answer of a model that distinguishes speakers: `(speaker, from, to, words)`.
fn diarized(said: &[(&str, f64, f64, &str)]) -> Reply {
    let text: Vec<&str> = said.iter().map(|(.., words)| *words).collect();
    let segments = said.iter().enumerate().map(|(at, (speaker, from, to, words))| {
        json!({
            "type": "transcript.text.segment", "id": format!("seg_{at}"), "speaker": speaker,
            "start": from, "end": to, "text": words,
        })
    });
    let done = json!({"type": "transcript.text.done", "text": text.join(" ")});
    let events: Vec<Value> = segments.chain([done]).collect();
    hold_answers("audio.transcription_stream_event.TranscriptionStreamEvent", &events);
    events.iter().fold(Reply::stream(), |reply, event| reply.event(event))
}

#[test]
fn in_a_long_recording_people_keep_their_names_over_the_cut_and_share_none() {
    let server = Server::start();
    server
        .reply(diarized(&[("A", 0.0, 5.0, "Good morning."), ("B", 5.0, 8.0, "Hello.")]))
        // The loud voice continues; the other one is a stranger, whatever the server calls her.
        .reply(diarized(&[("known_B", 1.0, 2.0, "Where was I?"), ("A", 2.5, 4.0, "Who is that?")]));
    let cascade = "transcribe = \"x/gpt-4o-transcribe-diarize\"";
    let home = Home::with(&provider("x", &server.base()), cascade);
    home.write("long.wav", recording());
    let lines = home.lines(&["transcribe", "long.wav", "--format", "vtt"]).join("\n");
    let cut = "WEBVTT\n\n00:00:00.000 --> 00:00:05.000\nA: Good morning.\n\n\
               00:00:05.000 --> 00:00:08.000\nB: Hello.\n\n\
               00:11:41.350 --> 00:11:42.350\nB: Where was I?\n\n\
               00:11:42.850 --> 00:11:44.350\nC: Who is that?\n";
    assert_eq!(lines, cut);

    let requests = server.requests();
    let known = |at: usize| -> Vec<(String, String)> {
        let fields = requests[at].fields().into_iter();
        fields.filter(|(name, _)| name.starts_with("known")).collect()
    };
    assert_eq!(known(0), []);
    let voices: Vec<(String, u32, i16)> = known(1)
        .chunks(2)
        .map(|pair| {
            assert_eq!(pair[0].0, "known_speaker_names[]");
            assert_eq!(pair[1].0, "known_speaker_references[]");
            let sound = pair[1].1.strip_prefix("data:audio/wav;base64,").unwrap();
            let sound = BASE64_STANDARD.decode(sound).unwrap();
            let mut wav = hound::WavReader::new(&sound[..]).unwrap();
            assert_eq!(wav.spec().sample_rate, 16_000);
            let level = wav.samples::<i16>().next().unwrap().unwrap();
            (pair[0].1.clone(), wav.duration() / 16_000, level)
        })
        .collect();
    assert_eq!(voices, [("known_A".into(), 5, 3_000), ("known_B".into(), 3, 9_000)]);
}

#[test]
fn in_a_short_one_they_are_called_what_the_server_calls_them() {
    let server = Server::start();
    let said = |id: &str, speaker: &str, from: f64, to: f64, words: &str| {
        json!({
            "type": "transcript.text.segment", "id": id, "speaker": speaker,
            "start": from, "end": to, "text": words,
        })
    };
    let segments =
        [said("seg_0", "agent", 0.0, 0.5, "Hello?"), said("seg_1", "B", 0.5, 1.0, "Hi.")];
    let answer = json!({
        "task": "transcribe", "duration": 1.0, "text": "Hello? Hi.", "segments": segments,
    });
    hold_answers(
        "audio.transcription_diarized.TranscriptionDiarized",
        std::slice::from_ref(&answer),
    );
    server.reply(Reply::json(&answer));
    let cascade = "transcribe = \"x/gpt-4o-transcribe-diarize\"";
    let home = Home::with(&provider("x", &server.base()), cascade);
    let tone = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/tone.flac");
    let lines = home.lines(&["transcribe", tone, "--json"]);
    let told: Value = serde_json::from_str(&lines[0]).unwrap();
    let segments = json!([
        {"start": 0.0, "end": 0.5, "text": "Hello?", "speaker": "agent"},
        {"start": 0.5, "end": 1.0, "text": "Hi.", "speaker": "B"},
    ]);
    assert_eq!((&told["text"], &told["segments"]), (&json!("Hello? Hi."), &segments));
    let fields = server.requests()[0].fields();
    let fields: Vec<_> = fields.iter().skip(1).map(|(name, value)| (&**name, &**value)).collect();
    let model = ("model", "gpt-4o-transcribe-diarize");
    assert_eq!(fields, [model, ("response_format", "diarized_json")]);
}
