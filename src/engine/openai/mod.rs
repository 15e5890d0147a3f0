//! Engines for the OpenAI protocols: OpenAI itself, Azure, and every compatible server.
//!
//! ```text
//! Utterance ─▶ Ear ───▶ ┐
//! Prompt ────▶ Mind ──▶ ├─▶ Http (address, key, retries, errors for the user) ─▶ Events, bytes
//! sentence ──▶ Voice ─▶ ┘
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
pub mod defaults;
mod ear;
mod error_body;
pub mod files;
pub mod finetune;
mod http;
mod limits;
mod mind;
pub mod models;
mod neighbour;
pub mod picture;
mod quirks;
pub mod realtime;
mod refusal;
mod sound;
mod sound_bytes;
mod sse;
mod stream;
pub mod training;
mod used;
mod voice;
mod wording;

pub use address::Address;
pub use auth::Auth;
pub use ear::{Ear, EarSettings};
pub use http::Http;
pub use mind::{Mind, MindSettings, Protocol, Sampling, ToolChoice};
pub use neighbour::{NEIGHBOURS, Neighbour, neighbours};
pub use refusal::Declined;
pub use sse::{Events, SseError};
pub use voice::{Voice, VoiceSettings};
