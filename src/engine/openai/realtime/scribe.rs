use super::{Purpose, Realtime, Server, Settings};
use crate::base::{Clock, Flow, Utterance};
use crate::engine::{EngineError, Meter, Order, Partner, Said, Transcriber, Transcript};

/// Speech to text by a realtime session that only transcribes: the words come as they are
/// recognized.
///
/// As a [`Transcriber`] it takes whole utterances, each in a session of its own; [`Scribe::listen`]
/// is the ear of a conversation, which hears them while they are spoken.
#[derive(Clone, Debug)]
pub struct Scribe {
    server: Server,
    settings: Settings,
    clock: Clock,
    meter: Meter,
}

impl Scribe {
    /// A scribe at `server` with the transcription model `model`. `languages` are as in ISO 639-1;
    /// `keywords` are likely words.
    pub fn new(
        server: Server,
        provider: &str,
        model: &str,
        languages: Vec<String>,
        keywords: Vec<String>,
        clock: Clock,
    ) -> Self {
        let settings = Settings {
            provider: provider.to_owned(),
            model: model.to_owned(),
            transcribe: Some(model.to_owned()),
            voice: None,
            purpose: Purpose::Write { languages, keywords },
            ..Settings::default()
        };
        Self { server: server.intended("transcription"), settings, clock, meter: Meter::default() }
    }

    /// Counts usage with `meter`.
    #[must_use]
    pub fn metered(self, meter: Meter) -> Self {
        Self { meter, ..self }
    }

    /// An ear that stays open for a whole conversation.
    pub fn listen(&self) -> Realtime {
        Realtime::writing(self.settings.clone(), self.server.clone(), self.clock)
            .metered(self.meter.clone())
    }
}

impl Transcriber for Scribe {
    fn transcribe(&self, utterance: Utterance) -> Flow<Result<Transcript, EngineError>> {
        let mut ear = self.listen();
        Box::pin(async_stream::stream! {
            ear.order(Order::Commit { utterance, revision: 0 });
            loop {
                if let Said::Transcript { result, certainty, last, .. } = ear.said().await {
                    yield result.map(|text| {
                        Transcript { last, ..Transcript::whole(text).with_certainty(certainty) }
                    });
                    if last {
                        return;
                    }
                }
            }
        })
    }
}
