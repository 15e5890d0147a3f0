//! Text to speech: one model of one provider.
//!
//! ```text
//! sentence ─▶ Http ─▶ bytes | events with base64 ─▶ SoundBytes ─▶ Pacing ─▶ Chunk…
//! ```

use std::sync::Arc;
use std::time::Duration;

use reqwest::Response;
use serde_json::{Value, json};

use super::Http;
use super::http::is;
use super::quirks::takes_instructions;
use super::refusal::ErrorBody;
use super::sound::unbase64;
use super::stream::Stream;
use super::used::Tab;
use super::wave::SoundBytes;
use crate::base::{Flow, Job};
use crate::engine::{Chunk, EngineError, Pacing, Synthesizer};

/// The call.
const PATH: &str = "audio/speech";

/// The longest text that is spoken by one request, in characters.
const LONGEST: usize = 4096;

/// How long the sound may take to begin, all tries together, and to go on. The turn waits for 30 s,
/// so that somebody else still has the time to speak.
const PATIENCE: Duration = Duration::from_secs(20);

/// How the ids of voices begin that somebody made; they are named in another form.
const MADE: &str = "voice_";

/// How a model speaks.
#[derive(Clone, Debug, PartialEq)]
pub struct VoiceSettings {
    /// Whose voice: a name that the model knows, or the id of one that was made (`voice_…`).
    pub voice: String,
    /// In which manner, for models that can be told.
    pub instructions: Option<String>,
    /// How fast, 0.25..=4.0; without it as usual.
    pub speed: Option<f64>,
}

/// A model that speaks. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Voice {
    http: Http,
    model: String,
    settings: Arc<VoiceSettings>,
}

impl Voice {
    /// The model `model` of a provider.
    pub fn new(http: Http, model: &str, settings: VoiceSettings) -> Self {
        Self { http, model: model.to_owned(), settings: Arc::new(settings) }
    }

    fn body(&self, input: &str) -> Value {
        let VoiceSettings { voice, instructions, speed } = &*self.settings;
        let mut body = json!({
            "model": self.model,
            "input": input,
            "voice": if voice.starts_with(MADE) { json!({ "id": voice }) } else { json!(voice) },
            "response_format": "pcm",
        });
        if let Some(instructions) = instructions
            && takes_instructions(&self.model)
        {
            body["instructions"] = json!(instructions);
        }
        if let Some(speed) = speed {
            body["speed"] = json!(speed);
        }
        body
    }

    /// Asks for the sound of `input`, which one request can speak.
    async fn ask(&self, input: &str) -> Result<Sound, EngineError> {
        let body = self.body(input);
        let asked = self.http.post(PATH, Some(&self.model), &body);
        let response =
            tokio::time::timeout(PATIENCE, asked).await.map_err(|_| self.stalled())??;
        for packed in ["mpeg", "mp3", "opus", "ogg", "aac", "flac", "json", "html"] {
            if is(&response, packed) {
                let why = format!("it answers {packed} where plain samples were asked for");
                return Err(self.unplayable(&why));
            }
        }
        let bytes = SoundBytes::default();
        let body = if is(&response, "event-stream") {
            Body::Events(Box::new(Stream::new(&self.http, response)))
        } else {
            Body::Bytes(response)
        };
        Ok(Sound { body, bytes, usage: Value::Null })
    }

    /// The next samples of `sound`; none at the end.
    async fn hear(&self, sound: &mut Sound) -> Result<Option<Vec<f32>>, EngineError> {
        tokio::time::timeout(PATIENCE, sound.next(self)).await.map_err(|_| self.stalled())?
    }

    fn stalled(&self) -> EngineError {
        EngineError::Unreachable(format!(
            "provider {} has sent no sound for {} s; check the network",
            self.http.name(),
            PATIENCE.as_secs()
        ))
    }

    /// Trying again would bring the same.
    fn unplayable(&self, why: &str) -> EngineError {
        let (name, model) = (self.http.name(), &self.model);
        EngineError::Refused(format!(
            "provider {name}: {why}; choose another model than \"{model}\" to speak"
        ))
    }
}

impl Synthesizer for Voice {
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
                    Err(voice.http.broken("it sent no sound"))?;
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

/// A sentence's sound on its way.
struct Sound {
    body: Body,
    bytes: SoundBytes,
    usage: Value,
}

enum Body {
    Bytes(Response),
    Events(Box<Stream>),
}

impl Sound {
    /// The samples of what the network brings next; none at the end.
    async fn next(&mut self, voice: &Voice) -> Result<Option<Vec<f32>>, EngineError> {
        let fresh = match &mut self.body {
            Body::Bytes(response) => match response.chunk().await {
                Ok(Some(bytes)) => self.bytes.push(&bytes),
                Ok(None) => return Ok(None),
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
                None => return Ok(None),
            },
        };
        fresh.map(Some).map_err(|why| voice.unplayable(&why))
    }
}

/// What an event brings.
enum Heard {
    Sound(Vec<u8>),
    Usage(Value),
    Nothing,
}

fn audio(event: &str) -> Result<Heard, String> {
    if event.trim() == "[DONE]" {
        return Ok(Heard::Nothing);
    }
    let event: Value =
        serde_json::from_str(event).map_err(|_| "it sent something that is no JSON")?;
    if !event["error"].is_null() {
        return Err(format!("it reports an error{}", ErrorBody::of(&event).words()));
    }
    match event["audio"].as_str() {
        Some(audio) => {
            unbase64(audio).map(Heard::Sound).ok_or_else(|| "its sound is no base64".to_owned())
        }
        None if event["usage"].is_object() => Ok(Heard::Usage(event["usage"].clone())),
        None => Ok(Heard::Nothing),
    }
}

/// `text` in parts of at most [`LONGEST`] characters, cut between words where there are any.
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
