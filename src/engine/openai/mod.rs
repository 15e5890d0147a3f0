//! Engines for the OpenAI protocols: OpenAI itself, Azure, and every compatible server.
//!
//! ```text
//! Utterance ─▶ TranscriptionModel ─▶ ┐
//! Prompt ────▶ ChatModel ──────────▶ ├─▶ Http (address, key, retries, errors for the user) ─▶ Events, bytes
//! sentence ──▶ SpeechModel ────────▶ │
//! Wish ──────▶ ImageModel ─────────▶ ┘
//! ```
//!
//! **Invariant:** one HTTP client per provider, one reader of event streams, one retry policy.
//! **Invariant:** a reply of any length runs in constant memory; nothing streamed is buffered
//! whole.
//! **Invariant:** a request is never sent again once a piece of its reply has been handed out.
//! **Invariant:** a key is sent only to its provider's own origin, and never shown. Deliberately
//! absent: a list of models; every name comes from the configuration.

mod address;
mod auth;
mod chat_model;
pub mod defaults;
mod error_body;
pub mod files;
pub mod finetune;
mod http;
mod limits;
pub mod models;
mod neighbour;
pub mod picture;
mod quirks;
pub mod realtime;
mod refusal;
mod sound;
mod sound_bytes;
mod speech;
mod sse;
mod stream;
pub mod training;
mod transcription;
mod used;
mod wording;

pub use address::Address;
pub use auth::Auth;
pub use chat_model::{ChatModel, ChatSettings, Protocol, Sampling, ToolChoice};
pub use http::Http;
pub use neighbour::{NEIGHBOURS, Neighbour, neighbours};
pub use refusal::Declined;
pub use speech::{SpeechModel, SpeechSettings};
pub use sse::{Events, SseError};
pub use transcription::{TranscriptionModel, TranscriptionSettings};
