//! Engines: what turns sound into words, words into an answer, and the answer into sound.
//!
//! ```text
//! Utterance ─▶ Transcriber ─▶ text ─▶ Responder ─▶ Delta… ─▶ Prose ─▶ Synthesizer ─▶ Chunk…
//!              └────────────────────────── Partner ──────────────────────────┘
//! Wish ─▶ Painter ─▶ Painted…
//! ```
//!
//! **Invariant:** dropping a [`Job`] or [`Flow`] stops the work behind it: HTTP closes, a local
//! engine sees its stop flag within 10 ms.
//! **Invariant:** an error says what the caller can do, never which library failed.
//! Absent on purpose: turns and history; an engine sees one request.

mod cascade;
mod chain;
mod commands;
mod heard;
pub mod local;
mod notes;
pub mod openai;
mod pacing;
mod painter;
mod partner;
mod people;
mod prose;
mod speech_queue;
mod usage;

pub use cascade::{Cascade, Engines};
pub use chain::Chain;
pub use commands::Commands;
pub use heard::heard;
pub use notes::{NOTES, Notes};
pub use pacing::Pacing;
pub use painter::{Canvas, Painted, Painter, Wish};
pub use partner::{Order, Partner, Said};
pub use people::{Known, People};
pub use prose::{Alphabet, Passage, Prose};
pub use usage::{Limit, Meter, Spending, Spent, Usage};

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::base::{Flow, Job, Rate, Utterance};
use crate::dialog::{Call, Prompt};

/// Why an engine did not deliver, in terms of what the caller can do. The text is for the user
/// and ends with the next step.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum EngineError {
    /// It could not be reached or is not installed: use another one.
    #[error("{0}")]
    Unreachable(String),
    /// It has too much to do: try again, after the time it named.
    #[error("{message}")]
    Overloaded {
        /// What to tell the user.
        message: String,
        /// When to try again.
        retry_after: Option<Duration>,
    },
    /// It will not do this: change the request, the key or the model.
    #[error("{0}")]
    Refused(String),
    /// It does not understand the request, or takes it so: change what is asked or sent.
    #[error("{0}")]
    Rejected(String),
    /// It answered nonsense or broke off: this attempt is lost.
    #[error("{0}")]
    Broken(String),
}

/// Words recognized so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Transcript {
    /// All the words so far, not only the new ones; empty when nothing was said.
    pub text: String,
    /// Whether these are the last ones.
    pub last: bool,
    /// How certain the engine is of them: the mean logarithm of the probability of a token, 0.0 or
    /// less; `None` where it does not tell.
    pub certainty: Option<f32>,
    /// The same words with their times and speakers, in the order in which they begin; empty
    /// where the engine does not tell.
    pub segments: Vec<Segment>,
}

impl Transcript {
    /// Words that may still change.
    pub fn part(text: impl Into<String>) -> Self {
        Self { text: text.into(), last: false, certainty: None, segments: Vec::new() }
    }

    /// The last words, without their times.
    pub fn whole(text: impl Into<String>) -> Self {
        Self { text: text.into(), last: true, certainty: None, segments: Vec::new() }
    }

    /// The same with the engine's certainty of it.
    #[must_use]
    pub fn with_certainty(self, certainty: Option<f32>) -> Self {
        Self { certainty, ..self }
    }
}

/// A stretch of an utterance in which one person speaks.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// Where it begins, in seconds from the start of the utterance.
    pub from: f64,
    /// Where it ends, in the same count.
    pub to: f64,
    /// Who speaks, where the engine tells people apart: a name or a letter.
    pub speaker: Option<String>,
    /// The words.
    pub text: String,
}

/// A piece of a reply.
#[derive(Clone, Debug, PartialEq)]
pub enum Delta {
    /// More words, to be spoken.
    Text(String),
    /// Sound with its words, from a responder that speaks by itself.
    Sound(Chunk),
    /// A whole tool call. Its outcome goes into the next prompt.
    Call(Call),
    /// A page that the words rest on.
    Source(Source),
}

/// A page that a reply rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Source {
    /// Its title; may be empty.
    pub title: String,
    /// Its address.
    pub url: String,
}

/// Sound with the words that it says.
#[derive(Clone, Debug, PartialEq)]
pub struct Chunk {
    /// Mono samples in -1.0..=1.0.
    pub pcm: Vec<f32>,
    /// Their rate.
    pub rate: Rate,
    /// The words these samples say: a whole piece of the sentence, or empty where the piece goes
    /// on in the next chunk. Joined, the texts of all chunks are the sentence.
    pub text: String,
}

/// Speech to text.
pub trait Transcriber: Send + Sync {
    /// Recognizes `utterance`. The flow ends after a transcript with `last` set, or an error.
    fn transcribe(&self, utterance: Utterance) -> Flow<Result<Transcript, EngineError>>;

    /// The same, where the voices of `known` may be in it: what one of them says bears that name.
    /// Who tells no voices apart hears the words.
    fn recognize(
        &self,
        utterance: Utterance,
        known: Arc<[Known]>,
    ) -> Flow<Result<Transcript, EngineError>> {
        drop(known);
        self.transcribe(utterance)
    }

    /// Whether its last transcript comes in [`Segment`]s.
    fn timed(&self) -> bool {
        false
    }

    /// Whether it stands where no ear can be had, and hears nothing.
    fn deaf(&self) -> bool {
        false
    }

    /// The longest recording that is best given to it whole; a longer one is cut at its pauses.
    fn longest(&self) -> Duration {
        Duration::from_secs(60)
    }

    /// Makes ready what the first utterance would wait for.
    fn warm(&self) -> Job<Result<(), EngineError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Text to text and tool calls.
pub trait Responder: Send + Sync {
    /// Answers `prompt`. The flow ends when the reply is complete, or with an error.
    fn respond(&self, prompt: Prompt) -> Flow<Result<Delta, EngineError>>;

    /// Whether it takes the user's sound itself, and needs no transcript.
    fn hears(&self) -> bool {
        false
    }

    /// Makes ready what the first reply would wait for.
    fn warm(&self) -> Job<Result<(), EngineError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Text to speech.
pub trait Synthesizer: Send + Sync {
    /// Speaks one sentence, the first chunk while the rest is still made.
    fn speak(&self, sentence: String) -> Flow<Result<Chunk, EngineError>>;

    /// The letters that it can read.
    fn alphabet(&self) -> Alphabet {
        Alphabet::Any
    }

    /// Makes ready what the first sentence would wait for.
    fn warm(&self) -> Job<Result<(), EngineError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}
