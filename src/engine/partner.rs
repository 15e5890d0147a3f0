use std::future::Future;
use std::pin::Pin;

use super::{Chunk, EngineError, Source};
use crate::base::{Epoch, Frame, Utterance, UtteranceId};
use crate::dialog::{Call, Heard, Prompt};

/// Who answers: a cascade of three engines, or one that hears and speaks by itself.
///
/// Orders go in at once, what it says comes out as it is ready; both are stamped. A partner holds
/// no state of the turn: it does what the last order says.
pub trait Partner: Send {
    /// Whether it answers the sound itself, without waiting for a transcript.
    fn hears(&self) -> bool;

    /// Whether it takes the sound while it is spoken, as [`Order::Hear`].
    fn streams(&self) -> bool {
        false
    }

    /// Whether it tells what the user said, so that a murmur can be told from a question.
    fn writes(&self) -> bool {
        true
    }

    /// Takes an order. Never waits.
    fn order(&mut self, order: Order);

    /// The next thing it says; waits for ever while it has nothing to do. Dropping the future
    /// loses nothing.
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
        /// How often the user had gone on after a pause; comes back with the transcript.
        take: u32,
    },
    /// The transcript of this is not wanted any more.
    Forget {
        /// The utterance.
        utterance: UtteranceId,
        /// Which take of it.
        take: u32,
    },
    /// Answer. A second order with the same epoch goes on after tool outcomes.
    Respond {
        /// The attempt.
        epoch: Epoch,
        /// All that the answer rests on.
        prompt: Prompt,
    },
    /// Speak these words; they are no answer to anything.
    Announce {
        /// The attempt.
        epoch: Epoch,
        /// The words.
        text: String,
        /// Whether they must be heard whatever becomes of the network: a ring, a failure. Then the
        /// voice inside speaks, where there is one.
        sure: bool,
    },
    /// Make no more sound for now (`true`), or go on (`false`): enough of it waits for the speaker.
    /// Words and calls are not held back.
    Hold(bool),
    /// Drop the attempt and the work behind it.
    Abort(Epoch),
    /// Not all of the attempt was heard. A partner that keeps a conversation of its own cuts it
    /// to this; one that gets everything with each prompt has nothing to do.
    Rewind {
        /// The attempt.
        epoch: Epoch,
        /// How much of it was.
        heard: Heard,
    },
    /// The user has begun to speak: make ready what the turn will need.
    Prepare,
}

/// What a partner says.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// The transcript of an utterance. `last` is false for words that may still change.
    Transcript {
        /// The utterance.
        utterance: UtteranceId,
        /// Which take of it.
        take: u32,
        /// Its words, or why there are none.
        result: Result<String, EngineError>,
        /// How certain the recognizer is of the words, see
        /// [`Transcript::certainty`](super::Transcript::certainty).
        certainty: Option<f32>,
        /// Whether this is the last word on it.
        last: bool,
    },
    /// What the user is saying right now, as far as it is known: all the words of the utterance
    /// under way, which may still change.
    Hearing(String),
    /// The first words of the reply were written (not yet spoken).
    FirstWords(Epoch),
    /// The next words of the reply as they are written, with their markdown and line breaks, ahead
    /// of the sound that says them. A partner that only speaks tells none.
    Written {
        /// The attempt.
        epoch: Epoch,
        /// The words.
        text: String,
    },
    /// Sound and the words that it says.
    Chunk {
        /// The attempt.
        epoch: Epoch,
        /// The sound.
        chunk: Chunk,
    },
    /// A page that the reply rests on.
    Source {
        /// The attempt.
        epoch: Epoch,
        /// The page.
        source: Source,
    },
    /// Something that the user should read and that is no failure: who stands in for whom, and why.
    Note(String),
    /// A server that finds the ends of turns itself has found one: what is heard is complete.
    TurnOver,
    /// A tool is to be called.
    Call {
        /// The attempt.
        epoch: Epoch,
        /// The call.
        call: Call,
    },
    /// Everything of this order was said.
    Done(Epoch),
    /// The attempt failed.
    Failed {
        /// The attempt.
        epoch: Epoch,
        /// Why, in words for the user.
        error: EngineError,
    },
}
