//! Text to speech: one model of one provider.
//!
//! ```text
//! sentence ─▶ Http ─▶ bytes | events with base64 ─▶ SoundBytes ─▶ Pacing ─▶ Chunk…
//! ```
//!
//! Raw samples are requested, because they can be played as they arrive. A server that does not
//! offer them is asked for the next format; what it sends is recognized by its bytes, whatever was
//! requested.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::Response;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use super::Http;
use super::error_body::ErrorBody;
use super::http::is;
use super::quirks::takes_instructions;
use super::refusal::Declined;
use super::sound::unbase64;
use super::sound_bytes::SoundBytes;
use super::stream::Stream;
use super::used::Tab;
use super::wording;
use crate::base::{Flow, Job};
use crate::engine::{Chunk, EngineError, Notes, Pacing, Synthesizer};

/// The endpoint.
const PATH: &str = "audio/speech";

/// The longest text for one request, in characters.
const LONGEST: usize = 4096;

/// Time limit for the sound to begin, including all tries, and for gaps in it. The turn waits for
/// 30 s, so another voice still has time to speak.
const PATIENCE: Duration = Duration::from_secs(20);

/// Formats to request, in order of preference.
const FORMATS: [&str; 5] = ["pcm", "wav", "flac", "mp3", "opus"];

/// Parts of a request that may be left out.
const OPTIONS: [&str; 2] = ["instructions", "speed"];

/// Prefix of the ids of custom voices, which are passed in another form.
const MADE: &str = "voice_";

/// Settings of a speech model.
#[derive(Clone, Debug, PartialEq)]
pub struct SpeechSettings {
    /// The voice: a name that the model knows, or the id of a custom one (`voice_…`).
    pub voice: String,
    /// How to speak, for models that take instructions.
    pub instructions: Option<String>,
    /// Speed, 0.25..=4.0; `None` for the default.
    pub speed: Option<f64>,
}

/// A speech model. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SpeechModel {
    http: Http,
    model: String,
    settings: Arc<SpeechSettings>,
    lessons: Arc<Mutex<Lessons>>,
    notes: Option<Notes>,
}

/// What the model has turned out not to support.
#[derive(Debug, Default)]
struct Lessons {
    /// The requested format, an index into [`FORMATS`].
    format: usize,
    left_out: BTreeSet<&'static str>,
}

impl SpeechModel {
    /// The model `model` of a provider.
    pub fn new(http: Http, model: &str, settings: SpeechSettings) -> Self {
        let (settings, lessons) = (Arc::new(settings), Arc::default());
        Self { http, model: model.to_owned(), settings, lessons, notes: None }
    }

    /// Sends what it learns about the model to `notes`.
    #[must_use]
    pub fn noting(self, notes: Notes) -> Self {
        Self { notes: Some(notes), ..self }
    }

    fn lessons(&self) -> MutexGuard<'_, Lessons> {
        // No holder of this lock can panic halfway.
        self.lessons.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Learns from a refusal; false if there was nothing to learn.
    fn learn(&self, declined: &Declined) -> bool {
        if !declined.judges() || declined.no_such_call() {
            return false;
        }
        let (message, param) = (&declined.message, declined.param.as_deref().unwrap_or_default());
        let mut lessons = self.lessons();
        let named = |key: &&&str| param == **key || wording::names(message, key);
        let option = OPTIONS.iter().filter(|key| !lessons.left_out.contains(**key)).find(named);
        let format = FORMATS.get(lessons.format).copied().unwrap_or_default();
        let note = if let Some(option) = option {
            lessons.left_out.insert(option);
            format!("does not accept {option}; it is left out from now on")
        } else if param == "response_format"
            || wording::names(message, "response_format")
            || message.to_lowercase().contains("format")
            || wording::names(message, format)
        {
            lessons.format += 1;
            let Some(next) = FORMATS.get(lessons.format) else {
                lessons.format = 0;
                return false;
            };
            format!("does not send audio as {format}; asking for {next}")
        } else {
            return false;
        };
        drop(lessons);
        tracing::debug!(model = self.model, refused = message, "learned");
        if let Some(notes) = &self.notes {
            notes.tell(format!("{}/{} {note}", self.http.name(), self.model));
        }
        true
    }

    fn body(&self, input: &str) -> Value {
        let SpeechSettings { voice, instructions, speed } = &*self.settings;
        let lessons = self.lessons();
        let mut body = json!({
            "model": self.model,
            "input": input,
            "voice": if voice.starts_with(MADE) { json!({ "id": voice }) } else { json!(voice) },
            "response_format": FORMATS.get(lessons.format).copied().unwrap_or(FORMATS[0]),
        });
        if let Some(instructions) = instructions
            && takes_instructions(&self.model)
            && !lessons.left_out.contains("instructions")
        {
            body["instructions"] = json!(instructions);
        }
        if let Some(speed) = speed
            && !lessons.left_out.contains("speed")
        {
            body["speed"] = json!(speed);
        }
        body
    }

    /// Requests the sound of `input`, which fits into one request.
    async fn ask(&self, input: &str) -> Result<Sound, EngineError> {
        let response = tokio::time::timeout(PATIENCE, self.answer(input))
            .await
            .map_err(|_| self.stalled())??;
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let mut bytes = SoundBytes::told(kind.unwrap_or_default());
        let body = if is(&response, "event-stream") {
            Body::Events(Box::new(Stream::new(&self.http, response)))
        } else if is(&response, "json") {
            let value: Value = self.http.json(response).await?;
            if let Some(told) = ErrorBody::in_answer(&value) {
                return Err(self.http.broken(&format!("it reported an error{}", told.words())));
            }
            let sound = packed_in(&value)
                .ok_or_else(|| self.unplayable("it answered with JSON instead of audio"))?;
            let pcm = bytes.push(&sound).map_err(|why| self.unplayable(&why))?;
            Body::Here(Some(pcm))
        } else {
            Body::Bytes(response)
        };
        Ok(Sound { body, bytes, usage: Value::Null, over: false })
    }

    /// Sends the request, in another form if one is refused.
    async fn answer(&self, input: &str) -> Result<Response, Declined> {
        loop {
            let body = self.body(input);
            match self.http.post(PATH, Some(&self.model), &body).await {
                // Each time something new is learned, and there is little to learn.
                Err(declined) if self.learn(&declined) => {}
                answer => return answer,
            }
        }
    }

    /// The next samples of `sound`; `None` at the end.
    async fn hear(&self, sound: &mut Sound) -> Result<Option<Vec<f32>>, EngineError> {
        tokio::time::timeout(PATIENCE, sound.next(self)).await.map_err(|_| self.stalled())?
    }

    fn stalled(&self) -> EngineError {
        EngineError::Unreachable(format!(
            "provider {} has sent no audio for {} s; check the network",
            self.http.name(),
            PATIENCE.as_secs()
        ))
    }

    /// The error of sound that a retry would not improve.
    fn unplayable(&self, why: &str) -> EngineError {
        let (name, model) = (self.http.name(), &self.model);
        EngineError::Refused(format!(
            "provider {name}: {why}; choose another model than \"{model}\" to speak"
        ))
    }
}

impl Synthesizer for SpeechModel {
    fn speak(&self, sentence: String) -> Flow<Result<Chunk, EngineError>> {
        let voice = self.clone();
        Box::pin(async_stream::try_stream! {
            for part in parts(&sentence) {
                let mut sound = voice.ask(part).await?;
                let mut tab = Tab::new(&voice.http, &voice.model);
                tab.known().characters = part.chars().count() as u64;
                let mut pacing = Pacing::at_speed(voice.settings.speed.unwrap_or(1.0));
                pacing.words(part);
                let mut silent = true;
                while let Some(pcm) = voice.hear(&mut sound).await? {
                    tab.told(&sound.usage);
                    silent &= pcm.is_empty();
                    if !pcm.is_empty() {
                        yield pacing.sound(pcm, sound.bytes.rate());
                    }
                }
                if silent {
                    Err(voice.http.broken("it sent no audio"))?;
                }
                let rate = sound.bytes.rate();
                if let Some(text) = pacing.rest() {
                    yield Chunk { pcm: Vec::new(), rate, text };
                }
            }
        })
    }

    fn warm(&self) -> Job<Result<(), EngineError>> {
        self.http.warm()
    }
}

/// The sound of a sentence as it arrives.
struct Sound {
    body: Body,
    bytes: SoundBytes,
    usage: Value,
    /// The response has ended.
    over: bool,
}

enum Body {
    Bytes(Response),
    Events(Box<Stream>),
    /// All of it came at once.
    Here(Option<Vec<f32>>),
}

impl Sound {
    /// The samples of what the network delivers next; `None` at the end.
    async fn next(&mut self, voice: &SpeechModel) -> Result<Option<Vec<f32>>, EngineError> {
        if self.over {
            return Ok(None);
        }
        let fresh = match &mut self.body {
            Body::Here(pcm) => match pcm.take() {
                Some(pcm) => Ok(pcm),
                None => self.finish(),
            },
            Body::Bytes(response) => match response.chunk().await {
                Ok(Some(bytes)) => self.bytes.push(&bytes),
                Ok(None) => self.finish(),
                Err(error) => return Err(voice.http.lost(&error)),
            },
            Body::Events(stream) => match stream.next().await? {
                Some(event) => match audio(&event).map_err(|why| voice.http.broken(&why))? {
                    Heard::Sound(bytes) => self.bytes.push(&bytes),
                    Heard::Usage(usage) => {
                        self.usage = usage;
                        Ok(Vec::new())
                    }
                    Heard::Nothing => Ok(Vec::new()),
                },
                None => self.finish(),
            },
        };
        fresh.map(Some).map_err(|why| voice.unplayable(&why))
    }

    /// What is left when all bytes have arrived.
    fn finish(&mut self) -> Result<Vec<f32>, String> {
        self.over = true;
        self.bytes.finish()
    }
}

/// The sound that a JSON answer carries in base64, under one of the names that were seen.
fn packed_in(value: &Value) -> Option<Vec<u8>> {
    let keys =
        ["audio", "audioContent", "audio_content", "audio_base64", "data", "b64_json", "content"];
    keys.iter().find_map(|key| match &value[*key] {
        Value::String(text) => unbase64(text.rsplit(',').next()?),
        Value::Array(list) => packed_in(list.first()?),
        inner @ Value::Object(_) => packed_in(inner),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    })
}

/// The content of an event.
enum Heard {
    Sound(Vec<u8>),
    Usage(Value),
    Nothing,
}

fn audio(event: &str) -> Result<Heard, String> {
    if event.trim() == "[DONE]" {
        return Ok(Heard::Nothing);
    }
    let event: Value = serde_json::from_str(event).map_err(|_| "it sent invalid JSON")?;
    if !event["error"].is_null() {
        return Err(format!("it reported an error{}", ErrorBody::of(&event).words()));
    }
    match event["audio"].as_str() {
        Some(audio) => {
            unbase64(audio).map(Heard::Sound).ok_or_else(|| "its audio is not base64".to_owned())
        }
        None if event["usage"].is_object() => Ok(Heard::Usage(event["usage"].clone())),
        None => Ok(Heard::Nothing),
    }
}

/// `text` in parts of at most [`LONGEST`] characters, cut between words where possible.
fn parts(mut text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    while let Some((limit, _)) = text.char_indices().nth(LONGEST) {
        let words = text[..limit].trim_end_matches(|c: char| !c.is_whitespace()).len();
        let end = if words > 0 { words } else { limit };
        let (part, rest) = text.split_at(end);
        parts.push(part);
        text = rest;
    }
    if !text.trim().is_empty() {
        parts.push(text);
    }
    parts
}
