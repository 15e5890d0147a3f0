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
//! **Invariant:** an error says what the caller can do, never which library failed. Deliberately
//! absent: turns and history; an engine sees one request.

mod cascade;
mod chain;
mod commands;
pub mod ending;
mod heard;
pub mod local;
mod notes;
pub mod openai;
mod pacing;
mod painter;
mod partner;
mod people;
mod prose;
mod speech;
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

/// Why an engine failed, in terms of what the caller can do. The text is for the user and ends with
/// the next step.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum EngineError {
    /// Not reachable or not installed: use another one.
    #[error("{0}")]
    Unreachable(String),
    /// Too busy: try again, after the time it named.
    #[error("{message}")]
    Overloaded {
        /// What to tell the user.
        message: String,
        /// When to try again.
        retry_after: Option<Duration>,
    },
    /// It refuses: change the request, the key or the model.
    #[error("{0}")]
    Refused(String),
    /// It considers the request invalid: change what is asked or sent.
    #[error("{0}")]
    Rejected(String),
    /// Its answer was invalid or incomplete: this attempt is lost.
    #[error("{0}")]
    Broken(String),
}

/// Words recognized so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Transcript {
    /// All words so far, not only the new ones; empty if nothing was said.
    pub text: String,
    /// Whether they are final.
    pub last: bool,
    /// How certain the engine is of them: the mean log probability of a token, 0.0 or less; `None`
    /// if it does not report it.
    pub certainty: Option<f32>,
    /// The same words with times and speakers, in order of their start; empty if the engine does
    /// not report them.
    pub segments: Vec<Segment>,
}

impl Transcript {
    /// Provisional words.
    pub fn part(text: impl Into<String>) -> Self {
        Self { text: text.into(), last: false, certainty: None, segments: Vec::new() }
    }

    /// Final words, without times.
    pub fn whole(text: impl Into<String>) -> Self {
        Self { text: text.into(), last: true, certainty: None, segments: Vec::new() }
    }

    /// Adds the engine's certainty.
    #[must_use]
    pub fn with_certainty(self, certainty: Option<f32>) -> Self {
        Self { certainty, ..self }
    }
}

/// Part of an utterance, spoken by one person.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// Start, in seconds from the start of the utterance.
    pub from: f64,
    /// End, in seconds from the start of the utterance.
    pub to: f64,
    /// The speaker's name or letter, if the engine distinguishes speakers.
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
    /// A complete tool call. Its outcome goes into the next prompt.
    Call(Call),
    /// A page that the answer cites.
    Source(Source),
}

/// A page that a reply cites.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Source {
    /// Its title; may be empty.
    pub title: String,
    /// Its URL.
    pub url: String,
}

/// Sound with its words.
#[derive(Clone, Debug, PartialEq)]
pub struct Chunk {
    /// Mono samples in -1.0..=1.0.
    pub pcm: Vec<f32>,
    /// Their rate.
    pub rate: Rate,
    /// The words of these samples: a whole piece of the sentence, or empty if the piece continues
    /// in the next chunk. Concatenated over all chunks it is the sentence.
    pub text: String,
}

/// Speech to text.
pub trait Transcriber: Send + Sync {
    /// Recognizes `utterance`. The flow ends after a transcript with `last` set, or an error.
    fn transcribe(&self, utterance: Utterance) -> Flow<Result<Transcript, EngineError>>;

    /// As `transcribe`, with the voices of `known`: segments spoken by them carry their names. An
    /// engine that does not distinguish speakers ignores them.
    fn recognize(
        &self,
        utterance: Utterance,
        known: Arc<[Known]>,
    ) -> Flow<Result<Transcript, EngineError>> {
        drop(known);
        self.transcribe(utterance)
    }

    /// Whether its final transcript has [`Segment`]s.
    fn timed(&self) -> bool {
        false
    }

    /// Whether it is a placeholder for a missing ear and hears nothing.
    fn is_absent(&self) -> bool {
        false
    }

    /// The longest recording that should be passed in one piece; longer ones are cut at pauses.
    fn longest(&self) -> Duration {
        Duration::from_secs(60)
    }

    /// Prepares what the first utterance would wait for.
    fn warm(&self) -> Job<Result<(), EngineError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Text to text and tool calls.
pub trait Responder: Send + Sync {
    /// Answers `prompt`. The flow ends when the reply is complete, or with an error.
    fn respond(&self, prompt: Prompt) -> Flow<Result<Delta, EngineError>>;

    /// Whether it takes the user's sound itself and needs no transcript.
    fn hears(&self) -> bool {
        false
    }

    /// Prepares what the first reply would wait for.
    fn warm(&self) -> Job<Result<(), EngineError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Text to speech.
pub trait Synthesizer: Send + Sync {
    /// Speaks one sentence; the first chunk comes while the rest is still being made.
    fn speak(&self, sentence: String) -> Flow<Result<Chunk, EngineError>>;

    /// The scripts that it can read.
    fn alphabet(&self) -> Alphabet {
        Alphabet::Any
    }

    /// Prepares what the first sentence would wait for.
    fn warm(&self) -> Job<Result<(), EngineError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}
