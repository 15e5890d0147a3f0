use std::time::Duration;

use futures::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;

use super::event::{self, Event};
use super::sound::{Encoder, Format};
use super::{Dialect, Server, wire};
use crate::base::{Flow, LISTEN_RATE, Utterance};
use crate::engine::{EngineError, Transcriber, Transcript};

/// How long the server may be silent before the words count as lost.
const PATIENCE: Duration = Duration::from_secs(15);

/// Sound that one append carries: 100 ms.
const APPEND: usize = LISTEN_RATE.0 as usize / 10;

/// Speech to text by a realtime session that only writes down what it hears: the words come as
/// they are recognized.
#[derive(Clone, Debug)]
pub struct Scribe {
    server: Server,
    provider: String,
    model: String,
    language: Option<String>,
}

impl Scribe {
    /// A scribe at `server`, which writes with `model`; `language` as in ISO-639-1 where it is
    /// known.
    pub fn new(server: Server, provider: &str, model: &str, language: Option<&str>) -> Self {
        Self {
            server: server.intended("transcription"),
            provider: provider.to_owned(),
            model: model.to_owned(),
            language: language.map(str::to_owned),
        }
    }
}

impl Transcriber for Scribe {
    fn transcribe(&self, utterance: Utterance) -> Flow<Result<Transcript, EngineError>> {
        let Self { server, provider, model, language } = self.clone();
        Box::pin(async_stream::stream! {
            let broken = |why: &str| {
                EngineError::Broken(format!("provider {provider} {why}; say it again"))
            };
            let mut socket = match server.connect(None).await {
                Ok(socket) => socket,
                Err(error) => {
                    yield Err(error);
                    return;
                }
            };
            let mut text = String::new();
            loop {
                let message = match tokio::time::timeout(PATIENCE, socket.next()).await {
                    Ok(Some(Ok(Message::Text(message)))) => message,
                    Ok(Some(Ok(_))) => continue,
                    Ok(Some(Err(_)) | None) => {
                        yield Err(broken("closed the line before all was written"));
                        return;
                    }
                    Err(_) => {
                        yield Err(broken("does not write in time"));
                        return;
                    }
                };
                match event::parse(&message).map(|(event, _)| event) {
                    Some(Event::Session { created: true, dialect, .. }) => {
                        let dialect = dialect.unwrap_or(Dialect::Ga);
                        let update =
                            wire::transcription_update(dialect, &model, language.as_deref());
                        let mut encoder = Encoder::new(Format::Pcm);
                        let sound = utterance.pcm.chunks(APPEND).map(|p| encoder.encode(p));
                        let appends: Vec<_> = sound.map(wire::append).collect();
                        for event in [update].into_iter().chain(appends).chain([wire::commit()]) {
                            if socket.feed(Message::text(event.to_string())).await.is_err() {
                                break;
                            }
                        }
                        // What could not be sent is noticed when nothing comes.
                        let _ = socket.flush().await;
                    }
                    Some(Event::Heard { text: Some(more), last, .. }) => {
                        if last {
                            text = more;
                        } else {
                            text.push_str(&more);
                        }
                        let text = text.trim().to_owned();
                        let words = Transcript { text, last, segments: Vec::new() };
                        yield Ok(words);
                        if last {
                            let _ = socket.close(None).await;
                            return;
                        }
                    }
                    Some(Event::Heard { text: None, .. }) => {
                        yield Err(broken("could not write that down"));
                        return;
                    }
                    Some(Event::Error(trouble)) => {
                        yield Err(trouble.error(&provider));
                        return;
                    }
                    Some(
                        Event::Session { created: false, .. }
                        | Event::Committed { .. }
                        | Event::Speech { .. }
                        | Event::Begun { .. }
                        | Event::Over(_)
                        | Event::Item { .. }
                        | Event::Audio { .. }
                        | Event::Words { .. }
                        | Event::Call { .. }
                        | Event::Limits(_)
                        | Event::Other,
                    )
                    | None => {}
                }
            }
        })
    }
}
