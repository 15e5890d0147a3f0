use std::future::Future;
use std::pin::Pin;

use super::{Chunk, EngineError, Source};
use crate::base::{Epoch, Frame, Utterance, UtteranceId};
use crate::dialog::{Call, Heard, Prompt};

/// Answers the user: a cascade of three engines, or a model that hears and speaks by itself.
///
/// Orders go in immediately, output comes as it is ready; both are stamped. A partner holds no
/// state of the turn: it does what the last order says.
pub trait Partner: Send {
    /// Whether it answers the sound itself, without waiting for a transcript.
    fn hears(&self) -> bool;

    /// Whether it takes sound as it is spoken, as [`Order::Hear`].
    fn streams(&self) -> bool {
        false
    }

    /// Whether it transcribes the user, so that a murmur can be told from a question.
    fn writes(&self) -> bool {
        true
    }

    /// Takes an order. Never waits.
    fn order(&mut self, order: Order);

    /// Its next output; pending while there is nothing to do. Cancel-safe.
    fn said(&mut self) -> Pin<Box<dyn Future<Output = Said> + Send + '_>>;
}

/// What the driver asks of a partner.
#[derive(Clone, Debug)]
pub enum Order {
    /// The user is speaking. Only for a partner that streams.
    Hear(Box<Frame>),
    /// The user's utterance is complete, or complete so far.
    Commit {
        /// The sound.
        utterance: Utterance,
        /// How often the user had resumed after a pause; returned with the transcript.
        revision: u32,
    },
    /// The transcript of this is no longer wanted.
    Forget {
        /// The utterance.
        utterance: UtteranceId,
        /// Which revision of it.
        revision: u32,
    },
    /// Answer. Another order with the same epoch continues after tool outcomes.
    Respond {
        /// The attempt.
        epoch: Epoch,
        /// Everything that the answer builds on.
        prompt: Prompt,
    },
    /// Speak these words, which answer nothing.
    Announce {
        /// The attempt.
        epoch: Epoch,
        /// The words.
        text: String,
        /// Whether they must be heard whatever happens to the network: a ring, a failure. Then the
        /// local voice speaks, if there is one.
        sure: bool,
    },
    /// Make no more sound for now (`true`), or continue (`false`): enough is waiting for the
    /// speaker. Words and calls are not held back.
    Hold(bool),
    /// Drop the attempt and its work.
    Abort(Epoch),
    /// Not all of the attempt was heard. A partner with a conversation of its own truncates it to
    /// this; one that gets everything with each prompt has nothing to do.
    Rewind {
        /// The attempt.
        epoch: Epoch,
        /// How much was heard.
        heard: Heard,
    },
    /// The user has begun to speak: prepare what the turn will need.
    Prepare,
}

/// Output of a partner.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// The transcript of an utterance. `last` is false for provisional words.
    Transcript {
        /// The utterance.
        utterance: UtteranceId,
        /// Which revision of it.
        revision: u32,
        /// Its words, or why there are none.
        result: Result<String, EngineError>,
        /// How certain the recognizer is of the words, see
        /// [`Transcript::certainty`](super::Transcript::certainty).
        certainty: Option<f32>,
        /// Whether it is final.
        last: bool,
    },
    /// What the user is saying right now: all words so far of the current utterance, provisional.
    Hearing(String),
    /// The first words of the reply were written (not yet spoken).
    FirstWords(Epoch),
    /// The next words of the reply as they are written, with markdown and line breaks, ahead of
    /// their sound. A partner that only speaks sends none.
    Written {
        /// The attempt.
        epoch: Epoch,
        /// The words.
        text: String,
    },
    /// Sound and its words.
    Chunk {
        /// The attempt.
        epoch: Epoch,
        /// The sound.
        chunk: Chunk,
    },
    /// A page that the reply cites.
    Source {
        /// The attempt.
        epoch: Epoch,
        /// The page.
        source: Source,
    },
    /// Something the user should read that is not a failure: which engine replaces which, and why.
    Note(String),
    /// A server that detects turns has found the end of one: what was heard is complete.
    TurnOver,
    /// Call a tool.
    Call {
        /// The attempt.
        epoch: Epoch,
        /// The call.
        call: Call,
    },
    /// Everything for this order was said.
    Done(Epoch),
    /// The attempt failed.
    Failed {
        /// The attempt.
        epoch: Epoch,
        /// Why, for the user.
        error: EngineError,
    },
}
