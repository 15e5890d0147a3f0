//! Speech to text and text to speech through the API, against a server that answers piece by
//! piece: what goes out, what comes back and when, and what the user is told when it does not.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod server;

use std::sync::Arc;
use std::time::Duration;

use aloud::base::{Flow, Rate, Utterance, UtteranceId};
use aloud::engine::openai::{Address, Auth, Ear, EarSettings, Http, Voice, VoiceSettings};
use aloud::engine::{Chunk, EngineError, Segment, Synthesizer, Transcriber, Transcript};
use futures::StreamExt;
use serde_json::json;
use server::{Piece, Reply, Request, Server, event};
use tokio::sync::Notify;

/// Longer than any of these tests takes.
const PATIENCE: Duration = Duration::from_secs(30);

fn http(server: &Server) -> Http {
    let address = Address::v1(&server.base).unwrap();
    Http::new("acme", address, Auth::Bearer("k".into()), PATIENCE).unwrap().hasty()
}

async fn answers(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> (Server, Http) {
    let server = Server::start(answer).await;
    let http = http(&server);
    (server, http)
}

fn utterance(seconds: usize) -> Utterance {
    let pcm: Arc<[f32]> = vec![0.25; seconds * 16_000].into();
    Utterance { id: UtteranceId(1), span: 0..pcm.len() as u64, pcm }
}

async fn all<T>(flow: Flow<T>) -> Vec<T> {
    tokio::time::timeout(PATIENCE, flow.collect()).await.unwrap()
}

async fn next<T>(flow: &mut Flow<T>) -> Option<T> {
    tokio::time::timeout(PATIENCE, flow.next()).await.unwrap()
}

/// Why it failed, after so many good items.
fn failure<T: std::fmt::Debug>(mut items: Vec<Result<T, EngineError>>, good: usize) -> String {
    assert_eq!(items.len(), good + 1, "{items:?}");
    items.pop().unwrap().unwrap_err().to_string()
}

mod ear {
    use super::*;

    fn delta(text: &str) -> Piece {
        event(&json!({ "type": "transcript.text.delta", "delta": text }))
    }

    fn done(text: &str) -> Piece {
        event(&json!({ "type": "transcript.text.done", "text": text, "usage": null }))
    }

    async fn hears(model: &str, reply: fn() -> Reply) -> Vec<Result<Transcript, EngineError>> {
        let (_server, http) = answers(move |_| reply()).await;
        let ear = Ear::new(http, model, EarSettings::default()).with_segments();
        all(ear.transcribe(utterance(1))).await
    }

    #[tokio::test]
    async fn words_are_shown_as_they_come() {
        let gate = Arc::new(Notify::new());
        let held = Arc::clone(&gate);
        let (server, http) = answers(move |_| {
            let gate = Piece::Gate(Arc::clone(&held));
            Reply::stream(vec![delta("Set a"), gate, delta(" timer"), done("Set a timer.")])
        })
        .await;
        let settings = EarSettings {
            languages: vec!["en".into(), "fr".into()],
            keywords: vec!["aloud".into()],
            prompt: Some("Commands.".into()),
            temperature: Some(0.2),
        };
        let ear = Ear::new(http, "gpt-transcribe", settings);
        let mut words = ear.transcribe(utterance(1));
        assert_eq!(next(&mut words).await, Some(Ok(Transcript::part("Set a"))));
        gate.notify_one();
        assert_eq!(next(&mut words).await, Some(Ok(Transcript::part("Set a timer"))));
        assert_eq!(next(&mut words).await, Some(Ok(Transcript::whole("Set a timer."))));
        assert_eq!(next(&mut words).await, None);

        let request = &server.requests()[0];
        assert_eq!(request.path, "/v1/audio/transcriptions");
        // The header of a WAV file, and a second of 16 bit samples at 16 kHz.
        assert!(request.body.len() > 32_044);
        let fields = request.fields();
        let fields: Vec<_> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(
            fields,
            [
                ("file", "speech.wav content-type: audio/wav RIFF"),
                ("model", "gpt-transcribe"),
                ("response_format", "json"),
                ("stream", "true"),
                ("languages[]", "en"),
                ("languages[]", "fr"),
                ("keywords[]", "aloud"),
                ("prompt", "Commands."),
                ("temperature", "0.2"),
            ]
        );
    }

    #[tokio::test]
    async fn each_model_gets_what_it_takes() {
        let (server, http) = answers(|_| Reply::of("application/json", r#"{"text":"hi"}"#)).await;
        let settings = EarSettings {
            languages: vec!["en".into()],
            keywords: vec!["aloud".into()],
            prompt: Some("Commands.".into()),
            temperature: None,
        };
        for model in ["gpt-4o-transcribe", "whisper-1", "gpt-4o-transcribe-diarize"] {
            let ear = Ear::new(http.clone(), model, settings.clone());
            all(ear.transcribe(utterance(31))).await;
            all(ear.with_segments().transcribe(utterance(1))).await;
        }
        let asked: Vec<_> = server
            .requests()
            .iter()
            .map(|request| {
                let fields = request.fields().into_iter().skip(2);
                fields.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
            })
            .collect();
        let words = "language=en prompt=Commands.";
        assert_eq!(
            asked,
            [
                format!("response_format=json stream=true {words}"),
                format!("response_format=json stream=true {words}"),
                format!("response_format=json {words}"),
                format!("response_format=verbose_json timestamp_granularities[]=segment {words}"),
                "response_format=json stream=true language=en chunking_strategy=auto".to_owned(),
                "response_format=diarized_json stream=true language=en".to_owned(),
            ]
        );
    }

    #[tokio::test]
    async fn whatever_form_a_server_answers_in_is_understood() {
        let hi = [Ok(Transcript::whole("Hi there."))];
        let json = || Reply::of("application/json", r#"{"text":"Hi there.","usage":{}}"#);
        assert_eq!(hears("gpt-transcribe", json).await, hi);
        let plain = || Reply::of("text/plain; charset=utf-8", "Hi there.\n");
        assert_eq!(hears("gpt-transcribe", plain).await, hi);
        let unmarked = || Reply::stream(vec![event(&json!({ "text": "Hi there." }))]);
        assert_eq!(hears("gpt-transcribe", unmarked).await[1..], hi);
        let silence = || Reply::stream(vec![done("")]);
        assert_eq!(hears("gpt-transcribe", silence).await, [Ok(Transcript::whole(""))]);
    }

    #[tokio::test]
    async fn times_and_speakers_come_with_the_words() {
        let segment = |from, to, speaker: Option<&str>, text: &str| Segment {
            from,
            to,
            speaker: speaker.map(str::to_owned),
            text: text.into(),
        };
        let verbose = || {
            let segments = json!([
                { "id": 0, "start": 0.0, "end": 1.5, "text": " Hello.", "tokens": [1] },
                { "id": 1, "start": 1.5, "end": 2, "text": " Hi.", "tokens": [] },
            ]);
            let body = json!({ "task": "transcribe", "text": "Hello. Hi.", "segments": segments });
            Reply::of("application/json", body.to_string())
        };
        let timed = vec![segment(0.0, 1.5, None, "Hello."), segment(1.5, 2.0, None, "Hi.")];
        let whole = Transcript { text: "Hello. Hi.".into(), last: true, segments: timed };
        assert_eq!(hears("whisper-1", verbose).await, [Ok(whole)]);

        let diarized = || {
            let part = |id, speaker, from, to, text| {
                event(&json!({
                    "type": "transcript.text.segment", "id": id, "speaker": speaker,
                    "start": from, "end": to, "text": text,
                }))
            };
            Reply::stream(vec![
                delta("Hello."),
                part("seg_0", "A", 0.0, 1.5, "Hello."),
                part("seg_1", "B", 1.5, 2.0, "Hi."),
                done("Hello. Hi."),
            ])
        };
        let heard = hears("gpt-4o-transcribe-diarize", diarized).await;
        let timed =
            vec![segment(0.0, 1.5, Some("A"), "Hello."), segment(1.5, 2.0, Some("B"), "Hi.")];
        let whole = Transcript { text: "Hello. Hi.".into(), last: true, segments: timed };
        assert_eq!(heard, [Ok(Transcript::part("Hello.")), Ok(whole)]);
    }

    #[tokio::test]
    async fn what_goes_wrong_is_told_with_the_next_step() {
        let key = || Reply::new(401, "application/json", vec![Piece::Bytes(b"{}".into())]);
        let told = failure(hears("whisper-1", key).await, 0);
        assert_eq!(told, "provider acme does not take the key; check or renew it");
        let error = || {
            let error = json!({ "error": { "message": "Too loud.", "code": null } });
            Reply::stream(vec![delta("Set"), event(&error)])
        };
        let told = failure(hears("gpt-transcribe", error).await, 1);
        assert_eq!(told, "provider acme broke off: it reports an error: \"Too loud\"; ask again");
        let lost = || Reply::stream(vec![delta("Set"), Piece::Lost]);
        let told = failure(hears("gpt-transcribe", lost).await, 1);
        assert_eq!(told, "provider acme broke off: the connection was lost; ask again");
        for (kind, body) in [
            ("text/html", "<html>hello</html>"),
            ("application/json", r#"{"words":"hi"}"#),
            ("text/event-stream", ": nothing\n\n"),
        ] {
            let (_server, http) = answers(move |_| Reply::of(kind, body)).await;
            let ear = Ear::new(http, "x", EarSettings::default());
            let told = failure(all(ear.transcribe(utterance(1))).await, 0);
            assert!(told.starts_with("provider acme broke off: ") && told.ends_with("; ask again"));
        }
    }
}

mod voice {
    use super::*;

    fn settings(voice: &str) -> VoiceSettings {
        let instructions = Some("Warmly.".to_owned());
        VoiceSettings { voice: voice.into(), instructions, speed: Some(1.25) }
    }

    fn bytes(samples: &[i16]) -> Vec<u8> {
        samples.iter().flat_map(|sample| sample.to_le_bytes()).collect()
    }

    async fn speaks(kind: &'static str, body: Vec<u8>) -> Vec<Result<Chunk, EngineError>> {
        let (_server, http) = answers(move |_| Reply::of(kind, body.clone())).await;
        let voice = Voice::new(http, "gpt-4o-mini-tts", settings("alloy"));
        all(voice.speak("Yes.".into())).await
    }

    #[tokio::test]
    async fn sound_is_handed_on_as_it_comes_and_the_words_are_complete_at_its_end() {
        let gate = Arc::new(Notify::new());
        let held = Arc::clone(&gate);
        let (server, http) = answers(move |_| {
            // The network cuts between the two bytes of a sample.
            let sound = bytes(&[16_384; 24_000]);
            let (first, rest) = sound.split_at(4_801);
            let gate = Piece::Gate(Arc::clone(&held));
            let pieces = vec![Piece::Bytes(first.to_vec()), gate, Piece::Bytes(rest.to_vec())];
            Reply::new(200, "audio/pcm", pieces)
        })
        .await;
        let voice = Voice::new(http, "gpt-4o-mini-tts", settings("alloy"));
        let mut sound = voice.speak("It will rain in Paris.".into());
        let first = next(&mut sound).await.unwrap().unwrap();
        assert_eq!((first.pcm.len(), first.rate, first.pcm[0]), (2_400, Rate(24_000), 0.5));
        gate.notify_one();
        let rest: Vec<_> = all(sound).await.into_iter().map(Result::unwrap).collect();
        let samples: usize = rest.iter().map(|chunk| chunk.pcm.len()).sum();
        assert_eq!(samples, 21_600);
        assert!(rest.iter().flat_map(|chunk| &chunk.pcm).all(|sample| *sample == 0.5));
        let words: String = rest.iter().map(|chunk| chunk.text.as_str()).collect();
        assert_eq!(first.text + &words, "It will rain in Paris.");

        let request = &server.requests()[0];
        assert_eq!(request.path, "/v1/audio/speech");
        assert_eq!(
            request.json(),
            json!({
                "model": "gpt-4o-mini-tts", "input": "It will rain in Paris.", "voice": "alloy",
                "response_format": "pcm", "instructions": "Warmly.", "speed": 1.25,
            })
        );
    }

    #[tokio::test]
    async fn each_model_and_voice_is_asked_in_its_form() {
        let (server, http) = answers(|_| Reply::of("audio/pcm", bytes(&[1; 10]))).await;
        let voice = Voice::new(http, "tts-1-hd", settings("voice_1234"));
        all(voice.speak("Yes.".into())).await;
        let asked = server.requests()[0].json();
        assert_eq!(asked["voice"], json!({ "id": "voice_1234" }));
        assert_eq!(asked["instructions"], json!(null));
    }

    #[tokio::test]
    async fn a_page_without_a_full_stop_takes_several_requests_and_loses_nothing() {
        let (server, http) = answers(|_| Reply::of("audio/pcm", bytes(&[1; 10]))).await;
        let voice = Voice::new(http, "tts-1", settings("alloy"));
        let page = "wörd ".repeat(1_000) + &"x".repeat(5_000);
        let said: String =
            all(voice.speak(page.clone())).await.into_iter().map(|c| c.unwrap().text).collect();
        assert_eq!(said, page);
        let inputs: Vec<String> = server
            .requests()
            .iter()
            .map(|request| request.json()["input"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(inputs.concat(), page);
        assert!(inputs.len() == 4 && inputs[0].ends_with("wörd "), "{}", inputs.len());
        assert!(inputs.iter().all(|input| input.chars().count() <= 4_096));
    }

    #[tokio::test]
    async fn a_wav_file_and_a_stream_of_events_are_understood_too() {
        let mut wav = b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
        wav.extend_from_slice(&16_000u32.to_le_bytes());
        wav.extend_from_slice(b"\0\x7d\0\0\x02\0\x10\0data\xff\xff\xff\xff");
        wav.extend(bytes(&[16_384; 3]));
        let said = speaks("audio/wav", wav).await;
        let chunk = |pcm: &[f32], rate, text: &str| {
            Ok(Chunk { pcm: pcm.to_vec(), rate: Rate(rate), text: text.into() })
        };
        assert_eq!(said, [chunk(&[0.5; 3], 16_000, ""), chunk(&[], 16_000, "Yes.")]);

        let events = concat!(
            "data: {\"type\":\"speech.audio.delta\",\"audio\":\"AEAA\"}\n\n",
            "data: {\"type\":\"speech.audio.delta\",\"audio\":\"wA==\"}\n\n",
            "data: {\"type\":\"speech.audio.done\",\"usage\":{}}\n\n",
        );
        let said = speaks("text/event-stream", events.into()).await;
        assert!(said.iter().all(Result::is_ok), "{said:?}");
        let pcm: Vec<f32> = said.iter().flatten().flat_map(|c| c.pcm.clone()).collect();
        assert_eq!(pcm, [0.5, -0.5]);
    }

    #[tokio::test]
    async fn what_is_no_plain_sound_is_told_with_the_next_step() {
        for (kind, body, word) in [
            ("audio/mpeg", &b"\xff\xfb\x90\x00"[..], "mpeg"),
            ("application/octet-stream", b"ID3\x04\0\0\0", "MP3"),
            ("audio/ogg", b"OggS\0\0", "ogg"),
            ("application/json", b"{}", "json"),
        ] {
            let told = failure(speaks(kind, body.to_vec()).await, 0);
            let start = format!("provider acme: it answers {word} where plain samples");
            assert!(told.starts_with(&start), "{told}");
            assert!(told.ends_with("choose another model than \"gpt-4o-mini-tts\" to speak"));
        }
        let told = failure(speaks("audio/pcm", Vec::new()).await, 0);
        assert_eq!(told, "provider acme broke off: it sent no sound; ask again");
    }

    #[tokio::test]
    async fn sound_that_breaks_off_is_kept_and_the_loss_is_told() {
        let (_server, http) = answers(|_| {
            let pieces = vec![Piece::Bytes(bytes(&[1; 100])), Piece::Lost];
            Reply::new(200, "audio/pcm", pieces)
        })
        .await;
        let voice = Voice::new(http, "tts-1", settings("alloy"));
        let told = failure(all(voice.speak("Yes.".into())).await, 1);
        assert_eq!(told, "provider acme broke off: the connection was lost; ask again");
    }
}
