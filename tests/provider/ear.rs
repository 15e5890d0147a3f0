//! Speech to text: what is sent, what comes back and when, and what the user is told when it fails.

use std::sync::Arc;

use aloud::base::{Utterance, UtteranceId};
use aloud::engine::openai::{TranscriptionModel, TranscriptionSettings};
use aloud::engine::{EngineError, Segment, Transcriber, Transcript};
use serde_json::{Value, json};

use crate::contract::hold_answers;
use crate::reply::{Gate, Reply};
use crate::server::Server;
use crate::speech::{all, answers, failure, next};

fn delta(text: &str) -> Value {
    json!({ "type": "transcript.text.delta", "delta": text })
}

fn done(text: &str) -> Value {
    json!({ "type": "transcript.text.done", "text": text, "usage": null })
}

fn utterance(seconds: usize) -> Utterance {
    let pcm: Arc<[f32]> = vec![0.25; seconds * 16_000].into();
    Utterance { id: UtteranceId(1), span: 0..pcm.len() as u64, pcm }
}

async fn hears(model: &str, reply: Reply) -> Vec<Result<Transcript, EngineError>> {
    let (_server, http) = answers(reply);
    let ear =
        TranscriptionModel::new(http, model, TranscriptionSettings::default()).with_segments();
    all(ear.transcribe(utterance(1))).await
}

#[tokio::test]
async fn words_are_shown_as_they_come() {
    let gate = Gate::default();
    let reply = Reply::stream().event(&delta("Set a")).hold(&gate);
    let (server, http) = answers(reply.event(&delta(" timer")).event(&done("Set a timer.")));
    let settings = TranscriptionSettings {
        languages: vec!["en".into(), "fr".into()],
        keywords: vec!["aloud".into()],
        prompt: Some("Commands.".into()),
        temperature: Some(0.2),
        streams: true,
    };
    let ear = TranscriptionModel::new(http, "gpt-transcribe", settings);
    let mut words = ear.transcribe(utterance(1));
    assert_eq!(next(&mut words).await, Some(Ok(Transcript::part("Set a"))));
    gate.open();
    assert_eq!(next(&mut words).await, Some(Ok(Transcript::part("Set a timer"))));
    assert_eq!(next(&mut words).await, Some(Ok(Transcript::whole("Set a timer."))));
    assert_eq!(next(&mut words).await, None);

    let request = &server.requests()[0];
    assert_eq!(request.path(), "/v1/audio/transcriptions");
    // The header of a WAV file, and a second of 16-bit samples at 16 kHz.
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
    let (server, http) = answers(Reply::json(&json!({ "text": "hi" })));
    let settings = TranscriptionSettings {
        languages: vec!["en".into()],
        keywords: vec!["aloud".into()],
        prompt: Some("Commands.".into()),
        temperature: None,
        streams: true,
    };
    for model in ["gpt-4o-transcribe", "whisper-1", "gpt-4o-transcribe-diarize"] {
        let ear = TranscriptionModel::new(http.clone(), model, settings.clone());
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
    let json = Reply::json(&json!({ "text": "Hi there.", "usage": {} }));
    assert_eq!(hears("gpt-transcribe", json).await, hi);
    let plain = Reply::whole("text/plain; charset=utf-8", "Hi there.\n");
    assert_eq!(hears("gpt-transcribe", plain).await, hi);
    let unmarked = Reply::stream().event(&json!({ "text": "Hi there." }));
    assert_eq!(hears("gpt-transcribe", unmarked).await[1..], hi);
    let silence = Reply::stream().event(&done(""));
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
    let segments = json!([
        { "id": 0, "start": 0.0, "end": 1.5, "text": " Hello.", "tokens": [1] },
        { "id": 1, "start": 1.5, "end": 2, "text": " Hi.", "tokens": [] },
    ]);
    let verbose = json!({ "task": "transcribe", "text": "Hello. Hi.", "segments": segments });
    let verbose = Reply::json(&verbose);
    let timed = vec![segment(0.0, 1.5, None, "Hello."), segment(1.5, 2.0, None, "Hi.")];
    let whole = Transcript { segments: timed, ..Transcript::whole("Hello. Hi.") };
    assert_eq!(hears("whisper-1", verbose).await, [Ok(whole)]);

    let part = |id: &str, speaker: &str, from: f64, to: f64, text: &str| {
        json!({
            "type": "transcript.text.segment", "id": id, "speaker": speaker,
            "start": from, "end": to, "text": text,
        })
    };
    let events = [
        delta("Hello."),
        part("seg_0", "A", 0.0, 1.5, "Hello."),
        part("seg_1", "B", 1.5, 2.0, "Hi."),
        done("Hello. Hi."),
    ];
    hold_answers("audio.transcription_stream_event.TranscriptionStreamEvent", &events);
    let diarized = events.iter().fold(Reply::stream(), |reply, event| reply.event(event));
    let heard = hears("gpt-4o-transcribe-diarize", diarized).await;
    let timed = vec![segment(0.0, 1.5, Some("A"), "Hello."), segment(1.5, 2.0, Some("B"), "Hi.")];
    let whole = Transcript { segments: timed, ..Transcript::whole("Hello. Hi.") };
    assert_eq!(heard, [Ok(Transcript::part("Hello.")), Ok(whole)]);
}

#[tokio::test]
async fn what_goes_wrong_is_told_with_the_next_step() {
    let key = Reply::error(401, "invalid_api_key", "Incorrect API key provided.");
    let told = failure(hears("whisper-1", key).await, 0);
    assert_eq!(told, "provider acme rejected the key; check or renew it");
    let error = json!({ "error": { "message": "Too loud.", "code": null } });
    let error = Reply::stream().event(&delta("Set")).event(&error);
    let told = failure(hears("gpt-transcribe", error).await, 1);
    assert_eq!(told, "provider acme: it reported an error: \"Too loud\"; ask again");
    let lost = Reply::stream().event(&delta("Set")).cut();
    let told = failure(hears("gpt-transcribe", lost).await, 1);
    assert_eq!(told, "provider acme: the connection was lost; ask again");
    for (kind, body) in
        [("application/json", r#"{"words":"hi"}"#), ("text/event-stream", ": nothing\n\n")]
    {
        let (_server, http) = answers(Reply::whole(kind, body));
        let ear = TranscriptionModel::new(http, "x", TranscriptionSettings::default());
        let told = failure(all(ear.transcribe(utterance(1))).await, 0);
        assert!(told.starts_with("provider acme: ") && told.ends_with("; ask again"));
    }
    let told = failure(hears("x", Reply::whole("text/html", "<html>hello</html>")).await, 0);
    assert!(told.contains("a web page") && told.contains("base_url"), "{told}");
}

#[tokio::test]
async fn what_nobody_said_is_no_transcript_in_whatever_form_it_comes() {
    let json = |text: &str| Reply::json(&json!({ "text": text }));
    for (reply, said) in [
        (json("[BLANK_AUDIO]"), ""),
        (json("(silence)"), ""),
        (json("[clears throat] What time is it?"), "What time is it?"),
        (json("[00:00:00.000 --> 00:00:02.000]  What time is it"), "What time is it"),
        // A gateway that puts the whole stream into the text.
        (json("data: {\"type\":\"transcript.text.delta\",\"delta\":\"What\"}\n\ndata: {\"type\":\"transcript.text.done\",\"text\":\"What time is it?\"}\n\n"), "What time is it?"),
        (Reply::whole("text/plain", "event: x\ndata: {\"type\":\"transcript.text.done\",\"text\":\"Hi.\"}\n\n"), "Hi."),
        // vLLM.
        (
            Reply::stream()
                .event(&json!({"object": "transcription.chunk", "choices": [{"delta": {"content": "What time"}}]}))
                .event(&json!({"object": "transcription.chunk", "choices": [{"delta": {"content": " is it?"}, "finish_reason": "stop"}]}))
                .done(),
            "What time is it?",
        ),
    ] {
        let (_server, http) = answers(reply);
        let ear = TranscriptionModel::new(http, "whisper-1", TranscriptionSettings::default());
        let last = all(ear.transcribe(utterance(1))).await.pop().unwrap().unwrap();
        assert_eq!((last.text.as_str(), last.last), (said, true));
    }
}

#[tokio::test]
async fn a_stream_is_asked_for_only_where_it_is_known_to_work() {
    let (server, http) = answers(Reply::json(&json!({"text": "Hi."})));
    let ear = TranscriptionModel::new(http, "gpt-4o-transcribe", TranscriptionSettings::default());
    all(ear.transcribe(utterance(1))).await;
    assert!(server.requests()[0].fields().iter().all(|(name, _)| name != "stream"));
}

#[tokio::test]
async fn a_field_that_is_refused_is_left_out_from_then_on() {
    let server = Server::answering(|request| {
        let fields = request.fields();
        match fields.iter().find(|(name, _)| name == "prompt") {
            Some(_) => Reply::error(400, "invalid_request_error", "Unknown parameter: 'prompt'."),
            None => Reply::json(&json!({"text": "Hi."})),
        }
    });
    let address = aloud::engine::openai::Address::v1(&server.base()).unwrap();
    let patience = std::time::Duration::from_secs(20);
    let http =
        aloud::engine::openai::Http::new("x", address, aloud::engine::openai::Auth::None, patience)
            .unwrap();
    let settings = TranscriptionSettings {
        prompt: Some("Commands.".into()),
        ..TranscriptionSettings::default()
    };
    let ear = TranscriptionModel::new(http, "whisper-1", settings);
    for _ in 0..2 {
        assert_eq!(all(ear.transcribe(utterance(1))).await, [Ok(Transcript::whole("Hi."))]);
    }
    assert_eq!(server.requests().len(), 3);
}
