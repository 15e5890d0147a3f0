//! Placeholders for engines that a turn can do without.

use crate::base::{Flow, Utterance};
use crate::dialog::Prompt;
use crate::engine::{Delta, EngineError, Responder, Transcriber, Transcript};

/// The ear of a typed question, and of a partner that hears by itself if no other ear is available.
pub(super) struct Deaf;

impl Transcriber for Deaf {
    fn transcribe(&self, _: Utterance) -> Flow<Result<Transcript, EngineError>> {
        let nothing = Transcript::whole("");
        Box::pin(futures::stream::iter([Ok(nothing)]))
    }

    fn is_absent(&self) -> bool {
        true
    }
}

/// The chat model of a text that is only to be spoken.
pub(super) struct Mute;

impl Responder for Mute {
    fn respond(&self, _: Prompt) -> Flow<Result<Delta, EngineError>> {
        Box::pin(futures::stream::empty())
    }
}
