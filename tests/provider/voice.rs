//! Text to speech: what is sent, what comes back and when, and what the user is told when it fails.

use std::os::unix::fs::PermissionsExt;

use aloud::base::Rate;
use aloud::engine::openai::{SpeechModel, SpeechSettings};
use aloud::engine::{Chunk, EngineError, Synthesizer};
use serde_json::json;

use crate::home::{Home, provider};
use crate::reply::{Gate, Reply};
use crate::server::Server;
use crate::speech::{all, answers, failure, next};

fn settings(voice: &str) -> SpeechSettings {
    let instructions = Some("Warmly.".to_owned());
    SpeechSettings { voice: voice.into(), instructions, speed: Some(1.25) }
}

fn bytes(samples: &[i16]) -> Vec<u8> {
    samples.iter().flat_map(|sample| sample.to_le_bytes()).collect()
}

async fn speaks(kind: &str, body: Vec<u8>) -> Vec<Result<Chunk, EngineError>> {
    let (_server, http) = answers(Reply::whole(kind, body));
    let voice = SpeechModel::new(http, "gpt-4o-mini-tts", settings("alloy"));
    all(voice.speak("Yes.".into())).await
}

#[tokio::test]
async fn sound_is_handed_on_as_it_comes_and_the_words_are_complete_at_its_end() {
    let gate = Gate::default();
    // The network splits a sample between its two bytes.
    let sound = bytes(&[16_384; 24_000]);
    let (first, rest) = sound.split_at(4_801);
    let (server, http) = answers(Reply::pieces("audio/pcm").bytes(first).hold(&gate).bytes(rest));
    let voice = SpeechModel::new(http, "gpt-4o-mini-tts", settings("alloy"));
    let mut sound = voice.speak("It will rain in Paris.".into());
    let first = next(&mut sound).await.unwrap().unwrap();
    assert_eq!((first.pcm.len(), first.rate, first.pcm[0]), (2_400, Rate(24_000), 0.5));
    gate.open();
    let rest: Vec<_> = all(sound).await.into_iter().map(Result::unwrap).collect();
    let samples: usize = rest.iter().map(|chunk| chunk.pcm.len()).sum();
    assert_eq!(samples, 21_600);
    assert!(rest.iter().flat_map(|chunk| &chunk.pcm).all(|sample| *sample == 0.5));
    let words: String = rest.iter().map(|chunk| chunk.text.as_str()).collect();
    assert_eq!(first.text + &words, "It will rain in Paris.");

    let request = &server.requests()[0];
    assert_eq!(request.path(), "/v1/audio/speech");
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
    let (server, http) = answers(Reply::whole("audio/pcm", bytes(&[1; 10])));
    let voice = SpeechModel::new(http, "tts-1-hd", settings("voice_1234"));
    all(voice.speak("Yes.".into())).await;
    let asked = server.requests()[0].json();
    assert_eq!(asked["voice"], json!({ "id": "voice_1234" }));
    assert_eq!(asked["instructions"], json!(null));
}

#[tokio::test]
async fn a_page_without_a_full_stop_takes_several_requests_and_loses_nothing() {
    let (server, http) = answers(Reply::whole("audio/pcm", bytes(&[1; 10])));
    let voice = SpeechModel::new(http, "tts-1", settings("alloy"));
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
async fn what_is_no_sound_is_told_with_the_next_step() {
    for (kind, body, word) in [
        ("application/octet-stream", &b"ID3\x04\0\0\0"[..], "its MP3 "),
        ("audio/ogg", b"OggS\0\0", "its Ogg "),
        ("application/json", b"{}", "it answered with JSON"),
    ] {
        let told = failure(speaks(kind, body.to_vec()).await, 0);
        assert!(told.starts_with(&format!("provider acme: {word}")), "{told}");
        assert!(told.ends_with("choose another model than \"gpt-4o-mini-tts\" to speak"));
    }
    let told = failure(speaks("audio/pcm", Vec::new()).await, 0);
    assert_eq!(told, "provider acme: it sent no audio; ask again");
}

/// A second of a tone encoded by ffmpeg, in the format of the file's extension.
fn packed(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/data/packed.{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).unwrap()
}

#[tokio::test]
async fn packed_sound_is_known_by_its_bytes_whatever_its_label_says() {
    for (name, label) in [
        ("mp3", "audio/wav"),
        ("mp3", "audio/mpeg"),
        ("vorbis.ogg", "audio/pcm"),
        ("opus.ogg", "audio/mpeg"),
        ("flac", "application/octet-stream"),
    ] {
        let said = speaks(label, packed(name)).await;
        assert!(said.iter().all(Result::is_ok), "{name}: {said:?}");
        let chunks: Vec<_> = said.into_iter().flatten().collect();
        let seconds: f64 = chunks.iter().map(|c| c.pcm.len() as f64 / f64::from(c.rate.0)).sum();
        assert!((0.9..1.2).contains(&seconds), "{name}: {seconds} s");
        let peak = chunks.iter().flat_map(|c| &c.pcm).fold(0.0_f32, |peak, s| peak.max(s.abs()));
        assert!((0.2..1.0).contains(&peak), "{name}: {peak}");
    }
}

#[tokio::test]
async fn plain_samples_have_the_rate_of_their_type() {
    let said = speaks("audio/pcm;rate=16000", bytes(&[16_384; 16_000])).await;
    let chunks: Vec<_> = said.into_iter().map(Result::unwrap).collect();
    assert!(chunks.iter().all(|chunk| chunk.rate == Rate(16_000)));
}

#[tokio::test]
async fn a_float_wav_file_is_played() {
    let mut wav = b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x03\0\x01\0".to_vec();
    wav.extend_from_slice(&22_050u32.to_le_bytes());
    wav.extend_from_slice(b"\x88\x58\x01\0\x04\0\x20\0data\xff\xff\xff\xff");
    wav.extend([0.5f32, -0.5].iter().flat_map(|sample| sample.to_le_bytes()));
    let said = speaks("audio/wav", wav).await;
    assert_eq!(said[0], Ok(Chunk { pcm: vec![0.5, -0.5], rate: Rate(22_050), text: "".into() }));
}

#[tokio::test]
async fn the_next_format_is_asked_for_where_one_is_refused() {
    let server = Server::answering(|request| {
        match request.json()["response_format"].as_str() {
        Some("mp3") => Reply::whole("audio/mpeg", packed("mp3")),
        Some("wav") => Reply::json(&json!({"detail": [{"loc": ["body", "response_format"], "msg": "Input should be 'mp3'"}]})).status(422),
        _ => Reply::error(400, "invalid_request_error", "`response_format` must be one of [mp3]"),
    }
    });
    let address = aloud::engine::openai::Address::v1(&server.base()).unwrap();
    let auth = aloud::engine::openai::Auth::None;
    let patience = std::time::Duration::from_secs(20);
    let http = aloud::engine::openai::Http::new("acme", address, auth, patience).unwrap();
    let (tell, mut notes) = aloud::engine::Notes::new();
    let voice = SpeechModel::new(http, "playai-tts", settings("alloy")).noting(tell);
    for _ in 0..2 {
        let said = all(voice.speak("Yes.".into())).await;
        assert!(said.iter().all(Result::is_ok), "{said:?}");
    }
    let asked: Vec<_> =
        server.requests().iter().map(|r| r.json()["response_format"].clone()).collect();
    assert_eq!(asked, ["pcm", "wav", "flac", "mp3", "mp3"]);
    assert!(notes.try_recv().unwrap().starts_with("acme/playai-tts does not send audio as pcm"));
}

#[tokio::test]
async fn sound_that_breaks_off_is_kept_and_the_loss_is_told() {
    let (_server, http) = answers(Reply::pieces("audio/pcm").bytes(bytes(&[1; 100])).cut());
    let voice = SpeechModel::new(http, "tts-1", settings("alloy"));
    let told = failure(all(voice.speak("Yes.".into())).await, 1);
    assert_eq!(told, "provider acme: the connection was lost; ask again");
}

/// Words spoken into `out/x.wav` by a voice that answers with `reply`, once by themselves and once
/// as a model's answer; each ends with `code`.
fn spoken_into_a_file(home: &Home, server: &Server, reply: &Reply, code: i32) {
    for args in [["say", "Hi.", "--out", "out/x.wav"], ["ask", "hello", "--out", "out/x.wav"]] {
        server.answer({
            let reply = reply.clone();
            move |request| match request.path() {
                "/v1/audio/speech" => reply.clone(),
                _ => Reply::says("Hi."),
            }
        });
        let told = home.run(&args);
        assert_eq!(told.code, code, "{args:?}: {told:?}");
    }
}

#[test]
fn a_voice_that_fails_leaves_no_file_and_takes_none() {
    let server = Server::start();
    let home = Home::with(&provider("x", &server.base()), "chat = \"x/m\"\nspeak = \"x/tts-1\"");
    home.write("out/mine", "");
    let pcm = bytes(&[1; 24_000]);
    let good = Reply::pieces("audio/pcm").bytes(pcm.clone());
    let failing = [
        (Reply::error(401, "invalid_api_key", "No."), 77),
        (Reply::whole("audio/mpeg", "ID3"), 77),
        (Reply::pieces("audio/pcm").bytes(pcm).cut(), 74),
    ];
    for (reply, code) in &failing {
        spoken_into_a_file(&home, &server, reply, *code);
        assert_eq!(home.names("out"), ["mine"]);
    }
    spoken_into_a_file(&home, &server, &good, 0);
    assert_eq!(home.names("out"), ["mine", "x.wav"]);
    let spoken = std::fs::read(home.path("out/x.wav")).unwrap();
    assert!(hound::WavReader::open(home.path("out/x.wav")).unwrap().duration() >= 48_000);
    // Somebody who may not read the old file must not be able to read the new one.
    let private = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(home.path("out/x.wav"), private).unwrap();
    for (reply, code) in &failing {
        spoken_into_a_file(&home, &server, reply, *code);
        assert_eq!(std::fs::read(home.path("out/x.wav")).unwrap(), spoken);
    }
    home.write("elsewhere.wav", "");
    std::fs::rename(home.path("out/x.wav"), home.path("elsewhere.wav")).unwrap();
    std::os::unix::fs::symlink("../elsewhere.wav", home.path("out/x.wav")).unwrap();
    spoken_into_a_file(&home, &server, &good, 0);
    assert!(std::fs::symlink_metadata(home.path("out/x.wav")).unwrap().is_symlink());
    let mode = std::fs::metadata(home.path("elsewhere.wav")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(home.names("out"), ["mine", "x.wav"]);
    home.fails(&["say", "Hi.", "--out", "out"], 73, &["out", "check the path"]);
}
