//! Engines that speak the OpenAI protocols: OpenAI itself, and every server that is compatible.
//!
//! ```text
//! Prompt ─▶ chat ─▶ Http (retries, errors in the user's terms) ─▶ Events (SSE) ─▶ Delta…
//! ```
//!
//! **Invariant:** one HTTP client, one reader of event streams, one retry policy.
//! **Invariant:** a reply of any length runs in constant memory; nothing is buffered whole.
//! **Invariant:** a request is never sent again once a piece of its reply has been handed out.
//! Absent on purpose: which models there are; every name comes from the configuration.

mod chat;
mod http;
mod neighbour;
mod sse;

pub use chat::Chat;
pub use http::{Auth, Http};
pub use neighbour::{NEIGHBOURS, Neighbour, neighbours};
pub use sse::{Events, SseError};
