//! Speech to text: one model of one provider.
//!
//! ```text
//! Utterance ─▶ WAV in a form ─▶ Http ─▶ events | JSON | text ─▶ Hearing ─▶ Transcript…
//! ```

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::CONTENT_TYPE;
use reqwest::multipart::{Form, Part};
use serde_json::Value;

use super::Http;
use super::error_body::ErrorBody;
use super::http::is;
use super::quirks::{Times, TranscriptionQuirks};
use super::refusal::Declined;
use super::sse::Events;
use super::stream::Stream;
use super::used::Tab;
use super::wording;
use crate::base::{Flow, Job, LISTEN_RATE, Utterance};
use crate::engine::{EngineError, Known, Notes, Segment, Transcriber, Transcript, heard};
use crate::pcm::wav;

/// The endpoint.
const PATH: &str = "audio/transcriptions";

/// The longest recording that fits into a provider's limit of 25 MB as 16-bit samples, together
/// with the voice samples of known speakers.
const LONGEST: Duration = Duration::from_secs(720);

/// Seconds from which on a model that distinguishes speakers must be told to chunk by itself.
const CHUNKED: usize = 30;

/// Settings of a transcription model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TranscriptionSettings {
    /// The languages that may be spoken, as two letters: `en`. Empty, or several with a model that
    /// takes only one, means automatic detection.
    pub languages: Vec<String>,
    /// Likely names and words, for models that take them.
    pub keywords: Vec<String>,
    /// A text whose style and spelling to follow, for models that take it.
    pub prompt: Option<String>,
    /// Sampling temperature, 0.0..=1.0.
    pub temperature: Option<f64>,
    /// Whether the provider is known to stream transcripts if the model can. Some others refuse,
    /// and some answer in formats of their own.
    pub streams: bool,
}

/// A transcription model. Cheap to clone.
#[derive(Clone, Debug)]
pub struct TranscriptionModel {
    http: Http,
    model: String,
    settings: Arc<TranscriptionSettings>,
    /// Whether segments are requested, if the model provides them.
    segments: bool,
    /// Fields that the model has refused.
    left_out: Arc<Mutex<BTreeSet<&'static str>>>,
    notes: Option<Notes>,
}

impl TranscriptionModel {
    /// The model `model` of a provider.
    pub fn new(http: Http, model: &str, settings: TranscriptionSettings) -> Self {
        let (settings, left_out) = (Arc::new(settings), Arc::default());
        Self { http, model: model.to_owned(), settings, segments: false, left_out, notes: None }
    }

    /// Sends what it learns about the model to `notes`.
    #[must_use]
    pub fn noting(self, notes: Notes) -> Self {
        Self { notes: Some(notes), ..self }
    }

    /// Learns from a refused form with this many samples; false if there was nothing to learn.
    fn learn(&self, declined: &Declined, samples: usize) -> bool {
        if !declined.judges() || declined.no_such_call() {
            return false;
        }
        let param = declined.param.as_deref().unwrap_or_default().trim_end_matches("[]");
        let named = |field: &&str| {
            let bare = field.trim_end_matches("[]");
            param == bare || wording::names(&declined.message, bare)
        };
        let fields = self.fields(samples).into_iter().map(|(name, _)| name);
        let Some(field) = fields.filter(|name| *name != "model").find(|name| named(name)) else {
            return false;
        };
        self.left_out.lock().unwrap_or_else(PoisonError::into_inner).insert(field);
        tracing::debug!(model = self.model, refused = declined.message, "learned");
        if let Some(notes) = &self.notes {
            let (name, model) = (self.http.name(), &self.model);
            notes.tell(format!(
                "{name}/{model} does not accept {field}; it is left out from now on"
            ));
        }
        true
    }

    /// Requests times and speakers of the words, if the model provides them.
    #[must_use]
    pub fn with_segments(self) -> Self {
        Self { segments: true, ..self }
    }

    fn times(&self) -> Times {
        if self.segments { TranscriptionQuirks::of(&self.model).times } else { Times::Untold }
    }

    /// The form for one try. Encoding is so cheap that nothing is kept for the next.
    fn form(&self, pcm: &[f32], known: &[Known]) -> Form {
        let sound = Part::bytes(wav(pcm, LISTEN_RATE)).file_name("speech.wav");
        let mut form = Form::new().part("file", sound.headers(wav_header()));
        for (name, value) in self.fields(pcm.len()) {
            form = form.text(name, value);
        }
        if self.times() == Times::Diarized {
            for Known { name, pcm } in known {
                let voice = format!(
                    "data:audio/wav;base64,{}",
                    BASE64_STANDARD.encode(wav(pcm, LISTEN_RATE))
                );
                form = form.text("known_speaker_names[]", name.clone());
                form = form.text("known_speaker_references[]", voice);
            }
        }
        form
    }

    /// The form's fields besides the sound, for this many samples.
    fn fields(&self, samples: usize) -> Vec<(&'static str, String)> {
        let TranscriptionSettings { languages, keywords, prompt, temperature, .. } =
            &*self.settings;
        let quirks = TranscriptionQuirks::of(&self.model);
        let mut fields = vec![("model", self.model.clone())];
        let mut add = |name, value: &str| fields.push((name, value.to_owned()));
        match self.times() {
            Times::Untold => add("response_format", "json"),
            Times::Verbose => {
                add("response_format", "verbose_json");
                add("timestamp_granularities[]", "segment");
            }
            Times::Diarized => add("response_format", "diarized_json"),
        }
        if quirks.streams && self.settings.streams {
            add("stream", "true");
        }
        if quirks.hints {
            languages.iter().for_each(|language| add("languages[]", language));
            keywords.iter().for_each(|keyword| add("keywords[]", keyword));
        } else if let [only] = languages.as_slice() {
            add("language", only);
        }
        if let Some(prompt) = prompt
            && quirks.prompt
        {
            add("prompt", prompt);
        }
        if let Some(temperature) = temperature {
            add("temperature", &temperature.to_string());
        }
        if quirks.times == Times::Diarized && samples > CHUNKED * LISTEN_RATE.0 as usize {
            add("chunking_strategy", "auto");
        }
        let left_out = self.left_out.lock().unwrap_or_else(PoisonError::into_inner);
        fields.retain(|(name, _)| !left_out.contains(name));
        fields
    }

    fn broken(&self, why: Fault) -> EngineError {
        self.http.broken(&why.0)
    }
}

impl Transcriber for TranscriptionModel {
    fn transcribe(&self, utterance: Utterance) -> Flow<Result<Transcript, EngineError>> {
        self.recognize(utterance, Arc::default())
    }

    fn recognize(
        &self,
        utterance: Utterance,
        known: Arc<[Known]>,
    ) -> Flow<Result<Transcript, EngineError>> {
        let ear = self.clone();
        Box::pin(async_stream::stream! {
            let form = || ear.form(&utterance.pcm, &known);
            let response = loop {
                match ear.http.post_form(PATH, Some(&ear.model), form).await {
                    Ok(response) => break response,
                    // Each time one field fewer is sent.
                    Err(declined) if ear.learn(&declined, utterance.pcm.len()) => {}
                    Err(declined) => {
                        yield Err(declined.error);
                        return;
                    }
                }
            };
            let mut tab = Tab::new(&ear.http, &ear.model);
            tab.known().seconds_in = utterance.pcm.len() as f64 / f64::from(LISTEN_RATE.0);
            if !is(&response, "event-stream") {
                let page = is(&response, "html");
                let body = ear.http.whole(response).await;
                if let Ok(Ok(value)) = body.as_deref().map(serde_json::from_slice::<Value>) {
                    tab.told(&value["usage"]);
                }
                yield body.and_then(|body| whole(&body, page).map_err(|fault| ear.broken(fault)));
                return;
            }
            let mut stream = Stream::new(&ear.http, response);
            let mut hearing = Hearing::default();
            while !hearing.done {
                match stream.next().await {
                    Ok(Some(event)) => match hearing.event(&event) {
                        Ok(true) if !hearing.done => yield Ok(Transcript::part(heard(&hearing.text))),
                        Ok(_) => {}
                        Err(fault) => {
                            yield Err(ear.broken(fault));
                            return;
                        }
                    },
                    // Some servers end without a final event; a lost connection is an error.
                    Ok(None) => break,
                    Err(error) => {
                        yield Err(error);
                        return;
                    }
                }
            }
            if hearing.done {
                stream.close();
            }
            tab.told(&hearing.usage);
            yield hearing.finish().map_err(|fault| ear.broken(fault));
        })
    }

    fn timed(&self) -> bool {
        self.times() != Times::Untold
    }

    fn longest(&self) -> Duration {
        LONGEST
    }

    fn warm(&self) -> Job<Result<(), EngineError>> {
        self.http.warm()
    }
}

/// Why a reply cannot be used, as the end of a sentence.
#[derive(Debug, PartialEq, Eq)]
struct Fault(String);

impl Fault {
    fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

/// A transcript assembled from its events.
#[derive(Debug, Default)]
struct Hearing {
    text: String,
    segments: Vec<Segment>,
    usage: Value,
    begun: bool,
    /// The final event was seen.
    done: bool,
}

impl Hearing {
    /// Takes the data of one event; true if it brought words.
    fn event(&mut self, data: &str) -> Result<bool, Fault> {
        if data.trim() == "[DONE]" {
            self.done = true;
            return Ok(false);
        }
        let event: Value =
            serde_json::from_str(data).map_err(|_| Fault::new("it sent invalid JSON"))?;
        if let Some(told) = ErrorBody::in_answer(&event) {
            return Err(reported(&told));
        }
        if event["usage"].is_object() {
            self.usage = event["usage"].clone();
        }
        match event["type"].as_str() {
            Some("transcript.text.delta") => {
                self.begun = true;
                self.text.push_str(event["delta"].as_str().unwrap_or_default());
                Ok(true)
            }
            Some("transcript.text.segment") => {
                self.begun = true;
                self.segments.extend(segment(&event));
                Ok(false)
            }
            Some("transcript.text.done") => {
                (self.begun, self.done) = (true, true);
                if let Some(text) = event["text"].as_str() {
                    self.text = text.to_owned();
                }
                Ok(true)
            }
            // Others report usage; servers that stream complete answers send those.
            Some(_) => Ok(false),
            None => {
                match (event["text"].as_str(), event["choices"][0]["delta"]["content"].as_str()) {
                    (Some(text), _) => {
                        self.begun = true;
                        self.text = text.to_owned();
                        Ok(true)
                    }
                    // vLLM streams a transcript in the format of a chat: `transcription.chunk`.
                    (None, Some(more)) => {
                        self.begun = true;
                        self.text.push_str(more);
                        Ok(true)
                    }
                    (None, None) => Ok(false),
                }
            }
        }
    }

    /// The final transcript.
    fn finish(self) -> Result<Transcript, Fault> {
        if !self.begun {
            return Err(Fault::new("the stream ended without a transcript"));
        }
        Ok(clean(Transcript { segments: self.segments, ..Transcript::whole(self.text) }))
    }
}

/// The transcript in a complete body: JSON in one of its formats, or bare text, which some servers
/// send whatever was requested; some put a whole stream into it. `page` says that it is HTML.
fn whole(body: &[u8], page: bool) -> Result<Transcript, Fault> {
    let text =
        std::str::from_utf8(body).map_err(|_| Fault::new("its transcript is not UTF-8 text"))?;
    let text = text.trim();
    match serde_json::from_str::<Value>(text) {
        Ok(Value::String(text)) => told(&text),
        Ok(value @ Value::Object(_)) => {
            if let Some(told) = ErrorBody::in_answer(&value) {
                return Err(reported(&told));
            }
            let words = value["text"].as_str();
            let words = words.ok_or_else(|| Fault::new("its answer has no transcript"))?;
            let segments = value["segments"].as_array().into_iter().flatten();
            let segments: Vec<Segment> = segments.filter_map(segment).collect();
            if segments.is_empty() {
                return told(words);
            }
            Ok(clean(Transcript { segments, ..Transcript::whole(words) }))
        }
        Err(_) if page && text.starts_with('<') || text.starts_with('{') => {
            Err(Fault::new("its answer has no transcript"))
        }
        // A transcript may happen to be a number.
        Ok(_) | Err(_) => told(text),
    }
}

/// The transcript in `text`, or in the events that it contains.
fn told(text: &str) -> Result<Transcript, Fault> {
    let start = text.trim_start();
    if !start.starts_with("data:") && !start.starts_with("event:") {
        return Ok(clean(Transcript::whole(text)));
    }
    let (mut reader, mut events) = (Events::default(), Vec::new());
    let read = reader.push(start.as_bytes(), &mut events).and_then(|()| reader.finish(&mut events));
    read.map_err(|error| Fault::new(error.to_string()))?;
    let mut hearing = Hearing::default();
    for event in events {
        hearing.event(&event)?;
    }
    hearing.finish()
}

/// Removes what nobody said.
fn clean(transcript: Transcript) -> Transcript {
    let mut segments = transcript.segments.clone();
    for segment in &mut segments {
        segment.text = heard(&segment.text);
    }
    segments.retain(|segment| !segment.text.is_empty());
    Transcript { text: heard(&transcript.text), segments, ..transcript }
}

/// A segment in either format; `None` if it has no times or no words.
fn segment(value: &Value) -> Option<Segment> {
    let text = value["text"].as_str()?.trim();
    let speaker = value["speaker"].as_str().filter(|name| !name.is_empty());
    let (from, to) = (value["start"].as_f64()?, value["end"].as_f64()?);
    let from = from.max(0.0);
    (!text.is_empty()).then(|| Segment {
        from,
        to: to.max(from),
        speaker: speaker.map(str::to_owned),
        text: text.to_owned(),
    })
}

fn reported(told: &ErrorBody) -> Fault {
    Fault(format!("it reported an error{}", told.words()))
}

fn wav_header() -> reqwest::header::HeaderMap {
    let wav = reqwest::header::HeaderValue::from_static("audio/wav");
    [(CONTENT_TYPE, wav)].into_iter().collect()
}
