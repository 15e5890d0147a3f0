//! Engines that speak the OpenAI protocols: OpenAI itself, Azure, and every server that is
//! compatible.
//!
//! ```text
//! Utterance ─▶ Ear ───▶ ┐
//! Prompt ────▶ Mind ──▶ ├─▶ Http (address, key, retries, refusals in the user's terms) ─▶ Events, bytes
//! sentence ──▶ Voice ─▶ ┘
//! ```
//!
//! **Invariant:** one HTTP client for a provider, one reader of event streams, one retry policy.
//! **Invariant:** a reply of any length runs in constant memory; nothing streamed is buffered whole.
//! **Invariant:** a request is never sent again once a piece of its reply has been handed out.
//! **Invariant:** a key is sent to its provider's own origin only, and shown nowhere.
//! Absent on purpose: which models there are; every name comes from the configuration.

mod address;
mod auth;
mod decode;
pub mod defaults;
mod ear;
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
mod sse;
mod stream;
mod tls;
pub mod training;
mod used;
mod voice;
mod wave;
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
