//! Engines: what turns sound into words, words into an answer, and the answer into sound.
//!
//! ```text
//! Utterance ─▶ Transcriber ─▶ text ─▶ Responder ─▶ Delta… ─▶ sentence ─▶ Synthesizer ─▶ Chunk…
//!              └────────────────────────── Partner ──────────────────────────┘
//! ```
//!
//! **Invariant:** dropping a [`Job`] or [`Flow`] stops the work behind it: HTTP closes, a local
//! engine sees its stop flag within 10 ms.
//! **Invariant:** an error says what the caller can do, never which library failed.
//! Absent on purpose: turns and history; an engine sees one request.

mod cascade;
mod chain;
pub mod local;
pub mod openai;
mod partner;
mod sentence;

pub use cascade::{Cascade, Engines};
pub use chain::Chain;
pub use partner::{Order, Partner, Said};
pub use sentence::Sentences;

use std::time::Duration;

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
}

/// A piece of a reply.
#[derive(Clone, Debug, PartialEq)]
pub enum Delta {
    /// More words, to be spoken.
    Text(String),
    /// A whole tool call. Its outcome goes into the next prompt.
    Call(Call),
}

/// Sound with the words that it says.
#[derive(Clone, Debug, PartialEq)]
pub struct Chunk {
    /// Mono samples at the synthesizer's rate, in -1.0..=1.0.
    pub pcm: Vec<f32>,
    /// The words these samples say: a whole piece of the sentence, or empty where the piece goes
    /// on in the next chunk. Joined, the texts of all chunks are the sentence.
    pub text: String,
}

/// Speech to text.
pub trait Transcriber: Send + Sync {
    /// Recognizes `utterance`. The flow ends after a transcript with `last` set, or an error.
    fn transcribe(&self, utterance: Utterance) -> Flow<Result<Transcript, EngineError>>;

    /// Makes ready what the first utterance would wait for.
    fn warm(&self) -> Job<Result<(), EngineError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Text to text and tool calls.
pub trait Responder: Send + Sync {
    /// Answers `prompt`. The flow ends when the reply is complete, or with an error.
    fn respond(&self, prompt: Prompt) -> Flow<Result<Delta, EngineError>>;
}

/// Text to speech.
pub trait Synthesizer: Send + Sync {
    /// The rate of the chunks.
    fn rate(&self) -> Rate;

    /// Speaks one sentence, the first chunk while the rest is still made.
    fn speak(&self, sentence: String) -> Flow<Result<Chunk, EngineError>>;

    /// Makes ready what the first sentence would wait for.
    fn warm(&self) -> Job<Result<(), EngineError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}
